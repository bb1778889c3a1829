//! A `/sync-status` body: every model is read, and what is ready stays so.

use merge_sync_logic::readiness::{
    AccountPhase, AccountReadiness, Facts, PartialPolicy, Phase, evaluate, parse_status,
};
use merge_sync_logic::types::{ModelId, ModelStatus, Timestamp};
use serde_json::Value;

use crate::page::{check_next, is_list};
use crate::seeds::Vector;

/// The body as it is: read, read by another library, and judged.
pub fn status(data: &[u8]) {
    let body = String::from_utf8_lossy(data);
    let other = serde_json::from_str::<Value>(&body).ok();
    match parse_status(&body) {
        Err(problem) => {
            let readable = other.is_some_and(|value| is_list(&value));
            assert!(!readable, "refused: {}", problem.message);
        }
        Ok(read) => {
            if let Some(value) = other {
                let sent = value["results"].as_array().expect("a list");
                assert_eq!(sent.len(), read.statuses.len());
                for (status, row) in read.statuses.iter().zip(sent) {
                    check_status(status, row);
                }
                check_next(read.next.as_deref(), &value["next"]);
            }
            for partial in [PartialPolicy::Strict, PartialPolicy::AcceptPartial] {
                check_readiness(&read.statuses, partial);
            }
        }
    }
}

pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    vector.body_of("readiness.parse-status").map(Into::into)
}

fn model_id(row: &Value) -> Option<&str> {
    row["model_id"].as_str().filter(|id| !id.is_empty())
}

fn check_status(status: &ModelStatus, row: &Value) {
    if model_id(row).is_none() {
        assert_eq!(status.unreadable, ["model_id"]);
        assert_eq!(status.model_id, "");
        return;
    }
    let instant = |name: &str| row[name].as_str().and_then(Timestamp::parse);
    // No text that goes to a store holds U+0000.
    let kept = model_id(row).map(|id| id.replace('\0', "\u{fffd}"));
    assert_eq!(Some(status.model_id.clone()), kept);
    assert_eq!(status.is_initial_sync, row["is_initial_sync"].as_bool());
    assert_eq!(status.last_sync_start, instant("last_sync_start"));
    assert_eq!(status.next_sync_start, instant("next_sync_start"));
    assert_eq!(status.last_sync_finished, instant("last_sync_finished"));
    assert_eq!(status.status.is_some(), row["status"].is_string());
    assert_eq!(
        status.last_sync_result.is_some(),
        row["last_sync_result"].is_string()
    );
}

fn check_readiness(statuses: &[ModelStatus], partial: PartialPolicy) {
    let judge = |complete, required, ready_before| {
        evaluate(&Facts {
            statuses: statuses.to_vec(),
            complete,
            required,
            partial,
            ready_before,
            was_ready: false,
        })
    };
    let first = judge(true, Vec::new(), Vec::new());
    check_counts(&first);
    let ready = models_in(&first, Phase::Ready);
    let again = judge(true, Vec::new(), ready.clone());
    check_counts(&again);
    assert_eq!(
        models_in(&again, Phase::Ready),
        ready,
        "what was ready is not any more"
    );
    assert_eq!(
        judge(false, Vec::new(), ready.clone()).phase,
        AccountPhase::Unknown
    );
    let all: Vec<_> = statuses
        .iter()
        .map(|status| status.model_id.clone())
        .filter(|model_id| !model_id.is_empty())
        .collect();
    let required = judge(true, all, ready);
    check_counts(&required);
    assert_eq!(
        required.models.len(),
        first.models.len(),
        "requiring it listed it twice"
    );
    let disabled = models_in(&first, Phase::Disabled);
    assert!(
        required.phase != AccountPhase::Ready || disabled.is_empty(),
        "ready without a model that is required and switched off"
    );
}

fn check_counts(found: &AccountReadiness) {
    assert!(found.ready.saturating_add(found.attention) <= found.needed);
    let complete = found.needed > 0 && found.ready == found.needed;
    assert_eq!(found.phase == AccountPhase::Ready, complete);
    let ordered = found
        .models
        .is_sorted_by(|one, next| one.model_id < next.model_id);
    assert!(ordered, "models are not in order, or one is there twice");
    for model in &found.models {
        assert!(model.reason.ends_with('.') && !model.reason.contains('\n'));
    }
}

fn models_in(found: &AccountReadiness, phase: Phase) -> Vec<ModelId> {
    let models = found.models.iter().filter(|model| model.phase == phase);
    models.map(|model| model.model_id.clone()).collect()
}
