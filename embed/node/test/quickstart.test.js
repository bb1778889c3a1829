// The README followed in an empty folder, with the package as it would be published.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(PACKAGE, "README.md"), "utf8");

const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: "utf8" });
const fenced = (language, from) => {
  const found = new RegExp("```" + language + "\n([^]*?)```").exec(
    README.slice(README.indexOf(from)),
  );
  assert.ok(found, `no ${language} after ${from}`);
  return found[1];
};

test("the quick start works in an empty folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "merge-sync-"));
  try {
    const packed = run("npm", ["pack", "--json", "--pack-destination", folder], PACKAGE);
    const [{ filename, files, size, unpackedSize }] = JSON.parse(packed);
    console.log(`packed ${size.toString()} bytes, unpacked ${unpackedSize.toString()}`);
    const names = files.map(({ path }) => path);
    for (const wanted of ["dist/index.js", "dist/merge-sync-logic.core.wasm", "LICENSE-MIT"]) {
      assert.ok(names.includes(wanted), wanted);
    }
    assert.ok(!names.some((name) => name.startsWith("src/") || name.startsWith("test/")));

    assert.equal(fenced("sh", "## Install").trim(), "npm install merge-sync");
    const flags = ["--offline", "--no-audit", "--no-fund"];
    run("npm", ["install", ...flags, join(folder, filename)], folder);
    writeFileSync(join(folder, "start.mjs"), fenced("js", "## Quick start"));
    const printed = run(process.execPath, ["start.mjs"], folder).trim();
    assert.equal(printed, "200 accepted");
    assert.ok(README.includes(`prints \`${printed}\``));

    const text = fenced("js", "function of JSON")
      .replace(/^text\.call.*$/m, "console.log($&")
      .trim();
    writeFileSync(join(folder, "text.mjs"), text.replace(/;$/, ");"));
    assert.match(run(process.execPath, ["text.mjs"], folder), /"\/api\/hris\/v1\/employees"/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
