//! Deliveries over real HTTP: the replies to good and bad ones, and what is left behind.

use std::sync::Arc;

use merge_sync_host::bindings::exports::merge_sync::triggers::triggers::NewAccount;
use merge_sync_host::bindings::exports::merge_sync::triggers::types::Account;
use merge_sync_host::clock::{MINUTE, SECOND};
use merge_sync_host::host::{Host, slots};
use merge_sync_host::http::webhook;
use merge_sync_host::store::Store;
use merge_sync_host::store::sqlite::SqliteStore;

use crate::log;
use crate::support::{
    ACCOUNT, API_KEY, Gated, Made, SIGNING_KEY, Scratch, Served, client, linked, offline,
    post_webhook, serve, sign, sign_with, soon, synced,
};

const RECEIVED: &str = r#"{"received": true}"#;
const MISSING: &str = r#"{"error": "Missing signature"}"#;
const INVALID: &str = r#"{"error": "Invalid signature"}"#;

struct Fixture {
    _scratch: Scratch,
    store: Arc<SqliteStore>,
    host: Arc<Host>,
    served: Served,
}

/// A host whose scheduler stays out of the way: Merge is nowhere.
async fn fixture() -> Fixture {
    let scratch = Scratch::new();
    let store = scratch.store();
    let host = offline(&scratch, store.clone()).await;
    let served = serve(&host).await;
    Fixture {
        _scratch: scratch,
        store,
        host,
        served,
    }
}

impl Fixture {
    async fn post(&self, body: &[u8], signatures: &[&str]) -> (u16, String) {
        let mut request = client().post(self.served.url("/api/webhooks/merge"));
        for signature in signatures {
            request = request.header("X-Merge-Webhook-Signature", *signature);
        }
        let answer = request.body(body.to_vec()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    #[track_caller]
    fn counted(&self, accepted: u64, refused: u64, failed: u64, duplicate: u64) {
        let counters = self.host.counters();
        let found = [
            counters.webhooks_accepted.get(),
            counters.webhooks_refused.get(),
            counters.webhooks_failed.get(),
            counters.webhooks_duplicate.get(),
        ];
        assert_eq!(found, [accepted, refused, failed, duplicate]);
    }
}

#[tokio::test]
async fn a_refused_delivery_leaves_nothing_and_the_next_good_one_works() {
    let fixture = fixture().await;
    let body = linked(ACCOUNT, "token");
    let bytes = body.as_bytes();
    let good = sign(bytes);
    let mut flipped = good.clone().into_bytes();
    flipped[0] ^= 1;
    let flipped = String::from_utf8(flipped).unwrap();
    let other_key = sign_with("another key", bytes);
    let mut other_body = bytes.to_vec();
    other_body[10] ^= 1;
    let hostile: [(&[u8], &[&str], &str); 9] = [
        (bytes, &[], MISSING),
        (b"", &[], MISSING),
        (bytes, &[&good, &good], INVALID),
        (bytes, &[&good, &other_key], INVALID),
        (bytes, &[&other_key], INVALID),
        (bytes, &[&flipped], INVALID),
        (bytes, &["not base64"], INVALID),
        (bytes, &[""], INVALID),
        (&other_body, &[&good], INVALID),
    ];
    for (body, signatures, want) in hostile {
        let reply = fixture.post(body, signatures).await;
        assert_eq!(reply, (401, want.to_owned()), "{signatures:?}");
    }
    // Bytes that are no text are not repaired, whatever is signed: they, or what a repair makes.
    let not_text = [bytes, &[0xff, 0xfe]].concat();
    let repaired = String::from_utf8_lossy(&not_text);
    for signature in [sign(&not_text), sign(repaired.as_bytes())] {
        let reply = fixture.post(&not_text, &[&signature]).await;
        assert_eq!(reply, (401, INVALID.to_owned()));
    }
    assert_eq!(fixture.store.accounts("", 9).await.unwrap(), []);
    fixture.counted(0, 11, 0, 0);

    assert_eq!(
        fixture.post(bytes, &[&good]).await,
        (200, RECEIVED.to_owned())
    );
    fixture.counted(1, 11, 0, 0);
    let listed = fixture.store.accounts("", 9).await.unwrap();
    assert_eq!(listed[0].profile.organization_name, "Example & Sons");
}

#[tokio::test]
async fn what_is_signed_and_means_nothing_is_received_and_changes_nothing() {
    let fixture = fixture().await;
    let deep = "[".repeat(100_000);
    let long_model = format!(
        r#"{{"hook":{{"event":"X.synced"}},"linked_account":{{"id":"nobody"}},
            "data":{{"sync_status":{{"model_id":"{}"}}}}}}"#,
        "m".repeat(10_000)
    );
    let bodies = [
        "",
        "not JSON",
        "null",
        "{}",
        &deep,
        r#"{"hook":{"event":1e999999}}"#,
        r#"{"hook":{"event":"LinkedAccount.linked"}}"#,
        r#"{"hook":{"event":"Employee.synced"},"linked_account":{"id":18446744073709551616}}"#,
        r#"{"hook":{"event":"Something.else"},"linked_account":{"id":"x"},"more":{}}"#,
        r#"{"response":"Success! This URL will be notified."}"#,
        &long_model,
        &synced("nobody linked this account"),
    ];
    for body in bodies {
        let reply = post_webhook(&fixture.served, body).await;
        assert_eq!(reply, (200, RECEIVED.to_owned()), "{:.60}", body);
    }
    assert_eq!(fixture.store.accounts("", 9).await.unwrap(), []);
    fixture.counted(bodies.len() as u64, 0, 0, 0);
    // The last three but the ping: any event that names an account may mean something.
    assert_eq!(fixture.host.counters().accounts_unknown.get(), 3);
}

