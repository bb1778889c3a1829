// Express: the whole engine behind one route. Webhooks wake it, records land in SQLite.
//
//   MERGE_API_KEY=... MERGE_WEBHOOK_SECRET=... node examples/express.js

import Database from "better-sqlite3";
import express from "express";
import { Engine, FetchHttp, Scheduler } from "merge-sync/engine";
import { SqliteStore } from "merge-sync/engine/sqlite";

/** @param {Engine} engine */
export function app(engine) {
  const app = express();
  // Raw bytes: a parsed body cannot be verified. (Express takes the path with a slash, too.)
  app.post(
    "/webhooks/merge",
    express.raw({ type: () => true, limit: "10mb" }),
    async (request, response) => {
      const reply = await engine.receive({
        body: /** @type {Buffer | undefined} */ (request.body),
        signatures: request.headersDistinct["x-merge-webhook-signature"] ?? [],
      });
      response.status(reply.status).type("json").send(reply.body);
    },
  );
  app.get("/accounts/:id", async (request, response) => {
    response.json(await engine.inspect(request.params.id));
  });
  return app;
}

if (process.argv[1] === import.meta.filename) {
  const { MERGE_API_KEY = "", MERGE_WEBHOOK_SECRET = "", PORT = "8080" } = process.env;
  const engine = await Engine.create({
    store: new SqliteStore(new Database("merge-sync.sqlite")),
    http: new FetchHttp({ apiKey: MERGE_API_KEY }),
    webhookKeys: [MERGE_WEBHOOK_SECRET],
    log: (level, message, fields) => {
      console.log(level, message, fields);
    },
  });
  const stop = new AbortController();
  process.once("SIGTERM", () => {
    stop.abort();
  });
  const server = app(engine).listen(Number(PORT), "127.0.0.1");
  await new Scheduler(engine).serve(stop.signal);
  server.close();
}
