// What an operator can ask the engine for.

import { integer, object, oneOf, text } from "../check.js";

/** What an operator can ask for. */
export type Command =
  /** Read `/sync-status` now. */
  | "poll"
  /** Read every model whole, now. */
  | "reread"
  /** Read this model whole, now. */
  | { readonly tag: "reread-model"; readonly modelId: string }
  /**
   * Carry out a held sweep: the records that a full re-read did not find are deleted. `pass` is as
   * in `HeldSweep`: an approval of another one does nothing.
   */
  | { readonly tag: "approve-deletions"; readonly modelId: string; readonly pass: number }
  /** Do nothing until `resume`. Webhooks are still taken in. */
  | "pause"
  | "resume"
  /**
   * Forget the account: its token is erased, its rows are kept. Notes that were kept before do not
   * bring it back.
   */
  | "unlink"
  /** Start over from an empty state: the way out of an error of kind `state`. */
  | "reset";

const COMMANDS = ["poll", "reread", "pause", "resume", "unlink", "reset"] as const;

/** A command as the engine takes it. */
export function commandTo(command: unknown): unknown {
  if (typeof command !== "object" || command === null) {
    return { tag: oneOf(command, "command", COMMANDS) };
  }
  const named = ["reread-model", "approve-deletions"] as const;
  const tag = oneOf((command as { tag?: unknown }).tag, "command.tag", named);
  if (tag === "reread-model") {
    const { modelId } = object(command, "command", ["tag", "modelId"]);
    return { tag, value: text(modelId, "command.modelId") };
  }
  const { modelId, pass } = object(command, "command", ["tag", "modelId", "pass"]);
  const value = {
    modelId: text(modelId, "command.modelId"),
    pass: integer(pass, "command.pass", Number.MAX_SAFE_INTEGER),
  };
  return { tag, value };
}
