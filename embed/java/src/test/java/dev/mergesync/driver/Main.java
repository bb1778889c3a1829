// The program by which all hosts are run alike: vectors, replay, bench.
package dev.mergesync.driver;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import dev.mergesync.MergeSync;
import dev.mergesync.RefusedException;
import dev.mergesync.SignedBody;
import dev.mergesync.Webhook;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints one JSON object; exit status 1 where something failed. */
@Command(name = "driver", description = "Runs merge-sync for Java as every other host is run.")
public final class Main {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int BATCHES = 11;

    private Main() {}

    /** The program. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }

    @Command(description = "Run every vector of a folder.")
    int vectors(@Parameters(paramLabel = "DIR") Path folder) throws IOException {
        MergeSync mergeSync = MergeSync.create();
        List<Vectors.Vector> vectors = Vectors.of(folder);
        List<String> failures = new ArrayList<>();
        for (Vectors.Vector vector : vectors) {
            Object answer;
            try {
                answer = Vectors.tree(mergeSync.call(vector.operation(), vector.input()));
            } catch (RefusedException refused) {
                answer = Map.of("error", refused.getMessage());
            }
            if (!answer.equals(vector.output())) {
                failures.add(vector.id());
                System.err.println(vector.id() + ": " + answer);
            }
        }
        print(
                json -> {
                    json.writeStringField("runtime", runtime());
                    json.writeNumberField("passed", vectors.size() - failures.size());
                    json.writeNumberField("failed", failures.size());
                    json.writeArrayFieldStart("failures");
                    for (String id : failures) {
                        json.writeString(id);
                    }
                    json.writeEndArray();
                });
        return failures.isEmpty() ? 0 : 1;
    }

    @Command(description = "Call each line of a file, and digest what came back.")
    int replay(
            @Parameters(paramLabel = "FILE") Path file,
            @Option(names = "--out", paramLabel = "FILE", description = "also write the answers") Path out)
            throws IOException, NoSuchAlgorithmException {
        MergeSync mergeSync = MergeSync.create();
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long lines = 0;
        try (BufferedReader reader = Files.newBufferedReader(file);
                OutputStream sink = out == null ? OutputStream.nullOutputStream() : Files.newOutputStream(out);
                OutputStream answers = new DigestOutputStream(new java.io.BufferedOutputStream(sink), digest)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                Map<?, ?> call = (Map<?, ?>) Vectors.tree(line);
                String answer;
                try {
                    answer = "ok\t" + mergeSync.call((String) call.get("operation"), (String) call.get("input"));
                } catch (RefusedException refused) {
                    answer = "error\t" + refused.getMessage();
                }
                answers.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
                lines++;
            }
        }
        long count = lines;
        print(
                json -> {
                    json.writeNumberField("lines", count);
                    json.writeStringField("sha256", HexFormat.of().formatHex(digest.digest()));
                });
        return 0;
    }

    @Command(description = "Measure webhook.handle.")
    int bench(
            @Parameters(paramLabel = "FILE") Path file,
            @Option(names = "--calls", defaultValue = "2000", description = "in a batch") int calls,
            @Option(names = "--memory-calls", defaultValue = "100000") int memoryCalls)
            throws IOException {
        String text = Files.readString(file);
        Map<?, ?> input = (Map<?, ?>) ((Map<?, ?>) Vectors.tree(text)).get("input");
        byte[] body = ((String) input.get("body")).getBytes(StandardCharsets.UTF_8);
        List<String> signatures = texts(input.get("signatures"));
        List<String> keys = texts(input.get("keys"));
        String raw = rawInput(text);

        long begun = System.nanoTime();
        MergeSync mergeSync = MergeSync.create();
        Webhook.Handling first = mergeSync.webhook().handle(new SignedBody(body, signatures, keys));
        double firstUse = (System.nanoTime() - begun) / 1e6;
        if (!(first.outcome() instanceof Webhook.Accepted)) {
            throw new IOException("the body of " + file + " is not accepted");
        }

        Runnable typed = () -> mergeSync.webhook().handle(new SignedBody(body, signatures, keys));
        Runnable untyped = () -> mergeSync.call("webhook.handle", raw);
        repeat(10_000, typed);
        repeat(10_000, untyped);
        double typedCost = median(calls, typed);
        double untypedCost = median(calls, untyped);
        Optional<Long> before = resident();
        repeat(memoryCalls, typed);
        Optional<Long> after = resident();
        print(
                json -> {
                    json.writeNumberField("webhook_handle_us", rounded(typedCost));
                    json.writeNumberField("text_call_us", rounded(untypedCost));
                    json.writeNumberField("first_use_ms", rounded(firstUse));
                    json.writeNumberField("memory_calls", memoryCalls);
                    number(json, "resident_before", before);
                    number(json, "resident_after", after);
                });
        return 0;
    }

    private static void repeat(int times, Runnable call) {
        for (int at = 0; at < times; at++) {
            call.run();
        }
    }

    /** Microseconds a call, the median of some batches. */
    private static double median(int calls, Runnable call) {
        double[] costs = new double[BATCHES];
        for (int batch = 0; batch < BATCHES; batch++) {
            long begun = System.nanoTime();
            repeat(calls, call);
            costs[batch] = (System.nanoTime() - begun) / 1e3 / calls;
        }
        Arrays.sort(costs);
        return costs[BATCHES / 2];
    }

    private static double rounded(double value) {
        return Math.round(value * 10) / 10.0;
    }

    /** Linux tells it; elsewhere null is printed. */
    private static Optional<Long> resident() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return Optional.empty();
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst();
    }

    private static List<String> texts(Object list) {
        return ((List<?>) list).stream().map(String.class::cast).toList();
    }

    private static String rawInput(String text) throws IOException {
        try (JsonParser parser = JSON.createParser(text)) {
            while (parser.nextToken() != null) {
                if ("input".equals(parser.currentName()) && parser.currentToken().isStructStart()) {
                    return Vectors.raw(parser, text);
                }
            }
        }
        throw new IOException("no input");
    }

    private static String runtime() throws IOException {
        Properties properties = new Properties();
        try (InputStream file =
                MergeSync.class.getResourceAsStream("/META-INF/maven/run.endive/runtime/pom.properties")) {
            properties.load(file);
        }
        return "Endive " + properties.getProperty("version") + ", Java " + Runtime.version();
    }

    private interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    private static void number(JsonGenerator json, String name, Optional<Long> value) throws IOException {
        json.writeFieldName(name);
        if (value.isPresent()) {
            json.writeNumber(value.get());
        } else {
            json.writeNull();
        }
    }

    private static void print(Fields fields) throws IOException {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(line)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        }
        System.out.println(line);
    }
}
