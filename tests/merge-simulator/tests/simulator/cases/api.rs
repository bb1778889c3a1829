//! Endpoints: authentication, pages, filters, shapes.

use std::collections::BTreeSet;

use merge_simulator::time::{MINUTE, iso, parse};
use merge_simulator::{Merge, Request};
use serde_json::{Value, json};

use crate::client::{after, call, get, json, read_all, settled, small};

#[track_caller]
fn check(merge: &mut Merge, headers: &[(&str, &str)], want: u16) {
    let target = "/api/hris/v1/sync-status";
    let response = merge.respond(Request {
        method: "GET",
        target,
        headers,
        client: "a",
    });
    assert_eq!(response.status, want, "{headers:?}");
    assert_eq!(json(&response).get("detail").is_some(), want >= 400);
}

#[test]
fn key_and_token_are_both_needed() {
    let mut merge = settled();
    let key = format!("Bearer {}", merge.api_key());
    let token = merge.accounts()[0].token.clone();
    check(
        &mut merge,
        &[("authorization", &key), ("x-account-token", &token)],
        200,
    );
    check(&mut merge, &[("X-Account-Token", &token)], 401);
    check(&mut merge, &[("Authorization", &key)], 401);
    check(
        &mut merge,
        &[("Authorization", "Bearer no"), ("X-Account-Token", &token)],
        401,
    );
    check(
        &mut merge,
        &[("Authorization", &key), ("X-Account-Token", "no")],
        401,
    );
}

#[test]
fn a_token_dies_with_its_account_and_changes_with_a_relink() {
    let mut merge = settled();
    let key = format!("Bearer {}", merge.api_key());
    let old = merge.accounts()[0].token.clone();
    let id = merge.accounts()[0].id.clone();
    merge.relink(0);
    let new = merge.accounts()[0].token.clone();
    assert_eq!(merge.accounts()[0].id, id);
    check(
        &mut merge,
        &[("Authorization", &key), ("X-Account-Token", &old)],
        401,
    );
    check(
        &mut merge,
        &[("Authorization", &key), ("X-Account-Token", &new)],
        200,
    );
    merge.unlink(0);
    check(
        &mut merge,
        &[("Authorization", &key), ("X-Account-Token", &new)],
        401,
    );
}

#[test]
fn a_token_works_in_its_category_only() {
    let mut merge = settled();
    assert_eq!(get(&mut merge, 0, "/api/ats/v1/candidates").status, 404);
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/nonsense").status, 404);
    assert_eq!(get(&mut merge, 0, "/elsewhere").status, 404);
    assert_eq!(
        call(&mut merge, "PUT", 0, "/api/hris/v1/employees").status,
        405
    );
}

#[test]
fn sync_status_comes_in_pages() {
    let mut merge = settled();
    let whole = read_all(&mut merge, 0, "/api/hris/v1/sync-status");
    let paged = read_all(&mut merge, 0, "/api/hris/v1/sync-status?page_size=4");
    assert_eq!(whole.len(), 17);
    assert_eq!(whole, paged);
    let disabled = whole
        .iter()
        .filter(|row| row["status"] == "DISABLED")
        .count();
    assert!(disabled <= 1, "at most the one that is enabled late");
    for row in whole.iter().filter(|row| row["status"] == "DONE") {
        assert_eq!(row["is_initial_sync"], false);
        assert!(row["last_sync_finished"].as_str().and_then(parse).is_some());
    }
}

#[test]
fn an_initial_sync_has_no_result_and_no_next_start() {
    let mut merge = after(small(1), MINUTE / 2);
    for row in read_all(&mut merge, 0, "/api/hris/v1/sync-status") {
        if row["status"] == "SYNCING" {
            assert_eq!(row["is_initial_sync"], true);
            assert_eq!(row["last_sync_result"], Value::Null);
            assert_eq!(row["next_sync_start"], Value::Null);
            assert_eq!(row["last_sync_finished"], Value::Null);
        }
    }
}

#[test]
fn rows_are_readable_while_the_initial_sync_runs() {
    let mut merge = Merge::new(small(1));
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        merge.advance_to(merge.now() + MINUTE);
        let rows = read_all(&mut merge, 0, "/api/hris/v1/employees?page_size=100");
        seen.insert(rows.len());
    }
    assert!(seen.len() > 4, "{seen:?}");
}

#[test]
fn pages_partition_a_list_whatever_their_size() {
    let mut merge = settled();
    let target = "/api/ticketing/v1/comments?include_deleted_data=true";
    let whole = read_all(&mut merge, 2, &format!("{target}&page_size=1000"));
    assert!(whole.len() > 60);
    for size in ["1", "7", "30", "100"] {
        let rows = read_all(&mut merge, 2, &format!("{target}&page_size={size}"));
        assert_eq!(rows, whole, "page_size {size}");
    }
    let ids: BTreeSet<&str> = whole.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids.len(), whole.len());
    let created: Vec<_> = whole
        .iter()
        .map(|row| row["created_at"].as_str().and_then(parse))
        .collect();
    assert!(created.is_sorted(), "ordered by created_at");
}

