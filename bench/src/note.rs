//! The engine's note in the words of the reference host's store.

use merge_sync_engine::store::Note;
use merge_sync_host::secret::Secret;
use merge_sync_host::store::{self, Profile};

/// The same note.
#[must_use]
pub fn of_the_store(note: Note) -> store::Note {
    store::Note {
        account: note.account,
        key: note.key,
        text: note.text,
        secret: note.secret.map(|secret| Secret::new(secret.0)),
        profile: note.profile.map(|account| Profile {
            id: account.id,
            category: account.category,
            integration: account.integration,
            integration_slug: account.integration_slug,
            end_user_origin_id: account.end_user_origin_id,
            organization_name: account.organization_name,
            link_status: account.link_status,
            account_type: account.account_type,
            is_duplicate: account.is_duplicate,
        }),
        create: note.create,
    }
}
