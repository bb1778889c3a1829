// What is read although a part of it cannot be, and what is not deleted although it is missing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ACCOUNT, host, LINKED, PAGES, RECORD, response, webhook } from "./support/host.js";

const LIST = "/api/hris/v1/employees";
const MODEL = "hris.Employee";

const OTHER = { ...RECORD, id: "e-2" };
const pageOf = (...results) => ({ next: null, results });

const modelOf = async (engine) => (await engine.inspect(ACCOUNT)).models[0];
const one = (database, sql) => ({ ...database.prepare(sql).get() });
const deletedOf = (database) =>
  one(database, "SELECT sum(deleted) AS deleted FROM records").deleted;

/** A host that has read two rows, and then none of them again. */
async function missing() {
  const answers = { ...PAGES, [LIST]: pageOf(RECORD, OTHER) };
  const made = await host(answers);
  await made.engine.link(LINKED);
  assert.equal((await made.engine.run(ACCOUNT)).rows, 2);
  answers[LIST] = pageOf();
  made.move("2025-11-27T13:00:00Z");
  await made.engine.request(ACCOUNT, { tag: "reread-model", modelId: MODEL });
  await made.engine.run(ACCOUNT);
  return made;
}

test("an empty re-read deletes nothing and is shown", async () => {
  const { engine, database } = await missing();
  const view = await engine.inspect(ACCOUNT);
  const { heldSweep, trouble } = view.models[0];
  assert.deepEqual({ unseen: heldSweep.unseen, live: heldSweep.live }, { unseen: 2, live: 2 });
  assert.equal((trouble ?? view.trouble).kind, "held-sweep");
  assert.equal(deletedOf(database), 0);
  const kept = one(database, "SELECT trouble FROM linked_accounts");
  assert.deepEqual(kept, { trouble: "held-sweep" });
});

test("a held sweep that is approved deletes, and no other one is", async () => {
  const { engine, database, move } = await missing();
  const { pass } = (await modelOf(engine)).heldSweep;
  const approve = async (pass) => {
    await engine.request(ACCOUNT, { tag: "approve-deletions", modelId: MODEL, pass });
  };
  await approve(pass + 1);
  assert.equal(deletedOf(database), 0);
  await approve(pass);
  assert.equal(deletedOf(database), 2);
  move("2025-11-27T13:01:00Z");
  await engine.run(ACCOUNT);
  assert.equal((await modelOf(engine)).heldSweep, null);
});

test("pages that are too large are asked for in smaller ones", async () => {
  const large = ({ target }) =>
    target.includes("page_size=100")
      ? { tag: "too-large", message: "the body of a 200 is larger than 8388608 bytes" }
      : response(200, pageOf(RECORD));
  const { engine, database, sent, move } = await host({ ...PAGES, [LIST]: large });
  await engine.link(LINKED);
  for (let ten = 0; ten < 6; ten += 1) {
    move(`2025-11-27T12:${ten}0:00Z`);
    await engine.run(ACCOUNT);
  }
  assert.equal(one(database, "SELECT count(*) AS rows FROM records").rows, 1);
  assert.ok(sent.some(({ target }) => target.includes("page_size=50")));
  const { pageSize } = await modelOf(engine);
  assert.ok(pageSize >= 1 && pageSize <= 100);
});

test("records that cannot be stored are counted and shown", async () => {
  const odd = { remote_id: "7", first_name: "Bob" };
  const { engine, database } = await host({ ...PAGES, [LIST]: pageOf(RECORD, odd) });
  await engine.link(LINKED);
  assert.equal((await engine.run(ACCOUNT)).rows, 1);
  const { withoutKey, unreadableRecords } = await modelOf(engine);
  assert.deepEqual({ withoutKey, unreadableRecords }, { withoutKey: 1, unreadableRecords: 0 });
  const kept = one(database, "SELECT trouble, link, skipped FROM linked_accounts");
  assert.deepEqual(kept, { trouble: "no-key", link: "active", skipped: 1 });
});

test("an account that was unlinked is not shown as ready", async () => {
  const { engine, database } = await host(PAGES);
  await engine.link(LINKED);
  await engine.run(ACCOUNT);
  assert.equal((await engine.inspect(ACCOUNT)).link, "active");
  await engine.request(ACCOUNT, "unlink");
  const deleted = { hook: { event: "LinkedAccount.deleted" }, linked_account: { id: ACCOUNT } };
  assert.equal((await engine.receive(webhook(deleted))).status, 200);
  assert.equal((await engine.inspect(ACCOUNT)).link, "unlinked");
  assert.deepEqual(one(database, "SELECT link FROM linked_accounts"), { link: "unlinked" });
});
