// Fastify: decisions only. A verified webhook goes to your own queue before it is answered.

import Fastify from "fastify";
import { load } from "merge-sync";

const merge = await load();

/**
 * @param {readonly string[]} keys your signing keys, newest first
 * @param {(event: import("merge-sync").WebhookEvent, deliveryId: string) => Promise<void>} enqueue
 *   makes the event durable
 */
export function app(keys, enqueue) {
  // With a slash and without: Merge never sends again what was answered 404.
  const routerOptions = { ignoreTrailingSlash: true };
  const app = Fastify({ bodyLimit: 10_000_000, routerOptions });
  // Raw bytes: a parsed body cannot be verified.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  app.post("/webhooks/merge", async (request, response) => {
    const { reply, outcome } = merge.webhook.handle({
      body: /** @type {Buffer | undefined} */ (request.body) ?? new Uint8Array(),
      signatures: request.raw.headersDistinct["x-merge-webhook-signature"] ?? [],
      keys,
    });
    if (outcome.tag === "accepted" && outcome.event.tag !== "ignored") {
      await enqueue(outcome.event, outcome.authentic.deliveryId);
    }
    return response.code(reply.status).type("application/json").send(reply.body);
  });
  return app;
}
