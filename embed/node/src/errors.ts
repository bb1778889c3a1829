// The errors of this package. Each message is one line in lower case, names the field at fault,
// and holds no secret.

/** The class of every error that this package throws. */
export class MergeSyncError extends Error {
  override name = "MergeSyncError";
}

/** An argument is of the wrong type, or out of range. Nothing was decided. */
export class InputError extends MergeSyncError {
  override name = "InputError";

  constructor(
    /** Path of the argument at fault, for example `keys[0]`. */
    readonly field: string,
    problem: string,
  ) {
    super(`${field}: ${problem}`);
  }
}

/** The component read a text and says what is wrong with it. */
export class ProblemError extends MergeSyncError {
  override name = "ProblemError";
}

/** The component is missing, damaged, of another version, or it broke during a call. */
export class ComponentError extends MergeSyncError {
  override name = "ComponentError";
}

/** The component's version is not the package's. */
export class VersionError extends ComponentError {
  override name = "VersionError";

  constructor(
    /** The version of this package. */
    readonly expected: string,
    /** The version that the component says it has. */
    readonly found: string,
  ) {
    super(`the component is of version ${found}, and this package needs ${expected}`);
  }
}

/** Names a thrown value on one line, without a regular expression: the stack may be exhausted. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").join(" ");
}
