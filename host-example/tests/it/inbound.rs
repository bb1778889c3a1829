//! The listener as somebody uses it who means no good: connections that send nothing, or half of
//! something, and bodies that nobody signed.

use std::sync::Arc;
use std::time::Duration;

use merge_sync_host::http::inbound::Bounds;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{
    ACCOUNT, Made, Scratch, Served, host, linked, post_webhook, serve_within, sign, soon,
};

/// A deadline that no test lives to see.
const NEVER: Duration = Duration::from_hours(1);

const SHORT: Duration = Duration::from_millis(50);

fn unbounded() -> Bounds {
    Bounds {
        connections: 100,
        header: NEVER,
        body: NEVER,
        answer: NEVER,
        idle: NEVER,
    }
}

async fn served(bounds: Bounds) -> (Scratch, Served) {
    let scratch = Scratch::new();
    let host = host(Made {
        merge: "http://127.0.0.1:9".to_owned(),
        store: scratch.store(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let served = serve_within(&host, bounds).await;
    (scratch, served)
}

async fn connect(host: &Served, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host.address).await.expect("a listener");
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
async fn whoever_is_silent_or_stops_half_way_is_shown_out() {
    let half_body = "POST /api/webhooks/merge HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{";
    let whole = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let cases = [
        (
            Bounds {
                header: SHORT,
                ..unbounded()
            },
            "",
        ),
        (
            Bounds {
                header: SHORT,
                ..unbounded()
            },
            "GET / HTTP/1.1\r\nhos",
        ),
        (
            Bounds {
                body: SHORT,
                ..unbounded()
            },
            half_body,
        ),
        (
            Bounds {
                idle: SHORT,
                ..unbounded()
            },
            whole,
        ),
    ];
    for (bounds, sent) in cases {
        let (_scratch, host) = served(bounds).await;
        let mut stream = connect(&host, sent).await;
        let answer = rest(&mut stream).await;
        assert_eq!(answer.is_empty(), sent != whole, "{sent:?}: {answer}");
    }
}

#[tokio::test]
async fn silent_connections_give_way_to_webhooks() {
    let bounds = Bounds {
        connections: 4,
        ..unbounded()
    };
    let (_scratch, host) = served(bounds).await;
    let mut silent = Vec::new();
    for sent in ["", "GET / HTTP/1.1\r\n", "", ""].iter().cycle().take(40) {
        silent.push(connect(&host, sent).await);
    }
    let (status, _) = soon(post_webhook(&host, &linked(ACCOUNT, "token"))).await;
    assert_eq!(status, 200);
    assert_eq!(rest(&mut silent[0]).await, "");
}

#[tokio::test]
async fn a_body_that_nobody_signed_is_not_waited_for() {
    let (_scratch, host) = served(unbounded()).await;
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
async fn a_body_behind_a_signature_is_read_to_its_end() {
    let (_scratch, host) = served(unbounded()).await;
    let body = format!("{}{}", linked(ACCOUNT, "token"), " ".repeat(20_000));
    let length = format!("content-length: {}", body.len());
    let mut stream = connect(&host, &header(&length, &sign(body.as_bytes()))).await;
    let (start, end) = body.split_at(10_000);
    stream.write_all(start.as_bytes()).await.expect("sent");
    stream.write_all(end.as_bytes()).await.expect("sent");
    assert_eq!(status(&mut stream).await, "HTTP/1.1 200");
}
