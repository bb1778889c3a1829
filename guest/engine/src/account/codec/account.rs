//! The text form of who an account is.

use merge_sync_logic::types::Account;

use super::read::{Found, Malformed};
use super::write::Writer;

/// `account` as an object; what is not said is left out.
pub(crate) fn write(out: &mut Writer, account: &Account) {
    out.begin('{');
    out.key("id").text(&account.id);
    out.string("category", &account.category);
    out.string("integration", &account.integration);
    out.string("integration_slug", &account.integration_slug);
    out.string("end_user_origin_id", &account.end_user_origin_id);
    out.string("organization_name", &account.organization_name);
    out.string("link_status", &account.link_status);
    out.string("account_type", &account.account_type);
    if let Some(is_duplicate) = account.is_duplicate {
        out.key("is_duplicate").unsigned(is_duplicate.into());
    }
    out.end('}');
}

/// The reverse of [`write`].
pub(crate) fn read(found: &Found<'_, '_>) -> Result<Account, Malformed> {
    Ok(Account {
        id: found.get("id").owned_text()?,
        category: found.text_or_empty("category")?,
        integration: found.text_or_empty("integration")?,
        integration_slug: found.text_or_empty("integration_slug")?,
        end_user_origin_id: found.text_or_empty("end_user_origin_id")?,
        organization_name: found.text_or_empty("organization_name")?,
        link_status: found.text_or_empty("link_status")?,
        account_type: found.text_or_empty("account_type")?,
        is_duplicate: {
            let number = found.get("is_duplicate").if_present(Found::unsigned)?;
            number.map(|number| number != 0)
        },
    })
}
