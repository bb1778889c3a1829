// The entry point: the component, loaded.
package dev.mergesync;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/**
 * Decisions for a product that uses Merge's Unified API.
 *
 * <p>Make one and share it: any number of threads may use it at once. Each call has an instance of
 * the component to itself; instances are made as needed and kept for the next call. Nothing is
 * remembered from one call to the next, and there is nothing to close.
 */
public final class MergeSync {
    private final Calls calls;
    private final String version;
    private final Signature signature;
    private final Webhook webhook;
    private final Readiness readiness;
    private final Window window;
    private final Page page;
    private final Cadence cadence;
    private final Retry retry;

    private MergeSync(Calls calls, String version) {
        this.calls = calls;
        this.version = version;
        signature = new Signature(calls);
        webhook = new Webhook(calls);
        readiness = new Readiness(calls);
        window = new Window(calls);
        page = new Page(calls);
        cadence = new Cadence(calls);
        retry = new Retry(calls);
    }

    /**
     * Load the component, for as many calls at a time as there are processors.
     *
     * @return the decisions
     * @throws ComponentException where the component is missing, damaged, or of another version than
     *     this package
     */
    public static MergeSync create() {
        return create(Math.max(2, Runtime.getRuntime().availableProcessors()));
    }

    /**
     * Load the component.
     *
     * @param concurrency how many calls run at a time, at least 1; further ones wait. Each takes about
     *     1.2 MB.
     * @return the decisions
     * @throws ComponentException where the component is missing, damaged, or of another version than
     *     this package
     * @throws RefusedException where {@code concurrency} is below 1
     */
    public static MergeSync create(int concurrency) {
        return create(concurrency, packageVersion());
    }

    static MergeSync create(int concurrency, String expected) {
        if (concurrency < 1) {
            throw new RefusedException("concurrency: " + concurrency + " is less than 1");
        }
        Calls calls = new Calls(new Pool(Component.module(), concurrency));
        String version = calls.typed(Calls.operation("meta.version"), "", (out, none) -> {}, Input::asText);
        if (!version.equals(expected)) {
            throw new ComponentException(
                    "component: its version is " + version + ", this package is of version " + expected);
        }
        return new MergeSync(calls, version);
    }

    /**
     * What is this component?
     *
     * @return its version, {@code major.minor.patch}, equal to this package's
     */
    public String version() {
        return version;
    }

    /**
     * Did Merge send this body?
     *
     * @return the function
     */
    public Signature signature() {
        return signature;
    }

    /**
     * What did Merge just tell us, and what do we answer?
     *
     * @return the function
     */
    public Webhook webhook() {
        return webhook;
    }

    /**
     * May the product use this account's data yet?
     *
     * @return the functions
     */
    public Readiness readiness() {
        return readiness;
    }

    /**
     * Which records are new?
     *
     * @return the functions
     */
    public Window window() {
        return window;
    }

    /**
     * What does a page of records hold?
     *
     * @return the function
     */
    public Page page() {
        return page;
    }

    /**
     * When do we ask Merge again?
     *
     * @return the function
     */
    public Cadence cadence() {
        return cadence;
    }

    /**
     * A request came back. Is it over, and if not, when again?
     *
     * @return the function
     */
    public Retry retry() {
        return retry;
    }

    /**
     * Call an operation by its name, in the text form of the contract: what the typed functions do.
     * It reaches the engine's operations, too ({@code engine.step} and the like).
     *
     * @param operation for example {@code window.next}
     * @param input a JSON object
     * @return a JSON document
     * @throws RefusedException where the operation or its input is refused
     */
    public String call(String operation, String input) {
        return calls.text(operation, input);
    }

    private static String packageVersion() {
        try (InputStream file = MergeSync.class.getResourceAsStream("package.properties")) {
            if (file == null) {
                throw new ComponentException("component: package.properties is missing from the class path");
            }
            Properties properties = new Properties();
            properties.load(new java.io.InputStreamReader(file, StandardCharsets.UTF_8));
            return properties.getProperty("version", "unknown");
        } catch (IOException damage) {
            throw new ComponentException("component: package.properties is damaged", damage);
        }
    }
}
