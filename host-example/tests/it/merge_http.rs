//! Requests to Merge over real HTTP: what they carry, what becomes of each kind of answer, and
//! which are not sent at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::Response as HttpResponse;
use merge_sync_host::budget::Limits;
use merge_sync_host::clock::{Clock, SECOND};
use merge_sync_host::counters::Counters;
use merge_sync_host::merge_http::{LARGEST_BODY, MergeHttp, Origin, Request, Response, SendError};
use merge_sync_host::secret::Secret;
use merge_sync_host::store::{Change, Store, TokenChange};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{API_KEY, Scratch, change, json, merge};

const TOKEN: &str = "account-token";

struct Fixture {
    http: MergeHttp,
    scratch: Scratch,
    counters: Arc<Counters>,
}

/// A client of the server at `base_url`; the accounts `a` to `z` have tokens.
async fn client(base_url: String) -> Fixture {
    let scratch = Scratch::new();
    let store = scratch.store();
    for account in 'a'..='z' {
        let token = TokenChange::Put(Secret::new(TOKEN));
        store
            .commit(Change {
                token,
                ..change(&account.to_string(), None)
            })
            .await
            .unwrap();
    }
    let counters = Arc::new(Counters::default());
    let http = MergeHttp::new(
        Origin {
            base_url,
            api_key: Secret::new(API_KEY),
        },
        Limits {
            patience: 0,
            ..Limits::default()
        },
        Arc::clone(&scratch.clock) as Arc<dyn Clock>,
        store,
        Arc::clone(&counters),
    )
    .unwrap();
    Fixture {
        http,
        scratch,
        counters,
    }
}

fn get(account: &str) -> Request {
    Request {
        account: account.to_owned(),
        method: "GET".to_owned(),
        target: "/api/hris/v1/sync-status?page_size=100".to_owned(),
    }
}

impl Fixture {
    async fn send(&self, account: &str) -> Result<Response, SendError> {
        self.http.send(get(account)).await
    }

    #[track_caller]
    fn transport(answer: Result<Response, SendError>) -> String {
        match answer {
            Err(SendError::Transport(text)) => text,
            other => panic!("{other:?}"),
        }
    }
}

