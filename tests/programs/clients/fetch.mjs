// Runs the session with Node's fetch: fetch.mjs URL...
const allocation = JSON.stringify({ app: "shop", instance: "main", service: "web" });

for (const url of process.argv.slice(2)) {
    const ask = async (method, query = "", body = undefined) => {
        const response = await fetch(`${url}/v1/allocations${query}`, { method, body });
        console.log(`${await response.text()}${response.status}`);
    };
    await ask("POST", "", allocation);
    await ask("PUT", "", allocation);
    await ask("POST", "", allocation);
    await ask("GET", "?app=shop");
    await ask("DELETE", "", JSON.stringify({ app: "shop" }));
    await ask("GET", "?app=shop");
}
