// The client and its budget: what is asked of Merge, how often, and what becomes of an answer.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { FetchHttp } from "merge-sync/engine";

const LIMIT = 8 * 1024 * 1024;

/** A client whose server answers `status`, at a clock of its own. */
function client(status, limits = {}) {
  let now = 0;
  let sent = 0;
  const http = new FetchHttp({
    apiKey: "key",
    baseUrl: "http://127.0.0.1",
    limits: { patience: 0, ...limits },
    now: () => now,
    fetch: () => {
      sent += 1;
      return Promise.resolve(
        new Response("{}", { status: typeof status === "function" ? status() : status }),
      );
    },
  });
  const send = async (account) => http.send({ account, method: "GET", target: "/" }, "token");
  return { send, move: (to) => (now = to), sent: () => sent, http };
}

test("fifteen failing answers in ten seconds stop every account", async () => {
  const { send, move, sent } = client(500);
  for (let nth = 0; nth < 15; nth += 1) assert.equal((await send(`a${nth}`)).tag, "response");
  assert.deepEqual(await send("another"), { tag: "held-back", after: 10_000 });
  assert.equal(sent(), 15);
  move(10_000);
  assert.equal((await send("another")).tag, "response");
});

test("accounts that always fail never hold up one that does not", async () => {
  let status = 200;
  const { send, move } = client(() => status);
  let failed = 0;
  for (let hundredth = 0; hundredth < 40; hundredth += 1) {
    move(hundredth * 10);
    status = 502;
    for (let nth = 0; nth < 6; nth += 1) {
      if ((await send(`failing ${nth}`)).tag === "response") failed += 1;
    }
    status = 200;
    assert.equal((await send("healthy")).tag, "response");
  }
  // Each once before anything was known of it, and five of all of them.
  assert.equal(failed, 6 + 5);
});

test("accounts that failed before share five failing answers", async () => {
  const { send, move } = client(500);
  for (const at of [0, 10_000]) {
    move(at);
    for (let nth = 0; nth < 5; nth += 1) assert.equal((await send(`${nth}`)).tag, "response");
  }
  move(12_000);
  assert.deepEqual(await send("0"), { tag: "held-back", after: 8_000 });
  assert.equal((await send("another")).tag, "response");
  move(20_000);
  assert.equal((await send("0")).tag, "response");
});

test("an account is of those that failed for ten minutes", async () => {
  const { send, move } = client(500, { failingShare: 0 });
  await send("a");
  move(599_000);
  assert.equal((await send("a")).tag, "held-back");
  move(600_000);
  assert.equal((await send("a")).tag, "response");
});

test("nothing but a path is sent, and no token that fits no header", async () => {
  const { http, sent } = client(200);
  const request = { account: "a", method: "GET", target: "@example.test/" };
  assert.equal((await http.send(request, "token")).tag, "transport");
  assert.deepEqual(await http.send({ ...request, target: "/" }, "to\nken"), { tag: "no-token" });
  assert.equal(sent(), 0);
});

/** What a real server's answer becomes. */
async function answered(answer, options = {}) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${server.address().port.toString()}`;
  const http = new FetchHttp({ apiKey: "key", baseUrl, ...options });
  try {
    const request = { account: "a", method: "GET", target: "/" };
    return { first: await http.send(request, "token"), again: () => http.send(request, "token") };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

for (const [how, headers, packed] of [
  ["as it is", {}, (body) => body],
  ["compressed", { "content-encoding": "gzip" }, (body) => gzipSync(body)],
]) {
  test(`a body of eight megabytes is read and a larger one is not, ${how}`, async () => {
    const send = async (size) => {
      const { first } = await answered((_request, response) => {
        response.writeHead(200, headers);
        response.end(packed(Buffer.alloc(size, " ")));
      });
      return first;
    };
    assert.equal((await send(LIMIT)).body.length, LIMIT);
    assert.deepEqual(await send(LIMIT + 1), {
      tag: "too-large",
      message: "the body of a 200 is larger than 8388608 bytes",
    });
  });
}

test("a body that is announced as too large is not waited for", async () => {
  const { first } = await answered((_request, response) => {
    response.writeHead(200, { "content-length": LIMIT + 1 });
    response.write(" ");
  });
  assert.equal(first.tag, "too-large");
});

for (const [part, answer] of [
  ["answer", () => undefined],
  ["body", (_request, response) => response.writeHead(200).write("{")],
]) {
  test(`an ${part} that takes too long is told apart`, async () => {
    const limits = { failingShare: 0, patience: 0 };
    const { first, again } = await answered(answer, { timeout: 100, limits });
    assert.equal(first.tag, "timed-out");
    // Its account now has the share of those that fail, which is none here.
    assert.equal((await again()).tag, "held-back");
  });
}

test("an answer that breaks off is none", async () => {
  const { first } = await answered((request, response) => {
    response.writeHead(200, { "content-length": 9 });
    response.write("{", () => request.socket.destroy());
  });
  assert.equal(first.tag, "transport");
});

test("one bad byte is replaced and said, and the rest is read", async () => {
  const logged = [];
  const log = (level, message, fields) => logged.push({ level, message, fields });
  const bytes = Buffer.from('\ufeff{"a":"x"}');
  bytes[bytes.length - 3] = 0xff;
  const { first } = await answered((_request, response) => response.end(bytes), { log });
  assert.equal(first.body, '\ufeff{"a":"\ufffd"}');
  const message = "the body is not utf-8: what is not has become U+FFFD";
  assert.deepEqual(logged, [{ level: "warn", message, fields: { account: "a", status: 200 } }]);
});

test("a key or an address that cannot be right is refused by its name", () => {
  for (const apiKey of [undefined, "", "two words", "\n"]) {
    assert.throws(() => new FetchHttp({ apiKey }), { name: "InputError", field: "apiKey" });
  }
  for (const baseUrl of ["", "api.merge.dev", "ftp://api.merge.dev", "https://api.merge.dev/api"]) {
    const refused = { name: "InputError", field: "baseUrl" };
    assert.throws(() => new FetchHttp({ apiKey: "key", baseUrl }), refused);
  }
  assert.ok(new FetchHttp({ apiKey: "key", baseUrl: "https://api.merge.dev/" }));
});
