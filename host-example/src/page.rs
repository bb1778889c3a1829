//! The pages: what people see while an account syncs, and when something is wrong.
//!
//! Plain HTML from the server, without scripts. A page that waits for Merge loads itself again.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::api;
use crate::bindings::exports::merge_sync::triggers::readiness::{
    AccountPhase, ModelReadiness, Phase,
};
use crate::bindings::exports::merge_sync::triggers::triggers::{
    Approval, Command, ModelView, Trouble, TroubleKind, View,
};
use crate::bindings::exports::merge_sync::triggers::types::LinkState;
use crate::host::Host;
use crate::instant;
use crate::server::{ApiError, ask, held, look};
use crate::store::Listed;

/// While somebody waits, the page is loaded again after so many seconds.
const REFRESH_SECONDS: u32 = 10;

/// Entries on one page of a list.
const PAGE: u32 = 200;

const STYLE: &str = "
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;\
border-bottom:1px solid #ddd;vertical-align:top}
.banner,.trouble{border-radius:.5rem;padding:1rem;margin:1rem 0}
.banner{background:#e8f1fd;border:1px solid #9cc3f5}.trouble{background:#fdecea;\
border:1px solid #f0a8a0}
.badge{background:#eee;border-radius:.5rem;padding:.1rem .5rem;font-size:.8em}
.wrong{color:#a3261b}.off{color:#767676}form{display:inline}progress{width:100%}
";

type Answer = Result<Response, ApiError>;

/// `GET /`: every account.
pub(crate) async fn accounts(
    State(host): State<Arc<Host>>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let found = host.store.accounts(&query.after, PAGE).await?;
    let mut body = String::from("<h1>Linked accounts</h1>");
    if host.http.key_is_suspected() {
        body.push_str(
            "<div class=\"trouble\" role=\"alert\"><p>Merge does not accept this \
             installation's API key. The accounts' own links are not at fault: the operator has \
             to put the key right.</p></div>",
        );
    }
    if found.is_empty() {
        body.push_str("<p>No account is linked yet.</p>");
    } else {
        body.push_str(
            "<table><thead><tr><th>Account</th><th>Integration</th><th>State</th>\
             <th>Data types ready</th><th>Fresh to</th></tr></thead><tbody>",
        );
        found
            .iter()
            .for_each(|listed| account_row(&mut body, listed));
        body.push_str("</tbody></table>");
    }
    if let Some(last) = found.last().filter(|_| found.len() >= PAGE as usize) {
        let _ = write!(
            body,
            "<p><a href=\"/?after={}\">More</a></p>",
            path_text(&last.profile.id)
        );
    }
    Ok(html("Linked accounts", None, &body))
}

/// `GET /accounts/{id}`: one account, for the people whose data it is.
pub(crate) async fn account(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Answer {
    let (listed, view) = look(&host, &id, Vec::new()).await?;
    let mut body = format!(
        "<p><a href=\"/\">All accounts</a></p><h1>{}{}</h1>",
        name(&listed),
        badges(&listed)
    );
    let waiting = banner(&mut body, &view);
    link(&mut body, &listed, &view);
    trouble(&mut body, &host, &listed, &view);
    models(&mut body, &listed.profile.id, &view);
    Ok(html(
        &name(&listed),
        waiting.then_some(REFRESH_SECONDS),
        &body,
    ))
}

/// `POST /accounts/{id}/poll`: the "Retry" button.
pub(crate) async fn poll(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Answer {
    ask(&host, id.clone(), Command::Poll).await?;
    Ok(to_account(&id))
}

/// `POST /accounts/{id}/reread-model`: the "Read again" button.
pub(crate) async fn reread_model(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Form(about): Form<ModelForm>,
) -> Answer {
    ask(&host, id.clone(), Command::RereadModel(about.model)).await?;
    Ok(to_account(&id))
}

/// `GET /accounts/{id}/approve-deletions?model=&pass=`: are you sure?
pub(crate) async fn confirm_deletions(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Query(about): Query<ApprovalForm>,
) -> Answer {
    let (listed, view) = look(&host, &id, Vec::new()).await?;
    let (model, sweep) = held(&view, &about.into())?;
    let body = format!(
        "<p><a href=\"/accounts/{account}\">{name}</a></p><h1>Approve deletions</h1>\
         <p>Merge was read whole and did not return {unseen} of {live} records of {model_name}. \
         If that is right, approve it: they are marked as deleted and kept. If it may be a \
         mistake (a permission that was taken away, say), leave them: what Merge returns again \
         stays.</p>\
         <form method=\"post\" action=\"/accounts/{account}/approve-deletions\">\
         <input type=\"hidden\" name=\"model\" value=\"{model_id}\">\
         <input type=\"hidden\" name=\"pass\" value=\"{pass}\">\
         <button>Mark {unseen} records as deleted</button></form>",
        account = path_text(&id),
        name = name(&listed),
        unseen = sweep.unseen,
        live = sweep.live,
        model_name = escaped(model_name(model)),
        model_id = escaped(&model.status.model_id),
        pass = sweep.pass,
    );
    Ok(html("Approve deletions", None, &body))
}

/// `POST /accounts/{id}/approve-deletions`: the button of the page that asks.
pub(crate) async fn approve_deletions(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Form(about): Form<ApprovalForm>,
) -> Answer {
    ask(&host, id.clone(), Command::ApproveDeletions(about.into())).await?;
    Ok(to_account(&id))
}

fn to_account(id: &str) -> Response {
    Redirect::to(&format!("/accounts/{}", path_text(id))).into_response()
}

/// What "Read again" is about.
#[derive(Debug, Deserialize)]
pub(crate) struct ModelForm {
    model: String,
}

/// What an approval is about.
#[derive(Debug, Deserialize)]
pub(crate) struct ApprovalForm {
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
pub(crate) async fn records(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let Some(listed) = host.store.account(&id).await? else {
        return Err(ApiError::unknown_account(&id));
    };
    let rows = host
        .store
        .rows(&id, &query.model, &query.after, PAGE)
        .await?;
    let mut body = format!(
        "<p><a href=\"/accounts/{}\">{}</a></p><h1>{}</h1><table><thead><tr><th>Id</th>\
         <th>Id at the source</th><th>Changed</th><th></th></tr></thead><tbody>",
        path_text(&id),
        name(&listed),
        escaped(&query.model)
    );
    for stored in &rows {
        let _ = write!(
            body,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&stored.row.id),
            escaped(stored.row.remote_id.as_deref().unwrap_or_default()),
            stored
                .row
                .modified_at
                .map(instant::text)
                .unwrap_or_default(),
            if stored.row.deleted { "deleted" } else { "" }
        );
    }
    body.push_str("</tbody></table>");
    if let Some(last) = rows.last().filter(|_| rows.len() >= PAGE as usize) {
        let _ = write!(
            body,
            "<p><a href=\"?model={}&amp;after={}\">More</a></p>",
            path_text(&query.model),
            path_text(&last.row.id)
        );
    }
    Ok(html(&query.model, None, &body))
}

/// Where a list goes on, and of what.
#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    after: String,
    #[serde(default)]
    model: String,
}

fn account_row(body: &mut String, listed: &Listed) {
    let summary = &listed.summary;
    let phase = if summary.phase.is_empty() {
        "unknown"
    } else {
        &summary.phase
    };
    let trouble = if summary.trouble.is_empty() {
        String::new()
    } else {
        format!(" ({})", escaped(&summary.trouble))
    };
    let mut more = String::new();
    match summary.link.as_str() {
        "relink-needed" => more.push_str("<br>to be linked again"),
        "unlinked" => more.push_str("<br>unlinked"),
        _ => {}
    }
    if summary.skipped > 0 {
        let _ = write!(more, "<br>{} records cannot be stored", summary.skipped);
    }
    if listed.failed_runs.is_some() {
        more.push_str("<br>runs fail");
    }
    let _ = write!(
        body,
        "<tr><td><a href=\"/accounts/{}\">{}</a>{}</td><td>{}</td><td>{}{trouble}{more}</td>\
         <td>{} of {}</td><td>{}</td></tr>",
        path_text(&listed.profile.id),
        name(listed),
        badges(listed),
        escaped(&listed.profile.integration),
        escaped(phase),
        summary.ready,
        summary.needed,
        summary.fresh_to.map(instant::text).unwrap_or_default()
    );
}

/// The banner, where the first sync is not over. Whether it was shown.
fn banner(body: &mut String, view: &View) -> bool {
    let readiness = &view.readiness;
    let first = match readiness.phase {
        AccountPhase::Unknown | AccountPhase::Syncing => true,
        AccountPhase::NeedsAttention | AccountPhase::Ready => false,
    };
    if !first || view.paused {
        return false;
    }
    body.push_str("<div class=\"banner\" role=\"status\"><strong>Syncing your data</strong>");
    if readiness.phase == AccountPhase::Unknown {
        body.push_str("<p>We have not heard yet which data your account holds.</p>");
    } else {
        let _ = write!(
            body,
            "<p>{ready} of {needed} data types are ready.</p>\
             <progress max=\"{needed}\" value=\"{ready}\"></progress>",
            ready = readiness.ready,
            needed = readiness.needed
        );
    }
    body.push_str(
        "<p>A first sync usually takes minutes to hours, and a large account can take more than \
         a day. You can leave this page; what is not ready yet is switched off below.</p></div>",
    );
    true
}

/// What the account's link is like, where that is not as it should be.
fn link(body: &mut String, listed: &Listed, view: &View) {
    match view.link {
        LinkState::Active => {}
        LinkState::RelinkNeeded => body.push_str(
            "<div class=\"trouble\" role=\"alert\"><p>This account has to be linked again: Merge \
             has lost access to the system behind it. What was read stays.</p></div>",
        ),
        LinkState::Unlinked => body.push_str(
            "<div class=\"trouble\"><p>This account is no longer linked. What was read stays, and \
             nothing more is read.</p></div>",
        ),
    }
    if listed.profile.account_type == TEST {
        body.push_str(
            "<p>This is a test account: Merge syncs it once, and then only when somebody asks for \
             it in Merge's dashboard.</p>",
        );
    }
    if listed.profile.is_duplicate == Some(true) {
        body.push_str("<p>Merge takes this account for a second link of the same system.</p>");
    }
}

/// Merge's name for an account that is not a customer's.
const TEST: &str = "TEST";

fn badges(listed: &Listed) -> String {
    let mut badges = String::new();
    if listed.profile.account_type == TEST {
        badges.push_str(" <span class=\"badge\">test account</span>");
    }
    if listed.profile.is_duplicate == Some(true) {
        badges.push_str(" <span class=\"badge\">duplicate</span>");
    }
    badges
}

fn trouble(body: &mut String, host: &Host, listed: &Listed, view: &View) {
    if view.paused {
        body.push_str("<div class=\"trouble\"><p>Syncing of this account is paused.</p></div>");
    }
    let attention = view.readiness.phase == AccountPhase::NeedsAttention;
    let issues: Vec<_> = view
        .issues
        .iter()
        .filter(|issue| !issue.trim().is_empty())
        .collect();
    if view.trouble.is_none() && !attention && issues.is_empty() && listed.failed_runs.is_none() {
        return;
    }
    body.push_str("<div class=\"trouble\" role=\"alert\">");
    match &view.trouble {
        // Not the customer's to mend, whatever the engine can tell from one account.
        Some(Trouble {
            kind: TroubleKind::Reauthorize,
            ..
        }) if host.http.key_is_suspected() => {
            body.push_str(
                "<p>Your data cannot be read at the moment, and the reason is on our side: your \
                 own connection need not be made anew.</p>",
            );
        }
        Some(trouble) => {
            let _ = write!(body, "<p>{}</p>", escaped(&trouble.text));
        }
        None if attention => body.push_str("<p>Some of your data could not be read.</p>"),
        None => {}
    }
    if let Some(failed) = &listed.failed_runs {
        let _ = write!(
            body,
            "<p>Your data could not be processed, and the reason is on our side. It is tried \
             again. ({} times since {})</p>",
            failed.count,
            instant::text(failed.since)
        );
    }
    if !issues.is_empty() {
        body.push_str("<ul>");
        for issue in issues {
            let _ = write!(body, "<li>{}</li>", escaped(issue));
        }
        body.push_str("</ul>");
    }
    let _ = write!(
        body,
        "<form method=\"post\" action=\"/accounts/{}/poll\"><button>Retry</button></form>",
        path_text(&listed.profile.id)
    );
    if let Some(support) = &host.support {
        let _ = write!(
            body,
            " <a href=\"{}\">Contact support</a>",
            escaped(support)
        );
    }
    body.push_str("</div>");
}

fn models(body: &mut String, id: &str, view: &View) {
    if view.readiness.models.is_empty() {
        return;
    }
    body.push_str(
        "<table><thead><tr><th>Data</th><th>State</th><th>Read up to</th></tr></thead><tbody>",
    );
    for model in &view.readiness.models {
        model_row(body, id, view, model);
    }
    body.push_str("</tbody></table>");
}

fn model_row(body: &mut String, id: &str, view: &View, model: &ModelReadiness) {
    let known = view
        .models
        .iter()
        .find(|known| known.status.model_id == model.model_id);
    let name = known.map_or(model.model_id.as_str(), model_name);
    let fresh = known
        .and_then(|known| known.progress.merge_last_sync_finished)
        .map(instant::text)
        .unwrap_or_default();
    let name = if model.phase == Phase::Ready {
        format!(
            "<a href=\"/accounts/{}/records?model={}\">{}</a>",
            path_text(id),
            path_text(&model.model_id),
            escaped(name)
        )
    } else {
        format!("<button disabled>{}</button>", escaped(name))
    };
    let class = if model.phase == Phase::Ready {
        ""
    } else {
        " class=\"off\""
    };
    let more = known.map(|known| wrong_with(id, known)).unwrap_or_default();
    let _ = write!(
        body,
        "<tr{class}><td>{name}</td><td>{}<br>{}{more}</td><td>{fresh}</td></tr>",
        api::phase(model.phase),
        escaped(&model.reason)
    );
}

fn model_name(model: &ModelView) -> &str {
    if model.status.model_name.is_empty() {
        &model.status.model_id
    } else {
        &model.status.model_name
    }
}

/// What is wrong with one model, and what somebody can do about it.
fn wrong_with(id: &str, model: &ModelView) -> String {
    let mut more = String::new();
    let model_id = &model.status.model_id;
    if let Some(trouble) = &model.trouble {
        let _ = write!(
            more,
            "<p class=\"wrong\">{} ({})</p>",
            escaped(&trouble.text),
            api::trouble_kind(trouble.kind)
        );
    }
    if model.without_key > 0 {
        let _ = write!(
            more,
            "<p class=\"wrong\">{} records have no key and are not stored.</p>",
            model.without_key
        );
    }
    if model.unreadable_records > 0 {
        let _ = write!(
            more,
            "<p class=\"wrong\">{} records cannot be read and are not stored.</p>",
            model.unreadable_records
        );
    }
    if let Some(sweep) = &model.held_sweep {
        let _ = write!(
            more,
            "<p class=\"wrong\">{} of {} records were not found when all were read. None was \
             marked as deleted.</p><form method=\"get\" \
             action=\"/accounts/{}/approve-deletions\">\
             <input type=\"hidden\" name=\"model\" value=\"{}\">\
             <input type=\"hidden\" name=\"pass\" value=\"{}\">\
             <button>Approve deletions</button></form> ",
            sweep.unseen,
            sweep.live,
            path_text(id),
            escaped(model_id),
            sweep.pass
        );
    }
    if model.trouble.is_some() || model.held_sweep.is_some() {
        let _ = write!(
            more,
            "<form method=\"post\" action=\"/accounts/{}/reread-model\">\
             <input type=\"hidden\" name=\"model\" value=\"{}\">\
             <button>Read again</button></form>",
            path_text(id),
            escaped(model_id)
        );
    }
    more
}

/// What people call the account, as HTML.
fn name(listed: &Listed) -> String {
    let profile = &listed.profile;
    let name = [
        &profile.organization_name,
        &profile.end_user_origin_id,
        &profile.id,
    ]
    .into_iter()
    .find(|name| !name.is_empty());
    escaped(name.map_or("", String::as_str))
}

/// `title` is HTML already; so is `body`.
fn html(title: &str, refresh: Option<u32>, body: &str) -> Response {
    let refresh = refresh
        .map(|seconds| format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">"))
        .unwrap_or_default();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">{refresh}\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>{body}</body></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::OK, headers, page).into_response()
}

/// Text of others, as HTML text or inside a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// Text of others, as one segment of a path or one value of a query.
fn path_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{escaped, path_text};

    #[test]
    fn text_of_others_cannot_leave_its_place() {
        assert_eq!(
            escaped("<b a='1'>&\""),
            "&lt;b a=&#39;1&#39;&gt;&amp;&quot;"
        );
        assert_eq!(path_text("a/b?\"é"), "a%2Fb%3F%22%C3%A9");
    }
}
