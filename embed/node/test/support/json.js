// JSON without a float in between: numbers stay the digits they were written with.

import { isLosslessNumber, parse, stringify } from "lossless-json";

/** Parses; numbers become `LosslessNumber`s. */
export const parseExact = (text) => parse(text);

/** Writes what `parseExact` read, digits as they were. */
export const writeExact = (value) => stringify(value);

/** The one text of a value: keys in order, numbers as they were written. */
export function canonical(value) {
  if (isLosslessNumber(value)) return value.toString();
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
