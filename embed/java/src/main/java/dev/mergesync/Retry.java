// retry.decide
package dev.mergesync;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** A request came back. Is it over, and if not, when again? */
public final class Retry {
    private static final byte[] DECIDE = Calls.operation("retry.decide");

    private final Calls calls;

    Retry(Calls calls) {
        this.calls = calls;
    }

    /** What a request met. */
    public sealed interface AttemptOutcome
            permits Response, Transport, TimedOut, TooLarge, Unusable, StaleCursor, NoToken {}

    /**
     * An HTTP response: the parts that matter here.
     *
     * @param status from 0 to 65535
     * @param retryAfter {@code Retry-After} as sent: seconds, a fraction rounded up, or an HTTP date in
     *     any of its three forms; of a list the longest counts. Unreadable on a 429 or 503 it counts as a
     *     minute, and more than 24 hours as one hour.
     * @param date {@code Date} as sent: the base for a {@code Retry-After} date
     */
    public record Response(int status, Optional<String> retryAfter, Optional<String> date)
            implements AttemptOutcome {
        private void write(Output out) throws IOException {
            out.number("status", status)
                    .optional("retry_after", retryAfter, Output::text)
                    .optional("date", date, Output::text);
        }
    }

    /**
     * No response: refused, reset, unresolved, bad TLS.
     *
     * @param message for a log
     */
    public record Transport(String message) implements AttemptOutcome {}

    /** No response within the time allowed. */
    public record TimedOut() implements AttemptOutcome {}

    /** A response whose body is over the host's limit. */
    public record TooLarge() implements AttemptOutcome {}

    /**
     * A success whose body cannot be used.
     *
     * @param message what is wrong with it, for a log
     */
    public record Unusable(String message) implements AttemptOutcome {}

    /** A 400, 404 or 410 to a request with a cursor: Merge no longer knows it. */
    public record StaleCursor() implements AttemptOutcome {}

    /** Nothing was sent, since no token of this account is stored. */
    public record NoToken() implements AttemptOutcome {}

    /**
     * Bounds on the patience.
     *
     * @param base first delay after a transient failure
     * @param throttledBase first delay after a 429 that names none
     * @param cap no computed delay is longer
     * @param maxAttempts after this many attempts in a row, give up for now; from 0 to 2^32-1
     */
    public record Policy(Duration base, Duration throttledBase, Duration cap, long maxAttempts) {
        /** The contract's defaults: 1 s, 10 s, 10 minutes, 8 attempts. */
        public static final Policy DEFAULT =
                new Policy(Duration.ofSeconds(1), Duration.ofSeconds(10), Duration.ofMinutes(10), 8);

        private void write(Output out) throws IOException {
            out.duration("base", base)
                    .duration("throttled_base", throttledBase)
                    .duration("cap", cap)
                    .number("max_attempts", maxAttempts);
        }
    }

    /**
     * What is known.
     *
     * @param outcome what the request met
     * @param attempt attempts made in a row, this one included: from 1 to 2^32-1
     * @param now host's clock
     * @param seed chooses the jitter: equal seeds give equal answers. All 64 bits count, without a sign.
     * @param policy bounds on the patience
     */
    public record Facts(AttemptOutcome outcome, long attempt, Instant now, long seed, Policy policy) {
        private void write(Output out) throws IOException {
            out.object("outcome", outcome, Retry::writeOutcome)
                    .number("attempt", attempt)
                    .instant("now", now)
                    .unsigned("seed", seed)
                    .object("policy", policy, (inner, value) -> value.write(inner));
        }
    }

    /** The answer. */
    public sealed interface Decision permits Succeeded, Again, Stop {}

    /** 2xx. */
    public record Succeeded() implements Decision {}

    /**
     * Try again.
     *
     * @param after never less than the server asked for, up to 24 hours
     * @param reason one sentence for people
     */
    public record Again(Duration after, String reason) implements Decision {}

    /**
     * Stop trying.
     *
     * @param remedy who can end this failure
     * @param notBefore what the server asked for, where it did: the regular poll waits for it too
     * @param reason one sentence for people
     */
    public record Stop(Remedy remedy, Optional<Duration> notBefore, String reason) implements Decision {}

    /** Who can end this failure. */
    public enum Remedy {
        /**
         * Merge does not accept the API key or this account's token (401): the operator if other accounts
         * fail too, else the end user by a relink.
         */
        REAUTHORIZE,
        /** The request is wrong, or the model has no such endpoint (other 4xx, 3xx). */
        DROP_REQUEST,
        /** Refused (403), or tried too often in a row: give up until the regular poll. */
        PARK,
    }

    /**
     * Decide.
     *
     * @param facts what is known
     * @return whether it is over, and if not, when again
     * @throws RefusedException where a number is out of its range
     */
    public Decision decide(Facts facts) {
        return calls.ofRecord(DECIDE, facts, (out, known) -> known.write(out), Retry::read);
    }

    private static void writeOutcome(Output out, AttemptOutcome outcome) throws IOException {
        if (outcome instanceof Response response) {
            out.text("tag", "response").object("value", response, (inner, value) -> value.write(inner));
        } else if (outcome instanceof Transport transport) {
            writeMessage(out, "transport", transport.message());
        } else if (outcome instanceof Unusable unusable) {
            writeMessage(out, "unusable", unusable.message());
        } else if (outcome instanceof TimedOut) {
            out.text("tag", "timed-out");
        } else if (outcome instanceof TooLarge) {
            out.text("tag", "too-large");
        } else if (outcome instanceof StaleCursor) {
            out.text("tag", "stale-cursor");
        } else if (outcome instanceof NoToken) {
            out.text("tag", "no-token");
        }
    }

    private static void writeMessage(Output out, String tag, String text) throws IOException {
        out.text("tag", tag).object("value", text, (inner, message) -> inner.text("message", message));
    }

    private static Decision read(Object value) {
        Input in = Input.of(value);
        return switch (in.tag()) {
            case "succeeded" -> new Succeeded();
            case "again" -> new Again(in.value().duration("after"), in.value().text("reason"));
            case "stop" ->
                    new Stop(
                            Input.asCase(Remedy.class, in.value().text("remedy")),
                            in.value().optional("not_before", Input::asDuration),
                            in.value().text("reason"));
            default -> throw Input.unlike("a decision", in.tag());
        };
    }
}
