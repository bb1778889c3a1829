// A worker on an edge runtime such as Cloudflare's: no file system, no compiling at run time. The
// component is imported as a module, compiled by whoever deploys the worker.

import { instantiate } from "merge-sync";
import logic from "merge-sync/logic.wasm";

const merge = instantiate(logic);

/**
 * @typedef {object} Environment
 * @property {string} MERGE_WEBHOOK_SECRET
 * @property {{ send(message: unknown): Promise<void> }} EVENTS a queue
 */

export default {
  /**
   * @param {Request} request
   * @param {Environment} environment
   */
  async fetch(request, environment) {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const signature = request.headers.get("x-merge-webhook-signature");
    const { reply, outcome } = merge.webhook.handle({
      body: await request.arrayBuffer(),
      signatures: signature === null ? [] : [signature],
      keys: [environment.MERGE_WEBHOOK_SECRET],
    });
    if (outcome.tag === "accepted") await environment.EVENTS.send(outcome.event);
    return new Response(reply.body, {
      status: reply.status,
      headers: { "content-type": "application/json" },
    });
  },
};
