//! Requests to `/_control/...`: they move the clock, set faults, and show what Merge holds.

mod driver;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::time::{self, Micros, SECOND, iso};
use crate::{FaultKind, Faults, Merge, Poison, Response};

/// What `--help` says about the control interface.
pub const HELP: &str = "\
CONTROL: POST a JSON object (or nothing) to /_control/...; no key is needed.
  advance         {\"seconds\": 3600} or {\"to\": \"2026-01-05T12:00:00Z\"}; moves the clock
                  and answers as `next` does; with \"until_delivery\": true it stops as soon as
                  a webhook is due
  faults          {\"all\": true, \"until\": \"...\", \"rates\": {\"server_error\": 50},
                   \"slow_millis\": 200, \"force\": {\"stale_cursor\": 1}}; rates are per
                  thousand occasions; \"force\" makes the next occasions faulty; {} ends all
  next            the clock, when something happens next, when the next webhook is due, and how
                  far the host's clock is ahead
  deliver         posts every webhook that is due and waits for the answers: {\"posted\": n}
  verdict         {\"rows\": [{\"account\": id, \"model_id\": \"hris.Employee\", \"id\": \"...\",
                   \"modified_at\": \"...\" or null, \"deleted\": false, \"json\": \"...\"}]}: how the
                  store that holds these rows compares with what Merge holds
  state           accounts, models with their sync status and counts, waiting webhooks
  stats           requests, answers, webhooks, faults by kind
  ledger          {\"account\": id, \"model_id\": \"hris.Employee\"}, both optional: every
                  record as the lists serve it
  link            links one more account
  finish-link     {\"link_token\": \"...\", \"test\": false}; the end user goes through Merge Link:
                  {\"public_token\": \"...\"}
  unlink          {\"account\": id}; its token is dead from then on
  relink          {\"account\": id}; same id, new token
  require-relink  {\"account\": id}; its syncs fail until it is linked again
  mute-issues     {\"account\": id}
  model           {\"account\": id, \"model_id\": \"hris.Team\", \"enabled\": false}
  webhook-url     {\"url\": \"http://127.0.0.1:8080/api/webhooks/merge\"} or {\"url\": null}
  emit            {\"account\": id, \"event\": \"AsyncPost.completed\", \"data\": {}}; sends any event
  ping            sends the test message of the dashboard, which has no event
  poison          {\"account\": id, \"model_id\": \"hris.Team\" or null, \"kind\": \"cursors-refused=404\",
                   \"from\": \"...\" or null}; for good, or until it is cured
  cure            {\"account\": id}; takes every poison from the account
  changes-until   {\"at\": \"...\"} or {}; no third party changes anything after it
FAULTS: webhook_lost webhook_duplicated webhook_delayed webhook_reordered webhook_forged
  too_many_requests server_error html_error slow_response cut_response cut_json stale_cursor
  sync_failed sync_partial sync_paused clock_skew late_visible
POISONS: last-page-names-itself clamped-offset-cursors=1000 cursors-refused=400
  offset-cursors-shift empty-pages-forever repeated-pages unreadable-next page-size-limit=40
  broken-record broken-json record-spoils huge-body=62914560 empty-full-reads shrunken-full-reads
  narrowed-selective-sync scope-off field-off instants=space unreadable-finish future-finish
  nameless-row byte-order-mark category-null relink-needed resolved-issues nul-characters
  flaky-pages=50 records-without-id filters-ignored list-refused=403 token-refused
  repeated-status; docs/simulator.md says what each is";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: Option<u32>,
    to: Option<String>,
    #[serde(default)]
    until_delivery: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetFaults {
    #[serde(default)]
    all: bool,
    until: Option<String>,
    #[serde(default)]
    rates: BTreeMap<String, u32>,
    #[serde(default)]
    force: BTreeMap<String, u32>,
    slow_millis: Option<u64>,
    at_least: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAccount {
    account: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfModel {
    account: String,
    model_id: String,
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetPoison {
    account: String,
    model_id: Option<String>,
    kind: String,
    from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FinishLink {
    link_token: String,
    #[serde(default)]
    test: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emit {
    account: String,
    event: String,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    account: Option<String>,
    model_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Until {
    at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Url {
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Answer a control request: 200 with an object, or 400 and 404 with `detail`.
#[must_use]
pub fn handle(merge: &mut Merge, command: &str, body: &[u8]) -> Response {
    match obey(merge, command, body) {
        Ok(Some(answer)) => Response::json(200, &answer),
        Ok(None) => Response::detail(404, &format!("no such command: `{command}`")),
        Err(text) => Response::detail(400, &text),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn instant(field: &str, text: &str) -> Result<Micros, String> {
    time::parse(text).ok_or_else(|| format!("{field}: `{text}` is not an RFC 3339 instant"))
}

fn obey(merge: &mut Merge, command: &str, body: &[u8]) -> Result<Option<Value>, String> {
    let answer = match command.trim_end_matches('/') {
        "advance" => advance(merge, &read(body)?)?,
        "faults" => set_faults(merge, read(body)?)?,
        "next" => driver::next(merge),
        // It waits for answers: see `Server`, which takes it before it comes here.
        "deliver" => return Err("deliver: only a server can post webhooks".to_owned()),
        "verdict" => json!(driver::verdict(merge, read(body)?)?),
        "state" => state(merge),
        "stats" => json!(merge.stats()),
        "ledger" => ledger(merge, &read(body)?),
        "link" => {
            let Nothing {} = read(body)?;
            let number = merge.link_new();
            json!(merge.accounts()[number])
        }
        "finish-link" => {
            let FinishLink { link_token, test } = read(body)?;
            json!({ "public_token": merge.finish_link(&link_token, test)? })
        }
        "unlink" => of_account(merge, body, Merge::unlink)?,
        "relink" => of_account(merge, body, Merge::relink)?,
        "require-relink" => of_account(merge, body, Merge::require_relink)?,
        "mute-issues" => of_account(merge, body, Merge::mute_issues)?,
        "poison" => poison(merge, &read(body)?)?,
        "cure" => of_account(merge, body, Merge::cure)?,
        "model" => enable(merge, &read(body)?)?,
        "webhook-url" => {
            let Url { url } = read(body)?;
            merge.set_webhook_url(url.clone());
            json!({ "url": url })
        }
        "emit" => {
            let Emit {
                account,
                event,
                data,
            } = read(body)?;
            let number = number(merge, &account)?;
            merge.emit_event(number, &event, &data);
            json!({ "event": event })
        }
        "ping" => {
            merge.ping();
            json!({})
        }
        "changes-until" => {
            let Until { at } = read(body)?;
            let at = at.map(|text| instant("at", &text)).transpose()?;
            merge.set_changes_until(at);
            json!({ "at": at.map(iso) })
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

fn advance(merge: &mut Merge, wanted: &Advance) -> Result<Value, String> {
    let to = match (wanted.seconds, &wanted.to) {
        (Some(seconds), None) => merge.now() + i64::from(seconds) * SECOND,
        (None, Some(text)) => instant("to", text)?,
        _ => return Err("either `seconds` or `to` is expected".to_owned()),
    };
    if wanted.until_delivery {
        driver::advance_to_delivery(merge, to);
    } else {
        merge.advance_to(to);
    }
    Ok(driver::next(merge))
}

fn kind(name: &str) -> Result<FaultKind, String> {
    FaultKind::named(name).ok_or_else(|| format!("`{name}` is not a fault; see --help"))
}

fn set_faults(merge: &mut Merge, wanted: SetFaults) -> Result<Value, String> {
    let until = wanted
        .until
        .map(|text| instant("until", &text))
        .transpose()?;
    let mut faults = match (wanted.all, until) {
        (true, Some(until)) => Faults::all(until),
        (true, None) => Faults {
            until: None,
            ..Faults::all(0)
        },
        (false, until) => Faults {
            until,
            ..Faults::none()
        },
    };
    for (name, rate) in &wanted.rates {
        faults = faults.with(kind(name)?, *rate);
    }
    if let Some(millis) = wanted.slow_millis {
        faults.slow_millis = millis;
    }
    if let Some(count) = wanted.at_least {
        faults.at_least = count;
    }
    let forced: Result<Vec<_>, String> = wanted
        .force
        .iter()
        .map(|(name, count)| Ok((kind(name)?, *count)))
        .collect();
    let forced = forced?;
    let on: Vec<&str> = faults.rates.keys().map(|kind| kind.name()).collect();
    let answer = json!({ "on": on, "until": until.map(iso) });
    merge.set_faults(faults);
    for (kind, count) in forced {
        merge.force(kind, count);
    }
    Ok(answer)
}

fn number(merge: &Merge, id: &str) -> Result<usize, String> {
    let found = merge.accounts.iter().position(|account| account.id == id);
    found.ok_or_else(|| format!("account: `{id}` is not a linked account's id"))
}

fn of_account(merge: &mut Merge, body: &[u8], act: fn(&mut Merge, usize)) -> Result<Value, String> {
    let OfAccount { account } = read(body)?;
    let number = number(merge, &account)?;
    act(merge, number);
    Ok(json!(merge.accounts()[number]))
}

fn poison(merge: &mut Merge, wanted: &SetPoison) -> Result<Value, String> {
    let number = number(merge, &wanted.account)?;
    let kind: Poison = wanted.kind.parse()?;
    let from = wanted.from.as_deref().map(|text| instant("from", text));
    let from = from.transpose()?.unwrap_or(merge.now());
    if !merge.poison(number, wanted.model_id.as_deref(), kind, from) {
        let model = wanted.model_id.as_deref().unwrap_or_default();
        return Err(format!(
            "model_id: `{model}` is not held, or {} is of whole accounts",
            kind.name()
        ));
    }
    Ok(poisons(merge, &wanted.account))
}

/// The poisons of one account.
fn poisons(merge: &Merge, account: &str) -> Value {
    let all = merge.poisoned().into_iter();
    let of_account = all.filter(|poisoned| poisoned.account == account);
    let rows = of_account.map(|poisoned| {
        json!({
            "kind": poisoned.poison.to_string(),
            "model_id": poisoned.model_id,
            "from": iso(poisoned.from.max(merge.config.start)),
        })
    });
    Value::Array(rows.collect())
}

fn enable(merge: &mut Merge, wanted: &OfModel) -> Result<Value, String> {
    let number = number(merge, &wanted.account)?;
    let models = &merge.accounts[number].models;
    let model = models
        .iter()
        .position(|model| model.spec.id == wanted.model_id);
    let model = model.ok_or_else(|| format!("model_id: `{}` is not held", wanted.model_id))?;
    merge.enable(number, model, wanted.enabled);
    Ok(merge.accounts[number].models[model].status_row())
}

fn state(merge: &Merge) -> Value {
    let accounts = merge
        .accounts
        .iter()
        .zip(merge.accounts())
        .map(|(account, view)| {
            let models = account.models.iter().map(|model| {
                json!({
                    "records": model.order.len(),
                    "not_copied_yet": model.dirty.len(),
                    "path": model.spec.path,
                    "sync_status": model.status_row(),
                })
            });
            json!({
                "account": view,
                "details": account.details(),
                "poison": poisons(merge, &account.id),
                "models": models.collect::<Vec<_>>(),
            })
        });
    let waiting = merge.waiting().map(|delivery| {
        json!({
            "id": delivery.id,
            "due_at": iso(delivery.due_at),
            "event": delivery.event,
            "account_id": delivery.account_id,
            "attempt": delivery.attempt,
        })
    });
    json!({
        "now": iso(merge.now()),
        "next_event_at": merge.next_event_at().map(iso),
        "host_skew_micros": merge.host_skew(),
        "accounts": accounts.collect::<Vec<_>>(),
        "waiting_webhooks": waiting.collect::<Vec<_>>(),
    })
}

fn ledger(merge: &Merge, which: &Which) -> Value {
    let wanted = |(account, model, _): &crate::RecordKey| {
        which
            .account
            .as_ref()
            .is_none_or(|wanted| wanted == account)
            && which.model_id.as_ref().is_none_or(|wanted| wanted == model)
    };
    let entries = merge.ledger().into_iter().filter(|(key, _)| wanted(key));
    let records = entries.map(|((account, model_id, id), entry)| {
        json!({
            "account": account,
            "model_id": model_id,
            "id": id,
            "modified_at": iso(entry.modified_at),
            "deleted": entry.deleted,
            "purged": entry.purged,
            "versions": entry.versions,
            "served": entry.served,
            "row": entry.row,
        })
    });
    json!({ "records": records.collect::<Vec<_>>() })
}
