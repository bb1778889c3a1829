//! The API: linking by token, commands, questions, and who may ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use merge_sync_host::store::Store;
use merge_sync_host::store::sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Made, NOON, Scratch, Served, admin_client, host, json as answer, merge, page, routes,
    serve, soon, status_row,
};

/// Problem details of the API.
fn problem(status: u16, title: &str, detail: &str) -> Value {
    json!({"status": status, "title": title, "detail": detail})
}

struct Fixture {
    _scratch: Scratch,
    _merge: Served,
    store: Arc<SqliteStore>,
    host: Arc<merge_sync_host::host::Host>,
    served: Served,
}

async fn fixture() -> Fixture {
    let merge = merge(|request: axum::extract::Request| async move {
        let path = request.uri().path();
        if request.headers()["x-account-token"] != "token" {
            answer(401, r#"{"detail":"Invalid account token."}"#)
        } else if path.ends_with("/account-details") {
            let details = json!({
                "id": ACCOUNT, "integration": "Example HRIS", "integration_slug": "example-hris",
                "category": "hris", "end_user_origin_id": "org_1", "status": "COMPLETE",
                "end_user_organization_name": "Example & Sons", "account_type": "TEST",
                "is_duplicate": false,
            });
            answer(200, format!("\u{feff}{details}"))
        } else if path.ends_with("/sync-status") {
            page(
                &[
                    status_row(
                        "Employee",
                        "DONE",
                        false,
                        r#""2026-01-05T11:00:00.000001Z""#,
                    ),
                    status_row("Team", "SYNCING", true, "null"),
                ]
                .join(","),
            )
        } else {
            page("")
        }
    })
    .await;
    let scratch = Scratch::new();
    let store = scratch.store();
    let host = host(Made {
        merge: merge.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let served = serve(&host).await;
    Fixture {
        _scratch: scratch,
        _merge: merge,
        store,
        host,
        served,
    }
}

impl Fixture {
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = admin_client()
            .post(self.served.admin_url(path))
            .body(body.to_string());
        read(request).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(admin_client().get(self.served.admin_url(path))).await
    }

    /// The account is linked and has been polled once.
    async fn link(&self) {
        let linked = self
            .post(
                "/api/accounts",
                json!({"token": "token", "category": "hris"}),
            )
            .await;
        assert_eq!(linked, (201, json!({"id": ACCOUNT})));
        let polled = async {
            while self.host.counters().runs.get() == 0 {
                tokio::task::yield_now().await;
            }
        };
        soon(polled).await;
    }
}

async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
    )
}

