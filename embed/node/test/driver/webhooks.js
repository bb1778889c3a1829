// Where the simulator posts its webhooks.

import { once } from "node:events";
import { createServer } from "node:http";

export class Webhooks {
  #server;
  #engine;

  url = "";
  counts = { webhooks_accepted: 0, webhooks_refused: 0, webhooks_failed: 0 };

  static async listen() {
    const webhooks = new Webhooks();
    webhooks.#server = createServer((request, response) => {
      void webhooks.#answer(request, response);
    });
    webhooks.#server.listen(0, "127.0.0.1");
    await once(webhooks.#server, "listening");
    webhooks.url = `http://127.0.0.1:${webhooks.#server.address().port}/webhooks/merge`;
    return webhooks;
  }

  serve(engine) {
    this.#engine = engine;
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const reply = await this.#engine.receive({
      body: Buffer.concat(chunks),
      signatures: request.headersDistinct["x-merge-webhook-signature"] ?? [],
    });
    if (reply.status === 200) this.counts.webhooks_accepted += 1;
    else if (reply.status === 401) this.counts.webhooks_refused += 1;
    else this.counts.webhooks_failed += 1;
    response.writeHead(reply.status, { "content-type": "application/json" }).end(reply.body);
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
