// A rival of `cargo xtask bench`: a webhook as a Node handler takes it in, verified and read.
//
// Reads lines of four words, `typed OPERATION FILE CALLS`, and answers each with the nanoseconds that
// the calls took. The file holds `body`, `signatures` and `keys`.

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

function verify(body, signature, key) {
  const digest = createHmac("sha256", key).update(body).digest();
  const sent = Buffer.from(signature, "base64url");
  return sent.length === digest.length && timingSafeEqual(sent, digest);
}

function handle(body, signature, key) {
  if (!verify(body, signature, key)) return { status: 401 };
  const payload = JSON.parse(body.toString());
  const event = payload.hook.event;
  const finished = {};
  if (event === "LinkedAccount.sync_completed") {
    for (const [model, row] of Object.entries(payload.data.sync_status)) {
      finished[model] = [row.last_sync_result, row.last_sync_finished];
    }
  }
  return { status: 200, account: payload.linked_account.id, event, finished };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [, operation, file, calls] = line.split(" ");
  const delivery = JSON.parse(readFileSync(file, "utf8"));
  const body = Buffer.from(delivery.body);
  const [signature] = delivery.signatures;
  const [key] = delivery.keys;
  const call = operation === "webhook.handle" ? handle : verify;
  const answer = call(body, signature, key);
  if (answer !== true && answer.status !== 200) throw new Error("not verified");
  const started = process.hrtime.bigint();
  for (let n = 0; n < Number(calls); n++) call(body, signature, key);
  console.log(String(process.hrtime.bigint() - started));
}
