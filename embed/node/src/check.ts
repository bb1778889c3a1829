// Checks arguments before they reach the component: JavaScript would coerce or repair them.

import { InputError } from "./errors.js";

/** A value as errors name it. Its contents are not shown: it may be a secret. */
function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Date) return "a Date";
  switch (typeof value) {
    case "string":
      return "a text";
    case "number":
      return "a number";
    case "bigint":
      return "a bigint";
    case "boolean":
      return "a boolean";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return "an object";
  }
}

/** The error for a value of the wrong type. */
export function expected(what: string, value: unknown, field: string): InputError {
  const found = value === undefined ? "missing" : `found ${kindOf(value)}`;
  return new InputError(
    field,
    value === undefined ? `${found}, expected ${what}` : `expected ${what}, ${found}`,
  );
}

/**
 * A text that UTF-8 can carry. A lone surrogate has no place in it, and would silently become
 * another character.
 */
export function text(value: unknown, field: string): string {
  if (typeof value !== "string") throw expected("a text", value, field);
  if (!value.isWellFormed()) throw new InputError(field, "a lone surrogate is no text");
  return value;
}

export function boolean(value: unknown, field: string): boolean {
  if (typeof value !== "boolean") throw expected("a boolean", value, field);
  return value;
}

/** An object. A key that is none of `keys` is refused by its name: it is likely misspelled. */
export function object<K extends string>(
  value: unknown,
  field: string,
  keys: readonly K[],
): Partial<Record<K, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw expected("an object", value, field === "" ? "facts" : field);
  }
  for (const key in value) {
    if (!(keys as readonly string[]).includes(key)) {
      throw new InputError(below(field, key), "unknown field");
    }
  }
  return value;
}

/** The path of `key` in `field`. */
export function below(field: string, key: string): string {
  return field === "" ? key : `${field}.${key}`;
}

export function list<T>(
  value: unknown,
  field: string,
  each: (value: unknown, field: string) => T,
): T[] {
  if (!Array.isArray(value)) throw expected("a list", value, field);
  return value.map((item: unknown, index) => each(item, `${field}[${index.toString()}]`));
}

export function texts(value: unknown, field: string): string[] {
  return list(value, field, text);
}

/** What is absent or null is none. */
export function optional<T>(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : read(value, field);
}

export function oneOf<T extends string>(value: unknown, field: string, cases: readonly T[]): T {
  const name = text(value, field);
  const found = cases.find((known) => known === name);
  if (found === undefined) {
    const shown = name.length > 40 ? `${name.slice(0, 40).toWellFormed()}…` : name;
    const known = cases.map((name) => `\`${name}\``).join(", ");
    throw new InputError(field, `\`${shown}\` is not one of ${known}`);
  }
  return found;
}

export function integer(value: unknown, field: string, most: number): number {
  if (typeof value !== "number") throw expected("a whole number", value, field);
  if (!Number.isInteger(value) || value < 0 || value > most) {
    const range = `from 0 to ${most.toString()}`;
    throw new InputError(field, `${value.toString()} is not a whole number ${range}`);
  }
  return value;
}

export const MOST_16 = 0xffff;
export const MOST_32 = 0xffff_ffff;
const MOST_64 = 0xffff_ffff_ffff_ffffn;

/** The longest span taken, in milliseconds: as far as `Date` reaches from 1970. */
export const LONGEST = 8_640_000_000_000_000;

/** A span of time in whole milliseconds. */
export function milliseconds(value: unknown, field: string): bigint {
  return BigInt(integer(value, field, LONGEST));
}

/** A whole number of 64 bits. */
export function seed(value: unknown, field: string): bigint {
  if (typeof value !== "bigint") {
    return BigInt(integer(value, field, Number.MAX_SAFE_INTEGER));
  }
  if (value < 0n || value > MOST_64) {
    const range = `from 0 to ${MOST_64.toString()}`;
    throw new InputError(field, `${value.toString()} is not a whole number ${range}`);
  }
  return value;
}
