//! Persistent faults of whole accounts, and how they are drawn.

use std::collections::{BTreeMap, BTreeSet};

use merge_simulator::poison::InstantForm;
use merge_simulator::time::{DAY, HOUR, MINUTE, Micros, parse};
use merge_simulator::{Delivery, Merge, Poison, PoisonPlan};
use serde_json::Value;

use crate::client::{get, json, read_all, small};

const MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// The first account poisoned from the beginning, and everything that was posted about it.
fn poisoned(poison: Poison) -> (Merge, Vec<Delivery>) {
    let mut merge = Merge::new(small(1));
    assert!(merge.poison(0, None, poison, Micros::MIN));
    let mut posted = Vec::new();
    for _ in 0..48 {
        merge.advance_to(merge.now() + MINUTE * 15);
        for delivery in merge.take_due() {
            merge.delivered(delivery.id, Some(200));
            posted.push(delivery);
        }
    }
    let id = merge.accounts()[0].id.clone();
    posted.retain(|delivery| delivery.account_id == id);
    assert!(posted.len() > 20);
    (merge, posted)
}

fn bodies(posted: &[Delivery]) -> Vec<Value> {
    let read = |delivery: &Delivery| serde_json::from_slice(&delivery.body).expect("JSON");
    posted.iter().map(read).collect()
}

#[test]
fn a_byte_order_mark_stands_before_every_body_and_is_signed() {
    let (mut merge, posted) = poisoned(Poison::ByteOrderMark);
    for delivery in &posted {
        assert!(delivery.body.starts_with(MARK));
        let signature = merge_simulator::sign(merge.signing_key(), &delivery.body);
        assert_eq!(delivery.signature, signature);
    }
    for target in [
        "/api/hris/v1/sync-status",
        "/api/hris/v1/teams",
        "/api/hris/v1/none",
    ] {
        assert!(
            get(&mut merge, 0, target).body.starts_with(MARK),
            "{target}"
        );
        let other = target.replace("hris", "ats");
        assert!(!get(&mut merge, 1, &other).body.starts_with(MARK));
    }
}

#[test]
fn every_webhook_says_that_the_category_is_null() {
    let (mut merge, posted) = poisoned(Poison::CategoryNull);
    for body in bodies(&posted) {
        let category = body["linked_account"].get("category");
        assert_eq!(category, Some(&Value::Null), "{body}");
    }
    let details = json(&get(&mut merge, 0, "/api/hris/v1/account-details"));
    assert_eq!(details["category"], "hris");
}

/// The instants within a tree, by the names of their fields.
fn instants<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str() {
                    Some(text) if name.ends_with("_at") || name.starts_with("last_sync_f") => {
                        found.push(text);
                    }
                    _ => instants(field, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| instants(item, found)),
        _ => {}
    }
}

#[test]
fn instants_come_in_the_form_that_is_asked_for() {
    for form in InstantForm::ALL {
        let (mut merge, posted) = poisoned(Poison::Instants { form });
        let status = json(&get(&mut merge, 0, "/api/hris/v1/sync-status"));
        let list = json(&get(&mut merge, 0, "/api/hris/v1/employees"));
        let mut found = Vec::new();
        let bodies = bodies(&posted);
        instants(&status, &mut found);
        instants(&list, &mut found);
        bodies.iter().for_each(|body| instants(body, &mut found));
        assert!(found.len() > 100);
        for text in found {
            let usual = text.len() >= 20 && text.contains('T') && text.ends_with('Z');
            let nine = usual && text.len() == 30;
            assert!(nine || !usual, "{}: {text}", form.name());
            assert_eq!(nine, form == InstantForm::Nanoseconds, "{text}");
        }
        // What a store holds is compared with what was served.
        let row = &list["results"][0];
        let ledger = merge.ledger();
        let (_, entry) = ledger
            .iter()
            .find(|((.., id), _)| row["id"] == id.as_str())
            .expect("the row is in the ledger");
        assert_eq!(entry.row["modified_at"], row["modified_at"]);
    }
}

#[test]
fn an_account_that_needs_a_relink_stays_readable_until_it_is_cured() {
    let (mut merge, posted) = poisoned(Poison::RelinkNeeded);
    let details = json(&get(&mut merge, 0, "/api/hris/v1/account-details"));
    assert_eq!(details["status"], "RELINK_NEEDED");
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/employees").status, 200);
    assert!(posted.iter().any(|delivery| delivery.event == "Issue.new"));
    merge.cure(0);
    let details = json(&get(&mut merge, 0, "/api/hris/v1/account-details"));
    assert_eq!(details["status"], "COMPLETE");
}

#[test]
fn issues_are_resolved_and_muted_and_one_has_no_description() {
    let (mut merge, posted) = poisoned(Poison::ResolvedIssues);
    let mut events: BTreeMap<String, usize> = BTreeMap::new();
    let mut silent = 0;
    for (delivery, body) in posted.iter().zip(bodies(&posted)) {
        *events.entry(delivery.event.clone()).or_default() += 1;
        silent += usize::from(body["data"].get("error_description") == Some(&Value::Null));
    }
    assert!(
        events["Issue.resolved"] >= 3 && events["Issue.muted"] >= 3,
        "{events:?}"
    );
    assert_eq!(silent, 1);
    let ongoing = json(&get(&mut merge, 0, "/api/hris/v1/issues?status=ONGOING"));
    let ongoing = ongoing["results"].as_array().expect("a list");
    assert_eq!(ongoing.len(), 1);
    assert_eq!(ongoing[0]["error_description"], Value::Null);
}

