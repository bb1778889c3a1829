//! Requests to Merge. Here, and nowhere else, the origin, the API key and the account's token
//! are put on a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Client, Method};

use crate::budget::{Admission, Answer, Budget, Limits};
use crate::clock::{Clock, Micros};
use crate::counters::Counters;
use crate::operator_key::OperatorKey;
use crate::secret::Secret;
use crate::store::Store;

/// A request of the engine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// On whose behalf.
    pub account: String,
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
}

/// A response, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case; a value that is not text is left out.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed. What is not UTF-8 in it has become U+FFFD.
    pub body: String,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// Refused, reset, cut, unresolved, or not sent for a fault of this host's; the text is for a
    /// log.
    Transport(String),
    /// No response, complete, within the time allowed; the text is for a log.
    TimedOut(String),
    /// A body over the limit, whose rest was not read; the text is for a log.
    TooLarge(String),
    /// Not sent, to stay within a budget; there may be room after so many milliseconds.
    HeldBack(u64),
    /// The store holds no token for the account, or one that no header can carry.
    NoToken,
}

/// Where to send requests, and as whom.
#[derive(Debug, Clone)]
pub struct Origin {
    /// For example `https://api.merge.dev`, without a path.
    pub base_url: String,
    /// The API key.
    pub api_key: Secret,
}

/// The client of Merge.
pub struct MergeHttp {
    client: Client,
    origin: Origin,
    budget: Budget,
    operator_key: OperatorKey,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    counters: Arc<Counters>,
}

/// A response is complete after this, waiting for a budget included: the contract gives `send`
/// thirty seconds.
const TIMEOUT: Duration = Duration::from_secs(29);

/// A body beyond this, decompressed, is refused: the engine then asks for fewer records. It takes
/// many times its size in the engine's memory, of which there is an instance for each run.
pub const LARGEST_BODY: usize = 8 << 20;

const ACCOUNT_TOKEN: HeaderName = HeaderName::from_static("x-account-token");

impl MergeHttp {
    /// A client that takes tokens from `store`.
    ///
    /// # Errors
    ///
    /// The machine has no usable TLS set-up.
    pub fn new(
        origin: Origin,
        limits: Limits,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        counters: Arc<Counters>,
    ) -> anyhow::Result<Self> {
        // A provider that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("merge-sync/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .timeout(TIMEOUT);
        if is_loopback(&origin.base_url) {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build()?,
            origin: Origin {
                base_url: origin.base_url.trim_end_matches('/').to_owned(),
                api_key: origin.api_key,
            },
            budget: Budget::new(limits),
            operator_key: OperatorKey::default(),
            clock,
            store,
            counters,
        })
    }

    /// Whether the operator's API key, rather than the accounts' tokens, seems to be refused.
    #[must_use]
    pub fn key_is_suspected(&self) -> bool {
        self.operator_key.is_suspected()
    }

    /// One attempt, with the account's token from the store.
    ///
    /// # Errors
    ///
    /// No response, complete and readable, arrived.
    pub async fn send(&self, request: Request) -> Result<Response, SendError> {
        let token = match self.store.token(&request.account).await {
            Ok(Some(token)) => token,
            Ok(None) => return Err(SendError::NoToken),
            Err(problem) => return Err(SendError::Transport(problem.message)),
        };
        self.send_as(request, &token).await
    }

    /// One attempt, with a token that is not in the store yet.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_as(&self, request: Request, token: &Secret) -> Result<Response, SendError> {
        let sent = self.build(&request, token)?;
        let mut admitted = self.admit(&request.account).await?;
        self.counters.requests.one();
        let answer = match self.client.execute(sent).await {
            Ok(answer) => answer,
            Err(error) => return Err(admitted.failed(&error)),
        };
        let status = answer.status().as_u16();
        admitted.answer = Answer::of(status);
        if self.operator_key.answered(&request.account, status) {
            tracing::error!(
                "merge answers 401 to several accounts at once: the api key is at fault, not \
                 the accounts"
            );
        }
        let account = &request.account;
        match read(answer, account).await {
            Err(Unread::Failed(error)) => Err(admitted.failed(&error)),
            Err(Unread::TooLarge(text)) => Err(SendError::TooLarge(text)),
            Ok(response) => Ok(response),
        }
    }

    fn build(&self, request: &Request, token: &Secret) -> Result<reqwest::Request, SendError> {
        let method = match request.method.as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            other => {
                return Err(SendError::Transport(format!(
                    "method `{other}` is not sent"
                )));
            }
        };
        // Anything but a path could name another host, and it would be given the key.
        if !request.target.starts_with('/') {
            return Err(SendError::Transport("the target is not a path".to_owned()));
        }
        let key = sensitive(&format!("Bearer {}", self.origin.api_key.expose()))
            .ok_or_else(|| SendError::Transport("the api key fits no header".to_owned()))?;
        let token = sensitive(token.expose()).ok_or(SendError::NoToken)?;
        self.client
            .request(
                method,
                format!("{}{}", self.origin.base_url, request.target),
            )
            .header(AUTHORIZATION, key)
            .header(ACCOUNT_TOKEN, token)
            .build()
            .map_err(|error| transport(&error))
    }

    async fn admit(&self, account: &str) -> Result<Admitted<'_>, SendError> {
        let started = self.clock.now();
        loop {
            let now = self.clock.now();
            let wait = match self.budget.admit(account, now) {
                Ok(admission) => {
                    return Ok(Admitted {
                        http: self,
                        admission: Some(admission),
                        answer: Answer::Other,
                    });
                }
                Err(wait) => wait,
            };
            let waited = now.saturating_sub(started).saturating_add(wait);
            if waited > self.budget.limits().patience {
                self.counters.held_back.one();
                return Err(SendError::HeldBack(milliseconds(wait)));
            }
            self.clock.sleep_until(now.saturating_add(wait)).await;
        }
    }
}