#[tokio::test]
async fn an_account_is_linked_by_its_token_alone() {
    let fixture = fixture().await;
    fixture.link().await;
    let listed = fixture.store.account(ACCOUNT).await.unwrap().unwrap();
    assert_eq!(listed.profile.integration, "Example HRIS");
    assert_eq!(listed.profile.organization_name, "Example & Sons");
    assert_eq!(listed.profile.account_type, "TEST");
    assert_eq!(listed.profile.is_duplicate, Some(false));
    assert!(listed.has_token);
    let (status, accounts) = fixture.get("/api/accounts").await;
    assert_eq!(
        (status, &accounts["accounts"][0]["id"]),
        (200, &json!(ACCOUNT))
    );
    assert!(!accounts.to_string().contains(r#""token""#));
}

#[tokio::test]
async fn a_token_of_another_account_is_refused() {
    let fixture = fixture().await;
    let link = async |id: &str| {
        let body = json!({"id": id, "token": "token", "category": "ats", "linked_at": "2026-01-01T00:00:00Z"});
        fixture.post("/api/accounts", body).await
    };
    let (status, refused) = link("c7d1e0aa-3f0b-4be5-8a3d-000000000001").await;
    assert_eq!(status, 409);
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("id: merge says that the token is of account"),
        "{detail}"
    );
    assert_eq!(fixture.store.accounts("", 9).await.unwrap(), []);
    assert_eq!(link(ACCOUNT).await, (201, json!({"id": ACCOUNT})));
}

#[tokio::test]
async fn texts_of_an_account_have_a_limit() {
    let fixture = fixture().await;
    for (field, most) in [
        ("organization_name", 1024),
        ("integration", 1024),
        ("id", 128),
    ] {
        let body = json!({"token": "token", "category": "hris", field: "x".repeat(most + 1)});
        let (status, refused) = fixture.post("/api/accounts", body).await;
        let want = format!("{field}: found {} bytes; expected at most {most}", most + 1);
        assert_eq!((status, &refused["detail"]), (400, &json!(want)));
    }
}

#[tokio::test]
async fn when_an_account_was_linked_is_said_in_any_form_that_merges_bodies_have() {
    let fixture = fixture().await;
    for text in [
        "2026-01-01 00:00:00+00:00",
        "2026-01-01T00:00:00",
        "2026-01-01t01:00:00.0000001+0100",
    ] {
        let body = json!({"token": "token", "category": "ats", "linked_at": text});
        assert_eq!(fixture.post("/api/accounts", body).await.0, 201, "{text}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_named() {
    let fixture = fixture().await;
    for (body, want) in [
        (
            json!({"token": "", "category": "hris"}),
            "token: it is empty",
        ),
        (
            json!({"token": "t", "category": "../x"}),
            "category: expected one such as `hris` or `ats`",
        ),
        (
            json!({"token": "wrong", "category": "hris"}),
            "token: merge answered 401 to the question whose it is",
        ),
        (
            json!({"id": "x", "token": "t", "category": "hris", "linked_at": "yesterday"}),
            "linked_at: `yesterday` is no instant such as 2025-11-27T10:39:49Z",
        ),
    ] {
        assert_eq!(
            fixture.post("/api/accounts", body).await,
            (400, problem(400, "Bad Request", want))
        );
    }
    let (status, unknown) = fixture.post("/api/accounts", json!({"tokn": "t"})).await;
    assert_eq!(status, 400);
    assert!(
        unknown["detail"].as_str().unwrap().contains("tokn"),
        "{unknown}"
    );
    assert_eq!(fixture.store.accounts("", 9).await.unwrap(), []);
}

#[tokio::test]
async fn an_account_is_seen_as_the_engine_sees_it() {
    let fixture = fixture().await;
    fixture.link().await;
    let (status, view) = fixture.get(&format!("/api/accounts/{ACCOUNT}")).await;
    assert_eq!(status, 200);
    assert_eq!(view["readiness"]["phase"], "syncing");
    assert_eq!(view["models"][0]["model_id"], "hris.Employee");
    assert_eq!(
        view["models"][0]["last_sync_finished"],
        "2026-01-05T11:00:00.000001Z"
    );
    assert_eq!(view["trouble"], Value::Null);

    let path = format!("/api/accounts/{ACCOUNT}/readiness");
    let phase = |found: (u16, Value)| found.1["phase"].clone();
    assert_eq!(phase(fixture.get(&path).await), "syncing");
    assert_eq!(
        phase(fixture.get(&format!("{path}?required=hris.Employee")).await),
        "ready"
    );
    let both = format!("{path}?required=hris.Employee,%20hris.Team");
    assert_eq!(phase(fixture.get(&both).await), "syncing");
}

#[tokio::test]
async fn commands_reach_the_engine() {
    let fixture = fixture().await;
    fixture.link().await;
    let command = |name: &str| format!("/api/accounts/{ACCOUNT}/{name}");
    assert_eq!(fixture.post(&command("pause"), json!({})).await.0, 202);
    let (_, view) = fixture.get(&format!("/api/accounts/{ACCOUNT}")).await;
    assert_eq!(view["paused"], true);
    assert_eq!(fixture.post(&command("unlink"), json!({})).await.0, 202);
    assert!(
        !fixture
            .store
            .account(ACCOUNT)
            .await
            .unwrap()
            .unwrap()
            .has_token
    );
}

#[tokio::test]
async fn an_account_unlinked_before_its_link_was_read_stays_unlinked() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let merge = merge(move |request: axum::extract::Request| {
        let is_details = request.uri().path().ends_with("/account-details");
        counted.fetch_add(usize::from(!is_details), Ordering::SeqCst);
        async move {
            if is_details {
                answer(
                    200,
                    json!({"id": ACCOUNT, "status": "COMPLETE"}).to_string(),
                )
            } else {
                page("")
            }
        }
    })
    .await;
    let scratch = Scratch::new();
    let store = scratch.store();
    let host = host(Made {
        merge: merge.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let routes = routes(&host).await;
    let url = |path: &str| routes.admin_url(&format!("/api/accounts{path}"));
    let body = json!({"id": ACCOUNT, "token": "token", "category": "hris"});
    let linked = read(admin_client().post(url("")).body(body.to_string())).await;
    assert_eq!(linked.0, 201);
    let unlink = admin_client()
        .post(url(&format!("/{ACCOUNT}/unlink")))
        .body("{}");
    assert_eq!(read(unlink).await.0, 202);
    let seen = async || {
        let view = read(admin_client().get(url(&format!("/{ACCOUNT}"))))
            .await
            .1;
        let listed = store.account(ACCOUNT).await.unwrap().unwrap();
        let said = (listed.summary.link, listed.has_token, listed.notes);
        (view["link"].clone(), said)
    };
    let unlinked = (json!("unlinked"), ("unlinked".to_owned(), false, 0));
    assert_eq!(seen().await, unlinked);
    let next = host.run_due(NOON + merge_sync_host::clock::HOUR).await;
    assert_eq!(next.unwrap(), None);
    assert_eq!(seen().await, unlinked);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_command_of_one_model_says_what_it_lacks() {
    let fixture = fixture().await;
    fixture.link().await;
    for (command, status, want) in [
        ("reread-model", 400, "model: `reread-model` needs one"),
        ("reread-model?model=hris.Employee", 202, ""),
        (
            "reread-model?model=hris.Nothing",
            409,
            "model: merge does not list `hris.Nothing`",
        ),
        (
            "poll?model=hris.Employee",
            400,
            "`poll` is of the whole account",
        ),
        ("poll?modle=hris.Employee", 400, ""),
        (
            "approve-deletions?model=hris.Employee",
            400,
            "pass: `` is not the number",
        ),
        (
            "approve-deletions?model=hris.Employee&pass=1",
            409,
            "model: no sweep of `hris.Employee` is held",
        ),
    ] {
        let path = format!("/api/accounts/{ACCOUNT}/{command}");
        let (found, body) = fixture.post(&path, json!({})).await;
        let error = body["detail"].as_str().unwrap_or_default();
        assert_eq!(found, status, "{command}: {body}");
        assert!(error.starts_with(want), "{command}: {body}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let fixture = fixture().await;
    for path in [
        "/api/accounts/x",
        "/api/accounts/x/readiness",
        "/nowhere",
        "/accounts/x",
    ] {
        let (status, body) = fixture.get(path).await;
        assert_eq!(status, 404, "{path}");
        assert!(body["detail"].is_string(), "{path}");
    }
    assert_eq!(fixture.post("/api/accounts/x/poll", json!({})).await.0, 404);
    fixture.link().await;
    let path = format!("/api/accounts/{ACCOUNT}/dance");
    assert_eq!(fixture.post(&path, json!({})).await.0, 404);
}

#[tokio::test]
async fn notices_are_read_from_the_outbox() {
    let fixture = fixture().await;
    let ready = merge_sync_host::store::Notice {
        id: "1".to_owned(),
        occasion: "became-ready".to_owned(),
        model_id: None,
        text: "Ready.".to_owned(),
    };
    let mut change = crate::support::change(ACCOUNT, None);
    change.notices = vec![
        ready.clone(),
        merge_sync_host::store::Notice {
            id: "2".to_owned(),
            ..ready
        },
    ];
    fixture.store.commit(change).await.unwrap();
    let (_, all) = fixture.get("/api/notices").await;
    assert_eq!(all["notices"].as_array().unwrap().len(), 2);
    assert_eq!(
        all["notices"][0]["at"],
        merge_sync_host::instant::text(NOON)
    );
    let after = format!("/api/notices?after={}", all["notices"][0]["sequence"]);
    let (_, rest) = fixture.get(&after).await;
    assert_eq!(rest["notices"].as_array().unwrap().len(), 1);
    assert_eq!(fixture.get("/api/notices?after=x").await.0, 400);
}

#[tokio::test]
async fn a_page_elsewhere_cannot_press_buttons_here() {
    let fixture = fixture().await;
    fixture.link().await;
    let path = fixture
        .served
        .admin_url(&format!("/api/accounts/{ACCOUNT}/unlink"));
    for origin in ["https://example.com", "null"] {
        let (status, _) = read(admin_client().post(&path).header("origin", origin)).await;
        assert_eq!(status, 403, "{origin}");
    }
    assert!(
        fixture
            .store
            .account(ACCOUNT)
            .await
            .unwrap()
            .unwrap()
            .has_token
    );
    for site in ["cross-site", "same-site"] {
        let (status, _) = read(admin_client().post(&path).header("sec-fetch-site", site)).await;
        assert_eq!(status, 403, "{site}");
    }
    // Behind a proxy the name of the host may be another, and the browser knows better.
    let request = admin_client()
        .post(path.replace("unlink", "poll"))
        .header("origin", "https://app.example.com")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(read(request).await.0, 202);
    // A link from elsewhere only looks.
    let health = fixture.served.admin_url("/healthz");
    let request = admin_client()
        .get(health)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(read(request).await.0, 200);
    let own = fixture.served.admin_url("");
    assert_eq!(
        read(admin_client().post(&path).header("origin", own))
            .await
            .0,
        202
    );
}

#[tokio::test]
async fn the_host_says_that_it_is_well_and_what_it_did() {
    let fixture = fixture().await;
    fixture.link().await;
    let (status, health) = fixture.get("/healthz").await;
    assert_eq!((status, &health["status"]), (200, &json!("ok")));
    assert_eq!(health["counters"]["polls"], 1);
    assert_eq!(health["api_key_suspected"], false);
}
