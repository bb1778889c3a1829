// The vectors that every host must agree on.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ProblemError } from "merge-sync";

import { canonical, parseExact, writeExact } from "./json.js";

/** Every vector of every file of `folder`. */
export function readVectors(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.sort().flatMap((name) => parseExact(readFileSync(join(folder, name), "utf8")));
}

/** What the text form answers, as a vector's `output` has it. */
export function answer(text, vector) {
  try {
    return canonical(parseExact(text.call(vector.operation, writeExact(vector.input))));
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return canonical({ error: error.message });
  }
}
