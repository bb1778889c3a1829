// Did Merge send this body? Bodies are bytes, decoded strictly and never repaired.

import { expected, list, object, text } from "./check.js";
import { InputError, reasonOf } from "./errors.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-signature.js";

/** What was received, before anything has looked inside it. */
export interface SignedBody {
  /** The raw bytes of the request body, as they came; a text is taken as its UTF-8 bytes. */
  readonly body: Uint8Array | ArrayBuffer | string;
  /** Every value of the `X-Merge-Webhook-Signature` header, in order. */
  readonly signatures: readonly string[];
  /** The signing keys to try, newest first. More than one while a key is rotated. */
  readonly keys: readonly string[];
}

/** The body is Merge's. */
export interface Authentic {
  /** Index in `keys` of the key that matched. */
  readonly keyIndex: number;
  /** A stable name for this delivery: two deliveries of the same bytes share it. */
  readonly deliveryId: string;
}

/** Why a body was refused. */
export type Refusal =
  /** No signature header. */
  | "missing-signature"
  /** More than one signature header. */
  | "ambiguous-signature"
  /** The header is not base64url of 32 bytes. */
  | "malformed-signature"
  /** No key produces this signature. */
  | "mismatch"
  /** No key was passed, or an empty one. The host's fault, not the sender's. */
  | "no-key";

/** Whether to trust a body. */
export type Verdict =
  | ({ readonly tag: "authentic" } & Authentic)
  | { readonly tag: "refused"; readonly reason: Refusal };

/** Decisions about signatures. */
export interface SignatureFunctions {
  /**
   * HMAC-SHA256 of the body under each key, base64url with or without padding, compared in
   * constant time. A body that is not UTF-8 is refused as a mismatch.
   */
  verify(delivery: SignedBody): Verdict;
}

const KEYS = ["body", "signatures", "keys"] as const;

// A decoder that cut a byte-order mark off, or repaired, would change what is signed.
const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The delivery as the component takes it; null where the body is not UTF-8. */
export function signedBody(delivery: unknown): Component.SignedBody | null {
  const fields = object(delivery, "", KEYS);
  const signatures = list(fields.signatures, "signatures", text);
  const keys = list(fields.keys, "keys", text);
  const body = bodyText(fields.body);
  return body === null ? null : { body, signatures, keys };
}

function bodyText(body: unknown): string | null {
  if (typeof body === "string") return text(body, "body");
  if (!(body instanceof Uint8Array) && !(body instanceof ArrayBuffer)) {
    throw expected("bytes", body, "body");
  }
  try {
    return UTF_8.decode(body);
  } catch (thrown) {
    // Longer than a text can be, or in a buffer that was taken away: not the sender's fault.
    if (!(thrown instanceof TypeError)) throw new InputError("body", reasonOf(thrown));
    return null;
  }
}

export function verdictFrom(verdict: Component.Verdict): Verdict {
  return verdict.tag === "authentic"
    ? { tag: "authentic", keyIndex: verdict.val.keyIndex, deliveryId: verdict.val.deliveryId }
    : { tag: "refused", reason: verdict.val.reason };
}

export function signatureFunctions(verify: typeof Component.verify): SignatureFunctions {
  return {
    verify(delivery) {
      const facts = signedBody(delivery);
      return facts === null ? { tag: "refused", reason: "mismatch" } : verdictFrom(verify(facts));
    },
  };
}
