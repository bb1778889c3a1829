// The core module of the text component, through the canonical ABI: one function, a text in and a
// text out.

import { text } from "./check.js";
import { LARGEST_IDLE } from "./component.js";
import { ComponentError, MergeSyncError, ProblemError, reasonOf, VersionError } from "./errors.js";
import { VERSION } from "./version.js";

/** Takes pointer and length of either text, answers a pointer to the result. */
const CALL = "merge-sync:triggers/json@0.1.0#call";
/** Called with that pointer once the result was read: frees it. */
const POST_RETURN = "cabi_post_merge-sync:triggers/json@0.1.0#call";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly realloc: (at: number, size: number, align: number, wanted: number) => number;
  readonly call: (operation: number, size: number, input: number, inputSize: number) => number;
  readonly postReturn: (result: number) => void;
}

export class CoreModule {
  #exports: Exports | undefined;

  constructor(readonly module: WebAssembly.Module) {
    const found: unknown = JSON.parse(this.call("meta.version", "{}"));
    if (found !== VERSION) throw new VersionError(VERSION, String(found));
  }

  /** One call. The component's own error is a {@link ProblemError}. */
  call(operation: string, input: string): string {
    text(operation, "operation");
    text(input, "input");
    const exports = (this.#exports ??= this.#instantiate());
    try {
      return invoke(exports, operation, input);
    } catch (thrown) {
      if (thrown instanceof MergeSyncError) throw thrown;
      // A trap, an exhausted stack or memory: what the instance holds is anybody's guess.
      this.#exports = undefined;
      throw new ComponentError(`the component broke: ${reasonOf(thrown)}`, { cause: thrown });
    } finally {
      if (exports.memory.buffer.byteLength > LARGEST_IDLE) this.#exports = undefined;
    }
  }

  #instantiate(): Exports {
    try {
      const { exports } = new WebAssembly.Instance(this.module, {});
      const initialize = exports["_initialize"] as (() => void) | undefined;
      initialize?.();
      const memory = exports["memory"];
      if (!(memory instanceof WebAssembly.Memory)) throw new Error("it exports no memory");
      return {
        memory,
        realloc: exports["cabi_realloc"] as Exports["realloc"],
        call: exports[CALL] as Exports["call"],
        postReturn: exports[POST_RETURN] as Exports["postReturn"],
      };
    } catch (thrown) {
      throw new ComponentError(`the component cannot be instantiated: ${reasonOf(thrown)}`, {
        cause: thrown,
      });
    }
  }
}

/** `result<string, string>` is a case number in one byte, then, four bytes on, a text. */
function invoke(exports: Exports, operation: string, input: string): string {
  const [operationAt, operationSize] = write(exports, operation);
  const [inputAt, inputSize] = write(exports, input);
  const result = exports.call(operationAt, operationSize, inputAt, inputSize);
  const view = new DataView(exports.memory.buffer);
  const failed = view.getUint8(result) !== 0;
  const at = view.getUint32(result + 4, true);
  const size = view.getUint32(result + 8, true);
  const answer = DECODER.decode(new Uint8Array(exports.memory.buffer, at, size));
  exports.postReturn(result);
  if (failed) throw new ProblemError(answer);
  return answer;
}

/** Copies a text in. The component frees it. */
function write(exports: Exports, text: string): [at: number, size: number] {
  // Most texts are ASCII: as many bytes as units, and one walk over them. The rest is grown.
  const at = exports.realloc(0, 0, 1, text.length) >>> 0;
  const room = new Uint8Array(exports.memory.buffer, at, text.length);
  const { read, written } = ENCODER.encodeInto(text, room);
  if (read === text.length) return shrunk(exports, at, text.length, written);
  const bytes = ENCODER.encode(text);
  const grown = exports.realloc(at, text.length, 1, bytes.length) >>> 0;
  new Uint8Array(exports.memory.buffer, grown, bytes.length).set(bytes);
  return [grown, bytes.length];
}

function shrunk(exports: Exports, at: number, room: number, size: number): [number, number] {
  return room === size ? [at, size] : [exports.realloc(at, room, 1, size) >>> 0, size];
}
