// webhook.handle
package dev.mergesync;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What did Merge just tell us, and what do we answer? */
public final class Webhook {
    private static final byte[] HANDLE = Calls.operation("webhook.handle");

    /** What a body that is not UTF-8 is answered with, whatever its signature. */
    private static final Handling NOT_TEXT =
            new Handling(
                    new Reply(401, "{\"error\": \"Invalid signature\"}"),
                    new Refused(new Signature.Refused(Signature.Refusal.MISMATCH)));

    private final Calls calls;

    Webhook(Calls calls) {
        this.calls = calls;
    }

    /** What a verified body says. */
    public sealed interface Event permits Linked, Synced, RecordChanged, IssueChanged, Unlinked, Ignored {}

    /**
     * {@code LinkedAccount.linked}: the only event that carries the account token.
     *
     * @param account the account
     * @param accountToken the secret to send as {@code X-Account-Token}
     * @param isRelink whether the end user authenticated an account that was linked before
     * @param completedAt when the end user completed this link, Merge's clock; empty where not sent.
     *     Deliveries come in any order: of two links, the token of the one that was completed later is
     *     the one that counts.
     */
    public record Linked(
            Account account, String accountToken, boolean isRelink, Optional<Instant> completedAt)
            implements Event {
        /** Without the token, which is secret. */
        @Override
        public String toString() {
            return "Linked[account=" + account + ", isRelink=" + isRelink + ", completedAt=" + completedAt + "]";
        }
    }

    /**
     * {@code LinkedAccount.sync_completed} or {@code <Model>.synced}.
     *
     * @param account the account
     * @param isInitialSync the account's flag in {@code sync_completed}, the model's in
     *     {@code <Model>.synced}
     * @param models one entry a model named, in the order of their ids. Empty where the payload names no
     *     model well enough to act on: then poll.
     */
    public record Synced(Account account, Optional<Boolean> isInitialSync, List<ModelStatus> models)
            implements Event {}

    /**
     * {@code <Model>.added}, {@code .changed} or {@code .removed}.
     *
     * @param account the account
     * @param modelId empty where the event's model is not in the endpoint table
     * @param recordId Merge's id of the record; empty where not sent
     */
    public record RecordChanged(Account account, Optional<String> modelId, Optional<String> recordId)
            implements Event {}

    /**
     * {@code Issue.*}.
     *
     * @param account the account, where one is named
     * @param description Merge's words for people
     */
    public record IssueChanged(Optional<Account> account, String description) implements Event {}

    /**
     * {@code LinkedAccount.deleted}.
     *
     * @param account the account
     */
    public record Unlinked(Account account) implements Event {}

    /**
     * An event that asks nothing of us: unknown, deprecated, or Merge's test ping.
     *
     * @param reason why, for a log
     */
    public record Ignored(String reason) implements Event {}

    /** What came of a delivery. */
    public sealed interface Outcome permits Accepted, Refused, Malformed {}

    /**
     * A trusted body and what it says.
     *
     * @param authentic who signed it, and the delivery's name
     * @param name Merge's name of the event, for example {@code Employee.synced}; empty for the ping
     * @param event what it says
     */
    public record Accepted(Signature.Authentic authentic, String name, Event event) implements Outcome {}

    /**
     * A body that is not to be trusted.
     *
     * @param refused why
     */
    public record Refused(Signature.Refused refused) implements Outcome {}

    /**
     * A trusted body that is not a Merge webhook.
     *
     * @param authentic who signed it, and the delivery's name
     * @param problem what and where, for a log
     */
    public record Malformed(Signature.Authentic authentic, String problem) implements Outcome {}

    /**
     * What to send back.
     *
     * @param status 200, 401 or 500
     * @param body a JSON document
     */
    public record Reply(int status, String body) {}

    /**
     * A delivery, handled.
     *
     * @param reply the reply once the outcome is durable. A host that cannot make it durable within five
     *     seconds must answer 500 instead, so that Merge sends it again.
     * @param outcome what came of it
     */
    public record Handling(Reply reply, Outcome outcome) {}

    /**
     * Verify, then parse, then choose the reply: in that order, never another.
     *
     * @param delivery the body and what came with it
     * @return what to send back, and what came of it
     */
    public Handling handle(SignedBody delivery) {
        Handling handling = calls.ofRecord(HANDLE, delivery, (out, facts) -> facts.write(out), Webhook::read);
        // As for `Signature.verify`: of a body that is not text, an empty one was asked about.
        return delivery.isText() || handling.outcome() instanceof Refused ? handling : NOT_TEXT;
    }

    private static Handling read(Object value) {
        Input in = Input.of(value);
        Input reply = in.object("reply");
        return new Handling(
                new Reply(reply.integer("status"), reply.text("body")), outcome(in.object("outcome")));
    }

    private static Outcome outcome(Input in) {
        Input value = in.value();
        return switch (in.tag()) {
            case "accepted" ->
                    new Accepted(
                            Signature.Authentic.read(value.object("authentic")),
                            value.text("name"),
                            event(value.object("event")));
            case "refused" -> new Refused(Signature.Refused.read(value));
            case "malformed" ->
                    new Malformed(
                            Signature.Authentic.read(value.object("authentic")),
                            value.object("problem").text("message"));
            default -> throw Input.unlike("an outcome", in.tag());
        };
    }

    private static Event event(Input in) {
        Input value = in.value();
        return switch (in.tag()) {
            case "linked" ->
                    new Linked(
                            account(value),
                            value.text("account_token"),
                            value.bool("is_relink"),
                            value.optional("completed_at", Input::asInstant));
            case "synced" ->
                    new Synced(
                            account(value),
                            value.optional("is_initial_sync", Input::asBool),
                            value.list("models", ModelStatus::read));
            case "record-changed" ->
                    new RecordChanged(
                            account(value),
                            value.optional("model_id", Input::asText),
                            value.optional("record_id", Input::asText));
            case "issue-changed" ->
                    new IssueChanged(value.optional("account", Account::read), value.text("description"));
            case "unlinked" -> new Unlinked(account(value));
            case "ignored" -> new Ignored(value.text("reason"));
            default -> throw Input.unlike("an event", in.tag());
        };
    }

    private static Account account(Input in) {
        return in.optional("account", Account::read).orElseThrow(() -> Input.unlike("an account", null));
    }
}
