// Bad input: a clear error of the package's own, and the next call works.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { InputError, instant, load, MergeSyncError, ProblemError } from "merge-sync";
import { loadText } from "merge-sync/text";

const KEY = "example_signature_key_not_a_real_secret";
const PING = new TextEncoder().encode('{"response":"Success! This URL will be notified."}');

const merge = await load();

const sign = (body) => createHmac("sha256", KEY).update(body).digest("base64url");
const delivery = (body) => ({ body, signatures: [sign(body)], keys: [KEY] });

/** `decide` fails with `message`, and the next call works. */
function refuses(decide, message) {
  assert.throws(decide, (error) => {
    assert.ok(error instanceof InputError, error.stack);
    assert.ok(error instanceof MergeSyncError);
    assert.equal(error.message, message);
    assert.doesNotMatch(error.message, /\n|example_signature_key/);
    return true;
  });
  works();
}

function works() {
  assert.equal(merge.webhook.handle(delivery(PING)).reply.status, 200);
}

test("arguments of the wrong type are named", () => {
  const handle = (fields) => () => merge.webhook.handle({ ...delivery(PING), ...fields });
  refuses(handle({ body: undefined }), "body: missing, expected bytes");
  refuses(handle({ body: null }), "body: expected bytes, found null");
  refuses(handle({ body: { hook: {} } }), "body: expected bytes, found an object");
  refuses(handle({ signatures: "abc" }), "signatures: expected a list, found a text");
  refuses(handle({ signatures: [new Date()] }), "signatures[0]: expected a text, found a Date");
  refuses(handle({ keys: [KEY, 5n] }), "keys[1]: expected a text, found a bigint");
  refuses(handle({ secret: KEY }), "secret: unknown field");
  refuses(() => merge.webhook.handle(), "facts: missing, expected an object");
  const page =
    (body, modelId = "hris.Employee") =>
    () =>
      merge.page.parse(modelId, body);
  refuses(page(PING), "body: expected a text, found bytes");
  refuses(page("{}", null), "modelId: expected a text, found null");
  const evaluate = (status) => () =>
    merge.readiness.evaluate({ statuses: [{ modelId: "a.B", ...status }], complete: true });
  refuses(
    evaluate({ syncedFields: "name" }),
    "statuses[0].syncedFields: expected a list, found a text",
  );
  refuses(
    evaluate({ unreadable: [1] }),
    "statuses[0].unreadable[0]: expected a text, found a number",
  );
  refuses(() => merge.window.locate(["hris"]), "modelId: expected a text, found a list");
});

test("arguments out of range are named", () => {
  const now = "2025-11-27T10:00:00Z";
  const outcome = { tag: "response", status: 503 };
  const facts = { outcome, attempt: 1, now, seed: 1 };
  const decide = (fields) => () => merge.retry.decide({ ...facts, ...fields });
  assert.equal(decide({})().tag, "again");
  refuses(decide({ attempt: -1 }), "attempt: -1 is not a whole number from 0 to 4294967295");
  refuses(decide({ attempt: 1.5 }), "attempt: 1.5 is not a whole number from 0 to 4294967295");
  refuses(decide({ attempt: NaN }), "attempt: NaN is not a whole number from 0 to 4294967295");
  refuses(
    decide({ outcome: { tag: "response", status: 65_536 } }),
    "outcome.status: 65536 is not a whole number from 0 to 65535",
  );
  refuses(
    decide({ seed: 2n ** 64n }),
    "seed: 18446744073709551616 is not a whole number from 0 to 18446744073709551615",
  );
  refuses(
    decide({ policy: { cap: 2 ** 53 } }),
    "policy.cap: 9007199254740992 is not a whole number from 0 to 8640000000000000",
  );
  refuses(
    decide({ outcome: { tag: "timeout" } }),
    "outcome.tag: `timeout` is not one of `response`, `transport`, `timed-out`, `too-large`, " +
      "`unusable`, `stale-cursor`, `no-token`",
  );
  refuses(
    decide({ outcome: { tag: "timed-out", message: "late" } }),
    "outcome.message: unknown field",
  );
  refuses(decide({ outcome: { tag: "unusable" } }), "outcome.message: missing, expected a text");
});

test("instants without a zone, or that are none, are named", () => {
  const facts = { outcome: { tag: "transport", message: "reset" }, attempt: 1, seed: 1 };
  const at = (now) => () => merge.retry.decide({ ...facts, now });
  refuses(
    at("2025-11-27T10:00:00"),
    "now: `2025-11-27T10:00:00` has no zone, expected `Z` or an offset",
  );
  refuses(at("2025-02-30T10:00:00Z"), "now: `2025-02-30T10:00:00Z` is not an RFC 3339 instant");
  refuses(at(1_764_237_600_000), "now: expected an instant, found a number");
  refuses(at(new Date(NaN)), "now: an invalid Date is no instant");
  refuses(at(new Date(Date.UTC(10_000, 0))), "now: an instant outside the years 0001 to 9999");
  assert.deepEqual(at("2025-11-27T12:00:00+02:00")(), at("2025-11-27T10:00:00Z")());
  assert.equal(instant("2025-11-27 10:39:49.905833+00:00"), "2025-11-27T10:39:49.905833Z");
  assert.equal(instant("2025-11-27t10:39:49.5z"), "2025-11-27T10:39:49.500000Z");
  assert.equal(instant("2017-01-01 00:59:60.5+0100"), "2016-12-31T23:59:59.999999Z");
  for (const text of [
    "2025-11-27  10:39:49Z",
    "2025-11-27\t10:39:49Z",
    "2025-11-27 10:39:49 Z",
    "2025-11-27 10:39:49.Z",
    "2016-12-31 23:59:61Z",
    "2016-12-31 23:60:60Z",
  ]) {
    refuses(() => instant(text), `instant: \`${text}\` is not an RFC 3339 instant`);
  }
  assert.deepEqual(at(new Date("2025-11-27T10:00:00Z"))(), at("2025-11-27T10:00:00Z")());
});

