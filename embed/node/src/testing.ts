/**
 * Whether a store of yours does what the contract asks: scenarios that every language runs.
 *
 * @packageDocumentation
 */
// The runner. What a scenario says is in the JSON form, and `engine/wire.ts` reads and writes that.

import { readdir, readFile } from "node:fs/promises";

import type { Store } from "./engine/store.js";
import {
  changeFrom,
  noteFrom,
  read,
  loadedAccountTo,
  type WireChange,
  type WireNote,
  write,
} from "./engine/wire.js";
import type { Notice } from "./engine/store.js";
import { type Instant, instant } from "./instant.js";
import type { Row } from "./page.js";
import type { Account } from "./types.js";

/** A store, empty and of its own, and how to see what is in it. */
export interface Subject {
  readonly store: Store;
  /** The records of an account and a model, in any order. */
  rows(account: string, modelId: string): readonly Row[] | Promise<readonly Row[]>;
  /** What is known of an account. Without this, scenarios that ask are left out. */
  profile?(account: string): Account | Promise<Account>;
  /**
   * At most `limit` notices after one, in order, each with its account and a cursor: what
   * `after` is then asked with. It is null for the beginning. Without this, scenarios that ask are
   * left out.
   */
  notices?(after: unknown, limit: number): readonly Listed[] | Promise<readonly Listed[]>;
  /**
   * Another connection to the same data, as another program would have one; without it the store
   * itself stands in.
   */
  readonly another?: Store | undefined;
  /** Closes the store and opens it again. Without this, scenarios that do so are left out. */
  reopen?(): Subject | Promise<Subject>;
  /** Called when a scenario is over. */
  close?(): void | Promise<void>;
}

/** A notice as a store lists it. */
export interface Listed extends Notice {
  readonly cursor: unknown;
  readonly account: string;
}

/** A store did something else than a scenario expects. */
export class MismatchError extends Error {
  override name = "MismatchError";
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = Record<string, Json>;
interface Scenario {
  readonly id: string;
  readonly note: string;
  readonly steps: readonly Fields[];
}

const FOLDER = new URL("./host-vectors/", import.meta.url);

/**
 * Runs every scenario, each against a store that `factory` makes for it, which takes the time from
 * `clock`. Resolves to the names of the scenarios that were left out for want of a probe.
 *
 * @throws {@link MismatchError}
 */
export async function checkStore(
  factory: (clock: () => Instant) => Subject | Promise<Subject>,
): Promise<string[]> {
  const file = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(new URL(name, FOLDER), "utf8"));
  const defaults = (await file("defaults.json")) as Fields;
  const names = (await readdir(FOLDER)).filter((name) => name.startsWith("store-")).sort();
  const leftOut = [];
  for (const name of names) {
    for (const scenario of (await file(name)) as readonly Scenario[]) {
      if (!(await passes(scenario, defaults, factory))) leftOut.push(scenario.id);
    }
  }
  return leftOut;
}

/** False where the store has not what the scenario looks at. */
async function passes(
  scenario: Scenario,
  defaults: Fields,
  factory: (clock: () => Instant) => Subject | Promise<Subject>,
): Promise<boolean> {
  let now = instant(defaults["clock"] as string);
  let subject = await factory(() => now);
  const saved: Fields = {};
  try {
    if (scenario.steps.some((step) => isMissing(step, subject))) return false;
    for (const [number, step] of scenario.steps.entries()) {
      try {
        if (typeof step["clock"] === "string") now = instant(step["clock"]);
        else if (step["reopen"] === true) subject = (await subject.reopen?.()) ?? subject;
        else await carryOut(step, subject, defaults, saved);
      } catch (thrown) {
        if (!(thrown instanceof MismatchError)) throw thrown;
        const where = `${scenario.id}, step ${number.toString()}`;
        throw new MismatchError(`${where}: ${thrown.message}. ${scenario.note}`);
      }
    }
    return true;
  } finally {
    await subject.close?.();
  }
}

function isMissing(step: Fields, subject: Subject): boolean {
  return (
    (step["probe"] === "notices" && subject.notices === undefined) ||
    (step["probe"] === "profile" && subject.profile === undefined) ||
    (step["reopen"] === true && subject.reopen === undefined)
  );
}

async function carryOut(step: Fields, subject: Subject, defaults: Fields, saved: Fields) {
  const { out, save, ...rest } = step;
  const given = resolved(rest, saved) as Fields;
  if (given["different"] !== undefined) {
    const values = given["different"] as readonly Json[];
    expect(new Set(values).size === values.length, `${show(values)} are not all different`);
  } else if (given["rising"] !== undefined) {
    const numbers = (given["rising"] as readonly Json[]).map(Number);
    const rise = numbers.every((number, nth) => nth === 0 || number > Number(numbers[nth - 1]));
    expect(rise, `${show(numbers)} do not rise`);
  } else if (given["race"] !== undefined) {
    const value = whole(given["call"] as string, given["in"] ?? null, defaults);
    const rivals = Array.from({ length: Number(given["race"]) }, (_, nth) =>
      call(storeOf(nth % 2 === 1 ? "another" : null, subject), given["call"] as string, value),
    );
    const ended = await Promise.all(rivals);
    const ok = ended.filter((each) => "ok" in each).length;
    match(out ?? null, { ok, stale: ended.length - ok }, "the race");
  } else {
    const store = storeOf(given["by"] ?? null, subject);
    const method = given["call"];
    const found =
      typeof method === "string"
        ? await call(store, method, whole(method, given["in"] ?? null, defaults))
        : await probed(given, store, subject);
    if (out !== undefined) match(resolved(out, saved), found, "it");
    if (typeof save === "string") {
      saved[save] = (typeof method === "string" ? (found as Fields)["ok"] : found) ?? null;
    }
  }
}

