// page.parse
package dev.mergesync;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What does a page of records hold? */
public final class Page {
    private static final byte[] PARSE = Calls.operation("page.parse");

    private final Calls calls;

    Page(Calls calls) {
        this.calls = calls;
    }

    /**
     * A record of a common model.
     *
     * @param id Merge's id of the record
     * @param remoteId the third party's id; empty where not sent
     * @param modifiedAt when Merge last changed its copy, Merge's clock
     * @param deleted whether the third party deleted it
     * @param json the record: the very text that Merge sent for it
     */
    public record Row(
            String id, Optional<String> remoteId, Optional<Instant> modifiedAt, boolean deleted, String json) {
        private static Row read(Object value) {
            Input in = Input.of(value);
            return new Row(
                    in.text("id"),
                    in.optional("remote_id", Input::asText),
                    in.optional("modified_at", Input::asInstant),
                    in.bool("deleted"),
                    in.text("json"));
        }
    }

    /**
     * A page.
     *
     * @param rows in Merge's order
     * @param next the {@code cursor} of the next page, also where Merge sent a URL; empty on the last
     */
    public record Contents(List<Row> rows, Optional<String> next) {}

    /**
     * Read one page of a list endpoint.
     *
     * @param body the response's body
     * @return what it holds
     * @throws RefusedException where it is not such a page, or a row has no id
     */
    public Contents parse(String body) {
        return calls.typed(
                PARSE,
                body,
                (out, text) -> out.text("body", text),
                Page::read);
    }

    private static Contents read(Object value) {
        Input in = Input.of(value);
        return new Contents(in.list("rows", Row::read), in.optional("next", Input::asText));
    }
}
