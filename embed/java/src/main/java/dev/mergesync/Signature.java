// signature.verify
package dev.mergesync;

/** Did Merge send this body? */
public final class Signature {
    private static final byte[] VERIFY = Calls.operation("signature.verify");

    private final Calls calls;

    Signature(Calls calls) {
        this.calls = calls;
    }

    /** The answer. */
    public sealed interface Verdict permits Authentic, Refused {}

    /**
     * Trust the body: it is Merge's.
     *
     * @param keyIndex index in the keys of the one that matched
     * @param deliveryId a stable name for this delivery: two deliveries of the same bytes share it
     */
    public record Authentic(int keyIndex, String deliveryId) implements Verdict {
        static Authentic read(Input in) {
            return new Authentic(in.integer("key_index"), in.text("delivery_id"));
        }
    }

    /**
     * Do not look inside the body.
     *
     * @param reason why
     */
    public record Refused(Refusal reason) implements Verdict {
        static Refused read(Input in) {
            return new Refused(Input.asCase(Refusal.class, in.text("reason")));
        }
    }

    /** Why a body was refused. */
    public enum Refusal {
        /** No signature header. */
        MISSING_SIGNATURE,
        /** More than one signature header. */
        AMBIGUOUS_SIGNATURE,
        /** The header is not base64url of 32 bytes. */
        MALFORMED_SIGNATURE,
        /** No key produces this signature. So it is for a body that is not UTF-8. */
        MISMATCH,
        /** The host passed no key, or an empty one. The host's fault, not the sender's. */
        NO_KEY,
    }

    /**
     * HMAC-SHA256 of the body under each key, base64url with or without padding, compared in constant
     * time.
     *
     * @param delivery the body and what came with it
     * @return whether to trust it
     */
    public Verdict verify(SignedBody delivery) {
        Verdict verdict = calls.ofRecord(VERIFY, delivery, (out, facts) -> facts.write(out), Signature::read);
        // Of a body that is not text, an empty one was asked about: whatever else is wrong with the
        // delivery is told first, as ever, and authentic it is not.
        return delivery.isText() || verdict instanceof Refused ? verdict : new Refused(Refusal.MISMATCH);
    }

    private static Verdict read(Object value) {
        Input in = Input.of(value);
        return switch (in.tag()) {
            case "authentic" -> Authentic.read(in.value());
            case "refused" -> Refused.read(in.value());
            default -> throw Input.unlike("a verdict", in.tag());
        };
    }
}
