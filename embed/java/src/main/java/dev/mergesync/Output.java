// Records to JSON text, as the component reads it.
package dev.mergesync;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonStreamContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** An object that is being written. */
final class Output {
    /** Beyond 2^53, a whole number is written as text. */
    private static final long EXACT_UP_TO = 1L << 53;

    private static final BigInteger U64_MAX = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
    private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant END = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private final JsonGenerator json;

    private Output(JsonGenerator json) {
        this.json = json;
    }

    /** What writes fields into an object. */
    interface Writer<T> {
        void write(Output out, T value) throws IOException;
    }

    /** A document of one object. */
    static <T> byte[] document(T value, Writer<T> fields) {
        var bytes = new ByteArrayOutputStream(2048);
        try (JsonGenerator json = Json.FACTORY.createGenerator(bytes)) {
            Output out = new Output(json);
            json.writeStartObject();
            fields.write(out, value);
            json.writeEndObject();
        } catch (IOException impossible) {
            // Writing to memory does not fail.
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }

    Output text(String name, String value) throws IOException {
        json.writeFieldName(name);
        json.writeString(unicode(value));
        return this;
    }

    /** A case of an enum. */
    Output constant(String name, Enum<?> value) throws IOException {
        json.writeFieldName(name);
        json.writeString(Input.kebab(present(value)));
        return this;
    }

    Output texts(String name, List<String> values) throws IOException {
        json.writeFieldName(name);
        present(values);
        json.writeStartArray();
        for (String value : values) {
            json.writeString(unicode(value));
        }
        json.writeEndArray();
        return this;
    }

    Output bool(String name, boolean value) throws IOException {
        json.writeBooleanField(name, value);
        return this;
    }

    /** A whole number that the component checks the range of. */
    Output number(String name, long value) throws IOException {
        json.writeNumberField(name, value);
        return this;
    }

    /** A whole number of 64 bits without a sign. */
    Output unsigned(String name, long value) throws IOException {
        json.writeFieldName(name);
        if (value >= 0 && value <= EXACT_UP_TO) {
            json.writeNumber(value);
        } else {
            json.writeString(Long.toUnsignedString(value));
        }
        return this;
    }

    /** A span in milliseconds; what is finer is cut off. */
    Output duration(String name, Duration value) throws IOException {
        json.writeFieldName(name);
        if (present(value).isNegative()) {
            throw new RefusedException(path() + ": " + value + " is negative");
        }
        BigInteger millis =
                BigInteger.valueOf(value.getSeconds())
                        .multiply(BigInteger.valueOf(1000))
                        .add(BigInteger.valueOf(value.getNano() / 1_000_000));
        if (millis.compareTo(U64_MAX) > 0) {
            throw new RefusedException(path() + ": " + value + " is longer than " + U64_MAX + " milliseconds");
        }
        json.writeString(millis.toString());
        return this;
    }

    /** An instant, floored to microseconds. */
    Output instant(String name, Instant value) throws IOException {
        json.writeFieldName(name);
        if (present(value).isBefore(EARLIEST) || value.isAfter(END)) {
            throw new RefusedException(path() + ": " + value + " is not in the years 0001 to 9999");
        }
        json.writeString(value.truncatedTo(ChronoUnit.MICROS).toString());
        return this;
    }

    /** A field that is left out where it has no value. */
    <T> Output optional(String name, Optional<T> value, Field<T> field) throws IOException {
        if (value == null) {
            json.writeFieldName(name);
            present(value);
        } else if (value.isPresent()) {
            field.write(this, name, value.get());
        }
        return this;
    }

    /** What writes a field of a name. */
    interface Field<T> {
        Output write(Output out, String name, T value) throws IOException;
    }

    <T> Output object(String name, T value, Writer<T> fields) throws IOException {
        json.writeFieldName(name);
        present(value);
        json.writeStartObject();
        fields.write(this, value);
        json.writeEndObject();
        return this;
    }

    <T> Output objects(String name, List<T> values, Writer<T> fields) throws IOException {
        json.writeFieldName(name);
        present(values);
        json.writeStartArray();
        for (T value : values) {
            present(value);
            json.writeStartObject();
            fields.write(this, value);
            json.writeEndObject();
        }
        json.writeEndArray();
        return this;
    }

    /** The path is found only where it is told. */
    private String unicode(String value) {
        return Texts.isUnicode(present(value)) ? value : Texts.unicode(path(), value);
    }

    private <T> T present(T value) {
        return value == null ? Texts.present(path(), value) : value;
    }

    /** Where the value that comes next stands, as the component names it in its own errors. */
    private String path() {
        var path = new StringBuilder();
        for (JsonStreamContext at = json.getOutputContext(); at != null; at = at.getParent()) {
            if (at.inArray()) {
                // The value that comes next is not counted yet; what it stands in is.
                int index = at == json.getOutputContext() ? at.getEntryCount() : at.getCurrentIndex();
                path.insert(0, "[" + index + "]" + (path.isEmpty() || path.charAt(0) == '[' ? "" : "."));
            } else if (at.inObject() && at.getCurrentName() != null) {
                path.insert(0, path.isEmpty() || path.charAt(0) == '[' ? at.getCurrentName() : at.getCurrentName() + ".");
            }
        }
        return path.toString();
    }
}
