// What does a page of records hold?

import { text } from "./check.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-page.js";
import type { Instant } from "./instant.js";
import { instantFrom } from "./types.js";

/** A record of a common model. */
export interface Row {
  /** Merge's id of the record. */
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
}

/** Reading pages of records. */
export interface PageFunctions {
  /**
   * Read one page of a list endpoint.
   *
   * @throws {@link ProblemError} where the body is no page, or a row lacks its id.
   */
  parse(body: string): PageContents;
}

export function pageFunctions(parse: typeof Component.parse): PageFunctions {
  return {
    parse(body) {
      const { rows, next = null } = parse(text(body, "body"));
      return { rows: rows.map(rowFrom), next };
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
