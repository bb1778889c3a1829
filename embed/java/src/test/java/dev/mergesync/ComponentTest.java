// A component that is missing, damaged, of another version, or breaks down.
package dev.mergesync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ComponentTest {
    private static final Path CLASSES = Path.of("target", "classes");
    private static final String COMPONENT = "dev/mergesync/component/";

    @TempDir private Path folder;

    /** A change to the copied classes. */
    private interface Damage {
        void to(Path classes) throws IOException;
    }

    /** What `MergeSync.create()` throws in a program whose copy of this package is damaged. */
    private String created(Damage damage) throws Exception {
        try (Stream<Path> files = Files.walk(CLASSES)) {
            for (Path file : files.toList()) {
                Path copy = folder.resolve(CLASSES.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy);
                }
            }
        }
        damage.to(folder);
        List<URL> urls = new ArrayList<>(List.of(folder.toUri().toURL()));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.endsWith(".jar")) {
                urls.add(Path.of(entry).toUri().toURL());
            }
        }
        try (var loader = new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            Class<?> type = loader.loadClass("dev.mergesync.MergeSync");
            String[] messages = new String[2];
            // Twice: an error at load must not turn into another one.
            for (int attempt = 0; attempt < 2; attempt++) {
                InvocationTargetException thrown =
                        assertThrows(InvocationTargetException.class, () -> type.getMethod("create").invoke(null));
                assertEquals("dev.mergesync.ComponentException", thrown.getCause().getClass().getName());
                messages[attempt] = thrown.getCause().getMessage();
            }
            assertEquals(messages[0], messages[1]);
            return messages[0];
        }
    }

    @Test
    void aMissingModuleIsNamed() throws Exception {
        assertEquals(
                "component: TextModule.meta is missing from the class path",
                created(classes -> Files.delete(classes.resolve(COMPONENT + "TextModule.meta"))));
    }

    @Test
    void aCutModuleIsNamed() throws Exception {
        String message =
                created(
                        classes -> {
                            Path meta = classes.resolve(COMPONENT + "TextModule.meta");
                            byte[] bytes = Files.readAllBytes(meta);
                            Files.write(meta, java.util.Arrays.copyOf(bytes, bytes.length / 2));
                        });
        assertTrue(message.startsWith("component: TextModule.meta is damaged: "), message);
    }

    @Test
    void missingByteCodeIsNamed() throws Exception {
        String message =
                created(classes -> Files.delete(classes.resolve(COMPONENT + "TextModuleMachine.class")));
        assertTrue(message.startsWith("component: its byte code is missing or damaged: "), message);
    }

    @Test
    void damagedByteCodeIsNamed() throws Exception {
        String message =
                created(
                        classes ->
                                Files.write(
                                        classes.resolve(COMPONENT + "TextModuleMachine.class"), new byte[] {1, 2, 3}));
        assertTrue(message.startsWith("component: its byte code is missing or damaged: "), message);
    }

    @Test
    void anotherVersionIsRefused() throws Exception {
        assertEquals(
                "component: its version is 0.1.0, this package is of version 0.2.0",
                created(
                        classes ->
                                Files.writeString(
                                        classes.resolve("dev/mergesync/package.properties"), "version=0.2.0\n")));
    }

    @Test
    void versionsAgree() {
        assertEquals("0.1.0", MergeSync.create().version());
    }
}
