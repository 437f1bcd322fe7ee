// Runs the session with Node's module http: http.mjs URL..., where a URL may be `unix:PATH`.
import http from "node:http";
import { session } from "./session.mjs";

for (const url of process.argv.slice(2)) {
    const agent = new http.Agent({ keepAlive: true });
    const [base, place] = url.startsWith("unix:")
        ? ["http://localhost", { socketPath: url.slice("unix:".length) }]
        : [url, {}];
    const ask = (method, query = "", body = "") =>
        new Promise((resolve, reject) => {
            // Without a length, Node sends the body of a DELETE unframed.
            const headers = body && { "Content-Length": Buffer.byteLength(body) };
            const options = { agent, method, headers: headers || {}, ...place };
            const request = http.request(`${base}/v1/allocations${query}`, options, async (response) => {
                let text = "";
                for await (const part of response.setEncoding("utf8")) text += part;
                console.log(`${text}${response.statusCode}`);
                resolve();
            });
            request.on("error", reject).end(body);
        });
    await session(ask);
    agent.destroy();
}
