// Next.js: `app/api/webhooks/merge/route.js`. Keep `merge-sync` out of the bundle
// (`serverExternalPackages: ["merge-sync"]` in `next.config.js`), so that its file is found. With
// `skipTrailingSlashRedirect: true` there an address that ends in a slash is answered, too: Merge
// follows no redirect, and never sends again what was answered 404.

import { load } from "merge-sync";

export const runtime = "nodejs";

const merge = await load();

/** @param {Request} request */
export async function POST(request) {
  const signature = request.headers.get("x-merge-webhook-signature");
  const { reply, outcome } = merge.webhook.handle({
    body: await request.arrayBuffer(),
    signatures: signature === null ? [] : [signature],
    keys: (process.env["MERGE_WEBHOOK_SECRETS"] ?? "").split(",").filter((key) => key !== ""),
  });
  if (outcome.tag === "accepted" && outcome.event.tag === "synced") {
    // Make it durable here, before the answer: a job in your queue, a row in your database.
    console.log("synced", outcome.event.account.id, outcome.event.models.length);
  }
  return new Response(reply.body, {
    status: reply.status,
    headers: { "content-type": "application/json" },
  });
}
