// One instance of the core module, called through the canonical ABI. Not thread-safe.
package dev.mergesync;

import dev.mergesync.component.TextModule;
import java.io.IOException;
import java.io.InputStream;
import run.endive.runtime.ByteArrayMemory;
import run.endive.runtime.ExportFunction;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.wasm.Parser;
import run.endive.wasm.WasmModule;

final class Component {
    /** Pointer and length of either text in, pointer to the result out. */
    private static final String CALL = "merge-sync:triggers/json@0.1.0#call";

    /** Called with that pointer once the result was read: frees it. */
    private static final String POST_RETURN = "cabi_post_" + CALL;

    /** What the build left of the module beside the byte code: data, tables, exports. */
    private static final String META = "TextModule.meta";

    private static final int PAGE = 65_536;

    private final Memory memory;
    private final ExportFunction realloc;
    private final ExportFunction call;
    private final ExportFunction postReturn;

    private Component(Instance instance) {
        memory = instance.memory();
        realloc = instance.export("cabi_realloc");
        call = instance.export(CALL);
        postReturn = instance.export(POST_RETURN);
    }

    /** A text that came back, as UTF-8, and whether it is an answer or an error. */
    record Answer(boolean ok, byte[] text) {}

    /** Read the module from the class path. */
    static WasmModule module() {
        try (InputStream meta = TextModule.class.getResourceAsStream(META)) {
            if (meta == null) {
                throw new ComponentException("component: " + META + " is missing from the class path");
            }
            return Parser.parse(meta.readAllBytes());
        } catch (ComponentException missing) {
            throw missing;
        } catch (IOException | RuntimeException damage) {
            throw new ComponentException("component: " + META + " is damaged: " + damage.getMessage(), damage);
        } catch (LinkageError damage) {
            throw damaged(damage);
        }
    }

    /** A new instance. It is given no imports. */
    static Component open(WasmModule module) {
        try {
            Instance instance =
                    Instance.builder(module)
                            .withMachineFactory(TextModule::create)
                            .withMemoryFactory(ByteArrayMemory::new)
                            .build();
            return new Component(instance);
        } catch (RuntimeException damage) {
            throw new ComponentException("component: cannot be started: " + damage.getMessage(), damage);
        } catch (LinkageError damage) {
            throw damaged(damage);
        }
    }

    private static ComponentException damaged(LinkageError damage) {
        return new ComponentException("component: its byte code is missing or damaged: " + damage, damage);
    }

    /**
     * One call: a {@code result<string, string>} lies in memory as a case number in one byte, then,
     * four bytes on, pointer and length of the text. Whatever is thrown from here, the instance is
     * not to be used again.
     */
    Answer call(byte[] operation, byte[] input) {
        int operationAt = write(operation);
        int inputAt = write(input);
        int result = (int) call.apply(operationAt, operation.length, inputAt, input.length)[0];
        int variant = memory.read(result);
        if (variant != 0 && variant != 1) {
            throw new IllegalStateException("case " + variant + " of a result");
        }
        byte[] text = memory.readBytes(memory.readInt(result + 4), memory.readInt(result + 8));
        postReturn.apply(result);
        return new Answer(variant == 0, text);
    }

    /** How much memory the instance holds. It never gives any back. */
    long memoryBytes() {
        return (long) memory.pages() * PAGE;
    }

    private int write(byte[] text) {
        int at = (int) realloc.apply(0, 0, 1, text.length)[0];
        memory.write(at, text);
        return at;
    }
}
