export default { fetch: () => new Response("wrangler") };
