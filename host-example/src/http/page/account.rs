//! One account, for the people whose data it is.

use maud::{Markup, html};

use super::frame::{account_address, button_form};
use crate::access::Caller;
use crate::bindings::exports::merge_sync::triggers::readiness::{
    AccountPhase, ModelReadiness, Phase,
};
use crate::bindings::exports::merge_sync::triggers::triggers::{ModelView, TroubleKind, View};
use crate::bindings::exports::merge_sync::triggers::types::LinkState;
use crate::dto;
use crate::host::Host;
use crate::http::segment::segment;
use crate::instant;
use crate::store::Listed;

/// Merge's name for an account that is not a customer's.
const TEST: &str = "TEST";

/// Whether the first sync is under way, so that somebody may be waiting.
pub(super) fn is_waiting(view: &View) -> bool {
    let first = match view.readiness.phase {
        AccountPhase::Unknown | AccountPhase::Syncing => true,
        AccountPhase::NeedsAttention | AccountPhase::Ready => false,
    };
    first && !view.paused
}

/// The banner, where the first sync is not over.
pub(super) fn banner(view: &View) -> Markup {
    let (ready, needed) = (view.readiness.ready, view.readiness.needed);
    html! {
        @if is_waiting(view) {
            div class="banner" role="status" {
                strong { "Syncing your data" }
                @if view.readiness.phase == AccountPhase::Unknown {
                    p { "We have not heard yet which data your account holds." }
                } @else {
                    p { (ready) " of " (needed) " data types are ready." }
                    progress max=(needed) value=(ready) {}
                }
                p {
                    "A first sync usually takes minutes to hours, and a large account can take \
                     more than a day. You can leave this page; what is not ready yet is switched \
                     off below."
                }
            }
        }
    }
}

/// What the account's link is like, where that is not as it should be.
pub(super) fn link(listed: &Listed, view: &View) -> Markup {
    html! {
        @match view.link {
            LinkState::Active => {}
            LinkState::RelinkNeeded => div class="trouble" role="alert" {
                p {
                    "This account has to be linked again: Merge has lost access to the system \
                     behind it. What was read stays."
                }
            }
            LinkState::Unlinked => div class="trouble" {
                p {
                    "This account is no longer linked. What was read stays, and nothing more is \
                     read."
                }
            }
        }
        @if listed.profile.account_type == TEST {
            p {
                "This is a test account: Merge syncs it once, and then only when somebody asks \
                 for it in Merge's dashboard."
            }
        }
        @if listed.profile.is_duplicate == Some(true) {
            p { "Merge takes this account for a second link of the same system." }
        }
    }
}

/// What kind of account it is, where that is not the usual one.
pub(super) fn badges(listed: &Listed) -> Markup {
    html! {
        @if listed.profile.account_type == TEST {
            " " span class="badge" { "test account" }
        }
        @if listed.profile.is_duplicate == Some(true) {
            " " span class="badge" { "duplicate" }
        }
    }
}

/// What is wrong with the account, and the ways out.
pub(super) fn trouble(host: &Host, caller: &Caller, listed: &Listed, view: &View) -> Markup {
    let retry = format!("{}/poll", account_address(&listed.profile.id));
    let attention = view.readiness.phase == AccountPhase::NeedsAttention;
    let issues = view.issues.iter().filter(|issue| !issue.trim().is_empty());
    let issues: Vec<_> = issues.collect();
    let something_is_wrong =
        view.trouble.is_some() || attention || !issues.is_empty() || listed.failed_runs.is_some();
    html! {
        @if view.paused {
            div class="trouble" { p { "Syncing of this account is paused." } }
        }
        @if something_is_wrong {
            div class="trouble" role="alert" {
                (cause(host, view, attention))
                @if let Some(failed) = &listed.failed_runs {
                    p {
                        "Your data could not be processed, and the reason is on our side. It is \
                         tried again. (" (failed.count) " times since "
                        (instant::text(failed.since)) ")"
                    }
                }
                @if !issues.is_empty() {
                    ul { @for issue in issues { li { (issue) } } }
                }
                (button_form(caller, &retry, &html! {}, "Retry"))
                @if let Some(support) = &host.support {
                    " " a href=(support) { "Contact support" }
                }
            }
        }
    }
}

fn cause(host: &Host, view: &View, attention: bool) -> Markup {
    html! {
        @match &view.trouble {
            // Not the customer's to mend, whatever the engine can tell from one account.
            Some(trouble)
                if trouble.kind == TroubleKind::Reauthorize && host.http.key_is_suspected() =>
            {
                p {
                    "Your data cannot be read at the moment, and the reason is on our side: your \
                     own connection need not be made anew."
                }
            }
            Some(trouble) => p { (trouble.text) }
            None if attention => p { "Some of your data could not be read." }
            None => {}
        }
    }
}

/// The account's models.
pub(super) fn models(caller: &Caller, id: &str, view: &View) -> Markup {
    html! {
        @if !view.readiness.models.is_empty() {
            table {
                thead { tr { th { "Data" } th { "State" } th { "Read up to" } } }
                tbody {
                    @for model in &view.readiness.models { (model_row(caller, id, view, model)) }
                }
            }
        }
    }
}

fn model_row(caller: &Caller, id: &str, view: &View, model: &ModelReadiness) -> Markup {
    let mut models = view.models.iter();
    let known = models.find(|known| known.status.model_id == model.model_id);
    let name = known.map_or(model.model_id.as_str(), model_name);
    let fresh_to = known.and_then(|known| known.progress.merge_last_sync_finished);
    let is_ready = model.phase == Phase::Ready;
    let records = format!(
        "{}/records?model={}",
        account_address(id),
        segment(&model.model_id)
    );
    html! {
        tr class=[(!is_ready).then_some("off")] {
            td {
                @if is_ready {
                    a href=(records) { (name) }
                } @else {
                    button disabled { (name) }
                }
            }
            td {
                (dto::phase(model.phase)) br; (model.reason)
                @if let Some(known) = known { (wrong_with(caller, id, known)) }
            }
            td { @if let Some(fresh_to) = fresh_to { (instant::text(fresh_to)) } }
        }
    }
}

/// What people call the model.
pub(super) fn model_name(model: &ModelView) -> &str {
    if model.status.model_name.is_empty() {
        &model.status.model_id
    } else {
        &model.status.model_name
    }
}

/// What is wrong with one model, and what somebody can do about it.
fn wrong_with(caller: &Caller, id: &str, model: &ModelView) -> Markup {
    let model_id = &model.status.model_id;
    let account = account_address(id);
    let fields = html! { input type="hidden" name="model" value=(model_id); };
    html! {
        @if let Some(trouble) = &model.trouble {
            p class="wrong" { (trouble.text) " (" (dto::trouble_kind(trouble.kind)) ")" }
        }
        @if model.without_key > 0 {
            p class="wrong" { (model.without_key) " records have no key and are not stored." }
        }
        @if model.unreadable_records > 0 {
            p class="wrong" {
                (model.unreadable_records) " records cannot be read and are not stored."
            }
        }
        @if let Some(sweep) = &model.held_sweep {
            p class="wrong" {
                (sweep.unseen) " of " (sweep.live)
                " records were not found when all were read. None was marked as deleted."
            }
            form method="get" action={ (account) "/approve-deletions" } {
                input type="hidden" name="model" value=(model_id);
                input type="hidden" name="pass" value=(sweep.pass);
                button { "Approve deletions" }
            }
            " "
        }
        @if model.trouble.is_some() || model.held_sweep.is_some() {
            (button_form(caller, &format!("{account}/reread-model"), &fields, "Read again"))
        }
    }
}
