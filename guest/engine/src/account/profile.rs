//! What is known of who an account is.

use merge_sync_logic::types::Account;

/// What is said replaces what was said before; what is not said stays. The state of the link is
/// not for everybody to say (see `link`).
pub fn adopt(known: &mut Account, said: &Account) {
    let pairs = [
        (&mut known.category, &said.category),
        (&mut known.integration, &said.integration),
        (&mut known.integration_slug, &said.integration_slug),
        (&mut known.end_user_origin_id, &said.end_user_origin_id),
        (&mut known.organization_name, &said.organization_name),
        (&mut known.account_type, &said.account_type),
    ];
    for (known, said) in pairs {
        if !said.is_empty() {
            known.clone_from(said);
        }
    }
    // Merge's paths have it in lower case.
    known.category = known.category.trim().to_ascii_lowercase();
    known.is_duplicate = said.is_duplicate.or(known.is_duplicate);
}
