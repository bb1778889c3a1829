// Texts between UTF-16 and UTF-8, strictly: nothing is repaired.
package dev.mergesync;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

final class Texts {
    private Texts() {}

    /** Refuse null. */
    static <T> T present(String field, T value) {
        if (value == null) {
            throw new RefusedException(field + ": null, expected a value");
        }
        return value;
    }

    /** Decode, keeping a byte-order mark; empty where the bytes are not UTF-8. */
    static Optional<String> decode(byte[] bytes) {
        try {
            return Optional.of(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)
                            .decode(ByteBuffer.wrap(bytes))
                            .toString());
        } catch (CharacterCodingException notUtf8) {
            return Optional.empty();
        }
    }

    /** Refuse a half of a surrogate pair: it is no character, and UTF-8 has no bytes for it. */
    static String unicode(String field, String text) {
        int at = loneSurrogate(present(field, text));
        if (at >= 0) {
            throw new RefusedException(field + ": a lone surrogate at index " + at + ", expected Unicode text");
        }
        return text;
    }

    static boolean isUnicode(String text) {
        return loneSurrogate(text) < 0;
    }

    /** Where the first one is, or -1. */
    private static int loneSurrogate(String text) {
        for (int at = 0; at < text.length(); at++) {
            char unit = text.charAt(at);
            if (!Character.isSurrogate(unit)) {
                continue;
            }
            boolean pair =
                    Character.isHighSurrogate(unit)
                            && at + 1 < text.length()
                            && Character.isLowSurrogate(text.charAt(at + 1));
            if (!pair) {
                return at;
            }
            at++;
        }
        return -1;
    }

    /** Encode a text that may hold lone surrogates. */
    static byte[] encode(String field, String text) {
        return unicode(field, text).getBytes(StandardCharsets.UTF_8);
    }
}
