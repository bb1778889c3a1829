// A webhook as it came in.
package dev.mergesync;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the host received, before anything has looked inside it. */
public final class SignedBody {
    private final Optional<String> text;
    private final List<String> signatures;
    private final List<String> keys;

    /**
     * A delivery.
     *
     * @param body the raw request body. It is decoded strictly as UTF-8, a byte-order mark kept; other
     *     bytes are never repaired and never trusted.
     * @param signatures every value of the {@code X-Merge-Webhook-Signature} header, in order
     * @param keys the signing keys to try, newest first; more than one while a key is rotated
     */
    public SignedBody(byte[] body, List<String> signatures, List<String> keys) {
        this.text = Texts.decode(Texts.present("body", body));
        this.signatures = copy("signatures", signatures);
        this.keys = copy("keys", keys);
    }

    /** A null in it is refused with its index, when it is asked about. */
    private static List<String> copy(String field, List<String> texts) {
        return new ArrayList<>(Texts.present(field, texts));
    }

    /** Whether the body is text at all. */
    boolean isText() {
        return text.isPresent();
    }

    /** As the component reads it; an empty body in place of one that is not text. */
    void write(Output out) throws IOException {
        out.text("body", text.orElse("")).texts("signatures", signatures).texts("keys", keys);
    }

    /** Without the keys, which are secret, and without the body, which may hold a token. */
    @Override
    public String toString() {
        return "SignedBody[signatures=" + signatures.size() + ", keys=" + keys.size() + "]";
    }
}
