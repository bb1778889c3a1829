//! The pages: what people see while an account syncs, and when something is wrong.
//!
//! Plain HTML from the server, without scripts. A page that waits for Merge loads itself again.

mod account;
mod frame;
pub(super) mod login;

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::ask::{ask, held, look};
use super::error::{Answer, ApiError};
use super::segment::segment;
use crate::access::Caller;
use crate::bindings::exports::merge_sync::triggers::triggers::{Approval, Command};
use crate::host::Host;
use crate::instant;
use crate::store::{Listed, Stored};
use account::{badges, banner, is_waiting, link, model_name, models, trouble};
use frame::{account_address, button_form, name, page};

/// While somebody waits, the page is loaded again after so many seconds.
const REFRESH_SECONDS: u32 = 10;

/// Entries on one page of a list.
const PAGE: u32 = 200;

/// `GET /`: every account.
pub(super) async fn accounts(
    State(host): State<Arc<Host>>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let found = host.store.accounts(&query.after, PAGE).await?;
    let last = found.last().filter(|_| found.len() >= PAGE as usize);
    let body = html! {
        h1 { "Linked accounts" }
        @if host.http.key_is_suspected() {
            div class="trouble" role="alert" {
                p {
                    "Merge does not accept this installation's API key. The accounts' own links \
                     are not at fault: the operator has to put the key right."
                }
            }
        }
        @if found.is_empty() {
            p { "No account is linked yet." }
        } @else {
            table {
                thead {
                    tr {
                        th { "Account" } th { "Integration" } th { "State" }
                        th { "Data types ready" } th { "Fresh to" }
                    }
                }
                tbody { @for listed in &found { (account_row(listed)) } }
            }
        }
        @if let Some(last) = last {
            p { a href={ "/?after=" (segment(&last.profile.id)) } { "More" } }
        }
    };
    Ok(page("Linked accounts", None, Some(&caller), &body))
}

fn account_row(listed: &Listed) -> Markup {
    let summary = &listed.summary;
    let phase = Some(summary.phase.as_str()).filter(|phase| !phase.is_empty());
    html! {
        tr {
            td {
                a href=(account_address(&listed.profile.id)) { (name(listed)) }
                (badges(listed))
            }
            td { (listed.profile.integration) }
            td {
                (phase.unwrap_or("unknown"))
                @if let Some(trouble) = &summary.trouble { " (" (trouble) ")" }
                @match summary.link.as_str() {
                    "relink-needed" => { br; "to be linked again" }
                    "unlinked" => { br; "unlinked" }
                    _ => {}
                }
                @if summary.skipped > 0 { br; (summary.skipped) " records cannot be stored" }
                @if listed.failed_runs.is_some() { br; "runs fail" }
            }
            td { (summary.ready) " of " (summary.needed) }
            td { @if let Some(fresh_to) = summary.fresh_to { (instant::text(fresh_to)) } }
        }
    }
}

/// `GET /accounts/{id}`: one account, for the people whose data it is.
pub(super) async fn account(
    State(host): State<Arc<Host>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer {
    let (listed, view) = look(&host, &id, Vec::new()).await?;
    let body = html! {
        p { a href="/" { "All accounts" } }
        h1 { (name(&listed)) (badges(&listed)) }
        (banner(&view))
        (link(&listed, &view))
        (trouble(&host, &caller, &listed, &view))
        (models(&caller, &listed.profile.id, &view))
    };
    let refresh = is_waiting(&view).then_some(REFRESH_SECONDS);
    Ok(page(name(&listed), refresh, Some(&caller), &body))
}

/// `POST /accounts/{id}/poll`: the "Retry" button.
pub(super) async fn poll(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Answer {
    ask(&host, id.clone(), Command::Poll).await?;
    Ok(to_account(&id))
}

/// `POST /accounts/{id}/reread-model`: the "Read again" button.
pub(super) async fn reread_model(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Form(about): Form<ModelForm>,
) -> Answer {
    ask(&host, id.clone(), Command::RereadModel(about.model)).await?;
    Ok(to_account(&id))
}

/// `GET /accounts/{id}/approve-deletions?model=&pass=`: are you sure?
pub(super) async fn confirm_deletions(
    State(host): State<Arc<Host>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(about): Query<ApprovalForm>,
) -> Answer {
    let (listed, view) = look(&host, &id, Vec::new()).await?;
    let (model, sweep) = held(&view, &about.into())?;
    let account = account_address(&id);
    let label = format!("Mark {} records as deleted", sweep.unseen);
    let fields = html! {
        input type="hidden" name="model" value=(model.status.model_id);
        input type="hidden" name="pass" value=(sweep.pass);
    };
    let body = html! {
        p { a href=(account) { (name(&listed)) } }
        h1 { "Approve deletions" }
        p {
            "Merge was read whole and did not return " (sweep.unseen) " of " (sweep.live)
            " records of " (model_name(model)) ". If that is right, approve it: they are marked \
             as deleted and kept. If it may be a mistake (a permission that was taken away, say), \
             leave them: what Merge returns again stays."
        }
        (button_form(&caller, &format!("{account}/approve-deletions"), &fields, &label))
    };
    Ok(page("Approve deletions", None, Some(&caller), &body))
}

/// `POST /accounts/{id}/approve-deletions`: the button of the page that asks.
pub(super) async fn approve_deletions(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Form(about): Form<ApprovalForm>,
) -> Answer {
    ask(&host, id.clone(), Command::ApproveDeletions(about.into())).await?;
    Ok(to_account(&id))
}

fn to_account(id: &str) -> Response {
    Redirect::to(&account_address(id)).into_response()
}

/// What "Read again" is about.
#[derive(Debug, Deserialize)]
pub(super) struct ModelForm {
    model: String,
}

/// What an approval is about.
#[derive(Debug, Deserialize)]
pub(super) struct ApprovalForm {
    model: String,
    pass: u64,
}

impl From<ApprovalForm> for Approval {
    fn from(from: ApprovalForm) -> Self {
        Self {
            model_id: from.model,
            pass: from.pass,
        }
    }
}

/// `GET /accounts/{id}/records?model=`: the stored records of one model.
pub(super) async fn records(
    State(host): State<Arc<Host>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let Some(listed) = host.store.account(&id).await? else {
        return Err(ApiError::unknown_account(&id));
    };
    let model = &query.model;
    let rows = host.store.rows(&id, model, &query.after, PAGE).await?;
    let last = rows.last().filter(|_| rows.len() >= PAGE as usize);
    let body = html! {
        p { a href=(account_address(&id)) { (name(&listed)) } }
        h1 { (model) }
        table {
            thead {
                tr { th { "Id" } th { "Id at the source" } th { "Changed" } th {} }
            }
            tbody { @for stored in &rows { (record_row(stored)) } }
        }
        @if let Some(last) = last {
            p {
                a href={ "?model=" (segment(model)) "&after=" (segment(&last.row.id)) } { "More" }
            }
        }
    };
    Ok(page(model, None, Some(&caller), &body))
}

fn record_row(stored: &Stored) -> Markup {
    let row = &stored.row;
    html! {
        tr {
            td { (row.id) }
            td { (row.remote_id.as_deref().unwrap_or_default()) }
            td { @if let Some(modified_at) = row.modified_at { (instant::text(modified_at)) } }
            td { @if row.deleted { "deleted" } }
        }
    }
}

/// Where a list goes on, and of what.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    after: String,
    #[serde(default)]
    model: String,
}
