//! What people see while an account syncs, when it is ready, and when something is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::response::Response;
use merge_sync_host::clock::{Clock as _, MINUTE};
use merge_sync_host::host::Host;
use merge_sync_host::store::Store as _;

use crate::support::{
    ACCOUNT, Made, NOON, Scratch, admin_client, host, json, linked, merge, page, routes, serve,
    sign, status_row,
};

/// The pages of one account after its first run: `/` and its own.
async fn pages(status: &'static str, answer: fn(&Request) -> Option<Response>) -> (String, String) {
    let merge = merge(move |request: Request| async move {
        if let Some(answer) = answer(&request) {
            return answer;
        }
        if !request.uri().path().ends_with("/sync-status") {
            return page("");
        }
        page(&match status {
            "ready" => status_row("Employee", "DONE", false, r#""2026-01-05T11:00:00Z""#),
            "failed" => status_row("Employee", "FAILED", true, "null"),
            _ => [
                status_row("Employee", "DONE", false, r#""2026-01-05T11:00:00Z""#),
                status_row("Team", "SYNCING", true, "null"),
            ]
            .join(","),
        })
    })
    .await;
    let scratch = Scratch::new();
    let host: Arc<Host> = host(Made {
        merge: merge.url(""),
        store: scratch.store(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let body = linked(ACCOUNT, "a-token-to-hide").replace("Sons", "<b>Sons</b>");
    let signature = sign(body.as_bytes());
    merge_sync_host::http::webhook::receive(&host, vec![signature], Ok(Vec::from(body).into()))
        .await;
    // Merge's issues are read once an account is known to be in need of attention.
    let next = host.run_due(NOON).await.unwrap().unwrap();
    scratch.clock.set(next);
    host.run_due(next).await.unwrap();
    let served = serve(&host).await;
    let read = async |path: &str| {
        let answer = admin_client()
            .get(served.admin_url(path))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert!(
            answer.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("'none'")
        );
        answer.text().await.unwrap()
    };
    let all = read("/").await;
    let one = read(&format!("/accounts/{ACCOUNT}")).await;
    for page in [&all, &one] {
        assert!(
            page.contains("Example &amp; &lt;b&gt;Sons&lt;/b&gt;"),
            "{page}"
        );
        assert!(
            !page.contains("a-token-to-hide") && !page.contains("<b>"),
            "{page}"
        );
    }
    // What somebody asks for is shown, and is no part of the page.
    let hostile = "%3C/title%3E%3Cimg%20src=x%20onerror=%22alert(1)%22%3E";
    let records = read(&format!("/accounts/{ACCOUNT}/records?model={hostile}")).await;
    assert!(
        records.contains("&lt;/title&gt;&lt;img") && !records.contains("<img"),
        "{records}"
    );
    (all, one)
}

#[tokio::test]
async fn while_it_syncs_a_page_says_so_and_switches_off_what_is_not_ready() {
    let (all, one) = pages("syncing", |_| None).await;
    assert!(all.contains("<td>1 of 2</td>"), "{all}");
    for want in [
        "Syncing your data",
        "1 of 2 data types are ready.",
        "minutes to hours",
        "<button disabled>Team</button>",
        "http-equiv=\"refresh\"",
    ] {
        assert!(one.contains(want), "{want}: {one}");
    }
    assert!(!one.contains("<button disabled>Employee</button>"), "{one}");
    assert!(!one.contains("Retry"), "{one}");
}

#[tokio::test]
async fn once_ready_a_page_has_no_banner() {
    let (_, one) = pages("ready", |_| None).await;
    for unwanted in [
        "Syncing your data",
        "refresh",
        "disabled",
        "Retry",
        "Contact support",
    ] {
        assert!(!one.contains(unwanted), "{unwanted}: {one}");
    }
}

#[tokio::test]
async fn on_trouble_a_page_shows_merges_words_and_two_ways_on() {
    let (all, one) = pages("failed", |request| {
        let issue = r#"{"id":"1","status":"ONGOING","error_description":"The <i>key</i> expired."},
                       {"id":"2","status":"ONGOING","error_description":""},
                       {"id":"3","status":"ONGOING","error_description":null}"#;
        request
            .uri()
            .path()
            .ends_with("/issues")
            .then(|| page(issue))
    })
    .await;
    assert!(all.contains("needs-attention"), "{all}");
    for want in [
        "The &lt;i&gt;key&lt;/i&gt; expired.",
        "<button>Retry</button>",
        "href=\"mailto:support@example.com\"",
        "<button disabled>Employee</button>",
    ] {
        assert!(one.contains(want), "{want}: {one}");
    }
    assert!(!one.contains("<li></li>"), "{one}");
}

#[tokio::test]
async fn a_dead_token_is_told_as_trouble() {
    let (all, one) = pages("ready", |_| Some(json(401, "{}"))).await;
    assert!(all.contains("reauthorize"), "{all}");
    assert!(
        one.contains("role=\"alert\"") && one.contains("Retry"),
        "{one}"
    );
}

#[tokio::test]
async fn when_the_operators_key_is_refused_no_customer_is_blamed() {
    let merge = merge(|_| async { json(401, "{}") }).await;
    let scratch = Scratch::new();
    let host = host(Made {
        merge: merge.url(""),
        store: scratch.store(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    for account in ["a", "b", "c"] {
        let body = linked(account, "token");
        let signature = sign(body.as_bytes());
        merge_sync_host::http::webhook::receive(&host, vec![signature], Ok(Vec::from(body).into()))
            .await;
    }
    host.run_due(NOON).await.unwrap();
    let served = serve(&host).await;
    for (path, want) in [
        ("/", "the operator has to put the key right"),
        ("/accounts/a", "the reason is on our side"),
        ("/healthz", r#""api_key_suspected":true"#),
    ] {
        let page = admin_client()
            .get(served.admin_url(path))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert!(page.contains(want), "{path}: {page}");
    }
}

#[tokio::test]
async fn the_retry_button_polls_and_leads_back() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let host = host(Made {
        merge: "http://127.0.0.1:9".to_owned(),
        store,
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let body = linked(ACCOUNT, "token");
    let signature = sign(body.as_bytes());
    merge_sync_host::http::webhook::receive(&host, vec![signature], Ok(Vec::from(body).into()))
        .await;
    host.run_due(NOON).await.unwrap();
    let served = serve(&host).await;
    let path = served.admin_url(&format!("/accounts/{ACCOUNT}/poll"));
    let answer = admin_client().post(path).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], format!("/accounts/{ACCOUNT}"));
}

/// A host whose account has read twenty employees, of which Merge then returns so many as the
/// number says.
async fn read_once(scratch: &Scratch, left: Arc<AtomicU64>) -> Arc<Host> {
    let merge = merge(move |request: Request| {
        let left = left.load(Ordering::SeqCst);
        async move {
            if request.uri().path().ends_with("/sync-status") {
                page(&status_row(
                    "Employee",
                    "DONE",
                    false,
                    r#""2026-01-05T11:00:00Z""#,
                ))
            } else {
                let rows = (0..left)
                    .map(|nth| format!(r#"{{"id":"{nth}","modified_at":"2026-01-05T10:00:00Z"}}"#));
                page(&rows.collect::<Vec<_>>().join(","))
            }
        }
    })
    .await;
    let host: Arc<Host> = host(Made {
        merge: merge.url(""),
        store: scratch.store(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let body = linked(ACCOUNT, "token");
    let signature = sign(body.as_bytes());
    merge_sync_host::http::webhook::receive(&host, vec![signature], Ok(Vec::from(body).into()))
        .await;
    // It is served until the test ends.
    std::mem::forget(merge);
    host
}

/// Run what is due within a minute.
async fn a_minute(scratch: &Scratch, host: &Arc<Host>) {
    let until = scratch.clock.now() + MINUTE;
    while let Some(next) = host.run_due(scratch.clock.now()).await.unwrap()
        && next <= until
    {
        scratch.clock.set(next.max(scratch.clock.now()));
    }
    scratch.clock.set(until);
}

#[tokio::test]
async fn deletions_are_approved_with_both_numbers_in_sight() {
    let scratch = Scratch::new();
    let left = Arc::new(AtomicU64::new(20));
    let host = read_once(&scratch, Arc::clone(&left)).await;
    a_minute(&scratch, &host).await;
    left.store(0, Ordering::SeqCst);
    let served = routes(&host).await;
    let account = format!("/accounts/{ACCOUNT}");
    let press = async |path: &str, form: &str| {
        let post = admin_client().post(served.admin_url(&format!("{account}/{path}")));
        let post = post.header("content-type", "application/x-www-form-urlencoded");
        post.body(form.to_owned())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let read = async |path: &str| {
        let answer = admin_client()
            .get(served.admin_url(path))
            .send()
            .await
            .unwrap();
        answer.text().await.unwrap()
    };
    assert_eq!(press("reread-model", "model=hris.Employee").await, 303);
    a_minute(&scratch, &host).await;

    let one = read(&account).await;
    for want in [
        "20 of 20 records were not found",
        "<button>Approve deletions</button>",
        "<button>Read again</button>",
        "held-sweep",
    ] {
        assert!(one.contains(want), "{want}: {one}");
    }
    assert!(read("/").await.contains("held-sweep"));
    let view: serde_json::Value =
        serde_json::from_str(&read(&format!("/api{account}")).await).unwrap();
    let held = &view["models"][0]["held_sweep"];
    assert_eq!((&held["unseen"], &held["live"]), (&20.into(), &20.into()));
    let pass = held["pass"].as_u64().unwrap();

    let sure = read(&format!(
        "{account}/approve-deletions?model=hris.Employee&pass={pass}"
    ))
    .await;
    assert!(
        sure.contains("did not return 20 of 20 records of Employee"),
        "{sure}"
    );
    assert!(sure.contains("Mark 20 records as deleted"), "{sure}");
    let deleted = async || {
        let rows = scratch.store().rows(ACCOUNT, "hris.Employee", "", 99).await;
        let rows = rows.unwrap();
        rows.iter().filter(|stored| stored.row.deleted).count()
    };
    assert_eq!(
        press(
            "approve-deletions",
            &format!("model=hris.Employee&pass={}", pass - 1)
        )
        .await,
        409
    );
    a_minute(&scratch, &host).await;
    assert_eq!(deleted().await, 0);
    assert_eq!(
        press(
            "approve-deletions",
            &format!("model=hris.Employee&pass={pass}")
        )
        .await,
        303
    );
    a_minute(&scratch, &host).await;
    assert_eq!(deleted().await, 20);
    assert!(!read(&account).await.contains("Approve deletions"));
    let again = format!("model=hris.Employee&pass={pass}");
    assert_eq!(
        press("approve-deletions", &again).await,
        409,
        "nothing is held"
    );
    assert_eq!(
        press("reread-model", "model=hris.Team").await,
        409,
        "not listed"
    );
}
