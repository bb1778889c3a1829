// types.model-status
package dev.mergesync;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What Merge says of one model: a row of {@code /sync-status}, or the part of it that a webhook carries.
 *
 * @param modelId Merge's id of the common model, for example {@code hris.Employee}
 * @param modelName name for people; empty where not sent
 * @param status Merge's current state; empty where the source carries only a result
 * @param isInitialSync whether Merge still counts this as the model's initial sync
 * @param lastSyncStart start of the latest attempt, Merge's clock
 * @param nextSyncStart planned start of the next attempt, Merge's clock
 * @param lastSyncResult how the latest finished attempt ended
 * @param lastSyncFinished when the latest finished attempt ended, Merge's clock. It may belong to an
 *     earlier attempt than {@code lastSyncStart}.
 * @param statusReason why a running sync takes long, for example {@code RATE_LIMITED}; empty where not
 *     sent
 * @param dataFreshAsOf up to when Merge vouches for its data, Merge's clock
 * @param syncedFields the fields that a partial sync brought, as Merge names them; empty where not sent
 * @param unreadable fields above that were sent and could not be read, by Merge's names, in order and
 *     once each. They count as absent, but not as "there is nothing".
 */
public record ModelStatus(
        String modelId,
        String modelName,
        Optional<SyncState> status,
        Optional<Boolean> isInitialSync,
        Optional<Instant> lastSyncStart,
        Optional<Instant> nextSyncStart,
        Optional<SyncState> lastSyncResult,
        Optional<Instant> lastSyncFinished,
        String statusReason,
        Optional<Instant> dataFreshAsOf,
        List<String> syncedFields,
        List<String> unreadable) {
    static ModelStatus read(Object value) {
        Input in = Input.of(value);
        return new ModelStatus(
                in.text("model_id"),
                in.text("model_name"),
                in.optional("status", ModelStatus::readState),
                in.optional("is_initial_sync", Input::asBool),
                in.optional("last_sync_start", Input::asInstant),
                in.optional("next_sync_start", Input::asInstant),
                in.optional("last_sync_result", ModelStatus::readState),
                in.optional("last_sync_finished", Input::asInstant),
                in.text("status_reason"),
                in.optional("data_fresh_as_of", Input::asInstant),
                in.list("synced_fields", Input::asText),
                in.list("unreadable", Input::asText));
    }

    void write(Output out) throws IOException {
        out.text("model_id", modelId)
                .text("model_name", modelName)
                .optional("status", status, ModelStatus::writeState)
                .optional("is_initial_sync", isInitialSync, Output::bool)
                .optional("last_sync_start", lastSyncStart, Output::instant)
                .optional("next_sync_start", nextSyncStart, Output::instant)
                .optional("last_sync_result", lastSyncResult, ModelStatus::writeState)
                .optional("last_sync_finished", lastSyncFinished, Output::instant)
                .text("status_reason", statusReason)
                .optional("data_fresh_as_of", dataFreshAsOf, Output::instant)
                .texts("synced_fields", syncedFields)
                .texts("unreadable", unreadable);
    }

    private static SyncState readState(Object value) {
        Input in = Input.of(value);
        return in.tag().equals("unknown")
                ? new SyncState.Unknown(in.value().text("text"))
                : Input.asCase(SyncState.Known.class, in.tag());
    }

    private static Output writeState(Output out, String name, SyncState state) throws IOException {
        return out.object(
                name,
                state,
                (inner, value) -> {
                    if (value instanceof SyncState.Unknown unknown) {
                        inner.text("tag", "unknown").object("value", unknown.text(), (in, text) -> in.text("text", text));
                    } else {
                        inner.text("tag", Input.kebab((SyncState.Known) value));
                    }
                });
    }
}
