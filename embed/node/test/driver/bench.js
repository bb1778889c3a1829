// `bench FILE`: what a webhook costs through the function that users call, and whether memory
// stays flat.

import { readFileSync } from "node:fs";

const BATCHES = 101;
const WARM_UP = 10_000;

export async function bench([file], options) {
  const { operation, input } = JSON.parse(readFileSync(file, "utf8"));
  if (operation !== "webhook.handle")
    throw new Error(`operation: \`${operation}\` is not measured`);
  const delivery = { ...input, body: new TextEncoder().encode(input.body) };

  const started = performance.now();
  const { load } = await import("merge-sync");
  const merge = await load();
  const first = merge.webhook.handle(delivery);
  const firstUse = performance.now() - started;
  if (first.reply.status !== 200) throw new Error("input: the body is not accepted");

  const { loadText } = await import("merge-sync/text");
  const text = await loadText();
  const document = JSON.stringify(input);
  const calls = Math.max(1, Math.ceil(Number(options.calls) / BATCHES));
  const typed = () => merge.webhook.handle(delivery);
  const webhook = median(typed, calls);
  const call = median(() => text.call(operation, document), calls);

  const memoryCalls = Number(options["memory-calls"]);
  // V8's heap finds its size only after some hundred thousand calls.
  repeat(typed, Math.max(WARM_UP, Math.ceil(memoryCalls / 5)));
  const before = resident();
  repeat(typed, memoryCalls);
  return {
    succeeded: true,
    webhook_handle_us: webhook,
    text_call_us: call,
    first_use_ms: rounded(firstUse),
    memory_calls: memoryCalls,
    resident_before: before,
    resident_after: resident(),
  };
}

/** Microseconds a call: of many short batches, so that one that was interrupted does not count. */
function median(work, calls) {
  repeat(work, WARM_UP);
  const batches = Array.from({ length: BATCHES }, () => {
    const started = performance.now();
    repeat(work, calls);
    return ((performance.now() - started) * 1_000) / calls;
  });
  return rounded(batches.sort((left, right) => left - right)[BATCHES >> 1]);
}

function repeat(work, times) {
  for (let time = 0; time < times; time += 1) work();
}

function resident() {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

function rounded(value) {
  return Math.round(value * 100) / 100;
}
