// What several tests need: a signed body and facts to start from.
package dev.mergesync;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Fixtures {
    public static final String KEY = "example_signature_key_not_a_real_secret";
    public static final String SYNCED =
            "{\"hook\":{\"event\":\"Employee.synced\"},\"linked_account\":{\"id\":\"7841ee0a\"},\"data\":{}}";
    static final Instant NOON = Instant.parse("2025-11-27T12:00:00Z");

    private Fixtures() {}

    /** As Merge signs. */
    public static String signature(byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(KEY.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return Base64.getUrlEncoder().encodeToString(mac.doFinal(body));
        } catch (java.security.GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static SignedBody signed(byte[] body) {
        return new SignedBody(body, List.of(signature(body)), List.of(KEY));
    }

    static SignedBody signed(String body) {
        return signed(body.getBytes(StandardCharsets.UTF_8));
    }

    static ModelStatus done(Instant finished) {
        return new ModelStatus(
                "hris.Employee",
                "Employee",
                Optional.of(SyncState.Known.DONE),
                Optional.of(false),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(finished),
                "",
                Optional.empty(),
                List.of(),
                List.of());
    }

    static Window.Facts window(Instant finished, Duration overlap) {
        return new Window.Facts(
                done(finished), Window.Progress.NONE, true, Window.Rule.CONTIGUOUS, overlap);
    }

    static Retry.Facts retry(int status, long attempt, Instant now, Retry.Policy policy) {
        return new Retry.Facts(
                new Retry.Response(status, Optional.empty(), Optional.empty()), attempt, now, 1, policy);
    }
}
