//! Webhooks: what is sent, in which shape, and how often it is tried.

use std::collections::BTreeMap;

use merge_simulator::time::{DAY, HOUR, MINUTE, SECOND, parse};
use merge_simulator::{Delivery, FaultKind, Faults, Merge, sign};
use serde_json::Value;

use crate::client::{after, small};

/// Everything sent in `span`, all of it accepted.
fn sent(merge: &mut Merge, span: i64) -> Vec<(Delivery, Value)> {
    let mut all = Vec::new();
    let end = merge.now() + span;
    while merge.now() < end {
        merge.advance_to(merge.now() + MINUTE);
        for delivery in merge.take_due() {
            merge.delivered(delivery.id, Some(200));
            let body = serde_json::from_slice(&delivery.body).expect("JSON");
            all.push((delivery, body));
        }
    }
    all
}

#[test]
fn every_body_is_signed_and_names_its_event_and_account() {
    let mut merge = Merge::new(small(1));
    let all = sent(&mut merge, 6 * HOUR);
    let ids: Vec<String> = merge.accounts().into_iter().map(|view| view.id).collect();
    for (delivery, body) in &all {
        assert_eq!(
            delivery.signature,
            sign(merge.signing_key(), &delivery.body)
        );
        assert_eq!(
            body["hook"]["event"].as_str(),
            Some(delivery.event.as_str())
        );
        assert!(
            ids.iter()
                .any(|id| body["linked_account"]["id"] == id.as_str())
        );
    }
    assert_eq!(merge.stats().webhooks.accepted, all.len() as u64);
}

#[test]
fn the_token_is_in_the_linked_event_and_nowhere_else() {
    let mut merge = Merge::new(small(1));
    let all = sent(&mut merge, 12 * HOUR);
    let tokens: Vec<String> = merge
        .accounts()
        .into_iter()
        .map(|view| view.token)
        .collect();
    let mut linked = 0;
    for (delivery, body) in &all {
        let text = String::from_utf8_lossy(&delivery.body);
        let carries = tokens.iter().any(|token| text.contains(token.as_str()));
        assert_eq!(carries, delivery.event == "LinkedAccount.linked");
        if carries {
            assert_eq!(body["data"]["is_relink"], false);
            linked += 1;
        }
    }
    assert_eq!(linked, 3);
}

#[test]
fn the_account_event_has_whole_seconds_and_comes_after_its_models() {
    let mut merge = Merge::new(small(1));
    let all = sent(&mut merge, 12 * HOUR);
    let done: Vec<&Value> = all
        .iter()
        .filter(|(delivery, _)| delivery.event == "LinkedAccount.sync_completed")
        .map(|(_, body)| &body["data"])
        .collect();
    assert!(done.len() > 10);
    assert!(done.iter().any(|data| data["is_initial_sync"] == true));
    assert!(done.iter().any(|data| data["is_initial_sync"] == false));
    for data in done {
        for (_, row) in data["sync_status"].as_object().expect("a map") {
            let finish = row["last_sync_finished"].as_str().and_then(parse);
            assert!(finish.is_none_or(|at| at % SECOND == 0));
        }
    }
}

#[test]
fn an_initial_sync_reports_complete_and_still_initial() {
    let mut merge = Merge::new(small(1));
    let all = sent(&mut merge, 3 * HOUR);
    let (_, body) = all
        .iter()
        .find(|(due, _)| due.event == "Employee.synced")
        .expect("one");
    let status = &body["data"]["sync_status"];
    assert_eq!(status["status"], "COMPLETE");
    assert_eq!(status["is_initial_sync"], true);
    assert_eq!(status["last_sync_result"], "DONE");
}

#[test]
fn writes_outside_syncs_report_added_changed_and_removed() {
    let mut config = small(1);
    config.realtime_per_hour = 60;
    let mut merge = Merge::new(config);
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for (delivery, body) in sent(&mut merge, DAY) {
        let (_, kind) = delivery.event.split_once('.').expect("two parts");
        *kinds.entry(kind.to_owned()).or_default() += 1;
        if kind == "removed" {
            assert_eq!(body["data"]["remote_was_deleted"], true);
        }
    }
    for kind in ["added", "changed", "removed"] {
        assert!(kinds.get(kind).is_some_and(|count| *count > 5), "{kinds:?}");
    }
}

#[test]
fn a_failing_model_opens_an_issue_that_ends_a_day_after_it_works_again() {
    let mut config = small(1);
    config.accounts = 1;
    config.realtime_per_hour = 0;
    let mut merge = after(config, 12 * HOUR);
    merge.take_due();
    merge.force(FaultKind::SyncFailed, 1);
    let all = sent(&mut merge, 3 * DAY);
    let issues: Vec<&str> = all
        .iter()
        .map(|(delivery, _)| delivery.event.as_str())
        .filter(|event| event.starts_with("Issue."))
        .collect();
    assert_eq!(issues, ["Issue.new", "Issue.resolved"]);
}

