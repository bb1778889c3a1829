// types.account
package dev.mergesync;

import java.util.Optional;

/**
 * A linked account, as far as the source names it. An empty text is "not said".
 *
 * @param id Merge's id of the linked account. Unchanged by a relink.
 * @param category {@code hris}, {@code ats}, {@code crm}, ...
 * @param integration display name of the integration, for example {@code Azure DevOps}
 * @param integrationSlug its slug, for example {@code azure-devops}
 * @param endUserOriginId the product's own id for its customer; may be empty, and is not unique
 * @param organizationName the customer's name
 * @param linkStatus state of the link, not of any sync: {@code COMPLETE}, {@code RELINK_NEEDED}, ...
 * @param accountType {@code PRODUCTION} or {@code TEST}. A test account syncs once, and then only by
 *     hand.
 * @param isDuplicate whether Merge takes it for a second link of the same customer's system; empty where
 *     not said, as for test accounts
 */
public record Account(
        String id,
        String category,
        String integration,
        String integrationSlug,
        String endUserOriginId,
        String organizationName,
        String linkStatus,
        String accountType,
        Optional<Boolean> isDuplicate) {
    static Account read(Object value) {
        Input in = Input.of(value);
        return new Account(
                in.text("id"),
                in.text("category"),
                in.text("integration"),
                in.text("integration_slug"),
                in.text("end_user_origin_id"),
                in.text("organization_name"),
                in.text("link_status"),
                in.text("account_type"),
                in.optional("is_duplicate", Input::asBool));
    }
}
