// Every vector, through the function of text and through the typed functions' records.
package dev.mergesync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.mergesync.driver.Vectors;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class VectorsTest {
    static final Path FOLDER = Path.of("..", "..", "tests", "vectors");
    private static final MergeSync MERGE_SYNC = MergeSync.create();

    static Stream<Vectors.Vector> vectors() throws Exception {
        return Vectors.of(FOLDER).stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("vectors")
    void textAnswersAsEveryHostDoes(Vectors.Vector vector) {
        Object answer;
        try {
            answer = Vectors.tree(MERGE_SYNC.call(vector.operation(), vector.input()));
        } catch (RefusedException refused) {
            answer = Map.of("error", refused.getMessage());
        }
        assertEquals(vector.output(), answer, vector.id());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("vectors")
    void typedAnswersSayWhatTheTextSays(Vectors.Vector vector) {
        if (!TypedVectors.expressible(vector)) {
            return;
        }
        Object answer;
        try {
            answer = TypedVectors.answer(MERGE_SYNC, vector);
        } catch (RefusedException refused) {
            answer = Map.of("error", refused.getMessage());
        }
        assertEquals(TypedVectors.withoutNulls(vector.output()), answer, vector.id());
    }

    @Test
    void nearlyEveryVectorIsExpressibleInTypes() throws Exception {
        List<Vectors.Vector> all = Vectors.of(FOLDER);
        long typed = all.stream().filter(TypedVectors::expressible).count();
        assertTrue(typed * 10 >= all.size() * 9, typed + " of " + all.size());
    }
}
