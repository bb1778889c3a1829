// What a handled webhook means, in words.

/**
 * @typedef {object} Explanation
 * @property {"verified" | "refused" | "odd"} verdict
 * @property {string} headline
 * @property {string} meaning
 * @property {[name: string, value: string][]} facts
 * @property {string[][]} models
 * @property {string} reply
 */

/** @type {Record<import("merge-sync").Refusal, string>} */
const REFUSALS = {
  "no-key": "No signing key was given, so nothing can be verified. That is the receiver's fault.",
  "missing-signature": "The request carried no signature. Merge signs every webhook.",
  "ambiguous-signature": "The request carried more than one signature, and only one can be meant.",
  "malformed-signature": "The signature is not base64url of 32 bytes: Merge never sends that.",
  mismatch:
    "This key does not produce this signature over this body. The key is another one, the body " +
    "was changed on its way, or Merge did not send it.",
};

/**
 * @param {import("merge-sync").Handling} handling
 * @returns {Explanation}
 */
export function explain({ reply, outcome }) {
  const answer = `Answer Merge with ${reply.status.toString()} and ${reply.body}`;
  const nothing = { facts: [], models: [], reply: answer };
  switch (outcome.tag) {
    case "refused":
      return {
        ...nothing,
        verdict: "refused",
        headline: "Refused: do not look inside",
        meaning: REFUSALS[outcome.reason],
      };
    case "malformed":
      return {
        ...nothing,
        verdict: "odd",
        headline: "Signed with your key, but no webhook of Merge's",
        meaning: outcome.problem,
      };
    case "accepted":
      return {
        verdict: "verified",
        headline: "Verified: Merge sent this",
        meaning: meaning(outcome.event),
        facts: facts(outcome),
        models: models(outcome.event),
        reply: answer,
      };
  }
}

/** @param {import("merge-sync").WebhookEvent} event */
function meaning(event) {
  switch (event.tag) {
    case "linked":
      return event.isRelink
        ? "The customer connected again: from now on, use the new account token."
        : "A customer has connected an account. This is the only webhook that brings its token.";
    case "synced":
      return event.models.length === 0
        ? "Merge finished a sync, but names no model: ask /sync-status what is new."
        : event.isInitialSync === true
          ? "Merge finished reading these models for the first time. Read their records now."
          : "Merge finished syncing these models. Read what changed since the last time.";
    case "record-changed":
      return "A record changed outside a sync. Read what changed in its model.";
    case "issue-changed":
      return "Merge reports trouble with this account.";
    case "unlinked":
      return "Merge says the account was deleted. Ask Merge whether that is so before you believe it.";
    case "ignored":
      return `It asks nothing of you: ${event.reason}`;
  }
}

/** @param {Extract<import("merge-sync").Outcome, { tag: "accepted" }>} outcome */
function facts({ name, event, authentic }) {
  /** @type {[string, string][]} */
  const facts = [["Event", name === "" ? "Merge's test ping" : name]];
  const account = "account" in event ? event.account : null;
  if (account !== null) {
    facts.push(["Integration", `${account.integration} (${account.category})`]);
    facts.push(["Customer", account.organizationName]);
    facts.push(["Linked account", account.id]);
  }
  if (event.tag === "record-changed") facts.push(["Model", event.modelId ?? "unknown"]);
  if (event.tag === "issue-changed") facts.push(["Issue", event.description]);
  facts.push(["Delivery", authentic.deliveryId]);
  return facts.filter(([, value]) => value !== "");
}

/** @param {import("merge-sync").WebhookEvent} event */
function models(event) {
  if (event.tag !== "synced") return [];
  return event.models.map(({ modelId, status, lastSyncResult, lastSyncFinished }) => {
    const state = lastSyncResult ?? status;
    const text = state === null ? "not said" : typeof state === "string" ? state : state.unknown;
    return [modelId, text, lastSyncFinished?.replace("T", " ").replace("Z", "") ?? "not said"];
  });
}
