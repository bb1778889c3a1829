// Who is told what happened.

import type { LogEntry } from "./wire.js";

/** Takes what happened, for the operator: never a secret, never a record's contents. */
export type Log = (
  level: LogEntry["level"],
  message: string,
  fields: Readonly<Record<string, unknown>>,
) => void;
