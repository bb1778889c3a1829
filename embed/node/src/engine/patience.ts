// How long a webhook may wait for the store.

/** Merge waits longer for a webhook's answer, but not reliably. */
const PATIENCE = 5_000;

/** What `kept` resolves to, unless that takes longer than a webhook may wait. */
export async function inTime<T>(kept: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("the store took over five seconds"));
    }, PATIENCE);
  });
  try {
    return await Promise.race([kept, late]);
  } finally {
    clearTimeout(timer);
  }
}
