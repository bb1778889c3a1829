//! `merge-sync verify`: is a webhook's body authentic, and what does it mean?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::input::bytes;
use crate::bindings::exports::merge_sync::triggers::signature::{Refusal, SignedBody};
use crate::bindings::exports::merge_sync::triggers::types::{Account, ModelStatus};
use crate::bindings::exports::merge_sync::triggers::webhook::{Event, Outcome, Reply};
use crate::config::variable;
use crate::config::webhook_keys;
use crate::dto;
use crate::engine_flag::Engine;
use crate::terminal::{say, say_json};

pub(super) const HELP: &str = "\
The signing keys are read from MERGE_WEBHOOK_SECRET (or MERGE_SECURITY_SIGNATURE), several
separated by commas. The body has to be the very bytes that Merge sent.

Exit code: 0 authentic, 1 not authentic, 2 the question could not be answered.";

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// File with the raw body; - is standard input
    #[arg(default_value = "-")]
    body: PathBuf,
    /// Value of the header X-Merge-Webhook-Signature; give it twice if the header came twice
    #[arg(long, env = "MERGE_SIGNATURE", hide_env_values = true)]
    signature: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: Engine,
}

/// What is printed.
#[derive(Debug)]
struct Verdict {
    authentic: bool,
    /// Which key, counted from one.
    key: Option<u32>,
    delivery_id: Option<String>,
    event: Option<String>,
    account: Option<Account>,
    meaning: String,
    reply: Reply,
}

impl Verify {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let keys = webhook_keys(&variable)?;
        let body = bytes(&self.body)?;
        let verdict = match String::from_utf8(body) {
            Ok(body) => {
                let keys = keys.iter().map(|key| key.expose().to_owned()).collect();
                let delivery = SignedBody {
                    body,
                    signatures: self.signature,
                    keys,
                };
                let mut decisions = self.engine.decisions().await?;
                let handling = decisions
                    .handle(&delivery)
                    .await
                    .map_err(anyhow::Error::from)?;
                verdict(handling.outcome, handling.reply)
            }
            Err(_) => not_text(),
        };
        if self.json {
            say_json(&verdict.json())?;
        } else {
            say(&verdict.text())?;
        }
        Ok(if verdict.authentic {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }
}

fn not_text() -> Verdict {
    let body = r#"{"error": "Invalid signature"}"#.to_owned();
    Verdict {
        authentic: false,
        key: None,
        delivery_id: None,
        event: None,
        account: None,
        meaning: "The body is not UTF-8, and Merge's bodies are.".to_owned(),
        reply: Reply { status: 401, body },
    }
}

fn verdict(outcome: Outcome, reply: Reply) -> Verdict {
    match outcome {
        Outcome::Refused(refused) => Verdict {
            authentic: false,
            key: None,
            delivery_id: None,
            event: None,
            account: None,
            meaning: refusal(refused.reason).to_owned(),
            reply,
        },
        Outcome::Malformed(malformed) => Verdict {
            authentic: true,
            key: Some(malformed.authentic.key_index.saturating_add(1)),
            delivery_id: Some(malformed.authentic.delivery_id),
            event: None,
            account: None,
            meaning: format!(
                "The signature is right, but the body is no webhook of Merge's: {}.",
                malformed.problem.message
            ),
            reply,
        },
        Outcome::Accepted(accepted) => {
            let (account, meaning) = meaning(accepted.event);
            Verdict {
                authentic: true,
                key: Some(accepted.authentic.key_index.saturating_add(1)),
                delivery_id: Some(accepted.authentic.delivery_id),
                event: Some(accepted.name).filter(|name| !name.is_empty()),
                account,
                meaning,
                reply,
            }
        }
    }
}

fn refusal(reason: Refusal) -> &'static str {
    match reason {
        Refusal::MissingSignature => {
            "There is no signature: set MERGE_SIGNATURE to the value of the header."
        }
        Refusal::AmbiguousSignature => "There is more than one signature, and Merge sends one.",
        Refusal::MalformedSignature => {
            "The signature is not base64url of 32 bytes, as Merge's are."
        }
        Refusal::Mismatch => {
            "No key produces this signature: the key is another one, or the body is not the very \
             bytes that were signed."
        }
        Refusal::NoKey => {
            "There is no key to check with: set MERGE_WEBHOOK_SECRET to the signing key."
        }
    }
}

fn meaning(event: Event) -> (Option<Account>, String) {
    match event {
        Event::Linked(linked) => {
            let text = if linked.is_relink {
                "The account was authenticated anew: its token is replaced, its history kept, and \
                 it is polled at once."
            } else {
                "The account was linked: its token is kept, and its first poll follows at once."
            };
            (Some(linked.account), text.to_owned())
        }
        Event::Synced(synced) => {
            let text = if synced.models.is_empty() {
                "A sync ended, of models that are not named: /sync-status is read.".to_owned()
            } else {
                let models: Vec<_> = synced.models.iter().map(model).collect();
                format!(
                    "A sync ended: {}. It is taken as a hint: /sync-status is read, and what it \
                     says is fetched.",
                    models.join(", ")
                )
            };
            (Some(synced.account), text)
        }
        Event::RecordChanged(changed) => {
            let text = match &changed.model_id {
                Some(model) => format!(
                    "A record of {model} changed outside a sync: what changed since the last \
                     fetch is read."
                ),
                None => "A record changed, of a model without a list: nothing is read.".to_owned(),
            };
            (Some(changed.account), text)
        }
        Event::IssueChanged(issue) => {
            let text = if issue.description.is_empty() {
                "An issue of the account changed.".to_owned()
            } else {
                format!("An issue of the account changed: {}", issue.description)
            };
            (issue.account, text)
        }
        Event::Unlinked(unlinked) => (
            Some(unlinked.account),
            "Merge says that the account was deleted: a poll finds out whether that is so."
                .to_owned(),
        ),
        Event::Ignored(ignored) => (
            None,
            format!("Nothing is to be done about it: {}.", ignored.reason),
        ),
    }
}

fn model(status: &ModelStatus) -> String {
    let state = status
        .last_sync_result
        .clone()
        .or_else(|| status.status.clone());
    match state {
        Some(state) => format!("{} {}", status.model_id, dto::state(state)),
        None => status.model_id.clone(),
    }
}

impl Verdict {
    fn json(&self) -> Value {
        let account = self.account.as_ref().map(|account| {
            json!({
                "id": account.id,
                "category": account.category,
                "integration": account.integration,
                "organization_name": account.organization_name,
            })
        });
        json!({
            "authentic": self.authentic,
            "key": self.key,
            "delivery_id": self.delivery_id,
            "event": self.event,
            "account": account,
            "meaning": self.meaning,
            "reply": { "status": self.reply.status, "body": self.reply.body },
        })
    }

    fn text(&self) -> String {
        let mut lines = vec![match self.key {
            Some(key) => format!("authentic, signed with key {key}"),
            None => "not authentic".to_owned(),
        }];
        if let Some(event) = &self.event {
            lines.push(format!("event:       {event}"));
        }
        if let Some(Account {
            id,
            integration,
            category,
            ..
        }) = &self.account
        {
            lines.push(format!("account:     {id} ({integration}, {category})"));
        }
        if let Some(id) = &self.delivery_id {
            lines.push(format!("delivery id: {id}"));
        }
        lines.push(format!("meaning:     {}", self.meaning));
        lines.push(format!(
            "reply:       {} {}",
            self.reply.status, self.reply.body
        ));
        lines.join("\n")
    }
}
