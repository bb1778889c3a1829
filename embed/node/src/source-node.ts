// Where the WebAssembly of this package is read in Node and Deno: beside this file.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Reads and compiles a file of this package. */
export async function compileOwn(name: string): Promise<WebAssembly.Module> {
  const file = new URL(name, import.meta.url);
  // A bundler may have made this an address that is no file.
  const bytes = file.protocol === "file:" ? await readFile(fileURLToPath(file)) : await get(file);
  return WebAssembly.compile(bytes);
}

async function get(address: URL): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`status ${response.status.toString()}`);
  return response.arrayBuffer();
}
