//! Linking, tokens, keys, scopes, and what else an organization asks for.

use merge_simulator::time::{DAY, HOUR, MINUTE};
use merge_simulator::{Merge, Request, Response};
use serde_json::{Value, json};

use crate::client::{after, get, json as tree, read_all, settled, small};

/// A POST with the key, and with the token of an account if one is named.
fn post(merge: &mut Merge, account: Option<usize>, target: &str, body: &Value) -> Response {
    let key = format!("Bearer {}", merge.api_key());
    let token = account.map(|number| merge.accounts()[number].token.clone());
    let mut headers = vec![("Authorization", key.as_str())];
    headers.extend(
        token
            .iter()
            .map(|token| ("X-Account-Token", token.as_str())),
    );
    let request = Request {
        method: "POST",
        target,
        headers: &headers,
        client: "10.0.0.1",
    };
    merge.respond_to(request, body.to_string().as_bytes())
}

fn end_user() -> Value {
    json!({
        "end_user_origin_id": "customer-7",
        "end_user_organization_name": "Customer Seven",
        "end_user_email_address": "seven@example.test",
        "categories": ["ats"],
    })
}

#[test]
fn a_link_token_becomes_an_account_with_its_token() {
    let mut merge = settled();
    let answer = post(&mut merge, None, "/api/hris/v1/link-token", &end_user());
    let token = tree(&answer)["link_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert!(merge.finish_link("no-such-token", false).is_err());
    let public = merge.finish_link(&token, false).expect("a public token");
    assert!(merge.finish_link(&token, false).is_err(), "used already");
    let target = format!("/api/ats/v1/account-token/{public}");
    let number = merge.accounts().len() - 1;
    let answer = tree(&get(&mut merge, 0, &target));
    let account = merge.accounts()[number].clone();
    assert_eq!(answer["account_token"], account.token.as_str());
    assert_eq!(answer["id"], account.id.as_str());
    let linked = merge
        .waiting()
        .find(|delivery| delivery.account_id == account.id);
    assert_eq!(linked.expect("a webhook").event, "LinkedAccount.linked");
    let details = tree(&get(&mut merge, number, "/api/ats/v1/account-details"));
    assert_eq!(details["end_user_origin_id"], "customer-7");
    assert_eq!(details["end_user_email_address"], "seven@example.test");
    assert_eq!(details["account_type"], "PRODUCTION");
    merge.advance_to(merge.now() + DAY / 2);
    assert!(read_all(&mut merge, number, "/api/ats/v1/candidates").len() > 10);
}

#[test]
fn a_link_token_expires_and_needs_its_fields() {
    let mut merge = settled();
    let answer = post(&mut merge, None, "/api/hris/v1/link-token", &json!({}));
    assert_eq!(answer.status, 400);
    assert_eq!(
        tree(&answer)["end_user_origin_id"][0],
        "This field is required."
    );
    let answer = post(&mut merge, None, "/api/hris/v1/link-token", &end_user());
    merge.advance_to(merge.now() + 30 * MINUTE);
    let token = tree(&answer)["link_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert!(merge.finish_link(&token, false).is_err());
}

#[test]
fn a_regenerated_token_replaces_the_old_one_without_a_webhook() {
    let mut merge = settled();
    let (old, waiting) = (merge.accounts()[0].token.clone(), merge.waiting().count());
    let answer = post(
        &mut merge,
        Some(0),
        "/api/hris/v1/account-token/regenerate",
        &Value::Null,
    );
    let new = merge.accounts()[0].token.clone();
    assert_ne!(new, old);
    assert_eq!(tree(&answer)["account_token"], new.as_str());
    assert_eq!(merge.waiting().count(), waiting);
}

#[test]
fn a_generated_key_works_until_it_is_regenerated() {
    let mut merge = settled();
    let name = json!({ "name": "second" });
    let status = |merge: &mut Merge, key: &Value| {
        let key = format!("Bearer {}", key.as_str().unwrap_or_default());
        let request = Request {
            method: "GET",
            target: "/api/hris/v1/linked-accounts",
            headers: &[("Authorization", &key)],
            client: "b",
        };
        merge.respond(request).status
    };
    assert_eq!(
        post(&mut merge, None, "/api/hris/v1/regenerate-key", &name).status,
        400
    );
    let first = tree(&post(&mut merge, None, "/api/hris/v1/generate-key", &name));
    assert_eq!(status(&mut merge, &first["key"]), 200);
    let second = tree(&post(
        &mut merge,
        None,
        "/api/hris/v1/regenerate-key",
        &name,
    ));
    assert_eq!(status(&mut merge, &first["key"]), 401);
    assert_eq!(status(&mut merge, &second["key"]), 200);
    let trail = read_all(&mut merge, 0, "/api/hris/v1/audit-trail?page_size=1");
    let events: Vec<&Value> = trail.iter().map(|row| &row["event_type"]).collect();
    assert_eq!(
        events,
        [
            "CREATED_REMOTE_PRODUCTION_API_KEY",
            "REGENERATED_PRODUCTION_API_KEY"
        ]
    );
}

#[test]
fn scopes_switch_models_off_and_on() {
    let mut merge = settled();
    let set = |merge: &mut Merge, on: bool| {
        let body = json!({ "common_models": [{
            "model_name": "Team", "model_permissions": { "READ": { "is_enabled": on } },
        }]});
        post(merge, Some(0), "/api/hris/v1/linked-account-scopes", &body).status
    };
    let teams = |merge: &mut Merge| {
        let rows = read_all(merge, 0, "/api/hris/v1/sync-status");
        let row = rows.into_iter().find(|row| row["model_id"] == "hris.Team");
        row.expect("teams are listed")["status"].clone()
    };
    assert_eq!(set(&mut merge, false), 200);
    assert_eq!(teams(&mut merge), "DISABLED");
    let scopes = tree(&get(&mut merge, 0, "/api/hris/v1/linked-account-scopes"));
    let scopes = scopes["common_models"].as_array().expect("a list").clone();
    let team = scopes.iter().find(|row| row["model_name"] == "Team");
    assert_eq!(
        team.expect("teams")["model_permissions"]["READ"]["is_enabled"],
        false
    );
    assert_eq!(set(&mut merge, true), 200);
    assert_ne!(teams(&mut merge), "DISABLED");
}

/// How many accounts a listing has.
fn listed(merge: &mut Merge, query: &str) -> usize {
    read_all(merge, 0, &format!("/api/hris/v1/linked-accounts?{query}")).len()
}

#[test]
fn accounts_are_listed_by_every_filter_and_tests_apart() {
    let mut merge = settled();
    assert_eq!(listed(&mut merge, "page_size=2"), 3);
    assert_eq!(listed(&mut merge, "is_test_account=true"), 0);
    assert_eq!(listed(&mut merge, "status=RELINK_NEEDED"), 0);
    merge.require_relink(0);
    assert_eq!(listed(&mut merge, "status=RELINK_NEEDED"), 1);
    assert_eq!(listed(&mut merge, "integration_name=Example%20ATS"), 1);
    assert_eq!(
        listed(&mut merge, "end_user_email_address=nobody@example.test"),
        0
    );
    let row = read_all(&mut merge, 0, "/api/hris/v1/linked-accounts").swap_remove(0);
    assert_eq!(row["integration"]["passthrough_available"], true);
}

#[test]
fn a_test_account_syncs_once() {
    let mut config = small(1);
    config.test_accounts = true;
    config.enable_late = false;
    let mut merge = after(config, DAY / 2);
    let finishes = |merge: &mut Merge| -> Vec<Value> {
        let rows = read_all(merge, 0, "/api/hris/v1/sync-status");
        assert!(rows.iter().all(|row| row["next_sync_start"].is_null()));
        rows.iter()
            .map(|row| row["last_sync_finished"].clone())
            .collect()
    };
    let before = finishes(&mut merge);
    assert!(before.iter().all(Value::is_string));
    merge.advance_to(merge.now() + DAY);
    assert_eq!(finishes(&mut merge), before);
    assert_eq!(listed(&mut merge, "is_test_account=true"), 3);
    assert_eq!(listed(&mut merge, ""), 0);
    let details = tree(&get(&mut merge, 0, "/api/hris/v1/account-details"));
    assert_eq!(details["account_type"], "TEST");
    // By hand.
    post(
        &mut merge,
        Some(0),
        "/api/hris/v1/sync-status/resync",
        &Value::Null,
    );
    merge.advance_to(merge.now() + HOUR);
    assert_ne!(finishes(&mut merge), before);
}

#[test]
fn records_have_their_nested_lists_and_no_others() {
    let mut merge = settled();
    let ticket = read_all(&mut merge, 2, "/api/ticketing/v1/tickets").swap_remove(0);
    let id = ticket["id"].as_str().expect("an id");
    let target = format!("/api/ticketing/v1/tickets/{id}/viewers");
    assert_eq!(read_all(&mut merge, 2, &target).len(), 1);
    let target = format!("/api/ticketing/v1/tickets/{id}/lines");
    assert_eq!(get(&mut merge, 2, &target).status, 404);
    let target = "/api/ticketing/v1/tickets/remote-field-classes";
    assert!(read_all(&mut merge, 2, target).is_empty());
}

#[test]
fn tags_of_candidates_have_no_id() {
    let mut merge = settled();
    let tags = read_all(&mut merge, 1, "/api/ats/v1/tags");
    assert!(!tags.is_empty());
    for tag in tags {
        assert!(tag.get("id").is_none());
        assert!(tag["name"].is_string() && tag["remote_id"].is_string());
    }
}

#[test]
fn what_has_no_mark_of_deletion_is_no_longer_listed() {
    let mut config = small(1);
    config.categories = vec!["accounting".to_owned()];
    config.accounts = 1;
    config.changes_per_hour = 200;
    let mut merge = after(config, 2 * DAY);
    for path in [
        "accounting-periods",
        "payment-terms",
        "payment-methods",
        "projects",
    ] {
        for row in read_all(&mut merge, 0, &format!("/api/accounting/v1/{path}")) {
            assert!(row.get("remote_was_deleted").is_none(), "{path}");
        }
    }
    let ledger = merge.ledger();
    let unmarked = ledger
        .iter()
        .filter(|((_, model, _), entry)| model == "accounting.AccountingPeriod" && entry.deleted);
    let unmarked: Vec<_> = unmarked.collect();
    assert!(!unmarked.is_empty());
    assert!(unmarked.iter().all(|(_, entry)| entry.purged));
}

#[test]
fn a_block_ends_in_real_time_where_the_clock_stands_still() {
    let mut merge = settled();
    for _ in 0..21 {
        get(&mut merge, 0, "/api/hris/v1/employees/none");
    }
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/employees").status, 403);
    merge.stand_still(MINUTE);
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/employees").status, 200);
}

#[test]
fn keys_can_be_chosen_and_old_webhooks_forgotten() {
    let mut merge = after(small(1), HOUR);
    assert!(
        merge
            .waiting()
            .any(|delivery| delivery.event != "LinkedAccount.linked")
    );
    merge.forget_webhooks(|delivery| delivery.event == "LinkedAccount.linked");
    merge.set_keys(Some("chosen".to_owned()), Some("secret".to_owned()));
    assert_eq!((merge.api_key(), merge.signing_key()), ("chosen", "secret"));
    assert_eq!(merge.waiting().count(), 3);
    for delivery in merge.waiting() {
        assert_eq!(delivery.event, "LinkedAccount.linked");
        assert_eq!(
            delivery.signature,
            merge_simulator::sign("secret", &delivery.body)
        );
    }
}