#[test]
fn a_relink_ends_issues_and_an_unlinked_account_says_so() {
    let mut merge = after(small(1), 12 * HOUR);
    merge.take_due();
    merge.require_relink(0);
    let during: Vec<String> = sent(&mut merge, 5 * HOUR)
        .into_iter()
        .map(|(due, _)| due.event)
        .collect();
    assert!(during.iter().any(|event| event == "Issue.new"));
    merge.relink(0);
    merge.unlink(1);
    let after: Vec<String> = sent(&mut merge, 10 * MINUTE)
        .into_iter()
        .map(|(due, _)| due.event)
        .collect();
    for event in [
        "LinkedAccount.linked",
        "Issue.resolved",
        "LinkedAccount.deleted",
    ] {
        assert!(after.iter().any(|sent| sent == event), "{event}: {after:?}");
    }
}

/// The attempts of one webhook under these answers, each with its distance from the first.
fn attempts(answers: &[Option<u16>]) -> Vec<i64> {
    let mut config = small(1);
    config.accounts = 0;
    let mut merge = Merge::new(config);
    merge.ping();
    let start = merge.now();
    let mut at = Vec::new();
    while let Some(due) = merge.next_delivery_at() {
        merge.advance_to(due);
        for delivery in merge.take_due() {
            at.push((merge.now() - start) / SECOND);
            merge.delivered(delivery.id, answers[at.len() - 1]);
        }
    }
    at
}

#[test]
fn a_webhook_is_tried_three_times_unless_it_is_refused() {
    assert_eq!(attempts(&[Some(200)]), [0]);
    assert_eq!(attempts(&[Some(401)]), [0]);
    assert_eq!(attempts(&[Some(500), Some(204)]), [0, 1]);
    assert_eq!(attempts(&[None, Some(503), None]), [0, 1, 3]);
    assert_eq!(attempts(&[Some(302), Some(404)]), [0, 1]);
}

#[test]
fn a_duplicate_has_the_same_bytes_and_signature() {
    let mut config = small(1);
    config.faults = Faults::none().with(FaultKind::WebhookDuplicated, 1000);
    let mut merge = Merge::new(config);
    let mut copies: BTreeMap<String, (u64, Vec<u8>)> = BTreeMap::new();
    for (delivery, _) in sent(&mut merge, 8 * HOUR) {
        let (count, body) = copies
            .entry(delivery.signature)
            .or_insert_with(|| (0, delivery.body.clone()));
        assert_eq!(*body, delivery.body);
        *count += 1;
    }
    let twice = copies.values().filter(|(count, _)| *count >= 2).count();
    assert!(
        twice > 50 && twice * 10 > copies.len() * 6,
        "{twice} of {}",
        copies.len()
    );
}

#[test]
fn a_held_back_webhook_arrives_behind_the_next_one() {
    let order = |rate: Option<u32>| {
        let mut config = small(1);
        config.accounts = 1;
        if let Some(rate) = rate {
            config.faults = Faults::none().with(FaultKind::WebhookReordered, rate);
        }
        let mut merge = Merge::new(config);
        let all = sent(&mut merge, 8 * HOUR);
        all.into_iter()
            .map(|(delivery, _)| delivery.signature)
            .collect::<Vec<_>>()
    };
    let (plain, mixed) = (order(None), order(Some(300)));
    assert_ne!(plain, mixed);
    assert!(mixed.iter().all(|signature| plain.contains(signature)));
    // The last one may still be waiting for its successor.
    assert!(plain.len() - mixed.len() <= 1);
}

#[test]
fn a_forged_webhook_has_a_signature_that_does_not_verify() {
    let mut config = small(1);
    config.faults = Faults::none().with(FaultKind::WebhookForged, 200);
    let mut merge = Merge::new(config);
    let mut forged = 0;
    for (delivery, body) in sent(&mut merge, 8 * HOUR) {
        let good = delivery.signature == sign(merge.signing_key(), &delivery.body);
        assert_eq!(
            good,
            delivery.event != "LinkedAccount.deleted",
            "{}",
            delivery.event
        );
        assert!(body["linked_account"]["id"].is_string());
        forged += u64::from(!good);
    }
    assert!(forged > 5);
    assert_eq!(merge.stats().webhooks.forged, forged);
}

#[test]
fn the_forms_of_2023_are_sent_on_request() {
    let mut config = small(1);
    config.legacy_webhooks = true;
    let mut merge = Merge::new(config);
    let all = sent(&mut merge, 6 * HOUR);
    let texts = all
        .iter()
        .filter(|(_, body)| body["data"]["sync_status"].is_string());
    assert!(texts.count() > 20);
    assert!(
        all.iter()
            .any(|(delivery, _)| delivery.event == "LinkedAccount.synced")
    );
}

#[test]
fn a_lost_linked_event_would_lose_the_account_and_is_spared() {
    let mut config = small(1);
    config.faults = Faults::none().with(FaultKind::WebhookLost, 1000);
    let mut merge = Merge::new(config);
    let all = sent(&mut merge, 6 * HOUR);
    let events: Vec<&str> = all
        .iter()
        .map(|(delivery, _)| delivery.event.as_str())
        .collect();
    assert_eq!(events, ["LinkedAccount.linked"; 3]);
    assert!(merge.stats().webhooks.lost > 50);
}
