//! Between the JSON of the scenarios and the types of a store.

use chrono::DateTime;
use merge_sync_host::clock::Micros;
use merge_sync_host::instant;
use merge_sync_host::secret::Secret;
use merge_sync_host::store::{
    Batch, Change, Committed, LoadedAccount, Note, Notice, Profile, Row, Sequenced, Stored,
    Summary, Sweep, TokenChange,
};
use serde_json::{Map, Value, json};

/// An instant of the contract's text form.
pub fn instant(value: &Value) -> Micros {
    let text = value.as_str().expect("an instant");
    let read = DateTime::parse_from_rfc3339(text).expect("an instant");
    read.timestamp_micros()
}

/// The same as text: without a fraction that is zero, as the scenarios have it.
pub fn told(at: Option<Micros>) -> Value {
    json!(at.map(|at| instant::text(at).replace(".000000Z", "Z")))
}

/// Add what a scenario does not say.
pub fn whole(defaults: &Value, method: &Value, value: Value) -> Value {
    let Some(default) = defaults.get(method.as_str().expect("a method")) else {
        return value;
    };
    let mut whole = merged(default, &value);
    for (key, name) in [("profile", "profile"), ("sweep", "sweep")] {
        if whole.get(key).is_some_and(Value::is_object) {
            whole[key] = merged(&defaults[name], &whole[key]);
        }
    }
    for (key, name) in [("batches", "batch"), ("notices", "notice")] {
        for each in whole
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            *each = merged(&defaults[name], each);
            if let Some(rows) = each.get_mut("rows") {
                *rows = rows_of(&defaults["row"], rows);
            }
        }
    }
    whole
}

fn merged(default: &Value, value: &Value) -> Value {
    let mut fields = default.as_object().expect("an object").clone();
    fields.extend(value.as_object().expect("an object").clone());
    Value::Object(fields)
}

/// Write out `each`: so many rows, `#` in their texts being their number in five digits.
fn rows_of(default: &Value, rows: &Value) -> Value {
    let mut all = Vec::new();
    for row in rows.as_array().expect("rows") {
        let Some(count) = row.get("each") else {
            all.push(merged(default, row));
            continue;
        };
        for number in 0..count.as_u64().expect("a number") {
            let named = |value: &Value| match value {
                Value::String(text) => json!(text.replace('#', &format!("{number:05}"))),
                other => other.clone(),
            };
            let fields = row["row"].as_object().expect("a row");
            let fields: Map<_, _> = fields
                .iter()
                .map(|(key, value)| (key.clone(), named(value)))
                .collect();
            all.push(merged(default, &Value::Object(fields)));
        }
    }
    Value::Array(all)
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn optional(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| text(value))
}

