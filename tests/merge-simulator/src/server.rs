//! The API on a socket: a thin shell around [`Merge::respond`].

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response as HttpResponse;
use axum::serve::ListenerExt as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::control;
use crate::time::Micros;
use crate::{Merge, Poster, Request, Response};

/// A Merge that several parties drive.
pub type Shared = Arc<Mutex<Merge>>;

/// No control request is larger: a verdict is asked for with every row of a store.
const BODY_LIMIT: usize = 256 << 20;

/// Smaller bodies are not compressed, in bytes.
const COMPRESS_FROM: usize = 500;

/// Lock it. A panic elsewhere while it was locked does not matter: the state is only data.
pub fn lock(merge: &Shared) -> MutexGuard<'_, Merge> {
    merge.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves a [`Merge`] over HTTP/1.
#[derive(Debug)]
pub struct Server;

/// A running server. It stops when this is dropped; answers under way are finished.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    /// Dropped to stop.
    _stop: oneshot::Sender<()>,
}

impl Handle {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the API, for example `http://127.0.0.1:4567`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Server {
    /// Serve `merge` on `listener`. Must be called inside a tokio runtime with I/O and time.
    /// The virtual clock does not move by itself.
    ///
    /// # Errors
    ///
    /// When the listener cannot say where it listens.
    pub fn start(merge: Shared, listener: TcpListener) -> io::Result<Handle> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let state = Parts {
            merge,
            poster: Poster::new(),
            standstill: Standstill::default(),
        };
        let router = Router::new().fallback(answer).with_state(state);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        // Small answers in two segments would wait for each other.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let serve = axum::serve(listener, service).with_graceful_shutdown(async {
            // Either way the handle is gone.
            let _ = stopped.await;
        });
        tokio::spawn(async move {
            // Serving ends only by the shutdown above; the result carries nothing.
            let _ = serve.await;
        });
        Ok(Handle {
            address,
            _stop: stop,
        })
    }
}

/// What every answer may need.
#[derive(Debug, Clone)]
struct Parts {
    merge: Shared,
    poster: Poster,
    standstill: Standstill,
}

/// When the last request came, by the virtual clock and by the real one.
#[derive(Debug, Clone, Default)]
struct Standstill(Arc<Mutex<Option<(Micros, Instant)>>>);

impl Standstill {
    /// Tell Merge how long its clock stood still since the last request.
    fn pass(&self, merge: &mut Merge) {
        let now = (merge.now(), Instant::now());
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((virtual_then, then)) = last.replace(now)
            && virtual_then == now.0
        {
            let span = now.1.duration_since(then).as_micros();
            merge.stand_still(Micros::try_from(span).unwrap_or(0));
        }
    }
}

async fn answer(
    State(Parts {
        merge,
        poster,
        standstill,
    }): State<Parts>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: axum::extract::Request,
) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let method = match parts.method.as_str() {
        "HEAD" => "GET",
        method => method,
    };
    if let Some(path) = parts.uri.path().strip_prefix("/_control/") {
        let response = match to_bytes(body, BODY_LIMIT).await {
            Err(error) => Response::detail(413, &error.to_string()),
            Ok(_) if path.trim_end_matches('/') == "deliver" => {
                let posted = poster.post_due(&merge).await;
                Response::json(200, &json!({ "posted": posted }))
            }
            Ok(body) => control::handle(&mut lock(&merge), path, &body),
        };
        return write(response).await;
    }
    let headers: Vec<(&str, &str)> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let client = client.ip().to_string();
    let request = Request {
        method,
        target,
        headers: &headers,
        client: &client,
    };
    let body = match to_bytes(body, BODY_LIMIT).await {
        Ok(body) => body,
        Err(error) => return write(Response::detail(413, &error.to_string())).await,
    };
    let mut response = {
        let mut merge = lock(&merge);
        standstill.pass(&mut merge);
        merge.respond_to(request, &body)
    };
    let accepted = headers.iter().find(|(name, _)| *name == "accept-encoding");
    if accepted.is_some_and(|(_, value)| value.contains("gzip")) {
        compress(&mut response);
    }
    write(response).await
}

/// Merge compresses what is worth it. A cut answer is cut at half of what is sent.
fn compress(response: &mut Response) {
    if response.body.len() < COMPRESS_FROM {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to a vector does not fail; if it did, the answer would go out as it is.
    let written = encoder.write_all(&response.body);
    if let Ok(body) = written.and_then(|()| encoder.finish()) {
        response.cut_after = response.cut_after.map(|_| body.len() / 2);
        response.body = body;
        response
            .headers
            .push(("Content-Encoding", "gzip".to_owned()));
    }
}

async fn write(response: Response) -> HttpResponse {
    if response.delay_millis > 0 {
        tokio::time::sleep(Duration::from_millis(response.delay_millis)).await;
    }
    let length = response.body.len();
    let body = match response.cut_after {
        None => Body::from(response.body),
        Some(sent) => {
            let head = response.body.get(..sent).unwrap_or_default();
            let cut = io::Error::from(io::ErrorKind::ConnectionReset);
            let parts = stream::iter([Ok(Bytes::copy_from_slice(head)), Err(cut)]);
            // The pause lets the first part out before the connection breaks.
            Body::from_stream(parts.then(|part| async {
                tokio::task::yield_now().await;
                part
            }))
        }
    };
    let mut builder = HttpResponse::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(*name, value);
    }
    builder = builder.header(CONTENT_LENGTH, length);
    builder.body(body).unwrap_or_default()
}
