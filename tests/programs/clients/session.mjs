// The session of Node's clients.
const allocation = JSON.stringify({ app: "shop", instance: "main", service: "web" });

// Holds the session. `ask` sends a request with a method, a query and a body to /v1/allocations, and prints the answer.
export async function session(ask) {
    await ask("POST", "", allocation);
    await ask("PUT", "", allocation);
    await ask("POST", "", allocation);
    await ask("GET", "?app=shop");
    await ask("DELETE", "", JSON.stringify({ app: "shop" }));
    await ask("GET", "?app=shop");
}
