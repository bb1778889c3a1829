//! Endpoints of the organization: they work without an account token.

use serde_json::Value;

use crate::Merge;
use crate::api::page::Key;
use crate::api::query::Query;
use crate::api::{Handled, Response, not_allowed, not_found};
use crate::catalog::{CATEGORIES, integration};
use crate::world::account::Account;
use crate::world::issue::Issue;

/// Whether a comma list contains the value; an absent list contains everything.
fn among(list: Option<&str>, value: &str) -> bool {
    list.is_none_or(|list| list.split(',').any(|entry| entry.trim() == value))
}

/// Whether the endpoint works without an account token.
pub(super) fn is_of_it(method: &str, rest: &[&str]) -> bool {
    match rest {
        ["account-token", ..] => method == "GET",
        [first, ..] => [
            "linked-accounts",
            "issues",
            "link-token",
            "generate-key",
            "regenerate-key",
            "default-scopes",
            "audit-trail",
        ]
        .contains(first),
        [] => false,
    }
}

impl Merge {
    pub(super) fn organization(
        &mut self,
        method: &str,
        category: &str,
        rest: &[&str],
        query: &Query,
        body: &Value,
    ) -> Handled {
        if !CATEGORIES.contains(&category) {
            return Err(not_found());
        }
        match (method, rest) {
            ("POST", ["link-token"]) => self.link_token(category, body),
            ("POST", ["generate-key"]) => self.new_key(body, false),
            ("POST", ["regenerate-key"]) => self.new_key(body, true),
            ("GET", ["account-token", public]) => self.account_token(public),
            ("GET", ["default-scopes"]) => Ok(Self::default_scopes(category)),
            ("GET", ["audit-trail"]) => self.audit_trail(query),
            ("GET", ["linked-accounts"]) => self.linked_accounts(query),
            ("GET", ["issues"]) => self.issues(query),
            ("GET", ["issues", id]) => {
                let rows = self.issue_rows();
                let found = rows.into_iter().find(|(key, _)| key.1 == *id);
                let (_, (account, issue)) = found.ok_or_else(not_found)?;
                Ok(Response::json(200, &issue.row(account)))
            }
            _ => Err(not_allowed(method)),
        }
    }

    fn audit_trail(&self, query: &Query) -> Handled {
        let start = query.instant("start_date")?;
        let end = query.instant("end_date")?;
        let wanted = |(key, row): &&(Key, Value)| {
            among(
                query.text("event_type"),
                row["event_type"].as_str().unwrap_or_default(),
            ) && query.text("user_email").is_none()
                && start.is_none_or(|at| key.0 >= at)
                && end.is_none_or(|at| key.0 <= at)
        };
        let rows = self.trail.iter().filter(wanted);
        let rows = rows.map(|(key, row)| (key, row.clone()));
        let page = self.page("audit-trail", query, rows, |row| row)?;
        Ok(Response::json(200, &page))
    }

    fn linked_accounts(&self, query: &Query) -> Handled {
        let wanted = |account: &&Account| {
            // Test accounts come alone, and only where they are asked for.
            account.is_linked()
                && account.is_test == query.flag("is_test_account")
                && among(query.text("end_user_email_address"), &account.email())
                && among(
                    query.text("integration_name"),
                    integration(&account.category).0,
                )
                && among(query.text("id"), &account.id)
                && among(query.text("ids"), &account.id)
                && among(query.text("category"), &account.category)
                && among(query.text("status"), account.link_status())
                && among(query.text("end_user_origin_id"), &account.origin_id)
                && among(query.text("end_user_origin_ids"), &account.origin_id)
                && among(
                    query.text("end_user_organization_name"),
                    &account.organization,
                )
        };
        let accounts = self.accounts.iter().filter(wanted);
        let mut rows: Vec<(Key, &Account)> = accounts
            .map(|account| ((account.completed_at, account.id.clone()), account))
            .collect();
        rows.sort_by(|(left, _), (right, _)| left.cmp(right));
        let rows = rows.iter().map(|(key, account)| (key, *account));
        let body = self.page("linked-accounts", query, rows, Account::linked_row)?;
        Ok(Response::json(200, &body))
    }

    fn issue_rows(&self) -> Vec<(Key, (&Account, &Issue))> {
        let accounts = self.accounts.iter().filter(|account| account.is_linked());
        let issues =
            accounts.flat_map(|account| account.issues.iter().map(move |issue| (account, issue)));
        let mut rows: Vec<_> = issues
            .map(|(account, issue)| ((issue.first, issue.id.clone()), (account, issue)))
            .collect();
        rows.sort_by(|(left, _), (right, _)| left.cmp(right));
        rows
    }

    fn issues(&self, query: &Query) -> Handled {
        let first_after = query.instant("first_incident_time_after")?;
        let first_before = query.instant("first_incident_time_before")?;
        let last_after = query.instant("last_incident_time_after")?;
        let last_before = query.instant("last_incident_time_before")?;
        let start = query.instant("start_date")?;
        let end = query.instant("end_date")?;
        let muted_too = query.flag("include_muted");
        let wanted = |account: &Account, issue: &Issue| {
            let status = if issue.ongoing { "ONGOING" } else { "RESOLVED" };
            among(query.text("account_token"), &account.token)
                && among(query.text("linked_account_id"), &account.id)
                && among(query.text("status"), status)
                && among(
                    query.text("end_user_organization_name"),
                    &account.organization,
                )
                && first_after.is_none_or(|at| issue.first > at)
                && first_before.is_none_or(|at| issue.first < at)
                && last_after.is_none_or(|at| issue.last > at)
                && last_before.is_none_or(|at| issue.last < at)
                && start.is_none_or(|at| issue.last >= at)
                && end.is_none_or(|at| issue.first <= at)
                && (muted_too || !issue.muted)
        };
        let rows = self.issue_rows();
        let rows = rows.iter().map(|(key, row)| (key, *row));
        let rows = rows.filter(|(_, (account, issue))| wanted(account, issue));
        let render = |(account, issue): (&Account, &Issue)| -> Value { issue.row(account) };
        let body = self.page("issues", query, rows, render)?;
        Ok(Response::json(200, &body))
    }
}
