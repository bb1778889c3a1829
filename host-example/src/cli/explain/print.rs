//! What `explain` prints: a table, or JSON.

use serde_json::{Value, json};

use super::{Explained, Planned};
use crate::bindings::exports::merge_sync::triggers::readiness::AccountReadiness;
use crate::dto::{self, ReadinessDto};
use crate::instant;
use crate::terminal::table;

fn describe(plan: &Planned) -> (&'static str, String) {
    match plan {
        Planned::Skip(why) => ("skip", (*why).to_owned()),
        Planned::Fetch {
            path,
            filtered: true,
            always,
            span,
            ..
        } => (
            "fetch",
            format!("{path}?{}", joined(&[always, &span.query])),
        ),
        Planned::Fetch {
            path,
            filtered: false,
            always,
            ..
        } => (
            "fetch",
            format!(
                "{path}{}{always}, read whole: it has no modified_after",
                if always.is_empty() { "" } else { "?" }
            ),
        ),
    }
}

fn joined(parameters: &[&str]) -> String {
    let given: Vec<_> = parameters
        .iter()
        .filter(|given| !given.is_empty())
        .copied()
        .collect();
    given.join("&")
}

pub(super) fn to_text(account: &AccountReadiness, models: &[Explained], complete: bool) -> String {
    let mut text = format!(
        "account: {}, {} of {} needed models ready, {} in need of attention\n",
        dto::account_phase(account.phase),
        account.ready,
        account.needed,
        account.attention
    );
    if !complete {
        text.push_str("The last page names a next one: an account is judged by all of them.\n");
    }
    let mut table = table(&["model", "state", "why", "plan", ""]);
    for model in models {
        let (plan, detail) = describe(&model.plan);
        table.add_row([
            &model.model_id,
            dto::phase(model.phase),
            &model.reason,
            plan,
            &detail,
        ]);
    }
    text + &table.to_string()
}

pub(super) fn to_json(account: AccountReadiness, models: &[Explained], complete: bool) -> Value {
    let models: Vec<_> = models
        .iter()
        .map(|model| {
            let plan = match &model.plan {
                Planned::Skip(why) => json!({ "tag": "skip", "reason": why }),
                Planned::Fetch {
                    path,
                    filtered,
                    always,
                    key,
                    span,
                } => json!({
                    "tag": "fetch",
                    "path": path,
                    "filtered": filtered,
                    "always": always,
                    "key": key,
                    "after": span.after.map(instant::text),
                    "before": span.before.map(instant::text),
                    "watermark": instant::text(span.watermark),
                    "query": span.query,
                }),
            };
            json!({
                "model_id": model.model_id,
                "phase": dto::phase(model.phase),
                "reason": model.reason,
                "plan": plan,
            })
        })
        .collect();
    let account = ReadinessDto {
        models: Vec::new(),
        ..account.into()
    };
    json!({
        "complete": complete,
        "phase": account.phase,
        "needed": account.needed,
        "ready": account.ready,
        "attention": account.attention,
        "models": models,
    })
}
