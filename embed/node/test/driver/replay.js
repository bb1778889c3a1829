// `replay FILE [--out FILE2]`: the digest of the raw answers to a file of inputs.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { ProblemError } from "merge-sync";
import { loadText } from "merge-sync/text";

export async function replay([file], { out }) {
  const text = await loadText();
  const digest = createHash("sha256");
  const copy = out === undefined ? undefined : createWriteStream(out);
  let lines = 0;
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Infinity,
  })) {
    if (line === "") continue;
    const { operation, input } = JSON.parse(line);
    const answer = answerOf(text, operation, input);
    digest.update(answer);
    if (copy?.write(answer) === false) await once(copy, "drain");
    lines += 1;
  }
  if (copy !== undefined) await once(copy.end(), "finish");
  return { succeeded: true, lines, sha256: digest.digest("hex") };
}

function answerOf(text, operation, input) {
  try {
    return `ok\t${text.call(operation, input)}\n`;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return `error\t${error.message}\n`;
  }
}
