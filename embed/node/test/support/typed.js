// Between a vector's JSON form and the typed functions: what a user of either would write.

import { isLosslessNumber } from "lossless-json";

const camel = (key) => key.replaceAll(/_([a-z])/g, (_all, letter) => letter.toUpperCase());
const snake = (key) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Where a sync state stands, tagged in the JSON form and a name in the typed one. */
const STATES = new Set(["status", "last_sync_result"]);

function stateIn(value) {
  if (typeof value?.tag !== "string") return value;
  return value.tag === "unknown" ? { unknown: value.value?.text } : value.tag;
}

function stateOut(value) {
  if (value === null) return null;
  return typeof value === "string"
    ? { tag: value }
    : { tag: "unknown", value: { text: value.unknown } };
}

/** Integers of 64 bits, which the JSON form may also have as text. */
const WIDE = new Set(["seed", "shortest", "longest", "safety_net", "base", "throttled_base"]);
WIDE.add("cap").add("overlap");

/** A number as the typed functions take it: past 2^53 a bigint, and a seed in any case. */
function numberIn(text, key) {
  if (!/^-?\d+$/.test(text)) return Number.isNaN(Number(text)) ? text : Number(text);
  return key === "seed" || !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text);
}

/** An input of the JSON form as an argument of the typed functions. */
export function argument(value, key = "") {
  if (isLosslessNumber(value)) return numberIn(value.toString(), key);
  if (typeof value === "string" && WIDE.has(key)) return numberIn(value, key);
  if (Array.isArray(value)) return value.map((item) => argument(item, key));
  if (typeof value !== "object" || value === null) return value;
  if (STATES.has(key) && "tag" in value) return stateIn(value);
  // A case and its record are one object.
  const flat = "tag" in value && typeof value.value === "object" ? spread(value) : value;
  return Object.fromEntries(
    Object.entries(flat).map(([name, inner]) => [camel(name), argument(inner, name)]),
  );
}

function spread({ tag, value, ...rest }) {
  return { tag, ...value, ...rest };
}

/** An answer of the typed functions in the JSON form. */
export function answerOf(value, key = "") {
  if (Array.isArray(value)) return value.map((item) => answerOf(item, key));
  if (STATES.has(key) && typeof value !== "number") return stateOut(value);
  if (key === "problem") return { message: value };
  if (typeof value !== "object" || value === null) return value;
  const { tag, ...rest } = value;
  const record = Object.fromEntries(
    Object.entries(rest).map(([name, inner]) => [snake(name), answerOf(inner, snake(name))]),
  );
  if (tag === undefined) return record;
  return Object.keys(record).length === 0 ? { tag } : { tag, value: record };
}

const UTF_8 = new TextEncoder();

/** The typed function of each operation, on the argument of a vector. */
export const FUNCTIONS = {
  "signature.verify": (merge, facts) => merge.signature.verify(inBytes(facts)),
  "webhook.handle": (merge, facts) => merge.webhook.handle(inBytes(facts)),
  "readiness.evaluate": (merge, facts) => merge.readiness.evaluate(facts),
  "readiness.parse-status": (merge, { body }) => merge.readiness.parseStatus(body),
  "window.next": (merge, facts) => merge.window.next(facts),
  "window.advance": (merge, facts) => merge.window.advance(facts),
  "window.locate": (merge, { modelId }) => merge.window.locate(modelId),
  "page.parse": (merge, { modelId, body }) => merge.page.parse(modelId, body),
  "cadence.next": (merge, facts) => merge.cadence.next(facts),
  "retry.decide": (merge, facts) => merge.retry.decide(facts),
  "meta.version": (merge) => merge.meta.version(),
};

function inBytes(facts) {
  return typeof facts.body === "string" ? { ...facts, body: UTF_8.encode(facts.body) } : facts;
}
