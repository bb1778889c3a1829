// The quick start of the README, followed to the letter in an empty folder with the built jar.
package dev.mergesync;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReadmeIT {
    private static final Path TARGET = Path.of("target");

    @TempDir private Path folder;

    /** The first block of a language after the heading of the quick start. */
    private static String block(String readme, String language) {
        String quickStart = readme.substring(readme.indexOf("## Quick start"));
        Matcher block = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(quickStart);
        assertEquals(true, block.find(), language);
        return block.group(1);
    }

    private static void copyJars(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path jar : files.filter(file -> file.toString().matches(".*(?<!-javadoc)\\.jar")).toList()) {
                Files.copy(jar, to.resolve(jar.getFileName()));
            }
        }
    }

    @Test
    void theQuickStartDoesWhatItSays() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        Path lib = Files.createDirectory(folder.resolve("lib"));
        copyJars(TARGET, lib);
        copyJars(TARGET.resolve("lib"), lib);
        Files.writeString(folder.resolve("QuickStart.java"), block(readme, "java"));

        Process shell =
                new ProcessBuilder("sh", "-e", "-c", block(readme, "sh"))
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .start();
        String printed = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, shell.waitFor(), printed);
        assertEquals(block(readme, "text"), printed);
    }
}
