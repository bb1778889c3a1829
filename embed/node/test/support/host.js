// A host over a store in memory and a scripted Merge.

import { createHmac } from "node:crypto";

import Database from "better-sqlite3";

import { instant } from "merge-sync";
import { Engine } from "merge-sync/engine";
import { SqliteStore } from "merge-sync/engine/sqlite";

export const KEY = "example_signature_key_not_a_real_secret";
export const ACCOUNT = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";
export const TOKEN = "EXAMPLE-ACCOUNT-TOKEN";

/** A host whose clock stands still until it is moved. */
export async function host(answers = {}, options = {}) {
  let now = instant("2025-11-27T12:00:00Z");
  const sent = [];
  const logged = [];
  const http = {
    async send(request, token) {
      sent.push({ ...request, token });
      const path = request.target.split("?")[0];
      const answer = answers[path];
      if (answer === undefined) return response(404, {});
      return typeof answer === "function" ? answer(request) : response(200, answer);
    },
  };
  const clock = () => now;
  const database = new Database(":memory:");
  const store = new SqliteStore(database, clock);
  const engine = await Engine.create({
    store,
    http,
    clock,
    webhookKeys: [KEY],
    settings: { models: ["hris.Employee"] },
    log: (level, message, fields) => logged.push({ level, message, fields }),
    ...options,
  });
  const move = (to) => (now = instant(to));
  return { engine, store, database, sent, logged, move, clock };
}

export function response(status, body) {
  const headers = [{ name: "content-type", value: "application/json" }];
  return { tag: "response", status, headers, body: JSON.stringify(body) };
}

export const STATUS = {
  next: null,
  results: [
    {
      model_name: "Employee",
      model_id: "hris.Employee",
      last_sync_start: "2025-11-27T11:00:00Z",
      next_sync_start: "2025-11-27T12:30:00Z",
      last_sync_result: "DONE",
      last_sync_finished: "2025-11-27T11:10:00.123456Z",
      status: "DONE",
      is_initial_sync: false,
    },
  ],
};

export const RECORD = { id: "e-1", remote_id: "7", modified_at: "2025-11-27T11:05:00.000001Z" };
export const PAGES = {
  "/api/hris/v1/sync-status": STATUS,
  "/api/hris/v1/employees": { next: null, results: [RECORD] },
};

export const LINKED = {
  account: { id: ACCOUNT, category: "hris" },
  token: TOKEN,
};

export function webhook(body) {
  const bytes = Buffer.from(JSON.stringify(body));
  const signature = createHmac("sha256", KEY).update(bytes).digest("base64url");
  return { body: bytes, signatures: [signature] };
}
