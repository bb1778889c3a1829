// Every vector, through the text form and through the typed functions.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { InputError, load, ProblemError } from "merge-sync";
import { loadText } from "merge-sync/text";

import { canonical } from "./support/json.js";
import { answerOf, argument, FUNCTIONS } from "./support/typed.js";
import { answer, readVectors } from "./support/vectors.js";

const ROOT = join(fileURLToPath(import.meta.url), "..", "..", "..", "..");
const VECTORS = readVectors(join(ROOT, "tests", "vectors"));

/** What the text form refuses and the typed functions cannot be told wrongly, with the reason. */
const TAKEN = new Map([
  ["cadence-error-missing-interval", "what has a default may be left out"],
  ["evaluate-error-missing-list", "what has a default may be left out"],
  ["meta-version-error-argument", "it takes no argument"],
  ["status-error-unknown-argument", "it takes one argument, without a name"],
]);

/** Vectors with a span that no `Date` reaches: the typed functions refuse it. */
const REFUSED = [
  "cadence-2-to-the-53",
  "cadence-beyond-2-to-the-53",
  "cadence-2-to-the-64",
  "retry-draw-whole-range",
  "window-huge-overlap",
];

test("the vectors are there", () => {
  assert.ok(VECTORS.length > 700, `${VECTORS.length.toString()} vectors`);
  assert.equal(new Set(VECTORS.map(({ operation }) => operation)).size, 11);
});

test("the text form answers every vector", async () => {
  const text = await loadText();
  for (const vector of VECTORS) {
    assert.equal(answer(text, vector), canonical(vector.output), vector.id);
  }
});

test("the typed functions answer every vector", async () => {
  const merge = await load();
  const refused = [];
  for (const vector of VECTORS) {
    const { id, operation, input, output } = vector;
    const decide = () => FUNCTIONS[operation](merge, argument(input));
    if (output?.error !== undefined) {
      checkRefused(decide, vector);
      continue;
    }
    let found;
    try {
      found = decide();
    } catch (error) {
      assert.ok(error instanceof InputError, `${id}: ${error.stack}`);
      refused.push(id);
      continue;
    }
    assert.equal(canonical(answerOf(found)), canonical(output), id);
  }
  assert.deepEqual(refused, REFUSED);
});

function checkRefused(decide, { id, input, output }) {
  if (TAKEN.has(id)) return;
  assert.throws(
    decide,
    (error) => {
      // The component read a text and says what is wrong with it: the same words in both forms.
      if (error instanceof ProblemError) assert.equal(error.message, output.error, id);
      else assert.ok(error instanceof InputError, `${id}: ${error.stack}`);
      return true;
    },
    `${id}: ${JSON.stringify(input)}`,
  );
}
