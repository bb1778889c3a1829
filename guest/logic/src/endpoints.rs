//! Where are a model's records read?
//!
//! Looks a model up in the table of Merge's common models, by its id or an alias.
//! A model that is not there is never guessed: a wrong URL would read another model's records.

mod table;

use alloc::format;
use alloc::string::String;

use table::{MODELS, Model, Reading};

/// A model that can be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// For example `/api/hris/v1/employees`.
    pub path: String,
    /// Whether the endpoint knows `modified_after`. Where not, it is read whole.
    pub filtered: bool,
    /// The fields of a record that together are its key: [`KEY`], or `remote_id` and `name`.
    pub key: &'static [&'static str],
    /// Parameters to send with every request, for example `include_cancelled=true`; mostly
    /// empty.
    pub always: &'static str,
}

/// The key of nearly every model, and of one that the table does not know.
pub const KEY: &[&str] = &["id"];

/// The key of a model whose records have no id of Merge's.
const NAMELESS_KEY: &[&str] = &["remote_id", "name"];

/// The fields that together are the key of a record of `model_id`: [`KEY`] where the table does
/// not know it, since a path may come from elsewhere.
#[must_use]
pub fn key(model_id: &str) -> &'static [&'static str] {
    look_up(model_id).map_or(KEY, key_of)
}

/// What every request for records of `model_id` has in its query, mostly nothing.
#[must_use]
pub fn always(model_id: &str) -> &'static str {
    look_up(model_id).map_or("", always_of)
}

const fn key_of(model: &Model) -> &'static [&'static str] {
    match model.reading {
        Reading::Nameless(_) => NAMELESS_KEY,
        _ => KEY,
    }
}

const fn always_of(model: &Model) -> &'static str {
    match model.reading {
        Reading::Cancellable(_) => "include_cancelled=true",
        _ => "",
    }
}

/// Where a model's records are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// It has a list endpoint.
    Listed(Listed),
    /// The model has no list endpoint: it counts for readiness and is not fetched.
    Unlisted,
    /// This version does not know the model: reported once, never guessed.
    Unmapped,
}

/// Look a model up, by its id or one of its aliases.
#[must_use]
pub fn locate(model_id: &str) -> Endpoint {
    match look_up(model_id) {
        None => Endpoint::Unmapped,
        Some(model) => match model.reading {
            Reading::Filtered(name) | Reading::Nameless(name) | Reading::Cancellable(name) => {
                listed(model, name, true)
            }
            Reading::Whole(name) => listed(model, name, false),
            Reading::Nowhere => Endpoint::Unlisted,
        },
    }
}

/// Whether [`locate`] finds an endpoint, for whoever need not know which.
#[must_use]
pub fn is_listed(model_id: &str) -> bool {
    look_up(model_id).is_some_and(|model| !matches!(model.reading, Reading::Nowhere))
}

/// The id in the table that `model_id` names, itself or as an alias: `crm.Account` is
/// `crm.CRMAccount`. `None` where the table has neither.
///
/// An alias leaves out the prefix that Merge's own names carry in a category, or has it where
/// they do not: `ticketing.Team` is `ticketing.TicketingTeam`, and `ticketing.TicketingTicket`
/// is `ticketing.Ticket`. A name that is in the table itself is never read as an alias.
#[must_use]
pub fn canonical(model_id: &str) -> Option<&'static str> {
    look_up(model_id).map(|model| model.id)
}

/// As [`canonical`], without regard to case: names of events are written in several ways.
#[must_use]
pub fn of_event(model_id: &str) -> Option<&'static str> {
    canonical(model_id).or_else(|| {
        let (category, name) = model_id.split_once('.')?;
        let mut models = MODELS.iter().map(|model| model.id);
        models.find(|id| {
            let known = id
                .strip_prefix(category)
                .and_then(|id| id.strip_prefix('.'));
            known.is_some_and(|known| {
                let bare = prefix(category).and_then(|prefix| known.strip_prefix(prefix));
                known.eq_ignore_ascii_case(name)
                    || bare.is_some_and(|bare| bare.eq_ignore_ascii_case(name))
            })
        })
    })
}

