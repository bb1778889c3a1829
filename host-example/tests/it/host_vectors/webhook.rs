//! The scenarios of a webhook route, over real HTTP and in the clock's time.

use std::sync::Arc;

use merge_sync_host::clock::{Micros, SECOND};
use serde_json::{Value, json};

use super::read;
use crate::support::{Gated, Mood, Scratch, Served, client, offline, serve, sign, soon};

/// Milliseconds of the scenarios.
const MILLISECOND: Micros = SECOND / 1_000;

#[tokio::test]
async fn the_webhook_route_passes_every_scenario() {
    let Value::Array(scenarios) = read("webhook.json") else {
        panic!("no list")
    };
    assert!(scenarios.len() >= 5, "{}", scenarios.len());
    for scenario in scenarios {
        let scratch = Scratch::new();
        let store = Gated::new(scratch.store());
        let host = offline(&scratch, store.clone()).await;
        let served = serve(&host).await;
        let steps = scenario["steps"].as_array().expect("steps");
        for (number, step) in steps.iter().enumerate() {
            let at = format!("{}, step {number}: {}", scenario["id"], scenario["note"]);
            play(step, &scratch, &store, &served, &at).await;
        }
    }
}

async fn play(step: &Value, scratch: &Scratch, store: &Arc<Gated>, served: &Served, at: &str) {
    let mood = match step["store"].as_str() {
        None | Some("works") => Mood::Works,
        Some("fails") => Mood::Fails,
        Some("throws") => Mood::Breaks,
        Some("hangs") => Mood::Waits,
        Some(other) => panic!("{other}"),
    };
    *store.mood.lock().expect("a mood") = mood;
    let want = &step["out"];
    let within = want["within_ms"].as_i64().expect("a limit") * MILLISECOND;
    let mut reply = Box::pin(soon(post(served, &step["request"])));
    // Time stands still, but where the store hangs.
    let found = tokio::select! {
        found = &mut reply => found,
        hung = store.waiting.acquire() => {
            hung.expect("open").forget();
            scratch.clock.advance(within);
            reply.await
        }
    };
    let want_found = (want["status"].clone(), want["body"].clone());
    assert_eq!((json!(found.0), json!(found.1)), want_found, "{at}");
    if let Some(kept) = step.get("kept") {
        let listed = store.inner.accounts("", 100).await.expect("accounts");
        let found: Vec<_> = listed.iter().map(|each| &each.profile.id).collect();
        assert_eq!(&json!(found), kept, "{at}");
    }
}

async fn post(served: &Served, request: &Value) -> (u16, String) {
    let body = request["body"].as_str();
    let mut post = client().post(served.url("/api/webhooks/merge"));
    if request["sign"] == true {
        let signature = sign(body.unwrap_or_default().as_bytes());
        post = post.header("X-Merge-Webhook-Signature", signature);
    }
    if let Some(body) = body {
        post = post.body(body.to_owned());
    }
    let answer = post.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("a body"))
}
