// The vectors: inputs and the outputs that every host agrees on.
package dev.mergesync.driver;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Reads vectors, keeping each input as the very text that stands in the file. */
public final class Vectors {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Vectors() {}

    /** One input and what is to come of it: an answer, or {@code {"error": ...}}. */
    public record Vector(String id, String operation, String input, Object output) {}

    /** All of a folder, in the order of their files. */
    public static List<Vector> of(Path folder) throws IOException {
        List<Vector> vectors = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".json")).sorted().toList()) {
                vectors.addAll(read(Files.readString(file)));
            }
        }
        if (vectors.isEmpty()) {
            throw new IOException("no vectors in " + folder);
        }
        return vectors;
    }

    /** A tree whose maps are equal whatever the order of their keys, its numbers exact. */
    public static Object tree(String text) {
        try (JsonParser parser = FACTORY.createParser(text)) {
            parser.nextToken();
            Object tree = tree(parser);
            if (parser.nextToken() != null) {
                throw new IOException("more than one document");
            }
            return tree;
        } catch (IOException malformed) {
            throw new UncheckedIOException(malformed);
        }
    }

    private static List<Vector> read(String text) throws IOException {
        List<Vector> vectors = new ArrayList<>();
        try (JsonParser parser = FACTORY.createParser(text)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                Map<String, String> raw = new HashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    raw.put(name, raw(parser, text));
                }
                vectors.add(
                        new Vector(
                                (String) tree(raw.get("id")),
                                (String) tree(raw.get("operation")),
                                raw.get("input"),
                                tree(raw.get("output"))));
            }
        }
        return vectors;
    }

    /** The text of the value at which the parser stands. */
    public static String raw(JsonParser parser, String text) throws IOException {
        int start = Math.toIntExact(parser.currentTokenLocation().getCharOffset());
        if (parser.currentToken().isStructStart()) {
            parser.skipChildren();
        } else {
            parser.finishToken();
        }
        return text.substring(start, Math.toIntExact(parser.currentLocation().getCharOffset()));
    }

    private static Object tree(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> fields = new HashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    fields.put(name, tree(parser));
                }
                yield fields;
            }
            case START_ARRAY -> {
                List<Object> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(tree(parser));
                }
                yield items;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getBigIntegerValue();
            case VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            case VALUE_NULL -> null;
            default -> throw new IOException("unexpected " + parser.currentToken());
        };
    }
}