fn listed(model: &Model, name: &str, filtered: bool) -> Endpoint {
    let category = model
        .id
        .split_once('.')
        .map_or(model.id, |(category, _)| category);
    Endpoint::Listed(Listed {
        path: format!("/api/{category}/v1/{name}"),
        filtered,
        key: key_of(model),
        always: always_of(model),
    })
}

fn look_up(model_id: &str) -> Option<&'static Model> {
    exactly(model_id).or_else(|| {
        let (category, name) = model_id.split_once('.')?;
        if (category, name) == ("accounting", "Invoices") {
            return exactly("accounting.Invoice");
        }
        let prefix = prefix(category)?;
        exactly(&format!("{category}.{prefix}{name}")).or_else(|| {
            let bare = name
                .strip_prefix(prefix)
                .filter(|bare| !bare.starts_with(prefix))?;
            exactly(&format!("{category}.{bare}"))
        })
    })
}

fn exactly(model_id: &str) -> Option<&'static Model> {
    let index = MODELS
        .binary_search_by(|model| model.id.cmp(model_id))
        .ok()?;
    MODELS.get(index)
}

/// What Merge's names of some of a category's models begin with.
fn prefix(category: &str) -> Option<&'static str> {
    match category {
        "accounting" => Some("Accounting"),
        "crm" => Some("CRM"),
        "filestorage" => Some("FileStorage"),
        "knowledgebase" => Some("KnowledgeBase"),
        "mktg" => Some("MKTG"),
        "ticketing" => Some("Ticketing"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(model_id: &str, id: Option<&str>, want: Endpoint) {
        assert_eq!(canonical(model_id), id, "{model_id}");
        let is_listed = matches!(want, Endpoint::Listed(_));
        assert_eq!(super::is_listed(model_id), is_listed, "{model_id}");
        assert_eq!(locate(model_id), want, "{model_id}");
    }

    fn filtered(path: &str) -> Endpoint {
        Endpoint::Listed(Listed {
            path: String::from(path),
            filtered: true,
            key: KEY,
            always: "",
        })
    }

    fn whole(path: &str) -> Endpoint {
        Endpoint::Listed(Listed {
            path: String::from(path),
            filtered: false,
            key: KEY,
            always: "",
        })
    }

    #[test]
    fn a_model_is_found_by_its_id() {
        check(
            "hris.Employee",
            Some("hris.Employee"),
            filtered("/api/hris/v1/employees"),
        );
        check(
            "hris.BankInfo",
            Some("hris.BankInfo"),
            filtered("/api/hris/v1/bank-info"),
        );
        check(
            "ats.RemoteUser",
            Some("ats.RemoteUser"),
            filtered("/api/ats/v1/users"),
        );
        check(
            "ats.ScheduledInterview",
            Some("ats.ScheduledInterview"),
            filtered("/api/ats/v1/interviews"),
        );
        check(
            "mktg.MKTGMarketingEmail",
            Some("mktg.MKTGMarketingEmail"),
            filtered("/api/mktg/v1/emails"),
        );
        check(
            "email.Mailbox",
            Some("email.Mailbox"),
            filtered("/api/email/v1/mailboxes"),
        );
    }

    #[test]
    fn an_alias_leaves_the_prefix_out() {
        check(
            "crm.Account",
            Some("crm.CRMAccount"),
            filtered("/api/crm/v1/accounts"),
        );
        check(
            "ticketing.Team",
            Some("ticketing.TicketingTeam"),
            filtered("/api/ticketing/v1/teams"),
        );
        check(
            "filestorage.File",
            Some("filestorage.FileStorageFile"),
            filtered("/api/filestorage/v1/files"),
        );
        check(
            "knowledgebase.Article",
            Some("knowledgebase.KnowledgeBaseArticle"),
            filtered("/api/knowledgebase/v1/articles"),
        );
        check(
            "accounting.Transaction",
            Some("accounting.AccountingTransaction"),
            filtered("/api/accounting/v1/transactions"),
        );
        check(
            "accounting.Employee",
            Some("accounting.AccountingEmployee"),
            filtered("/api/accounting/v1/employees"),
        );
        check(
            "mktg.Campaign",
            Some("mktg.MKTGCampaign"),
            filtered("/api/mktg/v1/campaigns"),
        );
    }

    #[test]
    fn an_alias_may_have_a_prefix_the_table_has_not() {
        check(
            "ticketing.TicketingTicket",
            Some("ticketing.Ticket"),
            filtered("/api/ticketing/v1/tickets"),
        );
        check(
            "crm.CRMOpportunity",
            Some("crm.Opportunity"),
            filtered("/api/crm/v1/opportunities"),
        );
    }

    #[test]
    fn a_plural_that_merge_sends_is_an_alias() {
        check(
            "accounting.Invoices",
            Some("accounting.Invoice"),
            filtered("/api/accounting/v1/invoices"),
        );
    }

    #[test]
    fn a_name_of_the_table_is_never_an_alias() {
        check(
            "ticketing.User",
            Some("ticketing.User"),
            filtered("/api/ticketing/v1/users"),
        );
        check(
            "accounting.Account",
            Some("accounting.Account"),
            filtered("/api/accounting/v1/accounts"),
        );
        check(
            "accounting.Address",
            Some("accounting.Address"),
            Endpoint::Unlisted,
        );
    }

    #[test]
    fn records_without_an_id_have_the_key_that_the_table_names() {
        assert_eq!(key("ats.Tag"), ["remote_id", "name"]);
        for other in ["ticketing.TicketingTag", "ats.Job", "ats.Unknown", ""] {
            assert_eq!(key(other), ["id"], "{other}");
        }
        let Endpoint::Listed(tags) = locate("ats.Tag") else {
            panic!("no list of tags");
        };
        assert_eq!(tags.key, key("ats.Tag"));
    }

    #[test]
    fn cancelled_events_are_always_asked_for() {
        assert_eq!(always("calendar.Event"), "include_cancelled=true");
        assert_eq!(always("mktg.MKTGEvent"), "");
        assert_eq!(always("calendar.Unknown"), "");
        let Endpoint::Listed(events) = locate("calendar.Event") else {
            panic!("no list of events");
        };
        assert_eq!(events.always, always("calendar.Event"));
    }

    #[test]
    fn the_name_in_an_event_may_be_in_any_case() {
        for (event, want) in [
            ("hris.Employee", Some("hris.Employee")),
            ("hris.employee", Some("hris.Employee")),
            ("hris.TIMEOFF", Some("hris.TimeOff")),
            ("crm.account", Some("crm.CRMAccount")),
            ("crm.crmaccount", Some("crm.CRMAccount")),
            ("accounting.account", Some("accounting.Account")),
            ("hris.account", None),
            ("hris.", None),
            ("", None),
        ] {
            assert_eq!(of_event(event), want, "{event}");
        }
    }

    #[test]
    fn a_model_without_the_filter_is_read_whole() {
        check(
            "ats.Assessment",
            Some("ats.Assessment"),
            whole("/api/ats/v1/assessments"),
        );
        check(
            "ats.AssessmentTemplate",
            Some("ats.AssessmentTemplate"),
            whole("/api/ats/v1/assessment-templates"),
        );
        check(
            "accounting.PaymentTerm",
            Some("accounting.PaymentTerm"),
            whole("/api/accounting/v1/payment-terms"),
        );
        check(
            "accounting.Period",
            Some("accounting.AccountingPeriod"),
            whole("/api/accounting/v1/accounting-periods"),
        );
    }

    #[test]
    fn a_model_without_a_list_is_known_all_the_same() {
        check("hris.Deduction", Some("hris.Deduction"), Endpoint::Unlisted);
        check(
            "ats.EmailAddress",
            Some("ats.EmailAddress"),
            Endpoint::Unlisted,
        );
        check(
            "ticketing.Viewer",
            Some("ticketing.TicketingViewer"),
            Endpoint::Unlisted,
        );
    }

    #[test]
    fn anything_else_is_unmapped() {
        let long = "x".repeat(10_000);
        for model_id in [
            "",
            ".",
            "hris",
            "hris.",
            ".Employee",
            "Employee",
            "hris.employee",
            "HRIS.Employee",
            "hris.Employees",
            "hris.CRMAccount",
            "crm.CRM",
            "crm.CRMCRMAccount",
            "crm.Employee",
            "hris.Employee ",
            "hris.Employee.x",
            "ticketing.Ticketing",
            "tickets.Ticket",
            &long,
        ] {
            check(model_id, None, Endpoint::Unmapped);
        }
    }
}
