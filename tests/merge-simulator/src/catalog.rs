//! The common models that simulated accounts hold: their ids, paths and fields.

mod accounting;
mod accounting_more;
mod ats;
mod crm;
mod fields;
mod filestorage;
mod hris;
mod ticketing;

pub(crate) use fields::{Kind, compose, reshape};

/// One common model.
#[derive(Debug)]
pub(crate) struct ModelSpec {
    /// As in `model_id`, for example `ticketing.TicketingTeam`.
    pub id: &'static str,
    /// The display name, for example `Team`.
    pub name: &'static str,
    /// The last part of the list endpoint's path; `None` where Merge has no such endpoint.
    pub path: Option<&'static str>,
    /// Share of an account's records.
    pub weight: u64,
    /// Takes part in every n-th round of syncs.
    pub every: u64,
    /// The fields beside those that every model has.
    pub fields: &'static [(&'static str, Kind)],
}

impl ModelSpec {
    /// Whether its list knows `modified_after` and its kin.
    pub fn is_filtered(&self) -> bool {
        !UNFILTERED.contains(&self.id)
    }

    /// Whether its records have an `id` of Merge's.
    pub fn has_id(&self) -> bool {
        self.id != "ats.Tag"
    }

    /// Whether its records say that they were deleted in the third party.
    pub fn tells_deletions(&self) -> bool {
        !UNMARKED.contains(&self.id)
    }

    /// Whether its records have this field, of those that nearly all models have.
    pub fn has(&self, field: &str) -> bool {
        let without: &[&str] = match self.id {
            "accounting.BankFeedTransaction" | "crm.EngagementType" => {
                &["field_mappings", "remote_data"]
            }
            "accounting.TrackingCategory" => &["remote_data"],
            _ => &[],
        };
        !without.contains(&field)
    }

    /// The name in webhook events: the id without its category.
    pub fn event_name(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(_, name)| name)
    }
}

/// The categories that can be simulated, in the order in which accounts take them.
pub const CATEGORIES: [&str; 6] = [
    "hris",
    "ats",
    "ticketing",
    "crm",
    "accounting",
    "filestorage",
];

/// Models whose list takes no filter by time: it ignores those parameters and serves all.
const UNFILTERED: [&str; 7] = [
    "accounting.AccountingPeriod",
    "accounting.BankFeedAccount",
    "accounting.ItemFulfillment",
    "accounting.PaymentMethod",
    "accounting.PaymentTerm",
    "ats.Assessment",
    "ats.AssessmentTemplate",
];

/// Models whose records have no `remote_was_deleted`: what is deleted is no longer listed.
const UNMARKED: [&str; 5] = [
    "accounting.AccountingPeriod",
    "accounting.PaymentMethod",
    "accounting.PaymentTerm",
    "accounting.Project",
    "crm.EngagementType",
];

/// The models of a category; empty for an unknown one.
pub(crate) fn models(category: &str) -> impl Iterator<Item = &'static ModelSpec> {
    let (first, more): (&[ModelSpec], &[ModelSpec]) = match category {
        "hris" => (hris::MODELS, &[]),
        "ats" => (ats::MODELS, &[]),
        "ticketing" => (ticketing::MODELS, &[]),
        "crm" => (crm::MODELS, &[]),
        "accounting" => (accounting::MODELS, accounting_more::MODELS),
        "filestorage" => (filestorage::MODELS, &[]),
        _ => (&[], &[]),
    };
    first.iter().chain(more)
}

/// Display name and slug of the integration that an account of the category stands for.
pub(crate) fn integration(category: &str) -> (&'static str, &'static str) {
    match category {
        "hris" => ("Example HRIS", "example-hris"),
        "ats" => ("Example ATS", "example-ats"),
        "crm" => ("Example CRM", "example-crm"),
        "accounting" => ("Example Ledger", "example-ledger"),
        "filestorage" => ("Example Drive", "example-drive"),
        _ => ("Example Tickets", "example-tickets"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_and_paths_are_unique_and_in_their_category() {
        for category in CATEGORIES {
            let mut seen = BTreeSet::new();
            for spec in models(category) {
                assert!(spec.id.starts_with(category), "{}", spec.id);
                assert!(seen.insert(spec.id), "{}", spec.id);
                if let Some(path) = spec.path {
                    assert!(seen.insert(path), "{path}");
                }
            }
        }
    }

    #[test]
    fn references_name_models_of_the_same_category() {
        for category in CATEGORIES {
            for spec in models(category) {
                for (field, kind) in spec.fields {
                    let (Kind::Ref(target) | Kind::Refs(target)) = kind else {
                        continue;
                    };
                    let found = models(category).any(|other| other.id == *target);
                    assert!(found, "{}.{field} -> {target}", spec.id);
                }
            }
        }
    }
}
