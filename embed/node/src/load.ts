// From wherever the WebAssembly comes to a compiled module, with one kind of error.

import { compileOwn } from "#source";

import { expected } from "./check.js";
import { ComponentError, reasonOf } from "./errors.js";

/** A component: compiled, its bytes, or what `fetch` answered. */
export type Source = WebAssembly.Module | ArrayBuffer | Uint8Array<ArrayBuffer> | Response;

/** The compiled module of `source`, or of the package's own file `name`. */
export async function moduleOf(name: string, source?: Source): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  try {
    if (source === undefined) return await compileOwn(name);
    if (source instanceof Response) {
      if (!source.ok) throw new Error(`status ${source.status.toString()}`);
      return await WebAssembly.compile(await source.arrayBuffer());
    }
    if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
      return await WebAssembly.compile(source);
    }
  } catch (thrown) {
    throw new ComponentError(`${name}: ${reasonOf(thrown)}`, { cause: thrown });
  }
  throw expected("a WebAssembly.Module, bytes or a Response", source, "source");
}

/** A module that was compiled already, as bundlers and edge runtimes hand it over. */
export function compiled(module: unknown, field: string): WebAssembly.Module {
  if (module instanceof WebAssembly.Module) return module;
  throw expected("a WebAssembly.Module", module, field);
}