fn moment(value: &Value) -> Option<Micros> {
    (!value.is_null()).then(|| instant(value))
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn small(value: &Value) -> u32 {
    u32::try_from(number(value)).expect("a small number")
}

fn secret(value: &Value) -> Option<Secret> {
    (!value.is_null()).then(|| Secret::new(text(&value["value"])))
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().expect("a list").iter().map(read).collect()
}

pub fn note(value: &Value) -> Note {
    Note {
        account: text(&value["account"]),
        key: text(&value["key"]),
        text: text(&value["text"]),
        secret: secret(&value["secret"]),
        profile: (!value["profile"].is_null()).then(|| read_profile(&value["profile"])),
        create: value["create"].as_bool().expect("yes or no"),
    }
}

fn read_profile(value: &Value) -> Profile {
    Profile {
        id: text(&value["id"]),
        category: text(&value["category"]),
        integration: text(&value["integration"]),
        integration_slug: text(&value["integration_slug"]),
        end_user_origin_id: text(&value["end_user_origin_id"]),
        organization_name: text(&value["organization_name"]),
        link_status: text(&value["link_status"]),
        account_type: text(&value["account_type"]),
        is_duplicate: value["is_duplicate"].as_bool(),
    }
}

pub fn profile(profile: Profile) -> Value {
    json!({
        "id": profile.id,
        "category": profile.category,
        "integration": profile.integration,
        "integration_slug": profile.integration_slug,
        "end_user_origin_id": profile.end_user_origin_id,
        "organization_name": profile.organization_name,
        "link_status": profile.link_status,
        "account_type": profile.account_type,
        "is_duplicate": profile.is_duplicate,
    })
}

pub fn change(value: &Value) -> Change {
    let token = match value["token"]["tag"].as_str() {
        Some("keep") => TokenChange::Keep,
        Some("erase") => TokenChange::Erase,
        _ => TokenChange::Put(secret(&value["token"]["value"]).expect("a token")),
    };
    Change {
        account: text(&value["account"]),
        expected: optional(&value["expected"]),
        state: text(&value["state"]),
        consumed: list(&value["consumed"], number),
        wake_at: moment(&value["wake_at"]),
        not_before: moment(&value["not_before"]),
        token,
        summary: summary(&value["summary"]),
        batches: list(&value["batches"], batch),
        sweep: (!value["sweep"].is_null()).then(|| sweep(&value["sweep"])),
        notices: list(&value["notices"], read_notice),
    }
}

fn summary(value: &Value) -> Summary {
    Summary {
        phase: text(&value["phase"]),
        ready: small(&value["ready"]),
        needed: small(&value["needed"]),
        trouble: optional(&value["trouble"]),
        link: text(&value["link"]),
        skipped: number(&value["skipped"]),
        fresh_to: moment(&value["fresh_to"]),
    }
}

fn batch(value: &Value) -> Batch {
    Batch {
        model_id: text(&value["model_id"]),
        pass: value["pass"].as_u64(),
        rows: list(&value["rows"], |row| Row {
            id: text(&row["id"]),
            remote_id: optional(&row["remote_id"]),
            modified_at: moment(&row["modified_at"]),
            deleted: row["deleted"].as_bool().expect("yes or no"),
            json: text(&row["json"]),
        }),
    }
}

fn sweep(value: &Value) -> Sweep {
    Sweep {
        model_id: text(&value["model_id"]),
        unseen_since: number(&value["unseen_since"]),
        most_rows: number(&value["most_rows"]),
        most_percent: small(&value["most_percent"]),
        limit: small(&value["limit"]),
    }
}

fn read_notice(value: &Value) -> Notice {
    Notice {
        id: text(&value["id"]),
        occasion: text(&value["occasion"]),
        model_id: optional(&value["model_id"]),
        text: text(&value["text"]),
    }
}

pub fn notice(from: Sequenced) -> Value {
    json!({
        "cursor": from.sequence,
        "account": from.account,
        "id": from.notice.id,
        "occasion": from.notice.occasion,
        "model_id": from.notice.model_id,
        "text": from.notice.text,
    })
}

pub fn loaded(from: LoadedAccount) -> Value {
    let notes: Vec<_> = from
        .notes
        .into_iter()
        .map(|note| {
            json!({
                "number": note.number,
                "key": note.key,
                "text": note.text,
                "secret": note.secret.map(|secret| json!({ "value": secret.expose() })),
            })
        })
        .collect();
    json!({ "state": from.state, "version": from.version, "notes": notes })
}

pub fn committed(from: Committed) -> Value {
    let swept = from.swept.map(|swept| {
        json!({
            "live": swept.live,
            "unseen": swept.unseen,
            "marked": swept.marked,
            "held": swept.held,
        })
    });
    json!({ "version": from.version, "swept": swept })
}

/// Rows by id; or only how many there are.
pub fn rows(stored: Vec<Stored>, counted: bool) -> Value {
    if counted {
        let deleted = stored.iter().filter(|stored| stored.row.deleted).count();
        return json!({ "rows": stored.len(), "deleted": deleted });
    }
    let row = |Stored { row, .. }: Stored| {
        json!({
            "id": row.id,
            "remote_id": row.remote_id,
            "modified_at": told(row.modified_at),
            "deleted": row.deleted,
            "json": row.json,
        })
    };
    stored.into_iter().map(row).collect()
}
