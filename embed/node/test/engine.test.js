// The engine: webhooks, runs, commands and views over a store in memory, against a scripted Merge.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import Database from "better-sqlite3";

import { compareInstants, instant, InputError } from "merge-sync";
import { Engine, EngineError, Scheduler } from "merge-sync/engine";
import { SqliteStore } from "merge-sync/engine/sqlite";

const KEY = "example_signature_key_not_a_real_secret";
const ACCOUNT = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";
const TOKEN = "EXAMPLE-ACCOUNT-TOKEN";

/** A host whose clock stands still until it is moved. */
async function host(answers = {}, options = {}) {
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

function response(status, body) {
  const headers = [{ name: "content-type", value: "application/json" }];
  return { tag: "response", status, headers, body: JSON.stringify(body) };
}

const STATUS = {
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

const RECORD = { id: "e-1", remote_id: "7", modified_at: "2025-11-27T11:05:00.000001Z" };
const PAGES = {
  "/api/hris/v1/sync-status": STATUS,
  "/api/hris/v1/employees": { next: null, results: [RECORD] },
};

const LINKED = {
  account: { id: ACCOUNT, category: "hris" },
  token: TOKEN,
};

function webhook(body) {
  const bytes = Buffer.from(JSON.stringify(body));
  const signature = createHmac("sha256", KEY).update(bytes).digest("base64url");
  return { body: bytes, signatures: [signature] };
}

test("a webhook that links an account brings its records in", async () => {
  const { engine, database, sent, clock } = await host(PAGES);
  const reply = await engine.receive(
    webhook({
      hook: { event: "LinkedAccount.linked" },
      linked_account: { id: ACCOUNT, category: "hris", integration: "Example HRIS" },
      data: { account_token: TOKEN, is_relink: false },
    }),
  );
  assert.deepEqual(reply, { status: 200, body: '{"received": true}' });
  const scheduler = new Scheduler(engine);
  const next = await scheduler.runDue(clock());
  assert.ok(compareInstants(next, clock()) > 0);
  assert.ok(sent.length >= 2);
  assert.ok(sent.every(({ token, account }) => token === TOKEN && account === ACCOUNT));
  const rows = database.prepare("SELECT * FROM records").all();
  assert.equal(rows.length, 1);
  assert.equal(rows[0].json, JSON.stringify(RECORD));
  assert.equal(rows[0].modified_at, Date.UTC(2025, 10, 27, 11, 5) * 1_000 + 1);
  const view = await engine.inspect(ACCOUNT);
  assert.equal(view.readiness.phase, "ready");
  assert.equal(view.account.integration, "Example HRIS");
  assert.equal(view.models[0].status.status, "done");
  assert.equal(view.models[0].progress.mergeLastSyncFinished, "2025-11-27T11:10:00.123456Z");
  assert.equal(view.trouble, null);
  const summary = database.prepare("SELECT phase, models_ready FROM linked_accounts").get();
  assert.deepEqual(summary, { phase: "ready", models_ready: 1 });
});

test("webhooks are answered 200, 401 and 500 and nothing else", async () => {
  const { engine, store } = await host();
  const ping = webhook({ response: "Success! This URL will be notified." });
  assert.equal((await engine.receive(ping)).status, 200);
  assert.equal((await engine.receive({ ...ping, signatures: [] })).status, 401);
  assert.equal((await engine.receive({ ...ping, body: Uint8Array.of(0xff) })).status, 401);
  store.keepNote = () => Promise.reject(new Error("the disk is full"));
  const synced = webhook({
    hook: { event: "Employee.synced" },
    linked_account: { id: ACCOUNT, category: "hris" },
    data: {},
  });
  assert.deepEqual(await engine.receive(synced), {
    status: 500,
    body: '{"error": "Processing error"}',
  });
  await assert.rejects(engine.receive({ ...ping, body: 5 }), InputError);
  assert.equal((await engine.receive(ping)).status, 200);
});

test("a webhook for an account that nobody linked is answered 200 and logged", async () => {
  const { engine, logged } = await host();
  const reply = await engine.receive(
    webhook({
      hook: { event: "Employee.synced" },
      linked_account: { id: ACCOUNT, category: "hris" },
      data: {},
    }),
  );
  assert.equal(reply.status, 200);
  assert.ok(logged.some(({ level, fields }) => level === "error" && fields.account === ACCOUNT));
});

test("no log line, row or error shows the token", async () => {
  const { engine, logged, database, clock } = await host(PAGES);
  await engine.link(LINKED);
  await new Scheduler(engine).runDue(clock());
  assert.doesNotMatch(JSON.stringify(logged), new RegExp(TOKEN));
  const { state } = database.prepare("SELECT state FROM linked_accounts").get();
  assert.doesNotMatch(state, new RegExp(TOKEN));
  assert.doesNotMatch(JSON.stringify(await engine.inspect(ACCOUNT)), new RegExp(TOKEN));
});

test("a server that throttles is not asked sooner than it said", async () => {
  const throttled = { ...response(429, {}), headers: [{ name: "retry-after", value: "120" }] };
  const answers = { ...PAGES, "/api/hris/v1/sync-status": () => throttled };
  const { engine, sent, move, clock } = await host(answers);
  await engine.link(LINKED);
  const scheduler = new Scheduler(engine);
  const next = await scheduler.runDue(clock());
  assert.ok(compareInstants(next, "2025-11-27T12:02:00Z") >= 0, next);
  const asked = sent.length;
  await engine.request(ACCOUNT, "poll");
  move("2025-11-27T12:01:59Z");
  await scheduler.runDue(clock());
  assert.equal(sent.length, asked);
  assert.equal((await engine.inspect(ACCOUNT)).trouble.kind, "retrying");
});

test("what sending throws is a transport failure, and a missing token none of http's", async () => {
  const answers = { "/api/hris/v1/sync-status": () => Promise.reject(new Error("reset\nby peer")) };
  const { engine, sent, clock, database } = await host(answers);
  await engine.link(LINKED);
  const scheduler = new Scheduler(engine);
  await scheduler.runDue(clock());
  assert.equal((await engine.inspect(ACCOUNT)).trouble.kind, "retrying");
  database.exec("UPDATE linked_accounts SET account_token = NULL, start_at = 0, not_before = NULL");
  const asked = sent.length;
  const { trouble } = await engine.run(ACCOUNT);
  assert.equal(sent.length, asked);
  assert.ok(trouble === null || trouble.kind !== "drop-request");
});

test("a run whose commit comes second goes on from what the first one stored", async () => {
  const { engine, store, database, clock } = await host(PAGES);
  await engine.link(LINKED);
  const commit = store.commit.bind(store);
  let interfered = false;
  store.commit = async (change) => {
    if (!interfered) {
      interfered = true;
      await engine.request(ACCOUNT, "poll");
    }
    return commit(change);
  };
  await new Scheduler(engine).runDue(clock());
  assert.equal(database.prepare("SELECT count(*) AS rows FROM records").get().rows, 1);
});

test("a store that cannot commit fails the run and nothing else", async () => {
  const { engine, store, database, clock } = await host(PAGES);
  await engine.link(LINKED);
  const { commit } = store;
  store.commit = () => Promise.reject(new Error("the disk is full"));
  await assert.rejects(engine.run(ACCOUNT), (error) => {
    assert.ok(error instanceof EngineError);
    assert.equal(error.kind, "store");
    return true;
  });
  store.commit = commit;
  await new Scheduler(engine).runDue(clock());
  assert.equal(database.prepare("SELECT count(*) AS rows FROM records").get().rows, 1);
});

test("errors say what kind they are", async () => {
  const { engine, database } = await host();
  const rejects = (promise, kind) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof EngineError, error.stack);
      assert.equal(error.kind, kind);
      return true;
    });
  await rejects(engine.run("nobody"), "unknown-account");
  await rejects(engine.inspect("nobody"), "unknown-account");
  await rejects(host({}, { settings: { rule: "loose" } }), "settings");
  await rejects(host({}, { settings: "{" }), "settings");
  await assert.rejects(engine.request("nobody", "erase"), InputError);
  await assert.rejects(engine.link({ account: { id: "a" }, token: TOKEN }), InputError);
  await assert.rejects(engine.link({ ...LINKED, linkedAt: "2025-11-27T12:00:00" }), /has no zone/);
  await engine.link(LINKED);
  database.exec("UPDATE linked_accounts SET state = 'not json', version = 5");
  await rejects(engine.run(ACCOUNT), "state");
  await rejects(engine.inspect(ACCOUNT), "state");
  await engine.request(ACCOUNT, "reset");
  await engine.inspect(ACCOUNT);
});

test("serving runs what comes due and ends when it is told to", async () => {
  const { engine, database } = await host(PAGES);
  const stop = new AbortController();
  const reports = [];
  let report;
  const first = new Promise((resolve) => (report = resolve));
  const onReport = (account, what) => {
    reports.push(account);
    report(what);
  };
  const served = new Scheduler(engine, { onReport }).serve(stop.signal);
  await engine.link(LINKED);
  assert.equal((await first).rows, 1);
  stop.abort();
  await served;
  assert.equal(reports[0], ACCOUNT);
  assert.equal(database.prepare("SELECT count(*) AS rows FROM records").get().rows, 1);
});
