// The engine, driven step by step: it says what to do, this does it, and tells what came of it.

import { text, texts } from "../check.js";
import { InputError, MergeSyncError, ProblemError, reasonOf } from "../errors.js";
import { type Instant, instant, type InstantLike } from "../instant.js";
import { type SignedBody, signedBody } from "../signature.js";
import { loadText, type TextForm } from "../text.js";
import type { Reply } from "../webhook.js";
import { type Command, commandTo } from "./command.js";
import type { Http } from "./http.js";
import type { Log } from "./log.js";
import { type NewAccount, newAccountTo } from "./new-account.js";
import { inTime } from "./patience.js";
import type { Change, Note, Store, LoadedAccount } from "./store.js";
import {
  changeFrom,
  type Effect,
  type FailureKind,
  type LogEntry,
  noteFrom,
  read,
  type Receipt,
  type Report,
  loadedAccountTo,
  type View,
  viewFrom,
  type WireChange,
  type WireNote,
  type WireView,
  write,
} from "./wire.js";

/** The engine did nothing, and says why. */
export class EngineError extends MergeSyncError {
  override name = "EngineError";

  constructor(
    /**
     * `store`: it cannot be reached, trying later may help. `unknown-account`: nobody linked it.
     * `state`: it cannot be read, and is left as it is. `settings`: they are wrong.
     */
    readonly kind: FailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The host's clock; what it says may be on its way. */
export type Clock = () => InstantLike | Promise<InstantLike>;

/** What the engine is driven with. */
export interface EngineOptions {
  readonly store: Store;
  readonly http: Http;
  /** The signing keys of your webhooks, newest first. */
  readonly webhookKeys: readonly string[];
  /** How you want it done; every field has a default. A text is taken as JSON. */
  readonly settings?: string | Readonly<Record<string, unknown>> | undefined;
  /** The system's clock by default. */
  readonly clock?: Clock | undefined;
  /** Nobody is told by default. */
  readonly log?: Log | undefined;
  /** Loaded from the package's own file by default. */
  readonly text?: TextForm | undefined;
}

/** A webhook as it came. */
export interface Delivery extends Omit<SignedBody, "keys" | "body"> {
  /** Null or left out where the request had none. */
  readonly body?: SignedBody["body"] | null | undefined;
}

const PROCESSING_ERROR: Reply = { status: 500, body: '{"error": "Processing error"}' };
const INVALID_SIGNATURE: Reply = { status: 401, body: '{"error": "Invalid signature"}' };

/**
 * The whole loop for any number of accounts. It keeps nothing between calls: any process may
 * serve the next one, and two at once cost requests and never correctness.
 */
export class Engine {
  readonly #noted = new Set<() => void>();

  private constructor(
    readonly store: Store,
    readonly clock: () => Promise<Instant>,
    private readonly http: Http,
    private readonly keys: readonly string[],
    private readonly settings: string,
    private readonly log: Log,
    private readonly form: TextForm,
  ) {}

  /**
   * Makes an engine.
   *
   * @throws {@link EngineError} of kind `settings` where they are wrong; it names the field.
   * @throws InputError where a signing key is empty.
   */
  static async create(options: EngineOptions): Promise<Engine> {
    const { settings = {}, clock = () => new Date(), log = () => undefined } = options;
    const keys = texts(options.webhookKeys, "webhookKeys");
    const empty = keys.indexOf("");
    if (empty !== -1) throw new InputError(`webhookKeys[${empty.toString()}]`, "it is empty");
    const form = options.text ?? (await loadText());
    const document = typeof settings === "string" ? settings : JSON.stringify(settings);
    const now = async () => instant(await clock());
    const engine = new Engine(options.store, now, options.http, keys, document, log, form);
    try {
      form.call("engine.check-settings", JSON.stringify({ text: text(document, "settings") }));
    } catch (thrown) {
      throw thrown instanceof ProblemError ? new EngineError("settings", thrown.message) : thrown;
    }
    return engine;
  }

  /** Calls `listener` after each note that was kept: an account may be due. Returns its end. */
  onNote(listener: () => void): () => void {
    this.#noted.add(listener);
    return () => this.#noted.delete(listener);
  }

  /**
   * Takes in a webhook. Send the reply: where it is 200, what the webhook says is durable. It comes
   * within five seconds, whatever the store does.
   */
  async receive(delivery: Delivery): Promise<Reply> {
    const body = delivery.body ?? new Uint8Array();
    const facts = signedBody({ ...delivery, body, keys: this.keys });
    if (facts === null) {
      this.log("warn", "webhook refused: the body is not utf-8", {});
      return INVALID_SIGNATURE;
    }
    let receipt: Receipt;
    try {
      receipt = this.#ask("engine.receive", facts) as Receipt;
    } catch (thrown) {
      this.log("error", "webhook not taken in", { problem: reasonOf(thrown) });
      return PROCESSING_ERROR;
    }
    this.#write([receipt.log]);
    if (receipt.note === null) return receipt.reply;
    try {
      const isKnown = await inTime(this.#keep(noteFrom(receipt.note)));
      if (!isKnown) this.#write([receipt.unknownAccountLog]);
      return receipt.reply;
    } catch (thrown) {
      this.#write([receipt.unkeptLog]);
      this.log("error", "webhook not taken in", { problem: reasonOf(thrown) });
      return receipt.unkeptReply;
    }
  }

  /** Keeps a note. One for an account that nobody linked can be acted on by nobody: false. */
  async #keep(note: Note): Promise<boolean> {
    if ((await this.store.keepNote(note)) === "unknown-account") return false;
    this.#tell();
    return true;
  }

  /** Starts looking after an account. A known account takes the token and wakes. */
  async link(account: NewAccount): Promise<void> {
    const note = this.#ask("engine.link", {
      account: newAccountTo(account),
      now: await this.clock(),
    }) as WireNote;
    const kept = await this.#storing(() => this.#keep(noteFrom(note)));
    if (!kept) throw new EngineError("unknown-account", "the store did not create the account");
  }