#[test]
fn a_page_has_30_rows_by_default_and_100_at_most() {
    let mut config = small(1);
    config.records_per_account = 2200;
    let mut merge = after(config, 8 * 60 * MINUTE);
    for (query, want) in [("", 30), ("?page_size=500", 100), ("?page_size=x", 30)] {
        let page = json(&get(
            &mut merge,
            0,
            &format!("/api/hris/v1/employees{query}"),
        ));
        assert_eq!(
            page["results"].as_array().map(Vec::len),
            Some(want),
            "{query}"
        );
    }
}

#[test]
fn the_previous_cursor_leads_back() {
    let mut merge = settled();
    let target = "/api/ticketing/v1/comments?page_size=10";
    let first = json(&get(&mut merge, 2, target));
    assert_eq!(first["previous"], Value::Null);
    let at = |cursor: &Value| format!("{target}&cursor={}", cursor.as_str().unwrap_or(""));
    let second = json(&get(&mut merge, 2, &at(&first["next"])));
    let third = json(&get(&mut merge, 2, &at(&second["next"])));
    let back = json(&get(&mut merge, 2, &at(&third["previous"])));
    assert_eq!(back["results"], second["results"]);
    let start = json(&get(&mut merge, 2, &at(&back["previous"])));
    assert_eq!(start["results"], first["results"]);
    assert_eq!(start["previous"], Value::Null);
    assert_eq!(start["next"], first["next"]);
}

#[test]
fn both_bounds_exclude_their_own_instant() {
    let mut merge = settled();
    let base = "/api/hris/v1/employees?include_deleted_data=true";
    let rows = read_all(&mut merge, 0, base);
    let m = rows[3]["modified_at"]
        .as_str()
        .and_then(parse)
        .expect("an instant");
    let count = |merge: &mut Merge, query: &str| {
        let rows = read_all(merge, 0, &format!("{base}{query}"));
        rows.iter()
            .filter(|row| row["modified_at"] == json!(iso(m)))
            .count()
    };
    let after = |at| format!("&modified_after={}", iso(at));
    let before = |at| format!("&modified_before={}", iso(at));
    assert_eq!(count(&mut merge, &after(m)), 0);
    assert_eq!(count(&mut merge, &after(m - 1)), 1);
    assert_eq!(count(&mut merge, &before(m)), 0);
    assert_eq!(count(&mut merge, &before(m + 1)), 1);
    assert_eq!(count(&mut merge, &(after(m - 1) + &before(m + 1))), 1);
}

#[test]
fn an_unreadable_bound_is_refused_by_name_and_an_unknown_parameter_is_ignored() {
    let mut merge = settled();
    let response = get(
        &mut merge,
        0,
        "/api/hris/v1/employees?modified_after=yesterday",
    );
    assert_eq!(response.status, 400);
    assert_eq!(
        json(&response),
        json!({ "modified_after": ["Enter a valid date/time."] })
    );
    let plain = get(&mut merge, 0, "/api/hris/v1/employees");
    let odd = get(
        &mut merge,
        0,
        "/api/hris/v1/employees?modifiedAfter=2030-01-01",
    );
    assert_eq!(json(&plain)["results"], json(&odd)["results"]);
}

#[test]
fn deleted_rows_show_only_when_asked_for() {
    let mut merge = after(small(1), 48 * 60 * MINUTE);
    let base = "/api/ticketing/v1/comments";
    let live = read_all(&mut merge, 2, base);
    let all = read_all(&mut merge, 2, &format!("{base}?include_deleted_data=true"));
    assert!(live.iter().all(|row| row["remote_was_deleted"] == false));
    let deleted = all
        .iter()
        .filter(|row| row["remote_was_deleted"] == true)
        .count();
    assert!(deleted > 0);
    assert_eq!(live.len() + deleted, all.len());
}

#[test]
fn a_cursor_of_another_read_is_refused() {
    let mut merge = settled();
    let page = json(&get(
        &mut merge,
        2,
        "/api/ticketing/v1/comments?page_size=10",
    ));
    let cursor = page["next"].as_str().expect("a further page").to_owned();
    for target in [
        "comments?modified_after=2020-01-01&",
        "tickets?",
        "comments?x=1&",
    ] {
        let target = format!("/api/ticketing/v1/{target}cursor={cursor}");
        assert_eq!(get(&mut merge, 2, &target).status, 400, "{target}");
    }
    let good = format!("/api/ticketing/v1/comments?page_size=3&cursor={cursor}");
    assert_eq!(get(&mut merge, 2, &good).status, 200);
    assert_eq!(merge.stats().cursor_misuses, 3);
    let nonsense = "/api/ticketing/v1/comments?cursor=nonsense";
    assert_eq!(get(&mut merge, 2, nonsense).status, 400);
}

