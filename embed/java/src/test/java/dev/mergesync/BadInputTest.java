// What is wrong is refused with one line that names the field, and the next call works.
package dev.mergesync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class BadInputTest {
    private static final MergeSync MERGE_SYNC = MergeSync.create(1);
    private static final byte[] NOT_UTF8 = {'{', '"', (byte) 0xff, '"', ':', '1', '}'};

    private static void refuses(String message, Executable call) {
        RefusedException refused = assertThrows(RefusedException.class, call);
        assertEquals(message, refused.getMessage());
    }

    @AfterEach
    void theNextCallWorks() {
        assertEquals(
                new Window.Listed("/api/hris/v1/employees", true, List.of("id"), ""),
                MERGE_SYNC.window().locate("hris.Employee"));
    }

    @Test
    void bytesThatAreNotUtf8AreAnsweredWithInvalidSignature() {
        Webhook.Handling handling = MERGE_SYNC.webhook().handle(Fixtures.signed(NOT_UTF8));
        assertEquals(new Webhook.Reply(401, "{\"error\": \"Invalid signature\"}"), handling.reply());
        var mismatch = new Signature.Refused(Signature.Refusal.MISMATCH);
        assertEquals(new Webhook.Refused(mismatch), handling.outcome());
        assertEquals(mismatch, MERGE_SYNC.signature().verify(Fixtures.signed(NOT_UTF8)));
    }

    @Test
    void bytesThatAreNotUtf8AreNotTakenForTheEmptyBody() {
        // The signature of the empty body, under the very key: what is asked in their place.
        var delivery =
                new SignedBody(NOT_UTF8, List.of(Fixtures.signature(new byte[0])), List.of(Fixtures.KEY));
        assertEquals(401, MERGE_SYNC.webhook().handle(delivery).reply().status());
        assertInstanceOf(Signature.Refused.class, MERGE_SYNC.signature().verify(delivery));
    }

    @Test
    void whatIsWrongBesideBytesThatAreNotUtf8IsToldAsEver() {
        var noKey = new SignedBody(NOT_UTF8, List.of("x"), List.of());
        assertEquals(500, MERGE_SYNC.webhook().handle(noKey).reply().status());
        var unsigned = new SignedBody(NOT_UTF8, List.of(), List.of(Fixtures.KEY));
        assertEquals("{\"error\": \"Missing signature\"}", MERGE_SYNC.webhook().handle(unsigned).reply().body());
    }

    @Test
    void overlongAndSurrogateBytesAreNotUtf8() {
        for (byte[] body : List.of(new byte[] {(byte) 0xc0, (byte) 0x80}, new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80})) {
            assertEquals(401, MERGE_SYNC.webhook().handle(Fixtures.signed(body)).reply().status());
        }
    }

    @Test
    void aByteOrderMarkIsPartOfWhatIsSigned() {
        byte[] marked = ("\ufeff" + Fixtures.SYNCED).getBytes(StandardCharsets.UTF_8);
        assertInstanceOf(Signature.Authentic.class, MERGE_SYNC.signature().verify(Fixtures.signed(marked)));
        byte[] unmarked = Fixtures.SYNCED.getBytes(StandardCharsets.UTF_8);
        var swapped = new SignedBody(marked, List.of(Fixtures.signature(unmarked)), List.of(Fixtures.KEY));
        assertEquals(new Signature.Refused(Signature.Refusal.MISMATCH), MERGE_SYNC.signature().verify(swapped));
    }

    @Test
    void aBodyOfTenMegabytesIsHandled() {
        byte[] body = new byte[10 << 20];
        Arrays.fill(body, (byte) '"');
        Webhook.Handling handling = MERGE_SYNC.webhook().handle(Fixtures.signed(body));
        assertEquals(200, handling.reply().status());
        assertInstanceOf(Webhook.Malformed.class, handling.outcome());
        String page = "{\"next\":null,\"results\":[{\"id\":\"a\",\"text\":\"" + "x".repeat(10 << 20) + "\"}]}";
        assertTrue(MERGE_SYNC.page().parse("hris.Employee", page).rows().get(0).json().length() > 10 << 20);
    }

    @Test
    void loneSurrogatesAreRefusedWithTheirField() {
        refuses(
                "model_id: a lone surrogate at index 5, expected Unicode text",
                () -> MERGE_SYNC.window().locate("hris.\ud800"));
        refuses(
                "model_id: a lone surrogate at index 0, expected Unicode text",
                () -> MERGE_SYNC.window().locate("\udc00\ud800"));
        refuses(
                "keys[1]: a lone surrogate at index 0, expected Unicode text",
                () -> MERGE_SYNC.signature().verify(new SignedBody(new byte[0], List.of(), List.of("a", "\ud800"))));
        refuses(
                "input: a lone surrogate at index 1, expected Unicode text",
                () -> MERGE_SYNC.call("window.locate", "{\ud800"));
        refuses(
                "operation: a lone surrogate at index 0, expected Unicode text",
                () -> MERGE_SYNC.call("\udbff", "{}"));
        // A whole pair is one character.
        assertInstanceOf(Window.Unmapped.class, MERGE_SYNC.window().locate("\ud83d\ude00"));
    }

    @Test
    void whatIsFinerThanAMicrosecondIsFloored() {
        for (String second : List.of("2025-11-27T10:52:03", "1969-12-31T23:59:59")) {
            Window.Span span =
                    (Window.Span)
                            MERGE_SYNC.window().next(Fixtures.window(Instant.parse(second + ".118402999Z"), Duration.ZERO));
            assertEquals(Instant.parse(second + ".118402Z"), span.watermark());
            assertEquals(Optional.of(Instant.parse(second + ".118403Z")), span.before());
        }
    }

    @Test
    void instantsOutsideTheCalendarAreRefused() {
        for (Instant wrong : List.of(Instant.MIN, Instant.MAX, Instant.parse("0000-12-31T23:59:59.999999999Z"))) {
            refuses(
                    "status.last_sync_finished: " + wrong + " is not in the years 0001 to 9999",
                    () -> MERGE_SYNC.window().next(Fixtures.window(wrong, Duration.ZERO)));
        }
        Instant latest = Instant.parse("9999-12-31T23:59:59.999999999Z");
        Window.Span span = (Window.Span) MERGE_SYNC.window().next(Fixtures.window(latest, Duration.ZERO));
        assertEquals(latest.truncatedTo(ChronoUnit.MICROS), span.watermark());
    }

    @Test
    void spansOutOfRangeAreRefused() {
        refuses(
                "overlap: PT-5M is negative",
                () -> MERGE_SYNC.window().next(Fixtures.window(Fixtures.NOON, Duration.ofMinutes(-5))));
        Duration endless = Duration.ofSeconds(Long.MAX_VALUE);
        refuses(
                "overlap: " + endless + " is longer than 18446744073709551615 milliseconds",
                () -> MERGE_SYNC.window().next(Fixtures.window(Fixtures.NOON, endless)));
        Duration longest = Duration.ofSeconds(18_446_744_073_709_551L, 615_999_999);
        assertInstanceOf(
                Window.Span.class, MERGE_SYNC.window().next(Fixtures.window(Fixtures.NOON, longest)));
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        refuses(
                "outcome.value.status: `65536` is not a whole number from 0 to 65535",
                () -> MERGE_SYNC.retry().decide(Fixtures.retry(65_536, 1, Fixtures.NOON, Retry.Policy.DEFAULT)));
        refuses(
                "attempt: `4294967296` is not a whole number from 0 to 4294967295",
                () -> MERGE_SYNC.retry().decide(Fixtures.retry(500, 1L << 32, Fixtures.NOON, Retry.Policy.DEFAULT)));
        assertThrows(
                RefusedException.class,
                () -> MERGE_SYNC.retry().decide(Fixtures.retry(-1, 1, Fixtures.NOON, Retry.Policy.DEFAULT)));
        assertInstanceOf(
                Retry.Stop.class,
                MERGE_SYNC.retry().decide(Fixtures.retry(500, (1L << 32) - 1, Fixtures.NOON, Retry.Policy.DEFAULT)));
        refuses("concurrency: 0 is less than 1", () -> MergeSync.create(0));
    }

    @Test
    void seedsAndSpansBeyond53BitsAreExact() {
        var forever = Duration.ofSeconds(18_446_744_073_709_551L, 615_000_000);
        var fixed = new Cadence.Interval(forever, forever);
        var policy = new Cadence.Policy(fixed, fixed, fixed, fixed, fixed, forever);
        var facts = new Cadence.Facts(List.of(), false, Fixtures.NOON, Fixtures.NOON, -1, policy);
        assertEquals(forever, MERGE_SYNC.cadence().next(facts).after());

        var largest = new Retry.Facts(new Retry.Transport("cut"), 5, Fixtures.NOON, -1, Retry.Policy.DEFAULT);
        Retry.Again again = (Retry.Again) MERGE_SYNC.retry().decide(largest);
        String text =
                MERGE_SYNC.call(
                        "retry.decide",
                        "{\"outcome\":{\"tag\":\"transport\",\"value\":{\"message\":\"cut\"}},\"attempt\":5,"
                                + "\"now\":\"2025-11-27T12:00:00Z\",\"seed\":\"18446744073709551615\",\"policy\":"
                                + "{\"base\":1000,\"throttled_base\":10000,\"cap\":600000,\"max_attempts\":8}}");
        assertTrue(text.contains("\"after\":" + again.after().toMillis() + ","), text);
    }

    @Test
    void wrongTypesAndShapesAreRefused() {
        refuses("model_id: expected a text, found a number", () -> MERGE_SYNC.call("window.locate", "{\"model_id\":1}"));
        for (String input : List.of("", "{", "[]", "null", "{\"model_id\":\"a\"} x", "{\"model_id\":\"a\",\"b\":1}")) {
            assertThrows(RefusedException.class, () -> MERGE_SYNC.call("window.locate", input), input);
        }
        assertThrows(RefusedException.class, () -> MERGE_SYNC.call("window.nope", "{}"));
        assertThrows(RefusedException.class, () -> MERGE_SYNC.page().parse("hris.Employee", "<html>"));
        assertThrows(RefusedException.class, () -> MERGE_SYNC.readiness().parseStatus("[]"));
    }

    @Test
    void nullsAreRefusedWithTheirName() {
        refuses("body: null, expected a value", () -> new SignedBody(null, List.of(), List.of()));
        refuses(
                "signatures[1]: null, expected a value",
                () -> MERGE_SYNC.signature().verify(new SignedBody(new byte[0], Arrays.asList("a", null), List.of())));
        refuses("facts: null, expected a value", () -> MERGE_SYNC.webhook().handle(null));
        refuses("model_id: null, expected a value", () -> MERGE_SYNC.window().locate(null));
        refuses("model_id: null, expected a value", () -> MERGE_SYNC.page().parse(null, "{}"));
        refuses("body: null, expected a value", () -> MERGE_SYNC.page().parse("hris.Employee", null));
        refuses("operation: null, expected a value", () -> MERGE_SYNC.call(null, "{}"));
        refuses(
                "policy.base: null, expected a value",
                () -> MERGE_SYNC.retry().decide(Fixtures.retry(500, 1, Fixtures.NOON, new Retry.Policy(null, null, null, 1))));
        refuses("now: null, expected a value", () -> MERGE_SYNC.retry().decide(Fixtures.retry(500, 1, null, Retry.Policy.DEFAULT)));
        refuses(
                "statuses[0]: null, expected a value",
                () ->
                        MERGE_SYNC.readiness()
                                .evaluate(
                                        new Readiness.Facts(
                                                Arrays.asList((ModelStatus) null),
                                                true,
                                                List.of(),
                                                Readiness.PartialPolicy.STRICT,
                                                List.of(),
                                                false)));
        ModelStatus nameless =
                new ModelStatus(null, "", null, null, null, null, null, null, "", null, List.of(), List.of());
        refuses(
                "statuses[1].model_id: null, expected a value",
                () ->
                        MERGE_SYNC.readiness()
                                .evaluate(
                                        new Readiness.Facts(
                                                List.of(Fixtures.done(Fixtures.NOON), nameless),
                                                true,
                                                List.of(),
                                                Readiness.PartialPolicy.STRICT,
                                                List.of(),
                                                false)));
        refuses(
                "progress.last_synced_at: null, expected a value",
                () ->
                        MERGE_SYNC.window()
                                .next(
                                        new Window.Facts(
                                                Fixtures.done(Fixtures.NOON),
                                                new Window.Progress(null, null, null),
                                                true,
                                                Window.Rule.CONTIGUOUS,
                                                Duration.ZERO)));
    }

    @Test
    void secretsAreNotPrinted() {
        var delivery = new SignedBody("token-in-body".getBytes(StandardCharsets.UTF_8), List.of(), List.of("key-1"));
        assertEquals("SignedBody[signatures=0, keys=1]", delivery.toString());
        String body =
                "{\"hook\":{\"event\":\"LinkedAccount.linked\"},\"linked_account\":{\"id\":\"a\"},"
                        + "\"data\":{\"account_token\":\"token-1\",\"is_relink\":true}}";
        Webhook.Handling handling = MERGE_SYNC.webhook().handle(Fixtures.signed(body));
        Webhook.Linked linked = (Webhook.Linked) ((Webhook.Accepted) handling.outcome()).event();
        assertEquals("token-1", linked.accountToken());
        assertFalse(handling.toString().contains("token-1"), handling::toString);
    }
}
