// Requests to Merge: the interface, and the ready-made client over `fetch`. Here, and nowhere
// else, the origin, the API key and the account's token are put on a request.

import { text } from "../check.js";
import { InputError, reasonOf } from "../errors.js";
import type { Milliseconds } from "../types.js";
import { Budget, type Ending, isFailing, type Limits } from "./budget.js";
import type { Log } from "./log.js";

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
  /** No response: refused, reset, unresolved, bad TLS. The message is for a log. */
  | { readonly tag: "transport"; readonly message: string }
  /** No response, complete, within the time allowed. The message is for a log. */
  | { readonly tag: "timed-out"; readonly message: string }
  /** The body is over the limit, and its rest was not read. The message is for a log. */
  | { readonly tag: "too-large"; readonly message: string }
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
  /** A response is complete after this, or there is none; 29 seconds by default, and at most. */
  readonly timeout?: Milliseconds | undefined;
  /** Nobody is told by default. */
  readonly log?: Log | undefined;
}

const TIMEOUT = 29_000;

/**
 * A body beyond this, decompressed, is refused: the engine then asks for fewer records. It takes
 * many times its size in the component's memory.
 */
export const LARGEST_BODY = 8 * 1024 * 1024;

/** Sends with `fetch`, within Merge's limits. */
export class FetchHttp implements Http {
  readonly #authorization: string;
  readonly #baseUrl: string;
  readonly #budget: Budget;
  readonly #fetch: typeof globalThis.fetch;
  readonly #timeout: Milliseconds;
  readonly #log: Log;

  constructor(options: FetchHttpOptions) {
    const apiKey = text(options.apiKey, "apiKey");
    if (!/^[\x21-\x7e]+$/.test(apiKey)) {
      throw new InputError("apiKey", "expected a text that fits a header");
    }
    this.#authorization = `Bearer ${apiKey}`;
    this.#baseUrl = origin(options.baseUrl ?? "https://api.merge.dev");
    this.#budget = new Budget(options.limits, options.now);
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.#timeout = Math.min(options.timeout ?? TIMEOUT, TIMEOUT);
    this.#log = options.log ?? (() => undefined);
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
    const admitted = await this.#budget.admit(request.account);
    if (typeof admitted === "number") return { tag: "held-back", after: admitted };
    let ending: Ending = "no-answer";
    try {
      const response = await this.#fetch(this.#baseUrl + request.target, {
        method: request.method,
        headers,
        redirect: "manual",
        signal: AbortSignal.timeout(this.#timeout),
      });
      const { status } = response;
      ending = status;
      const bytes = await readBytes(response);
      if (bytes === null) {
        const limit = `larger than ${LARGEST_BODY.toString()} bytes`;
        return { tag: "too-large", message: `the body of a ${status.toString()} is ${limit}` };
      }
      return {
        tag: "response",
        status,
        headers: [...response.headers].map(([name, value]) => ({ name, value })),
        body: this.#decoded(bytes, status, request.account),
      };
    } catch (thrown) {
      const message = causes(thrown);
      if (!isTimeout(thrown)) return transport(message);
      // A status that was heard before the time was over counts as it is.
      if (!isFailing(ending)) ending = "timed-out";
      return { tag: "timed-out", message };
    } finally {
      this.#budget.settle(admitted, ending);
    }
  }

  #decoded(bytes: Uint8Array, status: number, account: string): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      // One bad byte in one record is no reason to read none of a page.
      const message = "the body is not utf-8: what is not has become U+FFFD";
      this.#log("warn", message, { account, status });
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    }
  }
}

/** Without a slash at its end, to which a path is added. */
function origin(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  const isOrigin = url?.pathname === "/" && url.search + url.hash + url.username === "";
  if (!isOrigin || !["http:", "https:"].includes(url.protocol)) {
    throw new InputError("baseUrl", "expected an origin such as https://api.merge.dev");
  }
  return url.origin;
}

/** The body; null where it is too large. */
async function readBytes(response: Response): Promise<Uint8Array | null> {
  // Of a compressed body the length is not known before it was read.
  const packed = response.headers.has("content-encoding");
  const announced = packed ? 0 : Number(response.headers.get("content-length") ?? 0);
  const chunks = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    if (Math.max(size, announced) > LARGEST_BODY) {
      await reader?.cancel();
      return null;
    }
    const chunk = await reader?.read();
    if (chunk?.value === undefined) break;
    size += chunk.value.length;
    chunks.push(chunk.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "TimeoutError";
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
