// How the typed functions reach the component.
package dev.mergesync;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

final class Calls {
    private final Pool pool;

    Calls(Pool pool) {
        this.pool = pool;
    }

    /** A function of one record, which is refused where it is null. */
    <T, R> R ofRecord(byte[] operation, T facts, Output.Writer<T> write, Function<Object, R> read) {
        return typed(operation, Texts.present("facts", facts), write, read);
    }

    /** A function of one record or argument. */
    <T, R> R typed(byte[] operation, T facts, Output.Writer<T> write, Function<Object, R> read) {
        byte[] answer = answer(pool.call(operation, Output.document(facts, write)));
        try {
            return read.apply(Json.read(answer));
        } catch (IOException | ArithmeticException | NumberFormatException other) {
            throw new ComponentException("component: answered with what is no answer: " + other, other);
        }
    }

    /** The function of text. */
    String text(String operation, String input) {
        byte[] name = Texts.encode("operation", operation);
        return utf8(answer(pool.call(name, Texts.encode("input", input))));
    }

    /** The name of an operation, made once. */
    static byte[] operation(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] answer(Component.Answer answer) {
        if (answer.ok()) {
            return answer.text();
        }
        throw new RefusedException(utf8(answer.text()));
    }

    private static String utf8(byte[] text) {
        return Texts.decode(text)
                .orElseThrow(() -> new ComponentException("component: answered with what is not UTF-8"));
    }
}
