// Webhooks and the scheduler, by the scenarios that every language's hosts pass. Time is a mock's.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { fromEpochMicroseconds } from "merge-sync";
import { Scheduler } from "merge-sync/engine";

import { host, KEY } from "./support/host.js";
import { scenarios } from "./support/host-vectors.js";
import { createHmac } from "node:crypto";

/** Whatever has no reason to wait is done. */
async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

for (const { id, steps } of scenarios("webhook")) {
  test(id, async (context) => {
    const { engine, store } = await host();
    const kept = [];
    let mood;
    const keepNote = store.keepNote.bind(store);
    store.keepNote = async (note) => {
      if (mood === "hangs") return new Promise(() => undefined);
      if (mood === "fails") throw new Error("the disk is full");
      if (mood === "throws") throw undefined;
      const answer = await keepNote(note);
      if (answer === "kept") kept.push(note.account);
      return answer;
    };
    context.mock.timers.enable({ apis: ["setTimeout"] });
    for (const step of steps) {
      mood = step.store ?? "works";
      const body = step.request.body === null ? undefined : Buffer.from(step.request.body);
      const signature = createHmac("sha256", KEY)
        .update(body ?? "")
        .digest("base64url");
      let reply;
      void engine
        .receive({ body, signatures: step.request.sign ? [signature] : [] })
        .then((answer) => (reply = answer));
      let passed = 0;
      for (await settle(); reply === undefined && passed < 20_000; await settle()) {
        context.mock.timers.tick(100);
        passed += 100;
      }
      const { status, body: said, within_ms: within } = step.out;
      assert.deepEqual(reply, { status, body: said });
      assert.ok(passed <= within, `after ${passed} ms`);
      if (step.kept !== undefined) assert.deepEqual(kept, step.kept);
    }
  });
}

for (const { id, steps } of scenarios("scheduler")) {
  test(id, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      await run(steps);
    } finally {
      mock.timers.reset();
    }
  });
}

async function run(steps) {
  let now = 0;
  let mood = "works";
  const starts = new Map();
  const ran = [];
  const listeners = new Set();
  const instant = (milliseconds) => fromEpochMicroseconds(BigInt(milliseconds) * 1_000n);
  const due = async () => {
    if (mood === "fails") throw new Error("the disk is full");
    if (mood === "throws") throw undefined;
    const found = [...starts].filter(([, start]) => start <= now);
    return found.map(([account, start]) => ({ account, start: instant(start), version: "1" }));
  };
  const nextStart = async () => {
    const later = [...starts.values()].filter((start) => start > now);
    return later.length === 0 ? null : instant(Math.min(...later));
  };
  const engine = {
    store: { due, nextStart },
    clock: async () => instant(now),
    onNote: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    run: async (account) => {
      starts.delete(account);
      ran.push(account);
    },
  };
  const scheduler = new Scheduler(engine);
  let stop = new AbortController();
  let served = Promise.resolve();
  for (const step of steps) {
    await settle();
    while (now < step.at) {
      const by = Math.min(100, step.at - now);
      now += by;
      mock.timers.tick(by);
      await settle();
    }
    if (step.due !== undefined) starts.set(step.due, now);
    if (step.next !== undefined) starts.set(step.next, step.start_at);
    if (step.store !== undefined) mood = step.store;
    if (step.noted === true) for (const listener of listeners) listener();
    if (step.ran !== undefined) assert.deepEqual(ran, step.ran, JSON.stringify(step));
    if (step.serve === "start") {
      stop = new AbortController();
      served = scheduler.serve(stop.signal);
    }
    if (step.serve === "stop") {
      stop.abort();
      await served;
    }
  }
  stop.abort();
  await served;
}