#[test]
fn names_and_remote_ids_hold_the_character_zero() {
    let (mut merge, posted) = poisoned(Poison::NulCharacters);
    let name = &bodies(&posted)[0]["linked_account"]["end_user_organization_name"];
    assert!(name.as_str().is_some_and(|name| name.ends_with('\0')));
    let rows = read_all(&mut merge, 0, "/api/hris/v1/employees");
    let zero = |row: &&Value| {
        row["remote_id"]
            .as_str()
            .is_some_and(|id| id.contains('\0'))
    };
    assert!(rows.iter().filter(zero).count() > 5);
    assert!(rows.iter().filter(zero).count() < rows.len());
}

#[test]
fn a_refused_token_is_refused_everywhere_while_webhooks_go_on() {
    let (mut merge, _) = poisoned(Poison::TokenRefused);
    for target in ["/api/hris/v1/sync-status", "/api/hris/v1/teams"] {
        assert_eq!(get(&mut merge, 0, target).status, 401);
    }
    assert_eq!(get(&mut merge, 1, "/api/ats/v1/jobs").status, 200);
    let id = merge.accounts()[0].id.clone();
    assert_eq!(merge.stats().requests_by_account[&id], 2);
    let lists = &merge.stats().list_requests;
    assert_eq!(lists[&id], BTreeMap::from([("hris.Team", 1)]));
    assert_eq!(lists.len(), 2, "ats.Job of the other one, too: {lists:?}");
    merge.cure(0);
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/teams").status, 200);
}

/// What is drawn for 400 accounts.
fn drawn(seed: u64, plan: PoisonPlan) -> Vec<merge_simulator::Poisoned> {
    let mut config = small(seed);
    config.accounts = 400;
    config.records_per_account = 10;
    config.poison = plan;
    Merge::new(config).poisoned()
}

#[test]
fn one_account_in_four_is_poisoned_and_every_kind_comes() {
    let all = drawn(1, PoisonPlan::all());
    assert!((70..130).contains(&all.len()), "{}", all.len());
    assert_eq!(all, drawn(1, PoisonPlan::all()));
    assert_ne!(all, drawn(2, PoisonPlan::all()));
    let mut kinds = BTreeSet::new();
    for seed in 0..4 {
        kinds.extend(
            drawn(seed, PoisonPlan::all())
                .iter()
                .map(|poisoned| poisoned.poison.name()),
        );
    }
    // The huge body costs too much to be drawn.
    assert_eq!(kinds.len(), merge_simulator::poison::NAMES.len() - 1);
    for poisoned in all {
        assert_eq!(poisoned.model_id.is_some(), poisoned.poison.is_of_model());
        assert_eq!(poisoned.from > 0, poisoned.poison.is_late());
    }
    assert!(drawn(1, PoisonPlan::none()).is_empty());
}

#[test]
fn poison_does_not_change_what_the_other_accounts_hold() {
    let ledger = |plan: PoisonPlan| {
        let mut config = small(3);
        config.accounts = 12;
        config.records_per_account = 30;
        config.poison = plan;
        let mut merge = Merge::new(config);
        merge.advance_to(merge.now() + DAY);
        let sick: BTreeSet<String> = merge.poisoned().into_iter().map(|it| it.account).collect();
        (merge.ledger(), sick)
    };
    let (with, sick) = ledger(PoisonPlan::all());
    let (without, _) = ledger(PoisonPlan::none());
    assert!(!sick.is_empty() && sick.len() < 12);
    let healthy = |(key, _): &(&(String, String, String), _)| !sick.contains(&key.0);
    assert!(
        with.iter()
            .filter(healthy)
            .eq(without.iter().filter(healthy))
    );
}

#[test]
fn every_drawn_poison_is_deterministic() {
    let run = || {
        let mut config = small(5);
        config.accounts = 34;
        config.records_per_account = 30;
        config.page_size_at_most = 5;
        config.poison = PoisonPlan {
            one_in: 1,
            ..PoisonPlan::all()
        };
        let mut merge = Merge::new(config);
        let mut seen = Vec::new();
        for _ in 0..10 {
            merge.advance_to(merge.now() + 2 * HOUR);
            for (number, account) in merge.accounts().into_iter().enumerate() {
                let paths = ["employees", "candidates", "tickets"];
                let target = format!("/api/{}/v1/{}", account.category, paths[number % 3]);
                seen.push(get(&mut merge, number, &target));
            }
            seen.iter().for_each(|answer| assert!(answer.status > 0));
        }
        (seen, merge.ledger(), merge.poisoned())
    };
    assert!(run() == run());
}

#[test]
fn written_instants_are_read_back() {
    // Those forms that a filter takes, at least.
    for form in [
        InstantForm::Offset,
        InstantForm::FarOffset,
        InstantForm::Naive,
    ] {
        let at = 1_764_240_000_000_020;
        assert_eq!(parse(&form.write(at)), Some(at), "{}", form.name());
    }
}
