/**
 * Every decision, and the engine step by step, as JSON: `call(operation, input)`.
 *
 * @packageDocumentation
 */
// The text form, for who wants one function rather than many, and for the engine.

import { CoreModule } from "./core-module.js";
import { compiled, moduleOf, type Source } from "./load.js";

/** One function of text. */
export interface TextForm {
  /**
   * Calls `interface.function`, for example `window.next`, with the JSON of its input; answers
   * the JSON of its output. Integers past 2^53 are decimal strings.
   *
   * @throws `ProblemError` where the input is refused; it names the field at fault.
   */
  call(operation: string, input: string): string;
}

/**
 * Loads the text form, from the package's own file unless told otherwise.
 *
 * @throws `ComponentError` where that is missing, damaged or of another version.
 */
export async function loadText(source?: Source): Promise<TextForm> {
  return instantiateText(await moduleOf("merge-sync-text.core.wasm", source));
}

/**
 * The text form of a module that is compiled already (`merge-sync/text.wasm`).
 *
 * @throws `ComponentError` where the module is damaged or of another version.
 */
export function instantiateText(module: WebAssembly.Module): TextForm {
  const core = new CoreModule(compiled(module, "module"));
  return Object.freeze({ call: (operation: string, input: string) => core.call(operation, input) });
}
