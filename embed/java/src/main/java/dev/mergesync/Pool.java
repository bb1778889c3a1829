// Instances for threads: each call has one to itself.
package dev.mergesync;

import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import run.endive.runtime.WasmInterruptedException;
import run.endive.wasm.WasmModule;

final class Pool {
    /** An instance that a large body has made larger than this is not kept. */
    private static final long KEPT_BYTES = 8L << 20;

    private final WasmModule module;
    private final Semaphore permits;

    /** The latest used first: it is the one in the processor's cache. */
    private final ConcurrentLinkedDeque<Component> idle = new ConcurrentLinkedDeque<>();

    Pool(WasmModule module, int size) {
        this.module = module;
        this.permits = new Semaphore(size);
    }

    /**
     * Call on an idle instance, or a new one, or the next to become idle.
     *
     * <p>The runtime stops where the thread is interrupted. A decision takes microseconds and depends
     * on its input alone, so it is made all the same, again if need be, and the thread is interrupted
     * as before.
     */
    Component.Answer call(byte[] operation, byte[] input) {
        permits.acquireUninterruptibly();
        boolean interrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return once(operation, input);
                } catch (WasmInterruptedException again) {
                    interrupted = true;
                    Thread.interrupted();
                }
            }
        } finally {
            permits.release();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** How many instances wait for a call. */
    int idle() {
        return idle.size();
    }

    private Component.Answer once(byte[] operation, byte[] input) {
        Component polled = idle.pollFirst();
        Component component = polled == null ? Component.open(module) : polled;
        Component.Answer answer;
        try {
            answer = component.call(operation, input);
        } catch (WasmInterruptedException interruption) {
            throw interruption;
        } catch (RuntimeException | StackOverflowError | LinkageError broken) {
            throw new ComponentException("component: broke down: " + broken, broken);
        }
        if (component.memoryBytes() <= KEPT_BYTES) {
            idle.addFirst(component);
        }
        return answer;
    }
}
