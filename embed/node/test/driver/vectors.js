// `vectors DIR`: every vector through the text form.

import { loadText } from "merge-sync/text";

import { canonical } from "../support/json.js";
import { answer, readVectors } from "../support/vectors.js";

export async function vectors([folder]) {
  const text = await loadText();
  const all = readVectors(folder);
  const failures = all
    .filter((vector) => answer(text, vector) !== canonical(vector.output))
    .map((vector) => vector.id);
  return {
    runtime: `Node ${process.versions.node}, V8 ${process.versions.v8}`,
    succeeded: all.length > 0 && failures.length === 0,
    passed: all.length - failures.length,
    failed: failures.length,
    failures,
  };
}