/// A server that sends these bytes to whoever connects, and closes.
async fn raw(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_request_carries_the_key_and_the_accounts_token() {
    let server = merge(|request: axum::extract::Request| async move {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let seen = [
            request.method().to_string(),
            request.uri().to_string(),
            header("authorization"),
            header("x-account-token"),
        ];
        let mut answer = json(200, seen.join("\n"));
        answer
            .headers_mut()
            .insert("Retry-After", "7".parse().unwrap());
        answer
    })
    .await;
    let fixture = client(server.url("/")).await;
    let answer = fixture.send("a").await.unwrap();
    let seen = "GET\n/api/hris/v1/sync-status?page_size=100\nBearer test_api_key\naccount-token";
    assert_eq!((answer.status, answer.body.as_str()), (200, seen));
    assert!(
        answer
            .headers
            .contains(&("retry-after".to_owned(), "7".to_owned()))
    );
    assert_eq!(fixture.counters.requests.get(), 1);
}

#[tokio::test]
async fn a_failing_answer_is_a_response_like_any_other() {
    let server = merge(|_| async { json(502, "<html>Bad Gateway</html>") }).await;
    let answer = client(server.url("")).await.send("a").await.unwrap();
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (502, "<html>Bad Gateway</html>")
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = merge(|_| async {
        let elsewhere = HttpResponse::builder()
            .status(302)
            .header("location", "/elsewhere");
        elsewhere.body(Body::empty()).unwrap()
    })
    .await;
    assert_eq!(
        client(server.url("")).await.send("a").await.unwrap().status,
        302
    );
}

#[tokio::test]
async fn a_compressed_body_arrives_as_text() {
    // `printf '{"results":[]}' | gzip -n`, in effect
    const ZIPPED: [u8; 34] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 74, 45, 46, 205, 41, 41, 86, 178, 138, 142,
        173, 5, 0, 10, 39, 124, 158, 14, 0, 0, 0,
    ];
    let server = merge(|request: axum::extract::Request| async move {
        let accepted = request.headers()["accept-encoding"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(accepted.contains("gzip"), "{accepted}");
        let mut answer = json(200, ZIPPED.to_vec());
        answer
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        answer
    })
    .await;
    assert_eq!(
        client(server.url("")).await.send("a").await.unwrap().body,
        r#"{"results":[]}"#
    );
}

#[tokio::test]
async fn a_byte_that_is_no_text_costs_itself_alone() {
    let server = merge(|_| async { json(200, b"{\"a\":\"\xff\"}".to_vec()) }).await;
    let answer = client(server.url("")).await.send("a").await.unwrap();
    assert_eq!(answer.body, "{\"a\":\"\u{fffd}\"}");
}

/// Sixty megabytes of nothing, announced and not.
#[tokio::test]
async fn a_body_over_the_limit_is_refused_as_too_large() {
    let announced = merge(|_| async { json(200, "[],".repeat(20 << 20)) }).await;
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.extend("[],".repeat(20 << 20).bytes());
    for origin in [announced.url(""), raw(endless.leak()).await] {
        match client(origin).await.send("a").await {
            Err(SendError::TooLarge(text)) => {
                assert_eq!(text, "the body of a 200 is larger than 8388608 bytes");
            }
            other => panic!("{:?}", other.map(|answer| answer.status)),
        }
    }
}

#[tokio::test]
async fn a_body_of_the_limit_is_read() {
    let server = merge(|_| async { json(200, " ".repeat(LARGEST_BODY)) }).await;
    let answer = client(server.url("")).await.send("a").await.unwrap();
    assert_eq!(answer.body.len(), LARGEST_BODY);
}

/// Six accounts whose every request fails ask again and again, and one that is healthy reads its
/// forty pages beside them.
#[tokio::test]
async fn accounts_that_always_fail_do_not_hold_back_a_healthy_one() {
    let server = merge(|request: axum::extract::Request| async move {
        let healthy = request.uri().path().ends_with("/healthy");
        json(if healthy { 200 } else { 400 }, "{}")
    })
    .await;
    let fixture = client(server.url("")).await;
    for page in 0..40 {
        for account in 'a'..='f' {
            match fixture.send(&account.to_string()).await {
                Ok(_) | Err(SendError::HeldBack(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        let request = Request {
            target: "/healthy".to_owned(),
            ..get("z")
        };
        let answer = fixture.http.send(request).await;
        assert_eq!(answer.map(|answer| answer.status), Ok(200), "page {page}");
        fixture.scratch.clock.advance(SECOND / 100);
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_no_answer() {
    let cut = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"results\":").await;
    let text = Fixture::transport(client(cut).await.send("a").await);
    assert!(!text.is_empty() && !text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let text = Fixture::transport(client(format!("http://{address}")).await.send("a").await);
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn an_account_without_a_token_is_not_asked_for() {
    let server = merge(|_| async { json(200, "{}") }).await;
    let fixture = client(server.url("")).await;
    assert_eq!(fixture.send("nobody").await, Err(SendError::NoToken));
    let broken = fixture
        .http
        .send_as(get("a"), &Secret::new("two\nlines"))
        .await;
    assert_eq!(broken, Err(SendError::NoToken));
    assert_eq!(fixture.counters.requests.get(), 0);
}

#[tokio::test]
async fn nothing_but_a_path_of_merges_is_asked_for() {
    let server = merge(|_| async { json(200, "{}") }).await;
    let fixture = client(server.url("")).await;
    for (method, target) in [
        ("GET", "@example.com/"),
        ("GET", "http://example.com"),
        ("PUT", "/"),
    ] {
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            account: "a".to_owned(),
        };
        Fixture::transport(fixture.http.send(request).await);
    }
    assert_eq!(fixture.counters.requests.get(), 0);
}

#[tokio::test]
async fn failing_answers_of_any_account_hold_every_account_back() {
    let failing = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&failing);
    let server = merge(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        async { json(500, "{}") }
    })
    .await;
    let fixture = client(server.url("")).await;
    for account in 'a'..='o' {
        fixture.send(&account.to_string()).await.unwrap();
    }
    assert_eq!(fixture.send("p").await, Err(SendError::HeldBack(10_000)));
    assert_eq!(failing.load(Ordering::SeqCst), 15);
    fixture.scratch.clock.advance(10 * SECOND);
    fixture.send("p").await.unwrap();
    assert_eq!(
        (
            fixture.counters.requests.get(),
            fixture.counters.held_back.get()
        ),
        (16, 1)
    );
}

#[tokio::test]
async fn a_401_for_several_accounts_in_a_row_puts_the_key_under_suspicion() {
    let server = merge(|_| async { json(401, "{}") }).await;
    let fixture = client(server.url("")).await;
    for account in ["a", "b"] {
        fixture.send(account).await.unwrap();
        assert!(!fixture.http.key_is_suspected());
    }
    fixture.send("c").await.unwrap();
    assert!(fixture.http.key_is_suspected());
}
