// The examples, each given a webhook that is Merge's and one that is not.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { register } from "node:module";
import { test } from "node:test";

import Database from "better-sqlite3";

import { Engine } from "merge-sync/engine";
import { SqliteStore } from "merge-sync/engine/sqlite";

register("./support/wasm-loader.js", import.meta.url);

const KEY = "example_signature_key_not_a_real_secret";
const ACCOUNT = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";
const BODY = JSON.stringify({
  hook: { event: "LinkedAccount.linked" },
  linked_account: { id: ACCOUNT, category: "hris" },
  data: { account_token: "EXAMPLE-ACCOUNT-TOKEN", is_relink: false },
});
const SIGNATURE = createHmac("sha256", KEY).update(BODY).digest("base64url");

/** A request to `url` with `body`, signed as `BODY` is. */
const request = (url, body = BODY) =>
  new Request(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "x-merge-webhook-signature": SIGNATURE },
  });

async function check(answer, url = "http://127.0.0.1/webhooks/merge") {
  const accepted = await answer(request(url));
  assert.equal(accepted.status, 200);
  assert.equal(await accepted.text(), '{"received": true}');
  assert.match(accepted.headers.get("content-type"), /^application\/json/);
  const forged = await answer(request(url, BODY.replace("hris", "hrit")));
  assert.equal(forged.status, 401);
  assert.equal(await forged.text(), '{"error": "Invalid signature"}');
  for (const body of [Uint8Array.of(0xff, 0xfe), "", null]) {
    const refused = await answer(request(url, body));
    assert.equal(refused.status, 401);
    assert.equal(await refused.text(), '{"error": "Invalid signature"}');
  }
}

async function listening(app, use) {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use(`http://127.0.0.1:${server.address().port.toString()}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("express", async () => {
  const { app } = await import("../examples/express.js");
  const database = new Database(":memory:");
  const engine = await Engine.create({
    store: new SqliteStore(database),
    http: { send: () => Promise.reject(new Error("nothing is sent here")) },
    webhookKeys: [KEY],
  });
  await listening(app(engine), async (address) => {
    await check(fetch, `${address}/webhooks/merge`);
    await check(fetch, `${address}/webhooks/merge/`);
    const notes = database.prepare("SELECT linked_account_id AS account FROM notes").all();
    assert.deepEqual(notes, [{ account: ACCOUNT }]);
  });
});

test("fastify", async () => {
  const { app } = await import("../examples/fastify.js");
  const queue = [];
  const fastify = app([KEY], (event, deliveryId) => {
    queue.push({ tag: event.tag, deliveryId });
    return Promise.resolve();
  });
  const address = await fastify.listen({ port: 0, host: "127.0.0.1" });
  try {
    await check(fetch, `${address}/webhooks/merge`);
    await check(fetch, `${address}/webhooks/merge/`);
  } finally {
    await fastify.close();
  }
  const linked = { tag: "linked", deliveryId: SIGNATURE };
  assert.deepEqual(queue, [linked, linked]);
});

test("a route of next.js", async () => {
  process.env.MERGE_WEBHOOK_SECRETS = `${KEY},an_older_key`;
  const { POST } = await import("../examples/next-route.js");
  await check(POST);
});

test("a worker on an edge runtime", async () => {
  const { default: worker } = await import("../examples/worker.js");
  const sent = [];
  const environment = {
    MERGE_WEBHOOK_SECRET: KEY,
    EVENTS: { send: (message) => Promise.resolve(sent.push(message.tag)) },
  };
  await check((request) => worker.fetch(request, environment));
  assert.deepEqual(sent, ["linked"]);
  const got = await worker.fetch(new Request("http://127.0.0.1/"), environment);
  assert.equal(got.status, 405);
});
