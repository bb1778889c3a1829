// One object, many threads; and threads that are interrupted.
package dev.mergesync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class ThreadsTest {
    private static final int CALLS = 300;

    /** Every thread asks about a body of its own and must be answered about that one. */
    private static void threads(MergeSync mergeSync, int threads) throws Exception {
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier together = new CyclicBarrier(threads);
            List<Callable<Integer>> work = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                String account = "account-" + thread;
                SignedBody delivery = Fixtures.signed(Fixtures.SYNCED.replace("7841ee0a", account));
                work.add(
                        () -> {
                            together.await();
                            int right = 0;
                            for (int call = 0; call < CALLS; call++) {
                                var accepted = (Webhook.Accepted) mergeSync.webhook().handle(delivery).outcome();
                                var synced = (Webhook.Synced) accepted.event();
                                right += synced.account().id().equals(account) ? 1 : 0;
                            }
                            return right;
                        });
            }
            for (Future<Integer> right : workers.invokeAll(work)) {
                assertEquals(CALLS, right.get());
            }
        } finally {
            workers.shutdownNow();
        }
    }

    @Test
    void twoThreadsShareOneObject() throws Exception {
        threads(MergeSync.create(2), 2);
    }

    @Test
    void moreThreadsThanInstancesTakeTurns() throws Exception {
        threads(MergeSync.create(1), 6);
    }

    @Test
    void instancesAreReusedAndLargeOnesAreNot() {
        Pool pool = new Pool(Component.module(), 1);
        byte[] operation = Calls.operation("page.parse");
        pool.call(operation, Texts.encode("input", "{\"body\":\"{}\"}"));
        assertEquals(1, pool.idle());
        pool.call(operation, Texts.encode("input", "{\"body\":\"" + "x".repeat(9 << 20) + "\"}"));
        assertEquals(0, pool.idle());
    }

    @Test
    void anInterruptedThreadIsAnsweredAndStaysInterrupted() {
        MergeSync mergeSync = MergeSync.create(1);
        Thread.currentThread().interrupt();
        Signature.Verdict verdict = mergeSync.signature().verify(Fixtures.signed(Fixtures.SYNCED));
        assertTrue(Thread.interrupted());
        assertTrue(verdict instanceof Signature.Authentic, verdict::toString);
    }

    @Test
    void interruptsInTheMidstOfCallsChangeNoAnswer() throws Exception {
        MergeSync mergeSync = MergeSync.create(1);
        Thread caller = Thread.currentThread();
        AtomicBoolean over = new AtomicBoolean();
        Thread interrupter =
                new Thread(
                        () -> {
                            while (!over.get()) {
                                caller.interrupt();
                                Thread.onSpinWait();
                            }
                        });
        interrupter.start();
        try {
            for (int call = 0; call < CALLS; call++) {
                Thread.interrupted();
                assertTrue(
                        mergeSync.signature().verify(Fixtures.signed(Fixtures.SYNCED)) instanceof Signature.Authentic);
            }
        } finally {
            over.set(true);
            while (interrupter.isAlive()) {
                Thread.interrupted();
                Thread.onSpinWait();
            }
            Thread.interrupted();
        }
    }
}
