// The version of this package, which the component's must equal.

/** The version of this package. */
export const VERSION = "0.1.0";
