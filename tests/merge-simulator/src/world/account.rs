//! A linked account.

use serde_json::{Value, json};

use crate::api::scopes::operations;
use crate::catalog;
use crate::dice::Dice;
use crate::poison::Dose;
use crate::time::{Micros, iso};
use crate::world::issue::Issue;
use crate::world::model::Model;

/// How the account stands with its third party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// The end user has not finished; Merge does not show the account.
    Pending,
    Complete,
    /// The third party refuses Merge's credentials.
    RelinkNeeded,
    Deleted,
}

/// A linked account.
#[derive(Debug)]
pub(crate) struct Account {
    pub id: String,
    pub token: String,
    pub category: String,
    pub origin_id: String,
    pub organization: String,
    /// Its own address, where the end user has given one.
    pub email: Option<String>,
    /// A test account syncs once, and then only by hand.
    pub is_test: bool,
    /// What `/webhook-receivers` has.
    pub receivers: Vec<Value>,
    pub link: Link,
    pub completed_at: Micros,
    pub sync_every: Micros,
    pub round: u64,
    /// Models that are queued or running.
    pub busy: usize,
    pub failed_moves_finish: bool,
    pub partial_ends_initial: bool,
    pub models: Vec<Model>,
    pub issues: Vec<Issue>,
    /// What the third party does.
    pub dice: Dice,
    /// Faults of syncs and rows.
    pub fault_dice: Dice,
    /// Faults of webhooks.
    pub webhook_dice: Dice,
    /// Faults of answers.
    pub answer_dice: Dice,
    /// What poisons do.
    pub poison_dice: Dice,
    pub doses: Vec<Dose>,
    /// Requests in the minute that begins at the first.
    pub minute: (Micros, u32),
    /// A webhook held back until the next one of this account.
    pub held: Option<u64>,
}

impl Account {
    /// Whether Merge shows it.
    pub fn is_linked(&self) -> bool {
        matches!(self.link, Link::Complete | Link::RelinkNeeded)
    }

    pub fn link_status(&self) -> &'static str {
        match self.link {
            Link::Complete => "COMPLETE",
            Link::Pending => "INCOMPLETE",
            Link::RelinkNeeded | Link::Deleted => "RELINK_NEEDED",
        }
    }

    pub fn email(&self) -> String {
        if let Some(email) = &self.email {
            return email.clone();
        }
        format!("admin@{}.example.test", self.origin_id.replace('_', "-"))
    }

    fn listener(&self) -> String {
        format!(
            "https://api.merge.dev/api/integrations/webhook-listener/{}",
            self.origin_id
        )
    }

    /// `linked_account` in webhooks, and `/account-details`.
    pub fn details(&self) -> Value {
        let (integration, slug) = catalog::integration(&self.category);
        json!({
            "id": self.id,
            "integration": integration,
            "integration_slug": slug,
            "category": self.category,
            "end_user_origin_id": self.origin_id,
            "end_user_organization_name": self.organization,
            "end_user_email_address": self.email(),
            "status": self.link_status(),
            "webhook_listener_url": self.listener(),
            "is_duplicate": (!self.is_test).then_some(false),
            "account_type": if self.is_test { "TEST" } else { "PRODUCTION" },
            "completed_at": iso(self.completed_at),
        })
    }

    /// The row of `/linked-accounts`.
    pub fn linked_row(&self) -> Value {
        let (integration, slug) = catalog::integration(&self.category);
        let mut row = self.details();
        row["integration"] = json!({
            "name": integration,
            "categories": [self.category],
            "image": null,
            "square_image": null,
            "color": "#4B8BF5",
            "slug": slug,
            "passthrough_available": true,
            "available_model_operations": operations(&self.category),
        });
        if let Some(fields) = row.as_object_mut() {
            fields.remove("integration_slug");
        }
        row["status_detail"] = Value::Null;
        row["subdomain"] = Value::Null;
        row
    }

    /// `end_user` in issues.
    pub fn end_user(&self) -> Value {
        json!({
            "origin_id": self.origin_id,
            "organization_name": self.organization,
            "email_address": self.email(),
            "integration": catalog::integration(&self.category).0,
        })
    }
}
