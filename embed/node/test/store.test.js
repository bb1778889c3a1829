// The SQLite store, and the budgets: what the contract promises across calls.

import assert from "node:assert/strict";
import { test } from "node:test";

import Database from "better-sqlite3";

import { instant } from "merge-sync";
import { FetchHttp } from "merge-sync/engine";
import { SqliteStore } from "merge-sync/engine/sqlite";

const NOW = instant("2025-11-27T12:00:00Z");
const LATER = instant("2025-11-27T12:10:00.000001Z");

const NOTE = { account: "a", key: "poll", text: "1", secret: null, profile: null, create: true };

const change = (fields) => ({
  account: "a",
  expected: "0",
  state: "{}",
  consumed: [],
  wakeAt: LATER,
  notBefore: null,
  token: { tag: "keep" },
  summary: { phase: "ready", ready: 1, needed: 1, trouble: "", freshTo: null },
  batches: [],
  sweep: null,
  notices: [],
  ...fields,
});

const row = (id, modifiedAt, json = "{}") => ({
  id,
  remoteId: null,
  modifiedAt,
  deleted: false,
  json,
});

const batch = (rows, pass = null) => ({ modelId: "hris.Employee", pass, rows });

/** A database of each driver that this runtime has. */
async function databases() {
  const all = [["better-sqlite3", new Database(":memory:")]];
  const own = await import("node:sqlite").catch(() => null);
  if (own !== null) all.push(["node:sqlite", new own.DatabaseSync(":memory:")]);
  return all;
}

for (const [name, database] of await databases()) {
  const store = new SqliteStore(database, () => NOW);
  const one = (sql) => database.prepare(sql).get();

  test(`${name}: a note wakes, is replaced by its key, and keeps the version`, async () => {
    assert.equal(await store.keepNote({ ...NOTE, create: false }), "unknown-account");
    assert.equal(await store.load("a"), null);
    await store.keepNote(NOTE);
    await store.keepNote({ ...NOTE, text: "2", secret: "s" });
    const { state, version, notes } = await store.load("a");
    assert.deepEqual({ state, version }, { state: "", version: "0" });
    assert.deepEqual(notes, [{ number: 2, key: "poll", text: "2", secret: "s" }]);
    assert.deepEqual(await store.due(NOW, 9), [{ account: "a", start: NOW, version: "0" }]);
  });

  test(`${name}: a commit is all or nothing`, async () => {
    const batches = [batch([row("1", NOW)])];
    assert.deepEqual(await store.commit(change({ expected: "7", batches })), { tag: "stale" });
    const broken = change({ batches: [batch([row("1", NOW), { ...row("2", NOW), json: null }])] });
    await assert.rejects(store.commit(broken), /NOT NULL/);
    assert.equal(Number(one("SELECT count(*) AS n FROM records").n), 0);
    assert.equal((await store.load("a")).version, "0");
    const token = { tag: "put", value: "t" };
    const done = await store.commit(change({ batches, token, consumed: [2] }));
    assert.deepEqual(done, { tag: "committed", version: "1", swept: null });
    assert.equal(await store.token("a"), "t");
    assert.deepEqual(await store.due(NOW, 9), []);
    assert.equal(await store.nextStart(NOW), LATER);
  });

  test(`${name}: a row replaces the stored one unless that is strictly newer`, async () => {
    const kept = () => one("SELECT json FROM records WHERE id = '1'").json;
    const put = async (modifiedAt, json) => {
      const { version } = await store.load("a");
      const batches = [batch([row("1", modifiedAt, json)])];
      await store.commit(change({ expected: version, batches }));
    };
    await put(LATER, "newer");
    assert.equal(kept(), "newer");
    await put(NOW, "older");
    assert.equal(kept(), "newer");
    await put(LATER, "same");
    assert.equal(kept(), "same");
    await put(null, "unknown");
    assert.equal(kept(), "unknown");
  });

  test(`${name}: a sweep marks what an older pass saw last, within reason`, async () => {
    const many = Array.from({ length: 300 }, (_, nth) => row(`r${nth.toString()}`, NOW));
    const commit = async (fields) =>
      store.commit(change({ expected: (await store.load("a")).version, ...fields }));
    await commit({ batches: [batch(many, 1)] });
    const sweep = { modelId: "hris.Employee", pass: 2 };
    const half = await commit({ batches: [batch(many.slice(0, 100), 2)], sweep });
    assert.equal(half.swept, null);
    const most = await commit({ batches: [batch(many.slice(0, 200), 2)], sweep });
    assert.equal(most.swept, 101);
    assert.equal(Number(one("SELECT count(*) AS n FROM records WHERE deleted").n), 101);
  });

  test(`${name}: erasing a token spares another one that a note brought meanwhile`, async () => {
    await store.keepNote({ ...NOTE, key: "old", secret: "t" });
    await store.keepNote({ ...NOTE, key: "new", secret: "u" });
    const { version } = await store.load("a");
    await store.commit(change({ expected: version, token: { tag: "erase" } }));
    assert.equal(await store.token("a"), null);
    const secrets = (await store.load("a")).notes.map(({ key, secret }) => [key, secret]);
    assert.deepEqual(secrets.sort(), [
      ["new", "u"],
      ["old", null],
    ]);
  });
}

test("a file that is no store of ours is left as it is", () => {
  const database = new Database(":memory:");
  database.exec("CREATE TABLE customers (id)");
  assert.throws(() => new SqliteStore(database), /is not a store of merge-sync/);
  const newer = new Database(":memory:");
  new SqliteStore(newer);
  newer.pragma("user_version = 99");
  assert.throws(() => new SqliteStore(newer), /schema version 99/);
});

/** A client whose server answers `status`, at a clock of its own. */
function client(status) {
  let now = 0;
  let sent = 0;
  const http = new FetchHttp({
    apiKey: "key",
    baseUrl: "http://127.0.0.1",
    limits: { patience: 0 },
    now: () => now,
    fetch: () => {
      sent += 1;
      return Promise.resolve(new Response("{}", { status }));
    },
  });
  const send = async (account) => http.send({ account, method: "GET", target: "/" }, "token");
  return { send, move: (to) => (now = to), sent: () => sent, http };
}

test("fifteen failing answers in ten seconds stop every account", async () => {
  const { send, move, sent } = client(500);
  for (let nth = 0; nth < 15; nth += 1) assert.equal((await send(`a${nth}`)).tag, "response");
  assert.deepEqual(await send("another"), { tag: "held-back", after: 10_000 });
  assert.equal(sent(), 15);
  move(10_000);
  assert.equal((await send("another")).tag, "response");
});

test("an account is held to its minute, and no other one with it", async () => {
  const { send, move } = client(200);
  for (let nth = 0; nth < 100; nth += 1) assert.equal((await send("a")).tag, "response");
  move(1_000);
  assert.deepEqual(await send("a"), { tag: "held-back", after: 60_000 });
  assert.equal((await send("b")).tag, "response");
});

test("nothing but a path is sent, and no token that fits no header", async () => {
  const { http, sent } = client(200);
  const request = { account: "a", method: "GET", target: "@example.test/" };
  assert.equal((await http.send(request, "token")).tag, "transport");
  assert.deepEqual(await http.send({ ...request, target: "/" }, "to\nken"), { tag: "no-token" });
  assert.equal(sent(), 0);
});
