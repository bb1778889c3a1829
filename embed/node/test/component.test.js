// The component's file: missing, damaged, of another version, broken by a call.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import {
  ComponentError,
  instantiate,
  load,
  MergeSyncError,
  VERSION,
  VersionError,
} from "merge-sync";
import { instantiateText, loadText } from "merge-sync/text";

const bytesOf = (name) => readFileSync(fileURLToPath(import.meta.resolve(`merge-sync/${name}`)));
const LOGIC = bytesOf("logic.wasm");
const TEXT = bytesOf("text.wasm");

const VERSIONS = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
).version;

const isComponentError = (pattern) => (error) => {
  assert.ok(error instanceof ComponentError, error.stack);
  assert.ok(error instanceof MergeSyncError);
  assert.match(error.message, pattern);
  assert.doesNotMatch(error.message, /\n/);
  return true;
};

test("package, constant and component are of one version", async () => {
  const merge = await load();
  assert.equal(VERSION, VERSIONS);
  assert.equal(merge.meta.version(), VERSIONS);
});

test("a damaged file is named", async () => {
  const cut = LOGIC.subarray(0, LOGIC.length >> 1);
  await assert.rejects(
    load(new Uint8Array(cut)),
    isComponentError(/^merge-sync-logic\.core\.wasm: /),
  );
  const other = new TextEncoder().encode("not wasm");
  await assert.rejects(loadText(other), isComponentError(/^merge-sync-text\.core\.wasm: /));
  const missing = new Response("", { status: 404 });
  await assert.rejects(load(missing), isComponentError(/status 404/));
  await load();
});

test("a module that is another one is named", async () => {
  // The smallest module there is: no export.
  const empty = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  assert.throws(() => instantiate(empty), isComponentError(/^the component /));
  assert.throws(() => instantiateText(empty), isComponentError(/^the component /));
});

test("a component of another version is named", () => {
  for (const [bytes, make] of [
    [LOGIC, instantiate],
    [TEXT, instantiateText],
  ]) {
    const newer = Buffer.from(bytes);
    let at = -1;
    let replaced = 0;
    while ((at = newer.indexOf(VERSION, at + 1)) !== -1) {
      newer.write("0.9.0", at);
      replaced += 1;
    }
    assert.ok(replaced > 0);
    let module;
    try {
      module = new WebAssembly.Module(restored(newer, bytes));
    } catch (error) {
      assert.fail(error);
    }
    assert.throws(
      () => make(module),
      (error) => {
        assert.ok(error instanceof VersionError, error.stack);
        assert.equal(
          error.message,
          "the component is of version 0.9.0, and this package needs 0.1.0",
        );
        return true;
      },
    );
  }
});

/** The names of exports have the version of the contract, which stays. */
function restored(changed, original) {
  let at = -1;
  while ((at = original.indexOf(`@${VERSION}`, at + 1)) !== -1) changed.write(VERSION, at + 1);
  return changed;
}

test("an instance that broke is replaced", async () => {
  const merge = await load();
  // A getter runs in the middle of the call and breaks it.
  const evil = {
    get modelId() {
      throw new Error("gone");
    },
    modelName: "",
    statusReason: "",
  };
  assert.throws(() => merge.window.next({ status: evil, progress: {}, ready: true }), /gone/);
  assert.equal(merge.window.locate("hris.Employee").tag, "listed");
});

test("a call deep in the stack fails by itself and the next one works", async () => {
  const merge = await load();
  const text = await loadText();
  const failures = new Set();
  const body = `{"results":[${"[".repeat(100)}`;
  const dive = () => {
    try {
      merge.page.parse("hris.Employee", body);
    } catch (error) {
      failures.add(error.name);
    }
    try {
      text.call("meta.version", "{}");
    } catch (error) {
      failures.add(error.name);
    }
    dive();
  };
  assert.throws(dive, RangeError);
  failures.delete("RangeError");
  for (const name of failures) assert.match(name, /^(ProblemError|ComponentError)$/);
  assert.equal(merge.window.locate("hris.Employee").tag, "listed");
  assert.equal(text.call("meta.version", "{}"), '"0.1.0"');
});

test("threads do not share an instance", async () => {
  const file = new URL("support/thread.js", import.meta.url);
  const counts = await Promise.all(
    [1, 2].map(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(file);
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    ),
  );
  assert.deepEqual(counts, [20_000, 20_000]);
});