impl fmt::Debug for MergeHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergeHttp")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// A request that counts as in flight until this is dropped, also when its call is.
struct Admitted<'a> {
    http: &'a MergeHttp,
    admission: Option<Admission>,
    answer: Answer,
}

impl Admitted<'_> {
    fn failed(&mut self, error: &reqwest::Error) -> SendError {
        // A status that was heard before the time was over counts as it is.
        if error.is_timeout() && self.answer == Answer::Other {
            self.answer = Answer::TimedOut;
        }
        transport(error)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            self.http
                .budget
                .settle(admission, self.answer, self.http.clock.now());
        }
    }
}

/// Whether an address like `http://127.0.0.1:8080` names this machine.
#[must_use]
pub fn is_loopback(base_url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(base_url) else {
        return false;
    };
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

/// Why there is no body.
enum Unread {
    Failed(reqwest::Error),
    TooLarge(String),
}

async fn read(mut answer: reqwest::Response, account: &str) -> Result<Response, Unread> {
    let status = answer.status().as_u16();
    let too_large = || {
        Unread::TooLarge(format!(
            "the body of a {status} is larger than {LARGEST_BODY} bytes"
        ))
    };
    // Of a compressed body the length is not known before it was read.
    let announced = answer.content_length().map(usize::try_from);
    if announced.is_some_and(|length| length.is_ok_and(|length| length > LARGEST_BODY)) {
        return Err(too_large());
    }
    let headers = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Unread::Failed)? {
        if body.len().saturating_add(chunk.len()) > LARGEST_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).unwrap_or_else(|broken| {
        // One bad byte in one record is no reason to read none of a page.
        tracing::warn!(
            account,
            status,
            "the body is not utf-8: what is not has become U+FFFD"
        );
        String::from_utf8_lossy(broken.as_bytes()).into_owned()
    });
    Ok(Response {
        status,
        headers,
        body,
    })
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn milliseconds(wait: Micros) -> u64 {
    u64::try_from(wait).unwrap_or(0).div_ceil(1000)
}

/// The whole chain of causes on one line; reqwest's own text ends before the one that matters.
fn transport(error: &reqwest::Error) -> SendError {
    let mut text = if error.is_timeout() {
        "timed out".to_owned()
    } else {
        String::new()
    };
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() {
        text.push_str("no answer");
    }
    if error.is_timeout() {
        SendError::TimedOut(text)
    } else {
        SendError::Transport(text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Client, SendError, is_loopback, transport};

    #[tokio::test]
    async fn what_does_not_come_in_time_is_told_apart_from_what_cannot_be_reached() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_millis(20))
            .build()
            .unwrap();
        // It takes connections in, and says nothing.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let error = client.get(&url).send().await.unwrap_err();
        let told = transport(&error);
        assert!(matches!(told, SendError::TimedOut(_)), "{told:?}");
        drop(silent);
        let error = client.get(&url).send().await.unwrap_err();
        let told = transport(&error);
        assert!(matches!(told, SendError::Transport(_)), "{told:?}");
    }

    #[test]
    fn this_machine_is_recognized() {
        for url in [
            "http://127.0.0.1:80",
            "http://[::1]:8080",
            "http://localhost",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://api.merge.dev",
            "http://127.0.0.1.example.com",
            "nonsense",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
