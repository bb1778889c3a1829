//! What is asked: one usual question of each decision, and webhooks and pages of several sizes.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A question by text.
#[derive(Debug)]
pub struct Question {
    /// What it is called in the table.
    pub name: String,
    /// `interface.function`.
    pub operation: &'static str,
    /// A JSON document.
    pub input: String,
}

/// A webhook with its signature.
#[derive(Debug)]
pub struct Signed {
    /// About how large its body is.
    pub size: &'static str,
    /// What Merge posts.
    pub body: String,
    /// Its header.
    pub signature: String,
    /// What it is signed with.
    pub key: String,
}

/// The webhook that every language is measured with.
const WEBHOOK: &str = include_str!("../../../embed/bench-input.json");

const NOW: &str = "2026-03-18T08:10:00Z";
const MODELS: [&str; 8] = [
    "Benefit",
    "Company",
    "Employee",
    "Employment",
    "Group",
    "Location",
    "PayrollRun",
    "Team",
];

/// Webhooks of three sizes.
///
/// # Errors
///
/// Where the webhook in `embed/` is not what it was.
pub fn signed() -> Result<Vec<Signed>> {
    let usual: Value = serde_json::from_str(WEBHOOK)?;
    let body = usual["input"]["body"].as_str().context("a body")?;
    [("1.4 KB", 0), ("16 KB", 14_600), ("256 KB", 254_600)]
        .map(|(size, more)| sign(size, body, more))
        .into_iter()
        .collect()
}

/// The usual webhook, for this account.
///
/// # Errors
///
/// As [`signed`].
pub fn signed_for(account: &str) -> Result<Signed> {
    let usual: Value = serde_json::from_str(WEBHOOK)?;
    let body = usual["input"]["body"].as_str().context("a body")?;
    let mut body: Value = serde_json::from_str(body)?;
    body["linked_account"]["id"] = account.into();
    sign("1.4 KB", &body.to_string(), 0)
}

/// As Merge would sign it. A longer body is longer by a field that nobody knows.
fn sign(size: &'static str, body: &str, more: usize) -> Result<Signed> {
    let mut body: Value = serde_json::from_str(body)?;
    if more > 0 {
        let fields: Vec<_> = (0..more / 50)
            .map(|number| json!({"name": "a field", "value": number, "set": true}))
            .collect();
        body["data"]["a_later_field"] = fields.into();
    }
    let body = body.to_string();
    let key = "an-example-key-that-signs-nothing-else".to_owned();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())?;
    mac.update(body.as_bytes());
    let signature = URL_SAFE.encode(mac.finalize().into_bytes());
    Ok(Signed {
        size,
        body,
        signature,
        key,
    })
}

/// All of them.
///
/// # Errors
///
/// As [`signed`].
pub fn questions() -> Result<Vec<Question>> {
    let mut questions = Vec::new();
    for delivery in signed()? {
        let input = json!({
            "body": delivery.body, "signatures": [delivery.signature], "keys": [delivery.key],
        });
        for operation in ["signature.verify", "webhook.handle"] {
            questions.push(question(operation, delivery.size, &input));
        }
    }
    let page = page(100, None);
    let statuses: Vec<_> = MODELS.map(status).into();
    let policy = json!({
        "initial_fast": {"shortest": 60_000, "longest": 120_000},
        "initial_slow": {"shortest": 300_000, "longest": 600_000},
        "frequent": {"shortest": 3_600_000, "longest": 7_200_000},
        "standard": {"shortest": 21_600_000, "longest": 43_200_000},
        "unhinted": {"shortest": 3_600_000, "longest": 7_200_000},
        "safety_net": 86_400_000,
    });
    let usual = [
        ("meta.version", json!({})),
        ("readiness.parse-status", json!({"body": statuses_body()})),
        (
            "readiness.evaluate",
            json!({"statuses": statuses, "complete": true, "required": [], "partial": "strict", "ready_before": [], "was_ready": true}),
        ),
        (
            "window.next",
            json!({
                "status": statuses[2],
                "progress": {
                    "last_synced_at": null, "merge_last_sync_finished": "2026-03-18T06:00:00Z",
                    "last_fetched_at": null,
                },
                "ready": true, "rule": "contiguous", "overlap": 300_000,
            }),
        ),
        (
            "cadence.next",
            json!({
                "statuses": statuses, "initial": false, "linked_at": "2026-01-01T00:00:00Z",
                "now": NOW, "seed": 7, "policy": policy,
            }),
        ),
        (
            "retry.decide",
            json!({
                "outcome": {"tag": "response", "value": {"status": 429, "retry_after": "7", "date": null}},
                "attempt": 2, "now": NOW, "seed": 7,
                "policy": {"base": 1_000, "throttled_base": 10_000, "cap": 600_000, "max_attempts": 8},
            }),
        ),
        (
            "page.parse",
            json!({"model_id": "hris.Employee", "body": page}),
        ),
    ];
    for (operation, input) in usual {
        questions.push(question(operation, "", &input));
    }
    Ok(questions)
}

fn question(operation: &'static str, size: &str, input: &Value) -> Question {
    let name = format!("{operation} {size}");
    Question {
        name: name.trim_end().to_owned(),
        operation,
        input: input.to_string(),
    }
}

/// A model as the decisions take it.
fn status(model: &str) -> Value {
    json!({
        "model_id": format!("hris.{model}"), "model_name": model, "status": {"tag": "done"},
        "is_initial_sync": false, "last_sync_start": "2026-03-18T07:50:00Z",
        "next_sync_start": "2026-03-18T08:50:00Z", "last_sync_result": {"tag": "done"},
        "last_sync_finished": "2026-03-18T07:58:02.418833Z", "status_reason": "",
        "data_fresh_as_of": null, "synced_fields": [], "unreadable": [],
    })
}

/// The same models as Merge lists them.
#[must_use]
pub fn statuses_body() -> String {
    let rows = MODELS.map(|model| {
        json!({
            "model_name": model, "model_id": format!("hris.{model}"), "status": "DONE",
            "is_initial_sync": false, "last_sync_start": "2026-03-18T07:50:00Z",
            "next_sync_start": "2026-03-18T08:50:00Z", "last_sync_result": "DONE",
            "last_sync_finished": "2026-03-18T07:58:02.418833Z",
        })
    });
    json!({"next": null, "previous": null, "results": rows}).to_string()
}

/// A page of so many employees, as Merge lists them, and the cursor of the next one.
#[must_use]
pub fn page(records: u32, next: Option<u32>) -> String {
    let rows: Vec<_> = (0..records)
        .map(|number| {
            json!({
                "id": format!("0958cbc6-6040-430a-848e-{number:012}"),
                "remote_id": format!("{number}"), "employee_number": format!("{number}"),
                "first_name": "Greg", "last_name": "Hirsch", "display_full_name": "Cousin Greg",
                "work_email": "greg@example.test", "start_date": "2020-10-10T00:00:00Z",
                "employment_status": "ACTIVE", "remote_was_deleted": false,
                "modified_at": "2026-03-18T07:55:00.418833Z", "field_mappings": null,
            })
        })
        .collect();
    json!({"next": next.map(|next| next.to_string()), "previous": null, "results": rows})
        .to_string()
}
