// window.next, window.advance, window.locate
package dev.mergesync;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Which records are new?
 *
 * <p>A fetch reads the records of one model that Merge modified in a window of time. Windows of one
 * model tile the time axis: nothing between two of them is skipped.
 */
public final class Window {
    private static final byte[] NEXT = Calls.operation("window.next");
    private static final byte[] ADVANCE = Calls.operation("window.advance");
    private static final byte[] LOCATE = Calls.operation("window.locate");

    private final Calls calls;

    Window(Calls calls) {
        this.calls = calls;
    }

    /** How the bounds are chosen. */
    public enum Rule {
        /** From the previous watermark, less the overlap, to just past the latest finish. */
        CONTIGUOUS,
        /** As {@link #CONTIGUOUS}, with no upper bound. */
        OPEN_ENDED,
        /**
         * From the start of the previous fetch to the latest finish. Loses every record modified between
         * a window's end and the fetch that read it. For comparison with the published guide.
         */
        FETCH_START,
    }

    /**
     * What the host keeps for each model of each account.
     *
     * @param lastSyncedAt when the latest completed fetch started, host's clock
     * @param mergeLastSyncFinished the {@code lastSyncFinished} that the latest completed fetch was for
     * @param lastFetchedAt when the latest completed fetch ended, host's clock
     */
    public record Progress(
            Optional<Instant> lastSyncedAt,
            Optional<Instant> mergeLastSyncFinished,
            Optional<Instant> lastFetchedAt) {
        /** Nothing was fetched yet. */
        public static final Progress NONE =
                new Progress(Optional.empty(), Optional.empty(), Optional.empty());

        private static Progress read(Object value) {
            Input in = Input.of(value);
            return new Progress(
                    in.optional("last_synced_at", Input::asInstant),
                    in.optional("merge_last_sync_finished", Input::asInstant),
                    in.optional("last_fetched_at", Input::asInstant));
        }

        private void write(Output out) throws IOException {
            out.optional("last_synced_at", lastSyncedAt, Output::instant)
                    .optional("merge_last_sync_finished", mergeLastSyncFinished, Output::instant)
                    .optional("last_fetched_at", lastFetchedAt, Output::instant);
        }
    }

    /**
     * What is known.
     *
     * @param status the model's latest row
     * @param progress what was kept
     * @param ready whether this model's data may be read
     * @param rule how the bounds are chosen
     * @param overlap how far a window reaches back into the one before it, in milliseconds
     */
    public record Facts(ModelStatus status, Progress progress, boolean ready, Rule rule, Duration overlap) {
        private void write(Output out) throws IOException {
            out.object("status", status, (inner, value) -> value.write(inner))
                    .object("progress", progress, (inner, value) -> value.write(inner))
                    .bool("ready", ready)
                    .constant("rule", rule)
                    .duration("overlap", overlap);
        }
    }

    /** The answer: a window to read, or why there is nothing to read. */
    public sealed interface Plan permits Span, Skip {}

    /**
     * A window to read.
     *
     * @param after {@code modified_after}; empty reads from the beginning
     * @param before {@code modified_before}; empty reads to the end
     * @param watermark what to store as {@code mergeLastSyncFinished} once every page is stored
     * @param query the same bounds as a query string, percent-encoded, ready to send
     */
    public record Span(Optional<Instant> after, Optional<Instant> before, Instant watermark, String query)
            implements Plan {
        private void write(Output out) throws IOException {
            out.optional("after", after, Output::instant)
                    .optional("before", before, Output::instant)
                    .instant("watermark", watermark)
                    .text("query", query);
        }
    }

    /**
     * Nothing to read.
     *
     * @param reason why
     */
    public record Skip(SkipReason reason) implements Plan {}

    /** Why there is nothing to read. */
    public enum SkipReason {
        /** The model is switched off. */
        DISABLED,
        /** The initial sync is not complete. */
        INITIAL_SYNC_INCOMPLETE,
        /** The latest sync failed: its finish time says nothing. */
        FAILED,
        /** No sync that brought data has finished. */
        NOTHING_FINISHED,
        /** This finish was fetched already: a duplicate, a late or an early delivery. */
        NOT_NEWER,
    }

    /**
     * A fetch whose every page is stored.
     *
     * @param progress what was kept before it
     * @param span what was read
     * @param startedAt when the fetch started, host's clock
     * @param endedAt when its last page was stored, host's clock
     */
    public record Completed(Progress progress, Span span, Instant startedAt, Instant endedAt) {
        private void write(Output out) throws IOException {
            out.object("progress", progress, (inner, value) -> value.write(inner))
                    .object("span", span, (inner, value) -> value.write(inner))
                    .instant("started_at", startedAt)
                    .instant("ended_at", endedAt);
        }
    }

    /** Where a model's records are read. */
    public sealed interface Endpoint permits Listed, Unlisted, Unmapped {}

    /**
     * A model that can be listed.
     *
     * @param path for example {@code /api/hris/v1/employees}
     * @param filtered whether the endpoint knows {@code modified_after}; where not, it is read whole
     * @param key the fields of a record that together are its key: {@code id}, or {@code remote_id} and
     *     {@code name}
     * @param always parameters to send with every request, for example {@code include_cancelled=true};
     *     mostly empty
     */
    public record Listed(String path, boolean filtered, List<String> key, String always) implements Endpoint {}

    /** The model has no list endpoint: it counts for readiness and is not fetched. */
    public record Unlisted() implements Endpoint {}

    /** This version does not know the model: reported once, never guessed. */
    public record Unmapped() implements Endpoint {}

    /**
     * Decide.
     *
     * @param facts what is known
     * @return the window to read, or why there is none
     */
    public Plan next(Facts facts) {
        return calls.ofRecord(NEXT, facts, (out, known) -> known.write(out), Window::readPlan);
    }

    /**
     * What to store after a fetch. Never moves {@code mergeLastSyncFinished} back.
     *
     * @param facts the fetch
     * @return what to keep
     */
    public Progress advance(Completed facts) {
        return calls.ofRecord(ADVANCE, facts, (out, known) -> known.write(out), Progress::read);
    }

    /**
     * Look a model up, by its id or one of its aliases.
     *
     * @param modelId for example {@code hris.Employee}
     * @return where its records are read
     */
    public Endpoint locate(String modelId) {
        return calls.typed(
                LOCATE,
                modelId,
                (out, id) -> out.text("model_id", id),
                Window::readEndpoint);
    }

    private static Plan readPlan(Object value) {
        Input in = Input.of(value);
        Input plan = in.value();
        return switch (in.tag()) {
            case "fetch" ->
                    new Span(
                            plan.optional("after", Input::asInstant),
                            plan.optional("before", Input::asInstant),
                            plan.instant("watermark"),
                            plan.text("query"));
            case "skip" -> new Skip(Input.asCase(SkipReason.class, plan.text("reason")));
            default -> throw Input.unlike("a plan", in.tag());
        };
    }

    private static Endpoint readEndpoint(Object value) {
        Input in = Input.of(value);
        return switch (in.tag()) {
            case "listed" ->
                    new Listed(
                            in.value().text("path"),
                            in.value().bool("filtered"),
                            in.value().list("key", Input::asText),
                            in.value().text("always"));
            case "unlisted" -> new Unlisted();
            case "unmapped" -> new Unmapped();
            default -> throw Input.unlike("an endpoint", in.tag());
        };
    }
}
