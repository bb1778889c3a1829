// The program through which all hosts are compared: one JSON object on standard output.

import { parseArgs } from "node:util";

import { bench } from "./bench.js";
import { demo } from "./demo.js";
import { replay } from "./replay.js";
import { vectors } from "./vectors.js";

const COMMANDS = { vectors, replay, bench, demo };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string" },
    calls: { type: "string", default: "2000" },
    "memory-calls": { type: "string", default: "100000" },
    check: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    faults: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    simulator: { type: "string" },
  },
});
const [name = "", ...rest] = positionals;
const command = COMMANDS[name];
if (command === undefined) {
  console.error(`command: \`${name}\` is not one of ${Object.keys(COMMANDS).join(", ")}`);
  process.exit(2);
}
const { succeeded, ...result } = await command(rest, values);
console.log(JSON.stringify(result));
process.exitCode = succeeded ? 0 : 1;
