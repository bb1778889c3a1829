/**
 * A store in a SQLite file, for better-sqlite3 and for Node's own `node:sqlite`.
 *
 * @packageDocumentation
 */
// The ready-made store. Its tables are those of the reference host, so that either can go on with
// the other's file.

import { fromEpochMicroseconds, type Instant, toEpochMicroseconds } from "../instant.js";
import type { Account } from "../types.js";
import {
  type Batch,
  type Change,
  type Committed,
  type Due,
  type FailedRuns,
  isHeld,
  type Note,
  type Notice,
  type Store,
  type Sweep,
  type Swept,
  type LoadedAccount,
} from "./store.js";
import { APPLICATION_ID, SCHEMA_VERSION, SQL, STEPS, TABLES } from "./sqlite-tables.js";

/** A value as either driver takes it. */
export type SqliteValue = string | number | bigint | null;
type Row = Readonly<Record<string, SqliteValue>>;

/** What better-sqlite3's `Database` and `node:sqlite`'s `DatabaseSync` have in common. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: SqliteValue[]): { readonly changes: number | bigint };
    get(...values: SqliteValue[]): unknown;
    all(...values: SqliteValue[]): unknown[];
  };
}

type Statement = ReturnType<SqliteDatabase["prepare"]>;

/** How long to wait for another program's lock: a webhook is answered within five seconds. */
const LOCK_PATIENCE = 1_000;
/** How long to wait for it at a time. */
const LONGEST_PAUSE = 50;

/** A start further ahead was written under a wrong clock: it has come. */
const FURTHEST_START = 25n * 3_600_000_000n;

/** A store over a connection that is its own. Every commit is durable when it resolves. */
export class SqliteStore implements Store {
  readonly #statements = new Map<string, Statement>();

