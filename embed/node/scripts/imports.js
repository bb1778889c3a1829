// Holds the sources to imports in one direction: none imports, by whatever way, a file that imports
// it. What is imported for its types alone counts as well, since a reader follows it all the same.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import ts from "typescript";

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), "..", "src");

/** Which files of ours each file imports. */
function imports() {
  const files = readdirSync(SOURCES, { recursive: true })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("generated"))
    .map((name) => join(SOURCES, name));
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(file, "utf8"), true, true);
      const named = importedFiles
        .filter(({ fileName }) => fileName.startsWith("."))
        .map(({ fileName }) => resolve(dirname(file), fileName.replace(/\.js$/, ".ts")));
      return [file, named.filter((each) => files.includes(each))];
    }),
  );
}

/** A way from a file back to itself; null where there is none. */
function circle(graph) {
  const done = new Set();
  const visit = (file, way) => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of graph.get(file)) {
      const found = visit(next, [...way, file]);
      if (found !== null) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const found = visit(file, []);
    if (found !== null) return found;
  }
  return null;
}

const graph = imports();
const arrows = [...graph.values()].flat().length;
if (arrows < graph.size) throw new Error(`only ${arrows} imports found in ${graph.size} files`);
const found = circle(graph);
if (found !== null) {
  const names = found.map((file) => relative(SOURCES, file)).join(" -> ");
  console.error(`imports go in a circle: ${names}`);
  process.exit(1);
}
