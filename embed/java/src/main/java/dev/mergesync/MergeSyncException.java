// The errors of this package.
package dev.mergesync;

import java.io.Serial;

/** What merge-sync could not do, in one line that names the field at fault. Never carries a secret. */
public abstract sealed class MergeSyncException extends RuntimeException
        permits RefusedException, ComponentException {
    @Serial private static final long serialVersionUID = 1L;

    MergeSyncException(String message) {
        super(message);
    }

    MergeSyncException(String message, Throwable cause) {
        super(message, cause);
    }
}
