// The SQLite store passes the scenarios that every language's stores pass, and no mistaken one.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import Database from "better-sqlite3";

import { SqliteStore } from "merge-sync/engine/sqlite";
import { checkStore, MismatchError } from "merge-sync/testing";

import { subject } from "./support/host-vectors.js";
import { MISTAKES, over } from "./support/mistaken-stores.js";

const folder = mkdtempSync(join(tmpdir(), "merge-sync-"));
after(() => {
  rmSync(folder, { recursive: true });
});

const drivers = [["better-sqlite3", (file) => new Database(file)]];
const own = await import("node:sqlite").catch(() => null);
if (own !== null) drivers.push(["node:sqlite", (file) => new own.DatabaseSync(file)]);

for (const [name, open] of drivers) {
  test(`${name}: the SQLite store passes every scenario`, async () => {
    let number = 0;
    const inFile = (file, clock) => {
      const [database, other] = [open(file), open(file)];
      const close = () => {
        database.close();
        other.close();
      };
      const reopen = () => {
        close();
        return inFile(file, clock);
      };
      const another = new SqliteStore(other, clock);
      const store = new SqliteStore(database, clock);
      return { ...subject(store, database), another, close, reopen };
    };
    const made = (clock) => inFile(join(folder, `${name}-${number++}.sqlite`), clock);
    assert.deepEqual(await checkStore(made), []);
  });
}

/** A subject in memory. */
function inMemory(clock) {
  const database = new Database(":memory:");
  return [subject(new SqliteStore(database, clock), database), database];
}

test("a store over a sound one is sound, and what it cannot show is named", async () => {
  const leftOut = await checkStore((clock) => {
    const [sound] = inMemory(clock);
    return { ...sound, store: over(sound.store, {}), profile: undefined };
  });
  assert.deepEqual(leftOut, ["profile-empty-replaces-nothing", "store-reopened"]);
});

for (const [mistake, planted] of Object.entries(MISTAKES)) {
  test(`found where ${mistake}`, async (context) => {
    const checked = checkStore((clock) => {
      const [sound, database] = inMemory(clock);
      return planted(sound, clock, database);
    });
    await assert.rejects(checked, (thrown) => {
      assert.ok(thrown instanceof MismatchError, thrown);
      context.diagnostic(thrown.message);
      return true;
    });
  });
}

test("the example of the readme runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const blocks = [...readme.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
  const [code] = blocks.filter((block) => block.includes("checkStore("));
  const body = code.replace(/^import .*$/gm, "");
  const MyStore = class {
    constructor(clock) {
      const [made] = inMemory(clock);
      Object.assign(this, made, over(made.store, {}));
    }
  };
  const AsyncFunction = (async () => undefined).constructor;
  await new AsyncFunction("checkStore", "MyStore", "assert", body)(checkStore, MyStore, assert);
});
