// Runs the session with Node's fetch: fetch.mjs URL...
import { session } from "./session.mjs";

for (const url of process.argv.slice(2)) {
    const ask = async (method, query = "", body = undefined) => {
        const response = await fetch(`${url}/v1/allocations${query}`, { method, body });
        console.log(`${await response.text()}${response.status}`);
    };
    await session(ask);
}
