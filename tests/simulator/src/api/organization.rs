//! Endpoints of the organization: they work without an account token.

use serde_json::Value;

use crate::Merge;
use crate::api::page::Key;
use crate::api::query::Query;
use crate::api::{Handled, Response, not_allowed, not_found};
use crate::world::account::Account;
use crate::world::issue::Issue;

/// Whether a comma list contains the value; an absent list contains everything.
fn among(list: Option<&str>, value: &str) -> bool {
    list.is_none_or(|list| list.split(',').any(|entry| entry.trim() == value))
}

impl Merge {
    pub(super) fn organization(&mut self, method: &str, rest: &[&str], query: &Query) -> Handled {
        if method != "GET" {
            return Err(not_allowed(method));
        }
        match rest {
            ["linked-accounts"] => self.linked_accounts(query),
            ["issues"] => self.issues(query),
            ["issues", id] => {
                let rows = self.issue_rows();
                let found = rows.into_iter().find(|(key, _)| key.1 == *id);
                let (_, (account, issue)) = found.ok_or_else(not_found)?;
                Ok(Response::json(200, &issue.row(account)))
            }
            _ => Err(not_found()),
        }
    }

    fn linked_accounts(&self, query: &Query) -> Handled {
        let wanted = |account: &&Account| {
            account.is_linked()
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
