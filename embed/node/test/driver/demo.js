// `demo`: the engine of this package against the simulator's demonstration, over real HTTP and a
// real SQLite file. Only the time is not real: it leaps from one event to the next.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import Database from "better-sqlite3";

import { compareInstants, fromEpochMicroseconds, toDate } from "merge-sync";
import { Engine, FetchHttp, Scheduler } from "merge-sync/engine";
import { SqliteStore } from "merge-sync/engine/sqlite";

import { Simulator } from "./simulator.js";
import { failuresOf } from "./verdict.js";
import { Webhooks } from "./webhooks.js";

/** A host that runs so often without a moment passing never ends. */
const ROUNDS = 1_000;

export async function demo(_rest, { faults, seed, simulator: program, check }) {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "merge-sync-"));
  const webhooks = await Webhooks.listen();
  const merge = await Simulator.start(program, { faults, seed, webhookUrl: webhooks.url });
  const database = new Database(join(folder, "store.sqlite"));
  try {
    const host = await start(merge, database);
    webhooks.serve(host.engine);
    const began = merge.now;
    await play(merge, host);
    const counts = { ...host.counts, ...host.requests, ...webhooks.counts };
    return await summary(merge, database, counts, { faults, seed, check, began, started });
  } finally {
    database.close();
    webhooks.close();
    await merge.stop();
    await rm(folder, { recursive: true });
  }
}

/** The host: nothing but what the package offers, on the simulator's clock. */
async function start(merge, database) {
  const counts = { runs: 0, runs_failed: 0, polls: 0, windows: 0 };
  const requests = { held_back: 0 };
  const fetches = new FetchHttp({
    apiKey: merge.greeting.api_key,
    baseUrl: merge.greeting.address,
    // Nobody moves the clock while a request waits for room.
    limits: { patience: 0 },
    now: () => toDate(merge.now).getTime(),
  });
  const http = {
    async send(request, token) {
      const outcome = await fetches.send(request, token);
      if (outcome.tag === "held-back") requests.held_back += 1;
      await merge.moved();
      return outcome;
    },
  };
  const clock = () => merge.hostNow;
  const store = new SqliteStore(database, clock);
  const engine = await Engine.create({
    store,
    http,
    clock,
    webhookKeys: [merge.greeting.signing_key],
    settings: merge.greeting.settings,
    log: process.env.MERGE_SYNC_LOG === undefined ? undefined : logTo(merge),
  });
  const scheduler = new Scheduler(engine, {
    concurrency: 3,
    log: logTo(merge),
    onReport(_account, report) {
      counts.runs += 1;
      counts.polls += report.polled ? 1 : 0;
      counts.windows += report.windows;
    },
    onFailure(account, error) {
      counts.runs += 1;
      counts.runs_failed += 1;
      console.error(`${account}: ${error.stack}`);
    },
  });
  return { engine, scheduler, counts, requests };
}

function logTo(merge) {
  return (level, message, fields) => {
    if (process.env.MERGE_SYNC_LOG === undefined) return;
    console.error(merge.now, level, message, JSON.stringify(fields));
  };
}

/** Time moves to the next webhook or to when the host wants to be woken, and nowhere else. */
async function play(merge, { scheduler }) {
  const end = merge.greeting.ends_at;
  let wake = null;
  let rounds = 0;
  while (compareInstants(merge.now, end) < 0) {
    const before = merge.now;
    await merge.advance(wake === null ? end : earlier(merge.toMerge(wake), end));
    const called = await merge.settled();
    if (called || (wake !== null && compareInstants(wake, merge.hostNow) <= 0)) {
      wake = await scheduler.runDue(merge.hostNow);
      // A webhook that came meanwhile may have come too late for what the scheduler just said.
      if (await merge.settled()) wake = merge.hostNow;
    }
    rounds = compareInstants(merge.now, before) > 0 ? 0 : rounds + 1;
    if (rounds > ROUNDS) throw new Error("the host asked to be run again at once, over and over");
  }
}

function earlier(left, right) {
  return compareInstants(left, right) <= 0 ? left : right;
}

async function summary(merge, database, counts, { faults, seed, check, began, started }) {
  const rows = database
    .prepare(
      `SELECT linked_account_id AS account, model_id, id, CAST(modified_at AS TEXT) AS modified_at,
              deleted, json FROM records`,
    )
    .all()
    .map((row) => ({
      ...row,
      modified_at: row.modified_at === null ? null : fromEpochMicroseconds(BigInt(row.modified_at)),
      deleted: row.deleted === 1,
    }));
  const accounts = database.prepare("SELECT phase FROM linked_accounts").all();
  const verdict = await merge.verdict(rows);
  const stats = await merge.stats();
  const ready = accounts.filter(({ phase }) => phase === "ready").length;
  const result = { ...verdict, accounts: accounts.length, accounts_ready: ready, ...counts };
  const failures = failuresOf(result, stats, faults);
  const clean = verdict.lost + verdict.stale + verdict.wrongly_deleted + verdict.unknown === 0;
  return {
    succeeded: check ? failures.length === 0 : clean,
    passed: failures.length === 0,
    seed: Number(seed),
    failures,
    ...result,
    requests: stats.requests,
    webhooks: stats.webhooks,
    faults: stats.faults,
    most_failing_answers_in_10_s: stats.most_failures_in_10_s,
    simulated_seconds: Math.round((toDate(merge.now) - toDate(began)) / 1_000),
    real_seconds: Math.round(performance.now() - started) / 1_000,
  };
}
