//! Issues: what Merge reports to people about failing syncs.

use serde_json::{Value, json};

use crate::Merge;
use crate::time::{DAY, Micros, iso};
use crate::world::account::{Account, Link};

/// One issue of an account; one a model, opened again when the model fails again.
#[derive(Debug)]
pub(crate) struct Issue {
    pub id: String,
    pub model: usize,
    pub ongoing: bool,
    pub muted: bool,
    /// Some of Merge's issues have none.
    pub description: Option<String>,
    pub first: Micros,
    pub last: Micros,
}

impl Issue {
    /// The row of `/issues`, and `data` of its webhooks.
    pub fn row(&self, account: &Account) -> Value {
        let model = account.models.get(self.model).map(|held| held.spec.name);
        json!({
            "id": self.id,
            "status": if self.ongoing { "ONGOING" } else { "RESOLVED" },
            "error_description": self.description,
            "end_user": account.end_user(),
            "first_incident_time": iso(self.first),
            "last_incident_time": iso(self.last),
            "is_muted": self.muted,
            "error_details": self.description.iter().map(|text| {
                format!("{}: {text}", model.unwrap_or("Account"))
            }).collect::<Vec<_>>(),
        })
    }
}

impl Merge {
    /// A sync of the model failed.
    pub(crate) fn fail(&mut self, number: usize, model: usize) {
        let now = self.now;
        let account = &mut self.accounts[number];
        let known = account.issues.iter().position(|issue| issue.model == model);
        let (at, event) = match known {
            Some(at) => {
                let issue = &mut account.issues[at];
                issue.last = now;
                let reopened = !issue.ongoing;
                issue.ongoing = true;
                (at, reopened.then_some("Issue.reopened"))
            }
            None => {
                let description = match account.link {
                    Link::RelinkNeeded => "Missing permission: the credentials were refused",
                    _ => "The third party answered with an unexpected error",
                };
                account.issues.push(Issue {
                    id: account.fault_dice.uuid(),
                    model,
                    ongoing: true,
                    muted: false,
                    description: Some(description.to_owned()),
                    first: now,
                    last: now,
                });
                (account.issues.len() - 1, Some("Issue.new"))
            }
        };
        if let Some(event) = event {
            self.emit_issue(number, at, event);
        }
    }

    /// A sync of the model went well: its issue ends once it is a day old.
    pub(crate) fn succeed(&mut self, number: usize, model: usize) {
        let now = self.now;
        let old = |issue: &Issue| issue.model == model && now - issue.last >= DAY;
        self.resolve(number, old);
    }

    /// A relink ends every issue.
    pub(crate) fn resolve_all(&mut self, number: usize) {
        self.resolve(number, |_| true);
    }

    fn resolve(&mut self, number: usize, which: impl Fn(&Issue) -> bool) {
        for at in 0..self.accounts[number].issues.len() {
            let issue = &mut self.accounts[number].issues[at];
            if issue.ongoing && which(issue) {
                issue.ongoing = false;
                self.emit_issue(number, at, "Issue.resolved");
            }
        }
    }

    /// Somebody mutes every issue of the account in Merge's dashboard.
    pub fn mute_issues(&mut self, number: usize) {
        let Some(account) = self.accounts.get_mut(number) else {
            return;
        };
        for at in 0..account.issues.len() {
            self.accounts[number].issues[at].muted = true;
            self.emit_issue(number, at, "Issue.muted");
        }
    }

    pub(crate) fn emit_issue(&mut self, number: usize, at: usize, event: &str) {
        let account = &self.accounts[number];
        let data = account.issues[at].row(account);
        self.emit(number, event, &data);
    }
}