#[test]
fn remote_data_is_null_unless_asked_for() {
    let mut merge = settled();
    let plain = json(&get(&mut merge, 0, "/api/hris/v1/employees"));
    assert_eq!(plain["results"][0]["remote_data"], Value::Null);
    let raw = json(&get(
        &mut merge,
        0,
        "/api/hris/v1/employees?include_remote_data=true",
    ));
    assert!(raw["results"][0]["remote_data"].is_array());
}

#[test]
fn a_record_can_be_read_by_its_id() {
    let mut merge = settled();
    let row = json(&get(&mut merge, 0, "/api/hris/v1/employees"))["results"][0].clone();
    let target = format!(
        "/api/hris/v1/employees/{}",
        row["id"].as_str().unwrap_or("")
    );
    assert_eq!(json(&get(&mut merge, 0, &target)), row);
    assert_eq!(
        get(&mut merge, 0, "/api/hris/v1/employees/no-such-id").status,
        404
    );
}

#[test]
fn linked_accounts_are_listed_without_their_tokens() {
    let mut merge = settled();
    let rows = read_all(&mut merge, 0, "/api/hris/v1/linked-accounts?page_size=2");
    assert_eq!(rows.len(), 3);
    let tokens: Vec<String> = merge
        .accounts()
        .into_iter()
        .map(|view| view.token)
        .collect();
    let text = json!(rows).to_string();
    assert!(tokens.iter().all(|token| !text.contains(token.as_str())));
    let one = read_all(&mut merge, 0, "/api/hris/v1/linked-accounts?category=ats");
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["integration"]["slug"], "example-ats");
    let details = json(&get(&mut merge, 0, "/api/hris/v1/account-details"));
    assert_eq!(details["id"], json!(merge.accounts()[0].id));
}

#[test]
fn a_resync_answers_with_a_bare_array_and_syncs_every_model() {
    let mut merge = settled();
    let before = merge.stats().sync_finishes;
    let response = call(&mut merge, "POST", 0, "/api/hris/v1/sync-status/resync");
    assert_eq!(response.status, 200);
    let rows = json(&response);
    let syncing = rows
        .as_array()
        .expect("an array")
        .iter()
        .filter(|row| row["status"] == "SYNCING");
    assert!(syncing.count() >= 15);
    merge.advance_to(merge.now() + 30 * MINUTE);
    assert!(merge.stats().sync_finishes >= before + 15);
}

#[test]
fn a_limit_answers_429_with_the_wait_in_seconds() {
    let mut config = small(1);
    config.rate_limit_per_minute = Some(5);
    let mut merge = after(config, 60 * MINUTE);
    let target = "/api/hris/v1/account-details";
    for _ in 0..5 {
        assert_eq!(get(&mut merge, 0, target).status, 200);
    }
    let response = get(&mut merge, 0, target);
    assert_eq!(
        (response.status, response.header("retry-after")),
        (429, Some("60"))
    );
    assert_eq!(
        get(&mut merge, 1, "/api/ats/v1/account-details").status,
        200
    );
    merge.advance_to(merge.now() + MINUTE);
    assert_eq!(get(&mut merge, 0, target).status, 200);
}

#[test]
fn a_model_without_filters_is_served_whole() {
    let mut config = small(1);
    config.accounts = 6;
    config.categories = merge_simulator::CATEGORIES.map(str::to_owned).to_vec();
    let mut merge = after(config, 24 * 60 * MINUTE);
    for (path, filtered) in [("invoices", true), ("accounting-periods", false)] {
        let base = format!("/api/accounting/v1/{path}");
        let all = read_all(&mut merge, 4, &base);
        assert!(!all.is_empty());
        let late = format!("{base}?modified_after=2040-01-01");
        let want = if filtered { 0 } else { all.len() };
        assert_eq!(read_all(&mut merge, 4, &late).len(), want, "{path}");
    }
}

#[test]
fn every_model_of_every_category_is_served_where_it_has_an_endpoint() {
    let mut config = small(2);
    config.accounts = 6;
    config.categories = merge_simulator::CATEGORIES.map(str::to_owned).to_vec();
    config.enable_late = false;
    let mut merge = after(config, 12 * 60 * MINUTE);
    let mut consumer = crate::consumer::Consumer::new(crate::consumer::Rule::Contiguous);
    consumer.whole = true;
    consumer.poll(&mut merge);
    let verdict = merge.verdict(consumer.rows());
    assert!(verdict.is_clean(), "{verdict:?}");
    let models: BTreeSet<String> = merge
        .ledger()
        .into_keys()
        .map(|(_, model, _)| model)
        .collect();
    assert_eq!(models.len(), 16 + 18 + 11 + 10 + 29 + 5);
}
