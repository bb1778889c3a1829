// An input that no decision can be made about.
package dev.mergesync;

import java.io.Serial;

/**
 * The input was refused: by the component, or before it where the component's text form cannot hold
 * it. The message names the field, what was found and what was expected, for example
 * {@code overlap: -PT5M is negative}.
 */
public final class RefusedException extends MergeSyncException {
    @Serial private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
