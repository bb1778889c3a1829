// Builds the package into dist/: transpiles the typed component, copies the core module of the
// text component, takes the tables of SQLite files, compiles the TypeScript sources. Wants `cargo xtask build` to have run.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { transpileBytes } from "@bytecodealliance/jco-transpile";

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "..");
const ROOT = join(PACKAGE, "..", "..");
const COMPONENTS = process.env.MERGE_SYNC_DIST ?? join(ROOT, "dist");
const GENERATED = join(PACKAGE, "src", "generated");
const DIST = join(PACKAGE, "dist");

/**
 * jco's decoder drops a byte-order mark at the head of any text and repairs what is not UTF-8.
 * Neither may happen to a record of Merge's, so the one place that makes it is made strict; where
 * there is not exactly one, the build fails rather than lose that.
 */
function strict(source) {
  const lax = /new TextDecoder(\(\))?(?=[,;])/g;
  const found = source.match(lax)?.length ?? 0;
  if (found !== 1) {
    throw new Error(`jco's output makes ${found} text decoders, expected 1`);
  }
  return source.replace(lax, 'new TextDecoder("utf-8",{fatal:true,ignoreBOM:true})');
}

/**
 * jco's glue asks the environment at every step whether to print what it passes on: that would show
 * keys and tokens, and asking takes an eighth of a webhook's time.
 */
function silent(source) {
  const log =
    /_debugLog=\(\.\.\.(\w+)\)=>\{globalThis\?\.process\?\.env\?\.JCO_DEBUG&&console\.debug\(\.\.\.\1\)\}/g;
  const found = source.match(log)?.length ?? 0;
  if (found !== 1) {
    throw new Error(`jco's output has ${found} logs, expected 1`);
  }
  return source.replace(log, "_debugLog=()=>{}");
}

rmSync(DIST, { recursive: true, force: true });
rmSync(GENERATED, { recursive: true, force: true });
mkdirSync(DIST, { recursive: true });

const component = readFileSync(join(COMPONENTS, "merge-sync-logic.wasm"));
const { files } = await transpileBytes(component, {
  name: "merge-sync-logic",
  instantiation: { tag: "sync" },
  minify: true,
  base64Cutoff: 0,
});
const text = new TextDecoder();
for (const [name, bytes] of Object.entries(files)) {
  if (name.endsWith(".wasm")) {
    writeFileSync(join(DIST, name), bytes);
    continue;
  }
  for (const folder of [GENERATED, join(DIST, "generated")]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(
      join(folder, name),
      name.endsWith(".js") ? silent(strict(text.decode(bytes))) : bytes,
    );
  }
}
const core = "merge-sync-text.core.wasm";
cpSync(join(COMPONENTS, core), join(DIST, core));

const vectors = join(ROOT, "tests", "host-vectors");
for (const name of readdirSync(vectors)) {
  if (name !== "defaults.json" && !name.startsWith("store-")) continue;
  cpSync(join(vectors, name), join(DIST, "host-vectors", name));
}

// The tables of SQLite files, and what makes of each version of them the next one.
const schema = join(ROOT, "host-example", "schema");
const steps = [];
for (let at = 1; existsSync(join(schema, `sqlite-upgrade-${at}-${at + 1}.sql`)); at += 1) {
  steps.push(readFileSync(join(schema, `sqlite-upgrade-${at}-${at + 1}.sql`), "utf8"));
}
const tables = readFileSync(join(schema, "sqlite.sql"), "utf8");
writeFileSync(
  join(GENERATED, "sqlite-schema.ts"),
  `export const TABLES: string = ${JSON.stringify(tables)};\n` +
    `export const STEPS: readonly string[] = ${JSON.stringify(steps)};\n`,
);

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", PACKAGE], { stdio: "inherit" });

for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) {
  cpSync(join(ROOT, licence), join(PACKAGE, licence));
}