  /**
   * Does what is due for one account: poll, fetch, retry, or nothing.
   *
   * @throws {@link EngineError} where it could not.
   */
  async run(account: string): Promise<Report> {
    let event: unknown = { tag: "started", value: loadedAccountTo(await this.#load(account)) };
    let run: string | null = null;
    const { settings } = this;
    for (;;) {
      const now = await this.clock();
      const step = this.#ask("engine.step", { run, account, settings, now, event }) as {
        run: string;
        effect: Effect;
        log: readonly LogEntry[];
      };
      this.#write(step.log);
      run = step.run;
      const { effect } = step;
      switch (effect.tag) {
        case "send":
          event = await this.#send(effect.value);
          break;
        case "commit":
          event = await this.#commit(changeFrom(effect.value));
          break;
        case "finished":
          return effect.value;
        case "failed":
          throw new EngineError(effect.value.tag, effect.value.value.message);
      }
    }
  }

  async #send(request: { account: string; method: string; target: string }): Promise<unknown> {
    const { account } = request;
    const failed = (tag: string, value: unknown) => ({ tag: "send-error", value: { tag, value } });
    // A store that fails is no failure of Merge's: the run ends.
    const token = await this.#storing(() => this.store.token(account));
    if (token === null) return failed("no-token", { account });
    try {
      const { tag, ...value } = await this.http.send(request, token);
      switch (tag) {
        case "response":
          return { tag, value };
        case "no-token":
          return failed(tag, { account });
        default:
          return failed(tag, value);
      }
    } catch (thrown) {
      return failed("transport", { message: reasonOf(thrown).toWellFormed() });
    }
  }

  async #commit(change: Change): Promise<unknown> {
    try {
      const { tag, ...value } = await this.store.commit(change);
      if (tag === "committed") return { tag, value };
      const loaded = await this.store.load(change.account);
      return { tag, value: { loaded: loaded === null ? null : loadedAccountTo(loaded) } };
    } catch (thrown) {
      return { tag: "unavailable", value: { message: reasonOf(thrown).toWellFormed() } };
    }
  }

  /**
   * Asks for something out of turn. It takes effect at once, or in the next run.
   *
   * @throws {@link EngineError} where it could not.
   */
  async request(account: string, command: Command): Promise<void> {
    const wanted = commandTo(command);
    const { settings } = this;
    for (;;) {
      const loaded = loadedAccountTo(await this.#load(account));
      const now = await this.clock();
      const input = { account, loaded, command: wanted, settings, now };
      const change = changeFrom(this.#asked("engine.request", input) as WireChange);
      const { tag } = await this.#storing(() => this.store.commit(change));
      if (tag === "committed") break;
    }
    this.#tell();
  }

  /** What was kept stays so, whoever cannot hear of it. */
  #tell(): void {
    for (const listener of this.#noted) {
      try {
        listener();
      } catch (thrown) {
        this.log("error", "who is told of notes failed", { problem: reasonOf(thrown) });
      }
    }
  }

  /**
   * Where the account stands for these models (none: every enabled one), from its stored state
   * alone.
   *
   * @throws {@link EngineError} where that cannot be read.
   */
  async inspect(account: string, required: readonly string[] = []): Promise<View> {
    const wanted = texts(required, "required");
    const { settings } = this;
    const loaded = loadedAccountTo(await this.#load(account));
    const now = await this.clock();
    const input = { account, loaded, required: wanted, settings, now };
    return viewFrom(this.#asked("engine.inspect", input) as WireView);
  }

  async #load(account: string): Promise<LoadedAccount> {
    text(account, "account");
    const loaded = await this.#storing(() => this.store.load(account));
    if (loaded === null) throw new EngineError("unknown-account", "nobody linked this account");
    return loaded;
  }

  async #storing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw new EngineError("store", reasonOf(thrown), { cause: thrown });
    }
  }

  #ask(operation: string, input: unknown): unknown {
    return read(this.form.call(operation, write(input)));
  }

  /** As `#ask`, where the engine may object to the state. */
  #asked(operation: string, input: unknown): unknown {
    try {
      return this.#ask(operation, input);
    } catch (thrown) {
      if (!(thrown instanceof ProblemError)) throw thrown;
      throw new EngineError("state", thrown.message);
    }
  }

  #write(log: readonly (LogEntry | null)[]): void {
    for (const entry of log) {
      if (entry === null) continue;
      const { level, message, fields } = entry;
      this.log(level, message, JSON.parse(fields) as Record<string, unknown>);
    }
  }
}
