// Vectors through the typed functions: JSON to records and back, by reflection, so that a field which
// the package forgets or misnames is found.
package dev.mergesync;

import dev.mergesync.driver.Vectors;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

final class TypedVectors {
    private static final BigInteger TWO_53 = BigInteger.ONE.shiftLeft(53);
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter MICROS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);

    /** Variants and the tags of their cases. */
    private static final Map<Class<?>, String> TAGS =
            Map.ofEntries(
                    Map.entry(Signature.Authentic.class, "authentic"),
                    Map.entry(Webhook.Linked.class, "linked"),
                    Map.entry(Webhook.Synced.class, "synced"),
                    Map.entry(Webhook.RecordChanged.class, "record-changed"),
                    Map.entry(Webhook.IssueChanged.class, "issue-changed"),
                    Map.entry(Webhook.Unlinked.class, "unlinked"),
                    Map.entry(Webhook.Ignored.class, "ignored"),
                    Map.entry(Webhook.Accepted.class, "accepted"),
                    Map.entry(Webhook.Malformed.class, "malformed"),
                    Map.entry(Signature.Refused.class, "refused"),
                    Map.entry(SyncState.Unknown.class, "unknown"),
                    Map.entry(Window.Span.class, "fetch"),
                    Map.entry(Window.Skip.class, "skip"),
                    Map.entry(Window.Listed.class, "listed"),
                    Map.entry(Window.Unlisted.class, "unlisted"),
                    Map.entry(Window.Unmapped.class, "unmapped"),
                    Map.entry(Retry.Response.class, "response"),
                    Map.entry(Retry.Transport.class, "transport"),
                    Map.entry(Retry.TimedOut.class, "timed-out"),
                    Map.entry(Retry.TooLarge.class, "too-large"),
                    Map.entry(Retry.Unusable.class, "unusable"),
                    Map.entry(Retry.StaleCursor.class, "stale-cursor"),
                    Map.entry(Retry.NoToken.class, "no-token"),
                    Map.entry(Retry.Succeeded.class, "succeeded"),
                    Map.entry(Retry.Again.class, "again"),
                    Map.entry(Retry.Stop.class, "stop"));

    private TypedVectors() {}

    /** An input that the types cannot hold, such as one with an unknown key. */
    private static final class Inexpressible extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Inexpressible(String why) {
            super(why);
        }
    }

    static boolean expressible(Vectors.Vector vector) {
        try {
            facts(vector);
            return true;
        } catch (Inexpressible lacking) {
            return false;
        }
    }

    static Object answer(MergeSync mergeSync, Vectors.Vector vector) {
        Object facts = facts(vector);
        return switch (vector.operation()) {
            case "signature.verify" ->
                    tree(mergeSync.signature().verify((SignedBody) facts), Signature.Verdict.class);
            case "webhook.handle" -> tree(mergeSync.webhook().handle((SignedBody) facts), null);
            case "readiness.parse-status" -> tree(mergeSync.readiness().parseStatus((String) facts), null);
            case "readiness.evaluate" -> tree(mergeSync.readiness().evaluate((Readiness.Facts) facts), null);
            case "window.next" -> tree(mergeSync.window().next((Window.Facts) facts), Window.Plan.class);
            case "window.advance" -> tree(mergeSync.window().advance((Window.Completed) facts), null);
            case "window.locate" -> tree(mergeSync.window().locate((String) facts), Window.Endpoint.class);
            case "page.parse" -> {
                Asked asked = (Asked) facts;
                yield tree(mergeSync.page().parse(asked.modelId(), asked.body()), null);
            }
            case "cadence.next" -> tree(mergeSync.cadence().next((Cadence.Facts) facts), null);
            case "retry.decide" -> tree(mergeSync.retry().decide((Retry.Facts) facts), Retry.Decision.class);
            case "meta.version" -> mergeSync.version();
            default -> throw new IllegalStateException("no typed function for " + vector.operation());
        };
    }

    /** The plain arguments of {@code page.parse}. */
    private record Asked(String modelId, String body) {}

    private static Object facts(Vectors.Vector vector) {
        Map<?, ?> input = map(Vectors.tree(vector.input()));
        return switch (vector.operation()) {
            case "signature.verify", "webhook.handle" -> {
                only(input, Set.of("body", "signatures", "keys"));
                yield new SignedBody(
                        text(input.get("body")).getBytes(StandardCharsets.UTF_8),
                        texts(input.get("signatures")),
                        texts(input.get("keys")));
            }
            case "readiness.parse-status" -> argument(input, "body");
            case "page.parse" -> value(input, Asked.class);
            case "window.locate" -> argument(input, "model_id");
            case "readiness.evaluate" -> value(input, Readiness.Facts.class);
            case "window.next" -> value(input, Window.Facts.class);
            case "window.advance" -> value(input, Window.Completed.class);
            case "cadence.next" -> value(input, Cadence.Facts.class);
            case "retry.decide" -> value(input, Retry.Facts.class);
            case "meta.version" -> {
                only(input, Set.of());
                yield "";
            }
            // A vector of an operation that is not a decision.
            default -> throw new Inexpressible(vector.operation());
        };
    }

    private static String argument(Map<?, ?> input, String name) {
        only(input, Set.of(name));
        return text(input.get(name));
    }

    /** A tree to a value of a type. */
    private static Object value(Object tree, Type type) {
        if (type instanceof ParameterizedType of) {
            Type inner = of.getActualTypeArguments()[0];
            if (of.getRawType() == Optional.class) {
                return Optional.ofNullable(tree).map(present -> value(present, inner));
            }
            if (tree instanceof List<?> items) {
                return items.stream().map(item -> value(item, inner)).toList();
            }
            throw new Inexpressible("not a list: " + tree);
        }
        Class<?> plain = (Class<?>) type;
        if (plain == String.class) {
            return text(tree);
        }
        if (plain == boolean.class || plain == Boolean.class) {
            if (tree instanceof Boolean) {
                return tree;
            }
            throw new Inexpressible("not a boolean: " + tree);
        }
        if (plain == int.class) {
            return within(tree, 31).intValue();
        }
        if (plain == long.class) {
            return within(tree, 64).longValue();
        }
        if (plain == Duration.class) {
            BigInteger[] parts = within(tree, 64).divideAndRemainder(BigInteger.valueOf(1000));
            return Duration.ofSeconds(parts[0].longValueExact(), parts[1].longValueExact() * 1_000_000);
        }
        if (plain == Instant.class) {
            return instant(tree);
        }
        if (plain.isEnum()) {
            return constant(tree, plain);
        }
        if (plain == SyncState.class) {
            Map<?, ?> variant = map(tree);
            return "unknown".equals(variant.get("tag"))
                    ? value(variant.get("value"), SyncState.Unknown.class)
                    : constant(variant.get("tag"), SyncState.Known.class);
        }
        if (plain.isSealed()) {
            return variant(map(tree), plain);
        }
        return record(map(tree), plain);
    }

    private static Object variant(Map<?, ?> tree, Class<?> type) {
        for (Class<?> permitted : type.getPermittedSubclasses()) {
            if (TAGS.get(permitted).equals(tree.get("tag"))) {
                only(tree, Set.of("tag", "value"));
                boolean bare = permitted.getRecordComponents().length == 0 && tree.get("value") == null;
                return record(bare ? Map.of() : map(tree.get("value")), permitted);
            }
        }
        throw new Inexpressible("no case " + tree);
    }

    private static Object record(Map<?, ?> tree, Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        Set<String> names = new HashSet<>();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        for (int at = 0; at < components.length; at++) {
            String name = snake(components[at].getName());
            names.add(name);
            types[at] = components[at].getType();
            values[at] = value(tree.get(name), components[at].getGenericType());
        }
        only(tree, names);
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static Object constant(Object tree, Class<?> type) {
        for (Object constant : type.getEnumConstants()) {
            if (kebab((Enum<?>) constant).equals(tree)) {
                return constant;
            }
        }
        throw new Inexpressible("no case " + tree);
    }

    private static Instant instant(Object tree) {
        try {
            return OffsetDateTime.parse(text(tree)).toInstant();
        } catch (DateTimeException other) {
            throw new Inexpressible("not an instant: " + tree);
        }
    }

    private static BigInteger within(Object tree, int bits) {
        BigInteger number;
        try {
            number = tree instanceof String digits ? new BigInteger(digits) : (BigInteger) tree;
        } catch (NumberFormatException | ClassCastException other) {
            throw new Inexpressible("not a number: " + tree);
        }
        if (number == null || number.signum() < 0 || number.bitLength() > bits) {
            throw new Inexpressible("out of range: " + tree);
        }
        return number;
    }

    private static String text(Object tree) {
        if (tree instanceof String text) {
            return text;
        }
        throw new Inexpressible("not a text: " + tree);
    }

    private static List<String> texts(Object tree) {
        if (tree instanceof List<?> items) {
            return items.stream().map(TypedVectors::text).toList();
        }
        throw new Inexpressible("not a list: " + tree);
    }

    private static Map<?, ?> map(Object tree) {
        if (tree instanceof Map<?, ?> map) {
            return map;
        }
        throw new Inexpressible("not an object: " + tree);
    }

    private static void only(Map<?, ?> tree, Set<String> names) {
        if (!names.containsAll(tree.keySet())) {
            throw new Inexpressible("keys " + tree.keySet());
        }
    }

    /** A value to a tree; {@code variant} is the type it is declared with, where that is a variant. */
    private static Object tree(Object value, Type declared) {
        if (value instanceof Optional<?> optional) {
            return optional.map(present -> tree(present, inner(declared))).orElse(null);
        }
        if (value instanceof List<?> items) {
            return items.stream().map(item -> tree(item, inner(declared))).toList();
        }
        if (value instanceof Integer number) {
            return BigInteger.valueOf(number);
        }
        if (value instanceof Duration span) {
            BigInteger millis =
                    BigInteger.valueOf(span.getSeconds())
                            .multiply(BigInteger.valueOf(1000))
                            .add(BigInteger.valueOf(span.toMillisPart()));
            return millis.compareTo(TWO_53) > 0 ? millis.toString() : millis;
        }
        if (value instanceof Instant instant) {
            return (instant.getNano() == 0 ? SECONDS : MICROS).format(instant) + "Z";
        }
        if (value instanceof SyncState.Known known) {
            return Map.of("tag", kebab(known));
        }
        if (value instanceof Enum<?> constant) {
            return kebab(constant);
        }
        // The outcome of a webhook wraps what the contract has as the payload itself.
        if (value instanceof Webhook.Refused refused) {
            return Map.of("tag", "refused", "value", fields(refused.refused()));
        }
        if (value instanceof Webhook.Malformed malformed) {
            Map<String, Object> payload = new HashMap<>(fields(malformed));
            payload.put("problem", Map.of("message", malformed.problem()));
            return Map.of("tag", "malformed", "value", payload);
        }
        if (value instanceof Record record) {
            Map<String, Object> fields = fields(record);
            if (!(declared instanceof Class<?> type && type.isSealed())) {
                return fields;
            }
            String tag = TAGS.get(record.getClass());
            return record.getClass().getRecordComponents().length == 0
                    ? Map.of("tag", tag)
                    : Map.of("tag", tag, "value", fields);
        }
        return value;
    }

    private static Type inner(Type declared) {
        return ((ParameterizedType) declared).getActualTypeArguments()[0];
    }

    private static Map<String, Object> fields(Record record) {
        Map<String, Object> fields = new HashMap<>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            try {
                Object tree = tree(component.getAccessor().invoke(record), component.getGenericType());
                if (tree != null) {
                    fields.put(snake(component.getName()), tree);
                }
            } catch (ReflectiveOperationException failed) {
                throw new IllegalStateException(failed);
            }
        }
        return fields;
    }

    /** A tree without its nulls: absent and null are the same. */
    static Object withoutNulls(Object tree) {
        if (tree instanceof Map<?, ?> map) {
            Map<Object, Object> kept = new HashMap<>();
            map.forEach(
                    (key, value) -> {
                        if (value != null) {
                            kept.put(key, withoutNulls(value));
                        }
                    });
            return kept;
        }
        if (tree instanceof List<?> items) {
            List<Object> kept = new ArrayList<>();
            items.forEach(item -> kept.add(withoutNulls(item)));
            return kept;
        }
        return tree;
    }

    private static String snake(String camel) {
        return camel.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static String kebab(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
