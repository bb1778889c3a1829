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
     * @param id the record's key within its model: Merge's id of the record; for a model without one
     *     ({@code ats.Tag}) the JSON array {@code ["<remote_id>","<name>"]}, null where absent
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
     * @param withoutKey records left out because they have no key
     * @param unreadable records left out because they are not JSON objects
     */
    public record Contents(List<Row> rows, Optional<String> next, int withoutKey, int unreadable) {}

    private record Asked(String modelId, String body) {}

    /**
     * Read one page of the list endpoint of a model. A record that cannot be stored is left out and
     * counted, wherever the rest of the page can be read: show the counts to somebody. A byte-order mark
     * before the body is skipped.
     *
     * @param modelId for example {@code hris.Employee}
     * @param body the response's body
     * @return what it holds
     * @throws RefusedException where it is not such a page
     */
    public Contents parse(String modelId, String body) {
        return calls.typed(
                PARSE,
                new Asked(modelId, body),
                (out, asked) -> out.text("model_id", asked.modelId()).text("body", asked.body()),
                Page::read);
    }

    private static Contents read(Object value) {
        Input in = Input.of(value);
        return new Contents(
                in.list("rows", Row::read),
                in.optional("next", Input::asText),
                in.integer("without_key"),
                in.integer("unreadable"));
    }
}
