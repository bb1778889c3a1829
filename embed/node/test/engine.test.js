// The engine: webhooks, runs, commands and views over a store in memory, against a scripted Merge.

import assert from "node:assert/strict";
import { test } from "node:test";

import { compareInstants, InputError, instant } from "merge-sync";
import { EngineError, Scheduler } from "merge-sync/engine";

import { ACCOUNT, host, LINKED, PAGES, RECORD, response, TOKEN, webhook } from "./support/host.js";

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

test("what sending throws is a transport failure", async () => {
  const answers = { "/api/hris/v1/sync-status": () => Promise.reject(new Error("reset\nby peer")) };
  const { engine, clock } = await host(answers);
  await engine.link(LINKED);
  await new Scheduler(engine).runDue(clock());
  const { kind, text } = (await engine.inspect(ACCOUNT)).trouble;
  assert.equal(kind, "retrying");
  assert.match(text, /could not be reached/);
});

for (const [tag, pattern] of [
  ["timed-out", /did not answer in time/],
  ["too-large", /larger than/],
]) {
  test(`an answer that is ${tag} has its own cause`, async () => {
    const answers = { "/api/hris/v1/sync-status": () => ({ tag, message: "for a log" }) };
    const { engine } = await host(answers);
    await engine.link(LINKED);
    const { trouble } = await engine.run(ACCOUNT);
    assert.equal(trouble.kind, "retrying");
    assert.match(trouble.text, pattern);
  });
}

test("a missing token blames nobody, and nothing is sent", async () => {
  const { engine, sent, database, move } = await host(PAGES);
  await engine.link(LINKED);
  await engine.run(ACCOUNT);
  move("2025-11-27T13:00:00Z");
  database.exec("UPDATE linked_accounts SET account_token = NULL, start_at = 0, not_before = NULL");
  await engine.request(ACCOUNT, "poll");
  const asked = sent.length;
  const { trouble } = await engine.run(ACCOUNT);
  assert.equal(sent.length, asked);
  assert.equal(trouble.kind, "reauthorize");
  assert.match(trouble.text, /^Nothing was sent to Merge/);
});

test("a store that knows no token now ends the run and is no failure of Merge's", async () => {
  const { engine, store } = await host(PAGES);
  await engine.link(LINKED);
  const { token } = store;
  store.token = () => Promise.reject(new Error("the disk is gone"));
  await assert.rejects(engine.run(ACCOUNT), (error) => {
    assert.equal(error.kind, "store");
    assert.match(error.message, /the disk is gone/);
    return true;
  });
  store.token = token;
  assert.equal((await engine.run(ACCOUNT)).trouble, null);
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

test("a run that fails is seen until one comes to a good end", async () => {
  const { engine, store, clock, move } = await host(PAGES);
  await engine.link(LINKED);
  const { load } = store;
  const failed = async (problem) => {
    store.load = () => Promise.reject(new Error(problem));
    const next = await new Scheduler(engine).runDue(clock());
    store.load = load;
    assert.ok(next === null || compareInstants(next, clock()) > 0, next);
    return store.failedRuns(ACCOUNT);
  };
  const since = clock();
  const first = await failed("the disk is gone");
  assert.equal(first.count, 1);
  assert.equal(first.since, since);
  assert.match(first.text, /the disk is gone/);
  move("2025-11-27T12:05:00Z");
  const { count, since: still, text } = await failed("\u{1f4be}".repeat(400));
  assert.deepEqual([count, still], [2, since]);
  assert.match(text, /\u{1f4be}\.\.\.$/u);
  assert.equal([...text].length, 303);
  // The program was started anew, and the store works again.
  await new Scheduler(engine).runDue(clock());
  assert.equal(await store.failedRuns(ACCOUNT), null);
  assert.equal((await engine.inspect(ACCOUNT)).readiness.phase, "ready");
});

test("a store that cannot note how a run ended, or does not, stops no run", async () => {
  for (const runEnded of [() => Promise.reject(new Error("the disk is full")), undefined]) {
    const { engine, store, clock, move, logged } = await host(PAGES);
    await engine.link(LINKED);
    const { load } = store;
    store.runEnded = runEnded;
    store.load = () => Promise.reject(new Error("the disk is gone"));
    const scheduler = new Scheduler(engine, {
      log: (level, message) => logged.push({ level, message }),
    });
    const next = await scheduler.runDue(clock());
    assert.equal(next, "2025-11-27T12:01:00Z");
    store.load = load;
    move(next);
    await scheduler.runDue(next);
    assert.equal((await engine.inspect(ACCOUNT)).readiness.phase, "ready");
    const notNoted = logged.filter(({ message }) => message === "how a run ended was not noted");
    assert.equal(notNoted.length, runEnded === undefined ? 0 : 2);
  }
});

test("an empty signing key is refused before anything uses it", async () => {
  await assert.rejects(host({}, { webhookKeys: ["a key", ""] }), {
    name: "InputError",
    message: "webhookKeys[1]: it is empty",
  });
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
  for (const command of [
    { tag: "poll" },
    { tag: "reread-model" },
    { tag: "reread-model", modelId: "hris.Employee", pass: 1 },
    { tag: "approve-deletions", modelId: "hris.Employee" },
    { tag: "approve-deletions", modelId: "hris.Employee", pass: 1.5 },
    null,
  ]) {
    await assert.rejects(engine.request("nobody", command), InputError);
  }
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

test("nobody who is told of a run, or of a note, can stop a scheduler", async () => {
  const { engine, clock, logged } = await host(PAGES);
  engine.onNote(() => {
    throw new Error("deaf");
  });
  await engine.link(LINKED);
  const onReport = () => {
    throw new Error("dumb");
  };
  const onFailure = onReport;
  const log = (level, message, fields) => logged.push({ level, message, fields });
  await new Scheduler(engine, { onReport, onFailure, log }).runDue(clock());
  engine.run = () => Promise.reject(new Error("no"));
  await engine.request(ACCOUNT, "poll");
  await new Scheduler(engine, { onFailure, log }).runDue(instant("2025-11-27T13:00:00Z"));
  const said = logged.filter(({ level }) => level === "error").map(({ message }) => message);
  assert.deepEqual(
    said.filter((message) => message !== "a run failed"),
    [
      "who is told of notes failed",
      "who is told of runs failed",
      "who is told of notes failed",
      "who is told of runs failed",
    ],
  );
});
