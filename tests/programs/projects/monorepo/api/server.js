// Notes its checkout in the database, and answers with the note.
import path from "node:path";
import express from "express";
import { createClient } from "redis";

const { PORT, REDIS_URL, WEB_URL } = process.env;
const database = await createClient({ url: REDIS_URL }).connect();
await database.set("checkout", path.resolve(".."));

const app = express();
app.get("/checkout", async (_, answer) => {
  answer.set("Access-Control-Allow-Origin", WEB_URL);
  answer.type("text").send(await database.get("checkout"));
});
app.listen(PORT, "localhost");