  /**
   * @param clock stamps what is stored; the system's by default.
   * @throws Error where the file is not a store of merge-sync, or of a newer version.
   */
  constructor(
    private readonly database: SqliteDatabase,
    private readonly clock: () => Instant | Date | Promise<Instant | Date> = () => new Date(),
  ) {
    if ((database as { name?: unknown }).name === "") {
      throw new Error("store: the database has no name: what is in it is gone when it is closed");
    }
    // Before there is a store there is nothing to be held up by waiting for a lock.
    database.exec(`PRAGMA busy_timeout = ${LOCK_PATIENCE.toString()}`);
    const number = (sql: string) => Number(Object.values(database.prepare(sql).get() as Row)[0]);
    const tables = number("SELECT count(*) FROM sqlite_schema");
    const application = number("PRAGMA application_id");
    const version = number("PRAGMA user_version");
    if (
      application === APPLICATION_ID ? version > SCHEMA_VERSION : tables > 0 || application !== 0
    ) {
      throw new Error(
        application === APPLICATION_ID
          ? `store: it has schema version ${version.toString()}, written by a newer merge-sync`
          : "store: the file is not a store of merge-sync; nothing was changed in it",
      );
    }
    // A commit that is reported must survive the loss of power.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    // An erased token is really gone.
    database.exec("PRAGMA secure_delete = FAST");
    // Looked at again: two programs may have found the same empty or old file.
    this.#transaction("BEGIN IMMEDIATE", () => {
      if (number("SELECT count(*) FROM sqlite_schema") === 0) {
        database.exec(TABLES);
        database.exec(`PRAGMA application_id = ${APPLICATION_ID.toString()}`);
      } else {
        for (const step of STEPS.slice(number("PRAGMA user_version") - 1)) database.exec(step);
      }
      database.exec(`PRAGMA user_version = ${SCHEMA_VERSION.toString()}`);
    });
    // SQLite would wait on this thread, and nothing else would be done meanwhile.
    database.exec("PRAGMA busy_timeout = 0");
  }

  async keepNote(note: Note): Promise<"kept" | "unknown-account"> {
    const now = await this.#now();
    return await this.#writing(() => {
      if (note.create) this.#run(SQL.insertAccount, note.account, now);
      const numbered = this.#get(SQL.numberNote, now, note.account);
      if (numbered === undefined) return "unknown-account";
      if (note.profile !== null)
        this.#run(SQL.setProfile, ...profileOf(note.profile), note.account);
      const { account, key, text, secret } = note;
      this.#run(SQL.keepNote, account, key, numbered["last_note"] ?? 0, text, secret);
      return "kept";
    });
  }

  async load(account: string): Promise<LoadedAccount | null> {
    return await this.#reading(() => {
      const found = this.#get(SQL.load, account);
      if (found === undefined) return null;
      const notes = this.#all(SQL.notes, account).map((note) => ({
        number: Number(note["number"]),
        key: String(note["key"]),
        text: String(note["text"]),
        secret: textOf(note["secret"]),
      }));
      return { state: String(found["state"]), version: String(found["version"]), notes };
    });
  }

  async commit(change: Change): Promise<Committed> {
    const now = await this.#now();
    return await this.#writing(() => this.#carryOut(change, now));
  }

  #carryOut(change: Change, now: bigint): Committed {
    const { account } = change;
    const found = this.#get(SQL.version, account);
    const current = found === undefined ? null : String(found["version"]);
    if (current !== change.expected) return { tag: "stale", current };
    if (current === null) this.#run(SQL.insertAccount, account, now);
    const version = BigInt(current ?? 0) + 1n;
    for (const number of change.consumed) this.#run(SQL.consume, account, number);
    this.#setToken(change);
    for (const batch of change.batches) this.#storeRows(account, batch, now);
    const swept = change.sweep === null ? null : this.#sweep(account, change.sweep);
    for (const notice of change.notices) this.#addNotice(account, notice, now);
    this.#setState(change, version, now);
    return { tag: "committed", version: version.toString(), swept };
  }

  #setToken({ account, token }: Change): void {
    if (token.tag === "keep") return;
    // A note that came meanwhile may bring another token: that one is not erased.
    if (token.tag === "erase") this.#run(SQL.eraseFromNotes, account, account);
    this.#run(SQL.setToken, token.tag === "put" ? token.value : null, account);
  }

  #storeRows(account: string, batch: Batch, now: bigint): void {
    const { modelId, pass } = batch;
    for (const row of batch.rows) {
      const { changes } = this.#run(
        SQL.replaceRow,
        ...[account, modelId, row.id, row.remoteId, micros(row.modifiedAt)],
        ...[row.deleted ? 1 : 0, now, now, pass, row.json],
      );
      if (Number(changes) === 0) this.#run(SQL.seeRow, now, pass, pass, account, modelId, row.id);
    }
  }

  /**
   * Rows that are marked already count for neither side: they would make the guard weaker with
   * every deletion. All of it reads the index of live rows alone.
   */
  #sweep(account: string, sweep: Sweep): Swept {
    const { modelId, unseenSince, limit } = sweep;
    const counts = this.#get(SQL.countUnseen, unseenSince, account, modelId);
    const [live, unseen] = [Number(counts?.["live"]), Number(counts?.["unseen"])];
    const held = isHeld(sweep, live, unseen);
    const values = [account, modelId, account, modelId, unseenSince, limit];
    const marked = held || unseen === 0 ? 0 : Number(this.#run(SQL.sweep, ...values).changes);
    return { live, unseen, marked, held };
  }

  #addNotice(account: string, { id, occasion, modelId, text }: Notice, now: bigint): void {
    this.#run(SQL.addNotice, id, account, now, occasion, modelId, text);
  }

  /** The account's own row, last: whether notes remain decides its start. */
  #setState(change: Change, version: bigint, now: bigint): void {
    const { account, state, summary } = change;
    const [wake, notBefore] = [micros(change.wakeAt), micros(change.notBefore)];
    this.#run(
      SQL.setState,
      ...[state, version, wake, notBefore, notBefore, account, now, wake],
      ...[summary.phase, summary.ready, summary.needed, summary.trouble, summary.link],
      ...[summary.skipped, micros(summary.freshTo), account],
    );
  }

  async token(account: string): Promise<string | null> {
    const found = await this.#patiently(() => this.#get(SQL.token, account));
    return textOf(found?.["account_token"]);
  }

  async due(now: Instant, limit: number): Promise<readonly Due[]> {
    const at = toEpochMicroseconds(now);
    const rows = await this.#patiently(() => this.#all(SQL.due, at, at + FURTHEST_START, limit));
    return rows.map((row) => ({
      account: String(row["linked_account_id"]),
      start: fromEpochMicroseconds(BigInt(row["start_at"] ?? 0)),
      version: String(row["version"]),
      failed: Number(row["failed_runs"]) > 0,
    }));
  }

  async nextStart(now: Instant): Promise<Instant | null> {
    const found = await this.#patiently(() => this.#get(SQL.nextStart, toEpochMicroseconds(now)));
    const start = textOf(found?.["start_at"]);
    return start === null ? null : fromEpochMicroseconds(BigInt(start));
  }

  async runEnded(account: string, failure: string | null): Promise<void> {
    const now = await this.#now();
    await this.#writing(() => this.#run(SQL.runEnded, failure, now, account));
  }

  /** How the account's latest runs failed; null where the latest did not. */
  async failedRuns(account: string): Promise<FailedRuns | null> {
    const found = await this.#patiently(() => this.#get(SQL.failedRuns, account));
    if (found === undefined) return null;
    return {
      count: Number(found["failed_runs"]),
      since: fromEpochMicroseconds(BigInt(found["failed_since"] ?? 0)),
      text: String(found["failed_with"]),
    };
  }

  async #now(): Promise<bigint> {
    return toEpochMicroseconds(await this.clock());
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: SqliteValue[]): { readonly changes: number | bigint } {
    return this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: SqliteValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #all(sql: string, ...values: SqliteValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  #writing<T>(work: () => T): Promise<T> {
    return this.#patiently(() => this.#transaction("BEGIN IMMEDIATE", work));
  }

  /** All that it reads is of one moment, and no writer is waited for. */
  #reading<T>(work: () => T): Promise<T> {
    return this.#patiently(() => this.#transaction("BEGIN", work));
  }

  /** Tries again while another program holds the lock. Whatever else there is to do goes on. */
  async #patiently<T>(work: () => T): Promise<T> {
    const started = performance.now();
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return work();
      } catch (thrown) {
        if (!isBusy(thrown) || performance.now() - started + pause > LOCK_PATIENCE) throw thrown;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Nothing of this waits, so that no other work of this process can come between. */
  #transaction<T>(begin: string, work: () => T): T {
    this.database.exec(begin);
    try {
      const result = work();
      this.database.exec("COMMIT");
      return result;
    } catch (thrown) {
      try {
        this.database.exec("ROLLBACK");
      } catch {
        // SQLite has done so itself: the disk is full, say.
      }
      throw thrown;
    }
  }
}

/** Each driver has its own way to say so. */
function isBusy(thrown: unknown): boolean {
  const { code, errcode } = thrown as { code?: unknown; errcode?: unknown };
  const busy = 5;
  return typeof errcode === "number"
    ? (errcode & 0xff) === busy
    : typeof code === "string" && code.startsWith("SQLITE_BUSY");
}

/** Past 2^53 in the far future, which a number of JavaScript's cannot count to. */
function micros(instant: Instant | null): bigint | null {
  return instant === null ? null : toEpochMicroseconds(instant);
}

function textOf(value: SqliteValue | undefined): string | null {
  return value === undefined || value === null ? null : String(value);
}

function profileOf(profile: Account): SqliteValue[] {
  return [
    profile.category,
    profile.integration,
    profile.integrationSlug,
    profile.endUserOriginId,
    profile.organizationName,
    profile.linkStatus,
    profile.accountType,
    profile.isDuplicate === null ? null : Number(profile.isDuplicate),
  ];
}