#[tokio::test]
async fn a_body_beyond_a_mebibyte_is_refused() {
    let fixture = fixture().await;
    for (length, want) in [(1 << 20, 200), ((1 << 20) + 1, 401)] {
        let body = vec![b' '; length];
        let reply = fixture.post(&body, &[&sign(&body)]).await;
        assert_eq!(reply.0, want, "{length}");
    }
}

#[tokio::test]
async fn the_aliases_of_the_guide_take_webhooks_too() {
    let fixture = fixture().await;
    let body = linked(ACCOUNT, "token");
    for path in [
        "/webhooks/merge/sync-completed",
        "/webhooks/merge/model-synced",
    ] {
        let answer = client()
            .post(fixture.served.url(path))
            .header("X-Merge-Webhook-Signature", sign(body.as_bytes()))
            .body(body.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/json");
    }
    // The same bytes twice.
    fixture.counted(2, 0, 0, 1);
}

/// A 404 would lose it for good: Merge does not send it again.
#[tokio::test]
async fn a_signed_webhook_is_taken_in_whatever_path_it_comes_to() {
    let fixture = fixture().await;
    let large = format!("{}{}", linked(ACCOUNT, "token"), " ".repeat(1 << 19));
    let paths = [
        "/api/webhooks/merge/",
        "/webhooks/merge/sync-completed/",
        "/webhooks/merge/model-synced/",
        "/api/webhooks/merge//",
        "/api/webhooks/Merge",
        "/webhooks",
        "/",
        "/livez",
    ];
    for path in paths {
        let url = fixture.served.url(path);
        let post = client().post(&url).body(large.clone());
        let signed = post.header("X-Merge-Webhook-Signature", sign(large.as_bytes()));
        let answer = signed.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.text().await.unwrap(), RECEIVED, "{path}");
        let forged = client().post(&url).body("{}");
        let forged = forged.header("X-Merge-Webhook-Signature", sign(b"another body"));
        assert_eq!(forged.send().await.unwrap().status(), 401, "{path}");
    }
    let count = paths.len() as u64;
    fixture.counted(count, count, 0, count - 1);
    for (path, want) in [
        ("/webhooks", 404),
        ("/", 404),
        ("/livez", 405),
        ("/api/webhooks/merge/", 401),
    ] {
        let answer = client()
            .post(fixture.served.url(path))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), want, "{path}");
    }
}

