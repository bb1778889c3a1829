// types.account
package dev.mergesync;

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
 */
public record Account(
        String id,
        String category,
        String integration,
        String integrationSlug,
        String endUserOriginId,
        String organizationName,
        String linkStatus) {
    static Account read(Object value) {
        Input in = Input.of(value);
        return new Account(
                in.text("id"),
                in.text("category"),
                in.text("integration"),
                in.text("integration_slug"),
                in.text("end_user_origin_id"),
                in.text("organization_name"),
                in.text("link_status"));
    }
}