function storeOf(by: Json, subject: Subject): Store {
  return by === "another" ? (subject.another ?? subject.store) : subject.store;
}

/** A call, in and out in the JSON form. */
async function call(store: Store, method: string, value: Json): Promise<Fields> {
  const given = typeof value === "string" ? value : read(JSON.stringify(value));
  switch (method) {
    case "load": {
      const loaded = await store.load(given as string);
      return { ok: loaded === null ? null : plain(loadedAccountTo(loaded)) };
    }
    case "keep_note": {
      const kept = await store.keepNote(noteFrom(given as WireNote));
      return kept === "kept" ? { ok: null } : { error: { tag: kept } };
    }
    default: {
      const { tag, ...rest } = await store.commit(changeFrom(given as WireChange));
      return tag === "committed" ? { ok: plain(rest) } : { error: { tag, value: plain(rest) } };
    }
  }
}

async function probed(given: Fields, store: Store, subject: Subject): Promise<Json> {
  const now = typeof given["now"] === "string" ? instant(given["now"]) : instant(new Date());
  const { account, model_id: modelId } = given as Record<string, string>;
  const limit = Number(given["limit"] ?? 100);
  switch (given["probe"]) {
    case "due":
      return (await store.due(now, limit)).map((due) => due.account);
    case "next_start":
      return await store.nextStart(now);
    case "token":
      return await store.token(account ?? "");
    case "notices":
      return plain(await subject.notices?.(given["after"] ?? null, limit));
    case "profile":
      return plain(await subject.profile?.(account ?? ""));
  }
  const rows = await subject.rows(account ?? "", modelId ?? "");
  if (given["probe"] === "counts") {
    return { rows: rows.length, deleted: rows.filter(({ deleted }) => deleted).length };
  }
  return plain([...rows].sort((one, other) => (one.id < other.id ? -1 : 1)));
}

/** A value of this package in the JSON form. */
function plain(value: unknown): Json {
  return JSON.parse(write(value)) as Json;
}

/** What was saved in the place of `$v.notes.0.number`. */
function resolved(value: Json, saved: Fields): Json {
  if (typeof value === "string" && value.startsWith("$")) {
    return value
      .slice(1)
      .split(".")
      .reduce<Json>((found, key) => (found as Fields)[key] ?? null, saved);
  }
  if (Array.isArray(value)) return value.map((each: Json) => resolved(each, saved));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([key, each]) => [key, resolved(each, saved)] as const);
  return Object.fromEntries(fields);
}

/** What a scenario does not say is added. */
function whole(method: string, value: Json, defaults: Fields): Json {
  if (typeof value === "string") return value;
  const over = (kind: string, given: Json): Fields => ({
    ...(defaults[kind] as Fields),
    ...(given as Fields),
  });
  const found = over(method, value);
  const optional = (kind: string) => {
    const given = found[kind] ?? null;
    if (given !== null) found[kind] = over(kind, given);
  };
  optional("profile");
  optional("sweep");
  if (method !== "commit") return found;
  found["notices"] = (found["notices"] as readonly Json[]).map((each) => over("notice", each));
  found["batches"] = (found["batches"] as readonly Json[]).map((each) => {
    const batch = over("batch", each);
    const rows = (batch["rows"] as readonly Json[]).flatMap((row) => written(row as Fields));
    return { ...batch, rows: rows.map((row) => over("row", row)) };
  });
  return found;
}

/** `each` is so many rows, `#` in their texts being their number in five digits. */
function written(row: Fields): Fields[] {
  if (row["each"] === undefined) return [row];
  const fields = Object.entries(row["row"] as Fields);
  return Array.from({ length: Number(row["each"]) }, (_, nth) => {
    const number = nth.toString().padStart(5, "0");
    const one = (value: Json) =>
      typeof value === "string" ? value.replaceAll("#", number) : value;
    return Object.fromEntries(fields.map(([key, value]) => [key, one(value)]));
  });
}

/** Every field that is expected is held against the one that is there; there may be others. */
function match(expected: Json, found: Json, where: string): void {
  const otherwise = `${where} is ${show(found)}, expected ${show(expected)}`;
  if (typeof expected !== "object" || expected === null) {
    expect(expected === found, otherwise);
    return;
  }
  expect(typeof found === "object" && found !== null, otherwise);
  expect(!Array.isArray(expected) || expected.length === (found as Json[]).length, otherwise);
  for (const [key, value] of Object.entries(expected)) {
    const there = (found as Fields)[key];
    if (there === undefined) throw new MismatchError(otherwise);
    match(value, there, `${where}.${key}`);
  }
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new MismatchError(otherwise);
}

function show(value: Json): string {
  return JSON.stringify(value);
}
