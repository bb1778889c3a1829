// A component that cannot be used.
package dev.mergesync;

import java.io.Serial;

/**
 * The component is missing, damaged, of another version than this package, or broke down. After the
 * last of these the next call works: the instance that broke down is not used again.
 */
public final class ComponentException extends MergeSyncException {
    @Serial private static final long serialVersionUID = 1L;

    ComponentException(String message) {
        super(message);
    }

    ComponentException(String message, Throwable cause) {
        super(message, cause);
    }
}
