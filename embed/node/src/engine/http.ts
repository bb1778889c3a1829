// Requests to Merge: the interface, and the ready-made client over `fetch`. Here, and nowhere
// else, the origin, the API key and the account's token are put on a request.

import { reasonOf } from "../errors.js";
import type { Milliseconds } from "../types.js";
import { Budget, type Limits } from "./budget.js";

/** A request of the engine's. */
export interface HttpRequest {
  readonly account: string;
  /** `GET` or `POST`. */
  readonly method: string;
  /** Path and query. */
  readonly target: string;
}

/** What came of a request. */
export type HttpOutcome =
  | {
      readonly tag: "response";
      readonly status: number;
      /** Names in lower case. */
      readonly headers: readonly { readonly name: string; readonly value: string }[];
      readonly body: string;
    }
  /** No response, complete and readable, arrived. The message is for a log. */
  | { readonly tag: "transport"; readonly message: string }
  /** Not sent, to stay within a limit; there will be room after so long. */
  | { readonly tag: "held-back"; readonly after: Milliseconds }
  /** There is no token for this account. */
  | { readonly tag: "no-token" };

/**
 * Sends. One attempt, within 30 seconds, redirects not followed. Whether to try again is not its
 * to say.
 */
export interface Http {
  send(request: HttpRequest, token: string): Promise<HttpOutcome>;
}

/** Where Merge is and what to say there. */
export interface FetchHttpOptions {
  /** Your Merge API key. */
  readonly apiKey: string;
  /** `https://api.merge.dev` by default. */
  readonly baseUrl?: string | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Milliseconds, for the limits; of the process by default. */
  readonly now?: (() => number) | undefined;
  /** `globalThis.fetch` by default. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** A response is complete after this, or there is none. */
const TIMEOUT = 29_000;

/** A body beyond this is refused. Merge's pages hold at most 100 records. */
const LARGEST_BODY = 64 * 1024 * 1024;

/** Sends with `fetch`, within Merge's limits. */
export class FetchHttp implements Http {
  readonly #authorization: string;
  readonly #baseUrl: string;
  readonly #budget: Budget;
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: FetchHttpOptions) {
    this.#authorization = `Bearer ${options.apiKey}`;
    this.#baseUrl = (options.baseUrl ?? "https://api.merge.dev").replace(/\/+$/, "");
    this.#budget = new Budget(options.limits, options.now);
    this.#fetch = options.fetch ?? globalThis.fetch;
  }

  async send(request: HttpRequest, token: string): Promise<HttpOutcome> {
    const headers = new Headers();
    try {
      headers.set("x-account-token", token);
    } catch {
      return { tag: "no-token" };
    }
    // Anything but a path could name another host, and it would be given the key.
    if (!request.target.startsWith("/")) return transport("the target is not a path");
    try {
      headers.set("authorization", this.#authorization);
    } catch {
      return transport("the api key fits no header");
    }
    const wait = await this.#budget.admit(request.account);
    if (wait > 0) return { tag: "held-back", after: wait };
    let status = 0;
    try {
      const response = await this.#fetch(this.#baseUrl + request.target, {
        method: request.method,
        headers,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      status = response.status;
      return {
        tag: "response",
        status,
        headers: [...response.headers].map(([name, value]) => ({ name, value })),
        body: await readText(response),
      };
    } catch (thrown) {
      return transport(causes(thrown));
    } finally {
      this.#budget.settle(status);
    }
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const whose = `the body of a ${response.status.toString()}`;
  let text = "";
  let size = 0;
  const decode = (chunk?: Uint8Array) => {
    try {
      text += chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new Error(`${whose} is not utf-8`);
    }
  };
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) break;
    size += chunk.value.length;
    if (size > LARGEST_BODY) {
      await reader?.cancel();
      throw new Error(`${whose} is larger than ${LARGEST_BODY.toString()} bytes`);
    }
    decode(chunk.value);
  }
  decode();
  return text;
}

function transport(message: string): HttpOutcome {
  return { tag: "transport", message };
}

/** `fetch` says "fetch failed", and why only in the causes. */
function causes(thrown: unknown): string {
  const texts = [];
  for (let at: unknown = thrown; at !== undefined && texts.length < 5;) {
    texts.push(reasonOf(at).toWellFormed());
    at = at instanceof Error ? at.cause : undefined;
  }
  return texts.join(": ");
}
