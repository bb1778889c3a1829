// What does a page of records hold?

import { text } from "./check.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-page.js";
import type { Instant } from "./instant.js";
import { instantFrom } from "./types.js";

/** A record of a common model. */
export interface Row {
  /**
   * The record's key within its model: Merge's id of the record; for a model without one
   * (`ats.Tag`) the JSON array `["<remote_id>","<name>"]`, null where absent.
   */
  readonly id: string;
  /** The third party's id; null where not sent. */
  readonly remoteId: string | null;
  /** When Merge last changed its copy, Merge's clock. */
  readonly modifiedAt: Instant | null;
  /** Whether the third party deleted it. */
  readonly deleted: boolean;
  /** The record: the very text that Merge sent for it. */
  readonly json: string;
}

/** A page of a list endpoint. */
export interface PageContents {
  /** In Merge's order. */
  readonly rows: readonly Row[];
  /** The `cursor` of the next page; null on the last. */
  readonly next: string | null;
  /** Records left out because they have no key (see {@link Row.id}). */
  readonly withoutKey: number;
  /** Records left out because they are not JSON objects. */
  readonly unreadable: number;
}

/** Reading pages of records. */
export interface PageFunctions {
  /**
   * Read one page of the list endpoint of `modelId`. A record that cannot be stored is left out
   * and counted, wherever the rest of the page can be read: show the counts to somebody. A
   * byte-order mark before the body is skipped.
   *
   * @throws {@link ProblemError} where the body is no page.
   */
  parse(modelId: string, body: string): PageContents;
}

export function pageFunctions(parse: typeof Component.parse): PageFunctions {
  return {
    parse(modelId, body) {
      const contents = parse(text(modelId, "modelId"), text(body, "body"));
      const { rows, next = null, withoutKey, unreadable } = contents;
      return { rows: rows.map(rowFrom), next, withoutKey, unreadable };
    },
  };
}

function rowFrom(row: Component.Row): Row {
  return {
    id: row.id,
    remoteId: row.remoteId ?? null,
    modifiedAt: instantFrom(row.modifiedAt),
    deleted: row.deleted,
    json: row.json,
  };
}
