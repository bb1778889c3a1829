// The component's answers to records.
package dev.mergesync;

import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** An object that came back. What is not as the contract has it is the component's fault. */
final class Input {
    private static final BigInteger THOUSAND = BigInteger.valueOf(1000);

    private final Map<?, ?> fields;

    private Input(Map<?, ?> fields) {
        this.fields = fields;
    }

    static Input of(Object value) {
        if (value instanceof Map<?, ?> fields) {
            return new Input(fields);
        }
        throw unlike("an object", value);
    }

    String text(String name) {
        return asText(fields.get(name));
    }

    boolean bool(String name) {
        return asBool(fields.get(name));
    }

    int integer(String name) {
        return asWhole(fields.get(name)).intValueExact();
    }

    Duration duration(String name) {
        return asDuration(fields.get(name));
    }

    Instant instant(String name) {
        return asInstant(fields.get(name));
    }

    Input object(String name) {
        return of(fields.get(name));
    }

    <T> List<T> list(String name, Function<Object, T> read) {
        if (fields.get(name) instanceof List<?> values) {
            return values.stream().<T>map(read::apply).toList();
        }
        throw unlike("a list", fields.get(name));
    }

    <T> Optional<T> optional(String name, Function<Object, T> read) {
        return Optional.ofNullable(fields.get(name)).map(read);
    }

    /** The case of a variant. */
    String tag() {
        return text("tag");
    }

    /** What comes with it. */
    Input value() {
        return object("value");
    }

    static String asText(Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw unlike("a text", value);
    }

    static boolean asBool(Object value) {
        if (value instanceof Boolean bool) {
            return bool;
        }
        throw unlike("a boolean", value);
    }

    static Instant asInstant(Object value) {
        try {
            return Instant.parse(asText(value));
        } catch (DateTimeException other) {
            throw unlike("an instant", value);
        }
    }

    static Duration asDuration(Object value) {
        BigInteger[] parts = asWhole(value).divideAndRemainder(THOUSAND);
        return Duration.ofSeconds(parts[0].longValueExact(), parts[1].longValueExact() * 1_000_000);
    }

    /** A case of an enum, from its name in the contract. */
    static <E extends Enum<E>> E asCase(Class<E> type, Object value) {
        for (E constant : type.getEnumConstants()) {
            if (kebab(constant).equals(value)) {
                return constant;
            }
        }
        throw unlike("a case of " + type.getSimpleName(), value);
    }

    /** The name of an enum's case in the contract. */
    static String kebab(Enum<?> constant) {
        return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    private static BigInteger asWhole(Object value) {
        if (value instanceof BigInteger whole) {
            return whole;
        }
        if (value instanceof String digits) {
            return new BigInteger(digits);
        }
        throw unlike("a whole number", value);
    }

    /** The kind is told and not the value, which may be a secret. */
    static ComponentException unlike(String expected, Object found) {
        String kind = found == null ? "nothing" : found.getClass().getSimpleName();
        return new ComponentException("component: answered with " + kind + " in place of " + expected);
    }
}
