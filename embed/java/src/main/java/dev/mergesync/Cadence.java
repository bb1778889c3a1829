// cadence.next
package dev.mergesync;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** When do we ask Merge again? */
public final class Cadence {
    private static final byte[] NEXT = Calls.operation("cadence.next");

    private final Calls calls;

    Cadence(Calls calls) {
        this.calls = calls;
    }

    /**
     * A range of delays.
     *
     * @param shortest the shortest
     * @param longest at least {@code shortest}; where not, {@code shortest} counts
     */
    public record Interval(Duration shortest, Duration longest) {
        private void write(Output out) throws IOException {
            out.duration("shortest", shortest).duration("longest", longest);
        }
    }

    /**
     * How often is often enough.
     *
     * @param initialFast initial sync, first three minutes
     * @param initialSlow initial sync after that, growing from the first to the second
     * @param frequent Merge syncs more often than hourly
     * @param standard Merge syncs hourly or less often
     * @param unhinted nothing tells how often Merge syncs
     * @param safetyNet no answer is longer, whatever the intervals say
     */
    public record Policy(
            Interval initialFast,
            Interval initialSlow,
            Interval frequent,
            Interval standard,
            Interval unhinted,
            Duration safetyNet) {
        /** The contract's defaults. */
        public static final Policy DEFAULT =
                new Policy(
                        new Interval(Duration.ofSeconds(15), Duration.ofSeconds(30)),
                        minutes(1, 5),
                        minutes(5, 10),
                        minutes(30, 60),
                        minutes(54, 60),
                        Duration.ofHours(24));

        private static Interval minutes(long shortest, long longest) {
            return new Interval(Duration.ofMinutes(shortest), Duration.ofMinutes(longest));
        }

        private void write(Output out) throws IOException {
            Output.Writer<Interval> interval = (inner, value) -> value.write(inner);
            out.object("initial_fast", initialFast, interval)
                    .object("initial_slow", initialSlow, interval)
                    .object("frequent", frequent, interval)
                    .object("standard", standard, interval)
                    .object("unhinted", unhinted, interval)
                    .duration("safety_net", safetyNet);
        }
    }

    /**
     * What is known.
     *
     * @param statuses the latest row of each model
     * @param initial whether some needed model's initial sync is still running
     * @param linkedAt when the account was linked, host's clock
     * @param now host's clock
     * @param seed spreads accounts over each interval: equal seeds give equal answers. All 64 bits count,
     *     without a sign.
     * @param policy how often is often enough
     */
    public record Facts(
            List<ModelStatus> statuses,
            boolean initial,
            Instant linkedAt,
            Instant now,
            long seed,
            Policy policy) {
        private void write(Output out) throws IOException {
            out.objects("statuses", statuses, (inner, status) -> status.write(inner))
                    .bool("initial", initial)
                    .instant("linked_at", linkedAt)
                    .instant("now", now)
                    .unsigned("seed", seed)
                    .object("policy", policy, (inner, value) -> value.write(inner));
        }
    }

    /** Which interval the answer is from. */
    public enum Pace {
        /** Initial sync, first three minutes. */
        INITIAL_FAST,
        /** Initial sync after that. */
        INITIAL_SLOW,
        /** Merge syncs more often than hourly. */
        FREQUENT,
        /** Merge syncs hourly or less often. */
        STANDARD,
        /** Nothing tells how often Merge syncs. */
        UNHINTED,
    }

    /**
     * The answer.
     *
     * @param after when to ask again, counted from now
     * @param pace which interval it is from
     */
    public record NextPoll(Duration after, Pace pace) {}

    /**
     * Decide.
     *
     * @param facts what is known
     * @return when to ask again
     */
    public NextPoll next(Facts facts) {
        return calls.ofRecord(NEXT, facts, (out, known) -> known.write(out), Cadence::read);
    }

    private static NextPoll read(Object value) {
        Input in = Input.of(value);
        return new NextPoll(in.duration("after"), Input.asCase(Pace.class, in.text("pace")));
    }
}
