// Owns the instance of the typed component: makes it, checks its version, and replaces it where a
// call broke it or left it large.

import { ComponentError, ProblemError, reasonOf, VersionError } from "./errors.js";
import { instantiate, type Root } from "./generated/merge-sync-logic.js";
import { VERSION } from "./version.js";

/** Memory of an instance only ever grows: past this it is replaced once a call has ended. */
export const LARGEST_IDLE = 16 * 1024 * 1024;

export class LogicComponent {
  #root: Root | undefined;
  #memory: WebAssembly.Memory | undefined;

  constructor(readonly module: WebAssembly.Module) {
    const found = this.call((root) => root.meta.version());
    if (found !== VERSION) throw new VersionError(VERSION, found);
  }

  /** Calls into the component, which keeps nothing between two calls. */
  call<T>(use: (root: Root) => T): T {
    const root = (this.#root ??= this.#instantiate());
    try {
      return use(root);
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (problem !== undefined) throw new ProblemError(problem);
      // A trap, an exhausted stack or memory: what the instance holds is anybody's guess.
      this.#root = undefined;
      throw new ComponentError(`the component broke: ${reasonOf(thrown)}`, { cause: thrown });
    } finally {
      if ((this.#memory?.buffer.byteLength ?? 0) > LARGEST_IDLE) this.#root = undefined;
    }
  }

  #instantiate(): Root {
    try {
      return instantiate(
        () => this.module,
        {},
        (module, imports) => {
          const instance = new WebAssembly.Instance(module, imports);
          const memory = instance.exports["memory"];
          if (memory instanceof WebAssembly.Memory) this.#memory = memory;
          return instance;
        },
      );
    } catch (thrown) {
      throw new ComponentError(`the component cannot be instantiated: ${reasonOf(thrown)}`, {
        cause: thrown,
      });
    }
  }
}

/**
 * The `problem` of a function that answered with its error: jco throws the record as it is, and
 * in other versions an error that carries it. Whatever else is thrown is an error without one.
 */
function problemOf(thrown: unknown): string | undefined {
  const bare = typeof thrown === "object" && thrown !== null && !(thrown instanceof Error);
  const record: unknown = bare ? thrown : (thrown as { payload?: unknown } | null)?.payload;
  const message: unknown = (record as { message?: unknown } | null | undefined)?.message;
  return typeof message === "string" ? message : undefined;
}
