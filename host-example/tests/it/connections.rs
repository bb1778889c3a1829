//! Abuse of the listener: idle connections, partial requests, and large bodies without a valid
//! signature.

use std::net::SocketAddr;
use std::time::Duration;

use merge_sync_host::http::server::ConnectionLimits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{
    ACCOUNT, ADMIN_TOKEN, Scratch, Served, linked, offline, post_webhook, serve_within, sign, soon,
};

/// A timeout that ends no test.
const NEVER: Duration = Duration::from_hours(1);

const SHORT: Duration = Duration::from_millis(50);

fn no_timeouts() -> ConnectionLimits {
    ConnectionLimits {
        max_connections: 100,
        header_timeout: NEVER,
        body_timeout: NEVER,
        response_timeout: NEVER,
        idle_timeout: NEVER,
    }
}

async fn served(limits: ConnectionLimits) -> (Scratch, Served) {
    let scratch = Scratch::new();
    let host = offline(&scratch, scratch.store()).await;
    let served = serve_within(&host, limits).await;
    (scratch, served)
}

async fn connect(host: &Served, sent: &str) -> TcpStream {
    connect_to(host.address, sent).await
}

async fn connect_to(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a listener");
    stream.write_all(sent.as_bytes()).await.expect("sent");
    stream
}

/// All that comes until the other side closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = soon(stream.read_to_end(&mut rest)).await;
    String::from_utf8(rest).expect("text")
}

/// The status of the next answer.
async fn status(stream: &mut TcpStream) -> String {
    let mut line = [0; 12];
    soon(stream.read_exact(&mut line)).await.expect("an answer");
    String::from_utf8(line.to_vec()).expect("text")
}

fn header(length: &str, signature: &str) -> String {
    format!(
        "POST /api/webhooks/merge HTTP/1.1\r\nhost: x\r\n{length}\r\n\
         x-merge-webhook-signature: {signature}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_connection_that_is_idle_or_stops_in_a_request_is_closed() {
    let half_body = "POST /api/webhooks/merge HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{";
    let whole = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let cases = [
        (
            ConnectionLimits {
                header_timeout: SHORT,
                ..no_timeouts()
            },
            "",
        ),
        (
            ConnectionLimits {
                header_timeout: SHORT,
                ..no_timeouts()
            },
            "GET / HTTP/1.1\r\nhos",
        ),
        (
            ConnectionLimits {
                body_timeout: SHORT,
                ..no_timeouts()
            },
            half_body,
        ),
        (
            ConnectionLimits {
                idle_timeout: SHORT,
                ..no_timeouts()
            },
            whole,
        ),
    ];
    for (limits, sent) in cases {
        let (_scratch, host) = served(limits).await;
        let mut stream = connect(&host, sent).await;
        let answer = rest(&mut stream).await;
        assert_eq!(answer.is_empty(), sent != whole, "{sent:?}: {answer}");
    }
}

#[tokio::test]
async fn idle_connections_are_closed_at_the_limit_so_that_webhooks_are_answered() {
    let limits = ConnectionLimits {
        max_connections: 4,
        ..no_timeouts()
    };
    let (_scratch, host) = served(limits).await;
    let mut silent = Vec::new();
    for sent in ["", "GET / HTTP/1.1\r\n", "", ""].iter().cycle().take(40) {
        silent.push(connect(&host, sent).await);
    }
    let (status, _) = soon(post_webhook(&host, &linked(ACCOUNT, "token"))).await;
    assert_eq!(status, 200);
    assert_eq!(rest(&mut silent[0]).await, "");
}

#[tokio::test]
async fn a_large_body_without_a_well_formed_signature_is_not_waited_for() {
    let (_scratch, host) = served(no_timeouts()).await;
    let good = sign(b"another body");
    let too_large = format!("content-length: {}", (1 << 20) + 1);
    for (length, signature) in [
        ("content-length: 20000", "not one"),
        ("content-length: 20000", ""),
        ("transfer-encoding: chunked", "not one"),
        (too_large.as_str(), good.as_str()),
    ] {
        let mut stream = connect(&host, &header(length, signature)).await;
        assert_eq!(status(&mut stream).await, "HTTP/1.1 401", "{length}");
    }
    let unsigned = "POST /api/webhooks/merge HTTP/1.1\r\nhost: x\r\ncontent-length: 20000\r\n\r\n";
    let mut stream = connect(&host, unsigned).await;
    assert_eq!(status(&mut stream).await, "HTTP/1.1 401");
}

#[tokio::test]
async fn a_large_body_with_a_well_formed_signature_is_read() {
    let (_scratch, host) = served(no_timeouts()).await;
    let body = format!("{}{}", linked(ACCOUNT, "token"), " ".repeat(20_000));
    let length = format!("content-length: {}", body.len());
    let mut stream = connect(&host, &header(&length, &sign(body.as_bytes()))).await;
    let (start, end) = body.split_at(10_000);
    stream.write_all(start.as_bytes()).await.expect("sent");
    stream.write_all(end.as_bytes()).await.expect("sent");
    assert_eq!(status(&mut stream).await, "HTTP/1.1 200");
}

#[tokio::test]
async fn a_signature_header_lifts_no_limit_of_the_other_paths() {
    let (_scratch, host) = served(no_timeouts()).await;
    let long = (64 << 10) + 1;
    for path in ["/api/accounts", "/accounts/a/poll"] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {long}\r\n\
             authorization: Bearer {ADMIN_TOKEN}\r\nx-merge-webhook-signature: {}\r\n\r\n",
            sign(b"")
        );
        let admin = host.admin.expect("an admin listener");
        let mut stream = connect_to(admin, &request).await;
        assert_eq!(status(&mut stream).await, "HTTP/1.1 413", "{path}");
    }
}
