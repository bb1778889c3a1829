// A webhook receiver on the JDK's own HTTP server: POST /api/webhooks/merge.
//
// Run it with the jar and what it needs on the class path:
//   MERGE_WEBHOOK_SECRET=... java -cp 'target/merge-sync-0.1.0.jar:target/lib/*' examples/WebhookReceiver.java

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.mergesync.MergeSync;
import dev.mergesync.SignedBody;
import dev.mergesync.Webhook;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** Answers Merge's webhooks, and hands each that is authentic to {@code keep}. */
public final class WebhookReceiver {
    private static final int LARGEST_BODY = 1 << 20;
    private static final String PROCESSING_ERROR = "{\"error\": \"Processing error\"}";

    private final MergeSync mergeSync = MergeSync.create();
    private final List<String> keys;
    private final Consumer<Webhook.Accepted> keep;

    /**
     * @param keys the signing keys, newest first
     * @param keep makes durable what an event says, within five seconds; may be called with the same
     *     delivery twice
     */
    public WebhookReceiver(List<String> keys, Consumer<Webhook.Accepted> keep) {
        this.keys = keys;
        this.keep = keep;
    }

    /** Serve on an address of this machine; port 0 is any that is free. */
    public HttpServer start(InetSocketAddress address, ExecutorService workers) throws IOException {
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(workers);
        server.createContext("/api/webhooks/merge", this::receive);
        server.start();
        return server;
    }

    private void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!exchange.getRequestMethod().equals("POST")) {
                exchange.sendResponseHeaders(405, -1);
                return;
            }
            byte[] body = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
            if (body.length > LARGEST_BODY) {
                send(exchange, 401, "{\"error\": \"Invalid signature\"}");
                return;
            }
            List<String> signatures =
                    exchange.getRequestHeaders().getOrDefault("X-Merge-Webhook-Signature", List.of());
            Webhook.Handling handling = mergeSync.webhook().handle(new SignedBody(body, signatures, keys));
            // 200 goes out only once what the webhook says is kept: else Merge sends it again.
            if (handling.outcome() instanceof Webhook.Accepted accepted) {
                try {
                    keep.accept(accepted);
                } catch (RuntimeException notKept) {
                    send(exchange, 500, PROCESSING_ERROR);
                    return;
                }
            }
            send(exchange, handling.reply().status(), handling.reply().body());
        }
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /** Prints what comes in, on port 8080 or the one that is given. */
    public static void main(String[] arguments) throws IOException {
        String key = System.getenv("MERGE_WEBHOOK_SECRET");
        if (key == null || key.isEmpty()) {
            System.err.println("MERGE_WEBHOOK_SECRET: missing, expected the signing key of your webhooks");
            System.exit(2);
        }
        int port = arguments.length == 0 ? 8080 : Integer.parseInt(arguments[0]);
        var receiver =
                new WebhookReceiver(
                        List.of(key), accepted -> System.out.println(accepted.name() + ": " + accepted.event()));
        var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        System.out.println("listening on " + receiver.start(address, Executors.newFixedThreadPool(4)).getAddress());
    }
}
