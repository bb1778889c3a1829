// The SQLite store: what the contract promises across calls.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import Database from "better-sqlite3";

import { instant } from "merge-sync";
import { SqliteStore } from "merge-sync/engine/sqlite";

import { SQL, STEPS, TABLES } from "../dist/engine/sqlite-tables.js";

const NOW = instant("2025-11-27T12:00:00Z");
const LATER = instant("2025-11-27T12:10:00.000001Z");

const NOTE = { account: "a", key: "poll", text: "1", secret: null, profile: null, create: true };

const SUMMARY = {
  phase: "ready",
  ready: 1,
  needed: 1,
  trouble: null,
  link: "active",
  skipped: 0,
  freshTo: null,
};

const ACCOUNT = {
  id: "a",
  category: "",
  integration: "",
  integrationSlug: "",
  endUserOriginId: "",
  organizationName: "",
  linkStatus: "",
  accountType: "",
  isDuplicate: null,
};

const change = (fields) => ({
  account: "a",
  expected: "0",
  state: "{}",
  consumed: [],
  wakeAt: LATER,
  notBefore: null,
  token: { tag: "keep" },
  summary: SUMMARY,
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

  test(`${name}: failed runs are counted until one comes to a good end`, async () => {
    const account = "fails";
    await store.keepNote({ ...NOTE, account });
    await store.commit(change({ account, expected: "0", consumed: [1] }));
    const before = await store.load(account);
    await store.runEnded("nobody", "first");
    assert.equal(await store.failedRuns("nobody"), null);
    await store.runEnded(account, "first");
    await store.runEnded(account, "second");
    const failed = { count: 2, since: NOW, text: "second" };
    assert.deepEqual(await store.failedRuns(account), failed);
    assert.deepEqual(await store.load(account), before);
    assert.equal((await store.due(LATER, 1))[0].failed, true);
    await store.runEnded(account, null);
    assert.equal(await store.failedRuns(account), null);
    assert.equal((await store.due(LATER, 1))[0].failed, false);
    database.exec("DELETE FROM linked_accounts");
  });

  test(`${name}: a note wakes, is replaced by its key, and keeps the version`, async () => {
    assert.equal(await store.keepNote({ ...NOTE, create: false }), "unknown-account");
    assert.equal(await store.load("a"), null);
    await store.keepNote(NOTE);
    await store.keepNote({ ...NOTE, text: "2", secret: "s" });
    const { state, version, notes } = await store.load("a");
    assert.deepEqual({ state, version }, { state: "", version: "0" });
    assert.deepEqual(notes, [{ number: 2, key: "poll", text: "2", secret: "s" }]);
    const due = { account: "a", start: NOW, version: "0", failed: false };
    assert.deepEqual(await store.due(NOW, 9), [due]);
  });

  test(`${name}: a commit is all or nothing`, async () => {
    const batches = [batch([row("1", NOW)])];
    const stale = { tag: "stale", current: "0" };
    assert.deepEqual(await store.commit(change({ expected: "7", batches })), stale);
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

  test(`${name}: what a summary and a profile say is kept`, async () => {
    const profile = { ...ACCOUNT, accountType: "TEST", isDuplicate: true };
    await store.keepNote({ ...NOTE, account: "b", profile });
    await store.keepNote({ ...NOTE, account: "b", profile: { ...ACCOUNT, category: "hris" } });
    const summary = { ...SUMMARY, trouble: "park", link: "relink-needed", skipped: 7 };
    await store.commit(change({ account: "b", summary }));
    const columns = "category, account_type, is_duplicate, phase, trouble, link, skipped";
    const kept = one(`SELECT ${columns} FROM linked_accounts WHERE linked_account_id = 'b'`);
    assert.deepEqual(
      { ...kept },
      {
        category: "hris",
        account_type: "TEST",
        is_duplicate: 1,
        phase: "ready",
        trouble: "park",
        link: "relink-needed",
        skipped: 7,
      },
    );
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

for (const [name, database] of await databases()) {
  const store = new SqliteStore(database, () => NOW);
  const list = (sql) => database.prepare(sql).all();
  const marked = (model) =>
    list(`SELECT id FROM records WHERE deleted AND model_id = '${model}' ORDER BY id`).map(
      ({ id }) => id,
    );
  const rows = (ids) => ids.map((id) => row(id.toString(), NOW));
  const commit = async (fields) => {
    const version = (await store.load("a"))?.version ?? null;
    return (await store.commit(change({ expected: version, ...fields }))).swept;
  };
  const read = (modelId, ids, pass = null) =>
    commit({ batches: [{ modelId, pass, rows: rows(ids) }] });
  const sweep = (modelId, unseenSince, fields = {}) =>
    commit({
      sweep: { modelId, unseenSince, mostRows: 2, mostPercent: 10, limit: 50_000, ...fields },
    });

  test(`${name}: a sweep marks the live rows that no pass since saw`, async () => {
    await read("m", ["never"]);
    await read("m", ["before", "gone"], 6);
    await commit({
      batches: [{ modelId: "m", pass: 6, rows: [{ ...row("gone", NOW), deleted: true }] }],
    });
    await read("m", ["other"], 6);
    await read("m", ["since"], 7);
    // Of a batch of this very change, too; and an older pass takes nothing back.
    const last = await commit({
      batches: [{ modelId: "m", pass: 8, rows: rows(["other"]) }],
      sweep: { modelId: "m", unseenSince: 7, mostRows: 2, mostPercent: 10, limit: 9 },
    });
    assert.deepEqual(last, { live: 4, unseen: 2, marked: 2, held: false });
    for (const modifiedAt of [NOW, instant("2025-11-27T11:00:00Z")]) {
      for (const pass of [3, null]) {
        await commit({ batches: [{ modelId: "m", pass, rows: [row("other", modifiedAt)] }] });
      }
    }
    assert.deepEqual(marked("m"), ["before", "gone", "never"]);
    assert.equal(list("SELECT pass FROM records WHERE id = 'other'")[0].pass, 8);
    assert.deepEqual(await sweep("m", 7), { live: 2, unseen: 0, marked: 0, held: false });
    assert.equal(await commit({}), null);
  });

  test(`${name}: a sweep of too many is held and marks none`, async () => {
    const ids = Array.from({ length: 30 }, (_, nth) => nth + 10);
    await read("n", ids, 1);
    await read("n", ids.slice(0, 26), 2);
    assert.deepEqual(await sweep("n", 2), { live: 30, unseen: 4, marked: 0, held: true });
    assert.deepEqual(marked("n"), []);
    await read("n", ids.slice(26, 27), 2);
    // Just a tenth.
    assert.deepEqual(await sweep("n", 2), { live: 30, unseen: 3, marked: 3, held: false });
    assert.deepEqual(marked("n"), ["37", "38", "39"]);
  });

  test(`${name}: a sweep of few rows is not held`, async () => {
    await read("o", [1, 2], 1);
    const held = { live: 2, unseen: 2, marked: 0, held: true };
    assert.deepEqual(await sweep("o", 2, { mostRows: 1 }), held);
    assert.deepEqual(await sweep("o", 2), { ...held, marked: 2, held: false });
  });

  test(`${name}: a sweep marks no more than its limit at a time`, async () => {
    await read("p", [1, 2]);
    await read("p", [3, 4, 5], 1);
    // As an approval has it, which holds back nothing.
    const part = { mostRows: Number("18446744073709551615"), mostPercent: 0, limit: 3 };
    assert.deepEqual(await sweep("p", 2, part), { live: 5, unseen: 5, marked: 3, held: false });
    assert.equal(marked("p").length, 3);
    assert.deepEqual(await sweep("p", 2, part), { live: 2, unseen: 2, marked: 2, held: false });
    assert.equal(marked("p").length, 5);
  });

  test(`${name}: a sweep reads the index of live rows alone`, () => {
    for (const sql of [SQL.countUnseen, SQL.sweep]) {
      const unknown = (sql.match(/\?/g) ?? []).map(() => 1);
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...unknown);
      const read = plan
        .map(({ detail }) => `${detail} `)
        .filter((step) => step.includes(" records ") && !step.includes("rowid=?"));
      assert.ok(read.length > 0);
      for (const step of read) assert.match(step, /COVERING INDEX records_live_by_pass/);
    }
  });

  test(`${name}: a zero character is text like any other`, async () => {
    const odd = "a\0b";
    const profile = { ...ACCOUNT, id: odd, organizationName: odd };
    await store.keepNote({ ...NOTE, account: odd, key: odd, text: odd, secret: odd, profile });
    const { notes } = await store.load(odd);
    assert.deepEqual(notes, [{ number: 1, key: odd, text: odd, secret: odd }]);
    const record = { ...row(odd, NOW, odd), remoteId: odd };
    const token = { tag: "put", value: odd };
    const notices = [{ id: odd, occasion: "recovered", modelId: odd, text: odd }];
    const batches = [{ modelId: odd, pass: 1, rows: [record] }];
    await store.commit(change({ account: odd, token, notices, batches }));
    assert.equal(await store.token(odd), odd);
    const kept = database.prepare("SELECT id, remote_id, json FROM records WHERE model_id = ?");
    assert.deepEqual({ ...kept.get(odd) }, { id: odd, remote_id: odd, json: odd });
    const lost = { modelId: odd, unseenSince: 2, mostRows: 2, mostPercent: 10, limit: 9 };
    const done = await store.commit(change({ account: odd, expected: "1", sweep: lost }));
    assert.deepEqual(done.swept, { live: 1, unseen: 1, marked: 1, held: false });
  });
}

test("the tables are those of the reference host", () => {
  const schema = new URL("../../../host-example/schema/", import.meta.url);
  const read = (name) => readFileSync(new URL(name, schema), "utf8");
  const names = readdirSync(schema).filter((name) => name.startsWith("sqlite-upgrade-"));
  assert.equal(TABLES, read("sqlite.sql"));
  assert.deepEqual([...STEPS].sort(), names.map(read).sort());
});

/** The tables as the first version made them. */
const FIRST_TABLES = `
CREATE TABLE linked_accounts (
    linked_account_id TEXT PRIMARY KEY NOT NULL,
    category TEXT NOT NULL DEFAULT '',
    integration TEXT NOT NULL DEFAULT '',
    integration_slug TEXT NOT NULL DEFAULT '',
    end_user_origin_id TEXT NOT NULL DEFAULT '',
    organization_name TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '',
    account_token TEXT,
    first_seen INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 0,
    last_note INTEGER NOT NULL DEFAULT 0,
    wake_at INTEGER,
    not_before INTEGER,
    start_at INTEGER,
    phase TEXT NOT NULL DEFAULT '',
    models_ready INTEGER NOT NULL DEFAULT 0,
    models_needed INTEGER NOT NULL DEFAULT 0,
    trouble TEXT NOT NULL DEFAULT '',
    fresh_to INTEGER
) STRICT;
CREATE INDEX linked_accounts_by_start ON linked_accounts (start_at) WHERE start_at IS NOT NULL;
CREATE TABLE notes (
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    secret TEXT,
    PRIMARY KEY (linked_account_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    model_id TEXT NOT NULL,
    id TEXT NOT NULL,
    remote_id TEXT,
    modified_at INTEGER,
    deleted INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    pass INTEGER,
    json TEXT NOT NULL,
    PRIMARY KEY (linked_account_id, model_id, id)
) STRICT;
CREATE TABLE notices (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    at INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    model_id TEXT,
    text TEXT NOT NULL
) STRICT;
INSERT INTO linked_accounts
    (linked_account_id, first_seen, state, version, account_token, trouble)
VALUES ('a', 1, 'old', 4, 'token', 'park'), ('b', 1, '', 1, NULL, '');
INSERT INTO records VALUES ('a', 'hris.Employee', 'x', NULL, NULL, 0, 1, 1, 3, '{}');
PRAGMA application_id = 0x4d53796e;
PRAGMA user_version = 1;
`;

/** What the tables of a database look like, whatever the words that made them. */
function shape(database) {
  const all = (sql) => database.prepare(sql).all();
  return [
    ["linked_accounts", "notes", "records", "notices"].map((name) =>
      all(`PRAGMA table_info(${name})`),
    ),
    all("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"),
    all("PRAGMA user_version"),
  ];
}

for (const [name, database] of await databases()) {
  test(`${name}: a file of the first version is brought up with what is in it`, async () => {
    database.exec(FIRST_TABLES);
    const store = new SqliteStore(database, () => NOW);
    assert.deepEqual(await store.load("a"), { state: "old", version: "4", notes: [] });
    assert.equal(await store.token("a"), "token");
    const kinds = database
      .prepare("SELECT trouble FROM linked_accounts ORDER BY linked_account_id")
      .all();
    assert.deepEqual(
      kinds.map(({ trouble }) => trouble),
      ["park", null],
    );
    const sweep = { modelId: "hris.Employee", unseenSince: 4, mostRows: 2, mostPercent: 10 };
    const done = await store.commit(change({ expected: "4", sweep: { ...sweep, limit: 9 } }));
    assert.deepEqual(done.swept, { live: 1, unseen: 1, marked: 1, held: false });
    assert.ok(new SqliteStore(database));
    const fresh = new Database(":memory:");
    assert.ok(new SqliteStore(fresh));
    const plain = (value) => JSON.parse(JSON.stringify(value));
    assert.deepEqual(plain(shape(database)), plain(shape(fresh)));
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

test("another program's lock is waited for a second, and all else goes on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "merge-sync-"));
  const file = join(folder, "store.sqlite");
  const [database, other] = [new Database(file), new Database(file)];
  try {
    const store = new SqliteStore(database, () => NOW);
    await store.keepNote(NOTE);
    other.exec("BEGIN IMMEDIATE");
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 10);
    const began = performance.now();
    const waiting = Array.from({ length: 4 }, () => store.keepNote(NOTE));
    assert.equal((await store.load("a")).version, "0", "readers go on");
    for (const ended of await Promise.allSettled(waiting)) {
      assert.match(ended.reason.message, /database is locked/);
    }
    clearInterval(timer);
    assert.ok(performance.now() - began < 3_000);
    assert.ok(longest < 700, `nothing else was done for ${longest} ms`);
    const kept = store.keepNote(NOTE);
    setTimeout(() => other.exec("COMMIT"), 50);
    assert.equal(await kept, "kept");
  } finally {
    database.close();
    other.close();
    rmSync(folder, { recursive: true });
  }
});

test("a database without a name is refused", () => {
  assert.throws(() => new SqliteStore(new Database("")), /the database has no name/);
});