test("bytes that are not utf-8 are answered 401 and never repaired", () => {
  // A repaired body would be this text, whose signature is right.
  const repaired = new TextEncoder().encode("\ufffd");
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    const facts = { ...delivery(repaired), body: Uint8Array.from(bytes) };
    assert.deepEqual(merge.webhook.handle(facts), {
      reply: { status: 401, body: '{"error": "Invalid signature"}' },
      outcome: { tag: "refused", reason: "mismatch" },
    });
    assert.deepEqual(merge.signature.verify(facts), { tag: "refused", reason: "mismatch" });
    const signed = delivery(Uint8Array.from(bytes));
    assert.equal(merge.webhook.handle(signed).reply.status, 401);
  }
  works();
});

test("the answer to what is not utf-8 is the component's own to a mismatch", () => {
  const mismatch = merge.webhook.handle({ ...delivery(PING), body: "{}" });
  const facts = { ...delivery(PING), body: Uint8Array.of(0xff) };
  assert.deepEqual(merge.webhook.handle(facts), mismatch);
});

test("a byte-order mark is part of what is signed", () => {
  const marked = Uint8Array.from([0xef, 0xbb, 0xbf, ...PING]);
  assert.equal(merge.signature.verify(delivery(marked)).tag, "authentic");
  const without = { ...delivery(marked), body: PING };
  assert.equal(merge.signature.verify(without).tag, "refused");
  assert.equal(merge.signature.verify({ ...delivery(PING), body: marked }).tag, "refused");
});

test("a byte-order mark comes out as it went in", () => {
  const body = JSON.stringify({ next: "\ufeffcursor", results: [{ id: "\ufeff1" }] });
  const page = merge.page.parse("hris.Employee", body);
  assert.equal(page.next, "\ufeffcursor");
  assert.equal(page.rows[0].id, "\ufeff1");
  assert.equal(page.rows[0].json, '{"id":"\ufeff1"}');
});

test("a text with a lone surrogate is refused, not repaired", async () => {
  const facts = { ...delivery("\ufffd"), body: "\ud800" };
  refuses(() => merge.webhook.handle(facts), "body: a lone surrogate is no text");
  refuses(() => merge.window.locate("hris.\udc00"), "modelId: a lone surrogate is no text");
  const keys = { ...delivery(PING), keys: ["\ud83d"] };
  refuses(() => merge.webhook.handle(keys), "keys[0]: a lone surrogate is no text");
  const text = await loadText();
  assert.throws(() => text.call("page.parse", "\ud800"), InputError);
});

test("bytes may come in a view of a larger buffer, in a Buffer or an ArrayBuffer", () => {
  const { signatures, keys } = delivery(PING);
  const larger = new Uint8Array(PING.length + 6);
  larger.set(PING, 3);
  const view = larger.subarray(3, 3 + PING.length);
  for (const body of [view, Buffer.from(PING), PING.slice().buffer]) {
    assert.equal(merge.webhook.handle({ body, signatures, keys }).reply.status, 200);
  }
});

test("a body of ten megabytes is answered, and the memory it took is given back", async () => {
  const text = await loadText();
  const body = Buffer.alloc(10_000_000, " ");
  body.write('{"response":"');
  body.write('"}', body.length - 2);
  for (let time = 0; time < 20; time += 1) {
    const { reply, outcome } = merge.webhook.handle(delivery(body));
    assert.equal(reply.status, 200);
    assert.equal(outcome.event.tag, "ignored");
    works();
  }
  const input = JSON.stringify({ ...delivery(body), body: body.toString() });
  assert.equal(JSON.parse(text.call("webhook.handle", input)).reply.status, 200);
  const wide = "é".repeat(5_000_000);
  const page = JSON.stringify({ model_id: "hris.Employee", body: wide });
  assert.throws(() => text.call("page.parse", page), ProblemError);
  assert.equal(text.call("meta.version", "{}"), '"0.1.0"');
});

test("what the component objects to is a problem", async () => {
  const text = await loadText();
  const problem = (decide, message) => {
    assert.throws(decide, (error) => {
      assert.ok(error instanceof ProblemError, error.stack);
      assert.match(error.message, message);
      return true;
    });
    works();
  };
  const page = () => merge.page.parse("hris.Employee", "<html>");
  problem(page, /^body: expected a JSON object, found markup/);
  problem(() => merge.readiness.parseStatus("[]"), /^body: expected an object, found a list/);
  problem(() => text.call("window.prev", "{}"), /window\.prev/);
  problem(() => text.call("window.next", "{"), /./);
});

test("no error shows a key", () => {
  const facts = { ...delivery(PING), keys: [`${KEY}\ud800`] };
  refuses(() => merge.webhook.handle(facts), "keys[0]: a lone surrogate is no text");
});
