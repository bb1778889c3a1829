// readiness.parse-status, readiness.evaluate
package dev.mergesync;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** May the product use this account's data yet? */
public final class Readiness {
    private static final byte[] PARSE_STATUS = Calls.operation("readiness.parse-status");
    private static final byte[] EVALUATE = Calls.operation("readiness.evaluate");

    private final Calls calls;

    Readiness(Calls calls) {
        this.calls = calls;
    }

    /** What to do with a model whose initial sync ended incomplete. */
    public enum PartialPolicy {
        /** Wait: only {@code DONE}, or the end of the initial sync, is ready. */
        STRICT,
        /** Take {@code PARTIALLY_SYNCED} as ready. */
        ACCEPT_PARTIAL,
    }

    /**
     * What is known.
     *
     * @param statuses the latest row of each model
     * @param complete whether {@code statuses} covers all pages of a {@code /sync-status} read. Rows that
     *     came by webhook alone never make an account ready.
     * @param required the models the product needs; empty means every enabled model
     * @param partial what to do with a model whose initial sync ended incomplete
     * @param readyBefore models found ready before: they stay ready
     * @param wasReady whether the account was found ready before with {@code required} empty
     */
    public record Facts(
            List<ModelStatus> statuses,
            boolean complete,
            List<String> required,
            PartialPolicy partial,
            List<String> readyBefore,
            boolean wasReady) {
        void write(Output out) throws IOException {
            out.objects("statuses", statuses, (inner, status) -> status.write(inner))
                    .bool("complete", complete)
                    .texts("required", required)
                    .constant("partial", partial)
                    .texts("ready_before", readyBefore)
                    .bool("was_ready", wasReady);
        }
    }

    /** Where one model stands. */
    public enum Phase {
        /** Switched off. */
        DISABLED,
        /** Its initial sync is running, or has not been heard of. */
        SYNCING,
        /** Its data may be read. */
        READY,
        /** Its initial sync ended failed, paused, or partial under {@link PartialPolicy#STRICT}. */
        NEEDS_ATTENTION,
    }

    /**
     * One model.
     *
     * @param modelId its id
     * @param phase where it stands
     * @param reason one sentence for people
     */
    public record ModelReadiness(String modelId, Phase phase, String reason) {}

    /** Where the account stands. */
    public enum AccountPhase {
        /** No complete read yet, or Merge names no enabled model. */
        UNKNOWN,
        /** At least one needed model is syncing. */
        SYNCING,
        /** No needed model is syncing and at least one needs attention. */
        NEEDS_ATTENTION,
        /** Every needed model is ready. */
        READY,
    }

    /**
     * The answer.
     *
     * @param phase where the account stands
     * @param needed needed models
     * @param ready needed models that are ready
     * @param attention needed models that need attention, also while others sync
     * @param models every model listed or required, in the order of their ids
     */
    public record AccountReadiness(
            AccountPhase phase, int needed, int ready, int attention, List<ModelReadiness> models) {}

    /**
     * A parsed {@code /sync-status} body, one page.
     *
     * @param statuses its rows
     * @param next the {@code cursor} of the next page; empty on the last
     */
    public record StatusPage(List<ModelStatus> statuses, Optional<String> next) {}

    /**
     * Read one page of {@code GET /api/{category}/v1/sync-status}.
     *
     * @param body the response's body
     * @return what it says
     * @throws RefusedException where it is not such a page
     */
    public StatusPage parseStatus(String body) {
        return calls.typed(
                PARSE_STATUS,
                body,
                (out, text) -> out.text("body", text),
                Readiness::readPage);
    }

    /**
     * Decide.
     *
     * @param facts what is known
     * @return where the account and its models stand
     */
    public AccountReadiness evaluate(Facts facts) {
        return calls.ofRecord(EVALUATE, facts, (out, known) -> known.write(out), Readiness::readAnswer);
    }

    private static StatusPage readPage(Object value) {
        Input in = Input.of(value);
        return new StatusPage(in.list("statuses", ModelStatus::read), in.optional("next", Input::asText));
    }

    private static AccountReadiness readAnswer(Object value) {
        Input in = Input.of(value);
        return new AccountReadiness(
                Input.asCase(AccountPhase.class, in.text("phase")),
                in.integer("needed"),
                in.integer("ready"),
                in.integer("attention"),
                in.list("models", Readiness::readModel));
    }

    private static ModelReadiness readModel(Object value) {
        Input in = Input.of(value);
        return new ModelReadiness(
                in.text("model_id"), Input.asCase(Phase.class, in.text("phase")), in.text("reason"));
    }
}
