// Where the WebAssembly of this package is read in browsers: fetched from beside this file.

/** Fetches and compiles a file of this package. */
export async function compileOwn(name: string): Promise<WebAssembly.Module> {
  // Written out, so that bundlers see which files belong to the package.
  const address = name.includes("text")
    ? new URL("./merge-sync-text.core.wasm", import.meta.url)
    : new URL("./merge-sync-logic.core.wasm", import.meta.url);
  const response = await fetch(address);
  if (!response.ok) throw new Error(`status ${response.status.toString()}`);
  return WebAssembly.compile(await response.arrayBuffer());
}