#[tokio::test]
async fn without_a_key_every_delivery_is_the_hosts_fault() {
    let scratch = Scratch::new();
    let setup = crate::support::setup(Made {
        merge: "http://127.0.0.1:9".to_owned(),
        store: scratch.store(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    });
    let host = Host::new(merge_sync_host::host::Setup {
        webhook_keys: Vec::new(),
        ..setup
    })
    .await
    .unwrap();
    let served = serve(&host).await;
    let reply = post_webhook(&served, &linked(ACCOUNT, "token")).await;
    assert_eq!(
        reply,
        (500, r#"{"error": "Server configuration error"}"#.to_owned())
    );
}

#[tokio::test]
async fn a_note_that_is_not_durable_after_five_seconds_is_answered_500_and_kept_later() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let gated = Gated::new(store.clone());
    let host = offline(&scratch, gated.clone()).await;
    let served = serve(&host).await;
    let body = linked(ACCOUNT, "token");
    let five_seconds = async {
        gated.waiting.acquire().await.unwrap().forget();
        scratch.clock.advance(5 * SECOND);
    };
    let late = async { tokio::join!(post_webhook(&served, &body), five_seconds).0 };
    let reply = soon(late).await;
    assert_eq!(reply, (500, r#"{"error": "Processing error"}"#.to_owned()));
    assert_eq!(store.load(ACCOUNT).await, Ok(None));
    gated.notes.add_permits(2);
    // Merge sends it again; the first call, left alone meanwhile, has its instance to itself.
    assert_eq!(post_webhook(&served, &body).await.0, 200);
    assert!(store.load(ACCOUNT).await.unwrap().is_some());
}

fn new_account(id: &str) -> NewAccount {
    NewAccount {
        account: Account {
            id: id.to_owned(),
            category: "hris".to_owned(),
            integration: String::new(),
            integration_slug: String::new(),
            end_user_origin_id: String::new(),
            organization_name: String::new(),
            link_status: String::new(),
            account_type: String::new(),
            is_duplicate: None,
        },
        token: Some("token".to_owned()),
        linked_at: None,
    }
}

/// The signature header of a large one is looked at before its body is read.
#[tokio::test]
async fn a_large_webhook_is_answered_500_after_five_seconds_where_nothing_can_look_at_it() {
    let scratch = Scratch::new();
    let gated = Gated::new(scratch.store());
    let host = offline(&scratch, gated.clone()).await;
    let served = serve(&host).await;
    let instances = slots(1).quick;
    for number in 0..instances {
        let triggers = host.triggers().clone();
        let account = new_account(&format!("account {number}"));
        tokio::spawn(async move { triggers.link(account).await });
    }
    soon(gated.waiting.acquire_many(instances))
        .await
        .unwrap()
        .forget();
    let large = format!("{}{}", linked(ACCOUNT, "token"), " ".repeat(20_000));
    let time_passes = async {
        loop {
            scratch.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
    };
    let answered = async {
        tokio::select! {
            reply = post_webhook(&served, &large) => reply,
            () = time_passes => unreachable!("time does not end"),
        }
    };
    assert_eq!(soon(answered).await.0, 500);
}

#[tokio::test]
async fn a_delivery_is_taken_in_though_its_sender_has_gone() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let gated = Gated::new(store.clone());
    let host = offline(&scratch, gated.clone()).await;
    let deliver = |account: &str| {
        let body = linked(account, "token").into_bytes();
        let host = Arc::clone(&host);
        async move { webhook::receive(&host, vec![sign(&body)], Ok(body.into())).await }
    };
    // A server drops a handler when its client leaves: here while the note waits for the store.
    tokio::select! {
        reply = deliver(ACCOUNT) => panic!("nothing is durable yet: {reply:?}"),
        waits = gated.waiting.acquire() => waits.unwrap().forget(),
    }
    gated.notes.add_permits(2);
    // The store takes notes in turn: once another is kept, so is the first.
    assert_eq!(soon(deliver("another account")).await.status, 200);
    assert!(store.account(ACCOUNT).await.unwrap().is_some());
}

#[tokio::test]
async fn no_debug_text_of_a_host_shows_a_secret() {
    let text = format!("{:#?}", fixture().await.host);
    for secret in [SIGNING_KEY, API_KEY] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn each_delivery_is_one_line_of_the_log_without_any_secret() {
    log::start();
    let scratch = Scratch::new();
    let host = offline(&scratch, scratch.store()).await;
    let good = linked(ACCOUNT, "a-token-to-hide").into_bytes();
    let deliveries: [(Vec<u8>, Vec<String>, &str); 5] = [
        (good.clone(), vec![], "WARN"),
        (good.clone(), vec!["x".to_owned()], "WARN"),
        (vec![0xff], vec![sign(&[0xff])], "WARN"),
        (b"{}".to_vec(), vec![sign(b"{}")], "WARN"),
        (good.clone(), vec![sign(&good)], "INFO"),
    ];
    log::take();
    for (body, signatures, level) in deliveries {
        webhook::receive(&host, signatures, Ok(body.into())).await;
        let text = log::take();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains(level), "{text}");
        for secret in ["a-token-to-hide", SIGNING_KEY] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn what_outsiders_cause_is_logged_ten_times_a_minute_and_counted() {
    log::start();
    let scratch = Scratch::new();
    let host = offline(&scratch, scratch.store()).await;
    let forged = |body: &[u8]| (vec!["x".to_owned()], Ok(body.to_vec().into()));
    log::take();
    for _ in 0..20 {
        for body in [&b"{}"[..], &[0xff]] {
            let (signatures, body) = forged(body);
            webhook::receive(&host, signatures, body).await;
        }
    }
    assert_eq!(log::take().lines().count(), 10);
    assert_eq!(host.counters().webhooks_refused.get(), 40);
    scratch.clock.advance(MINUTE);
    let (signatures, body) = forged(b"{}");
    webhook::receive(&host, signatures, body).await;
    let text = log::take();
    assert!(text.contains("left_out=30"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}
