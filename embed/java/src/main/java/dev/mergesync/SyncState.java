// types.sync-state
package dev.mergesync;


/** The state of one model's sync, as {@code /sync-status} and webhooks name it. */
public sealed interface SyncState {
    /** A state that this version knows. */
    enum Known implements SyncState {
        /** Running or queued. */
        SYNCING,
        /** The last sync finished with nothing missing. */
        DONE,
        /** The last sync finished; at least one field could not be read. */
        PARTIALLY_SYNCED,
        /** The last sync read nothing. */
        FAILED,
        /** The model, or its scope, is switched off. */
        DISABLED,
        /** Merge stopped syncing this account until it sees traffic or a relink. */
        PAUSED,
    }

    /**
     * Anything else. Says nothing by itself: the initial flag, then the latest result, decide.
     *
     * @param text as Merge sent it
     */
    record Unknown(String text) implements SyncState {}
}
