// What `--check` wants of a run: nothing lost, and enough happened to show something.

const LEAST = { accounts: 3, records_in_merge: 5_000, windows: 200 };
const LEAST_WEBHOOKS = 100;
const EACH_FAULT = 5;

export function failuresOf(result, stats, faults) {
  const failures = [];
  const none = (what, found) => {
    if (found > 0) failures.push(`${what}: ${found}, expected none`);
  };
  const least = (what, found, wanted) => {
    if (!(found >= wanted)) failures.push(`${what}: ${found}, expected at least ${wanted}`);
  };
  for (const what of ["lost", "stale", "wrongly_deleted", "unknown", "runs_failed"]) {
    none(what, result[what]);
  }
  const { webhooks } = stats;
  none("webhooks.given_up", webhooks.given_up);
  none("webhooks refused or accepted wrongly", Math.abs(webhooks.refused - webhooks.forged));
  none("times merge blocked the host", stats.breaker_trips);
  none("cursors sent with another query", stats.cursor_misuses);
  none("accounts not ready", result.accounts - result.accounts_ready);
  for (const [what, wanted] of Object.entries(LEAST)) least(what, result[what], wanted);
  least("webhooks.sent", webhooks.sent, LEAST_WEBHOOKS);
  if (faults) {
    for (const [kind, happened] of Object.entries(stats.faults)) {
      least(`faults.${kind}`, happened, EACH_FAULT);
    }
    least("kinds of faults", Object.keys(stats.faults).length, 10);
  }
  return failures;
}
