// The example, over real HTTP on a free port.

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.net.httpserver.HttpServer;
import dev.mergesync.Fixtures;
import dev.mergesync.Webhook;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class WebhookReceiverTest {
    private static final byte[] BODY = Fixtures.SYNCED.getBytes(StandardCharsets.UTF_8);

    private static String post(Consumer<Webhook.Accepted> keep, byte[] body, String... signatures) throws Exception {
        ExecutorService workers = Executors.newFixedThreadPool(2);
        HttpServer server =
                new WebhookReceiver(List.of(Fixtures.KEY), keep)
                        .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), workers);
        try {
            var address = "http://127.0.0.1:" + server.getAddress().getPort() + "/api/webhooks/merge";
            var request =
                    HttpRequest.newBuilder(URI.create(address)).POST(HttpRequest.BodyPublishers.ofByteArray(body));
            for (String signature : signatures) {
                request.header("X-Merge-Webhook-Signature", signature);
            }
            var response = HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
            return response.statusCode() + " " + response.body();
        } finally {
            server.stop(0);
            workers.shutdownNow();
        }
    }

    @Test
    void whatMergeSentIsKeptAndAnsweredWith200() throws Exception {
        List<String> kept = Collections.synchronizedList(new ArrayList<>());
        assertEquals(
                "200 {\"received\": true}", post(event -> kept.add(event.name()), BODY, Fixtures.signature(BODY)));
        assertEquals(List.of("Employee.synced"), kept);
    }

    @Test
    void nothingElseIsKept() throws Exception {
        Consumer<Webhook.Accepted> never =
                event -> {
                    throw new AssertionError("kept " + event);
                };
        String signature = Fixtures.signature(BODY);
        assertEquals("401 {\"error\": \"Missing signature\"}", post(never, BODY));
        assertEquals("401 {\"error\": \"Invalid signature\"}", post(never, BODY, signature, signature));
        assertEquals("401 {\"error\": \"Invalid signature\"}", post(never, new byte[] {(byte) 0xff}, signature));
    }

    @Test
    void whatCannotBeKeptIsAnsweredWith500() throws Exception {
        Consumer<Webhook.Accepted> full =
                event -> {
                    throw new IllegalStateException("disk full");
                };
        assertEquals("500 {\"error\": \"Processing error\"}", post(full, BODY, Fixtures.signature(BODY)));
    }
}
