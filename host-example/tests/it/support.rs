//! What the tests share: a stand-in for Merge, a store in a folder of its own, a host on both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit as _, Mac as _};
use merge_sync_host::access::{Access, AllowedHosts, Role, Token, Tokens};
use merge_sync_host::budget::Limits;
use merge_sync_host::clock::{Clock, Manual, Micros, Pending, SECOND};
use merge_sync_host::component::Component;
use merge_sync_host::host::{Host, Setup};
use merge_sync_host::http;
use merge_sync_host::http::server::ConnectionLimits;
use merge_sync_host::merge_http::Origin;
use merge_sync_host::secret::Secret;
use merge_sync_host::service::{self, Admin, Listeners};
use merge_sync_host::store::sqlite::{Options, SqliteStore};
use merge_sync_host::store::{
    Change, CommitError, Committed, Due, Listed, LoadedAccount, Note, NoteError, Sequenced, Store,
    Stored, Summary, TokenChange, Unavailable,
};
use sha2::Sha256;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// 2026-01-05T12:00:00Z.
pub const NOON: Micros = 1_767_614_400 * SECOND;

pub const SIGNING_KEY: &str = "signing key of the tests";

pub const API_KEY: &str = "test_api_key";

/// An account over which a [`Gated`] store breaks down.
pub const BREAKING: &str = "breaking";

pub const ACCOUNT: &str = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";

/// The built component, compiled once for all tests.
pub fn component() -> Component {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    COMPONENT
        .get_or_init(|| {
            let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine.cwasm");
            Component::load(&component_file(), Some(&cache), 200)
                .expect("`cargo xtask build` makes the component that these tests run")
        })
        .clone()
}

pub fn component_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/merge-sync-engine.wasm")
}

/// A store in a folder that goes when this does.
#[derive(Debug)]
pub struct Scratch {
    pub clock: Arc<Manual>,
    pub folder: TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self {
            clock: Arc::new(Manual::at(NOON)),
            folder,
        }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    pub fn store(&self) -> Arc<SqliteStore> {
        self.store_with(Options::default())
    }

    pub fn store_with(&self, options: Options) -> Arc<SqliteStore> {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Arc::new(SqliteStore::open(&self.file(), options, clock).expect("a store"))
    }
}

/// A change that writes nothing but the state.
pub fn change(account: &str, expected: Option<&str>) -> Change {
    Change {
        account: account.to_owned(),
        expected: expected.map(str::to_owned),
        state: "state".to_owned(),
        consumed: Vec::new(),
        wake_at: None,
        not_before: None,
        token: TokenChange::Keep,
        summary: Summary::default(),
        batches: Vec::new(),
        sweep: None,
        notices: Vec::new(),
    }
}

/// A note without anything to it.
pub fn note(account: &str, key: &str) -> Note {
    Note {
        account: account.to_owned(),
        key: key.to_owned(),
        text: String::new(),
        secret: None,
        profile: None,
        create: true,
    }
}

/// The value of the signature header for `body`.
pub fn sign(body: &[u8]) -> String {
    sign_with(SIGNING_KEY, body)
}

pub fn sign_with(key: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key will do");
    mac.update(body);
    URL_SAFE.encode(mac.finalize().into_bytes())
}

/// An HTTP server on this machine that ends when this is dropped.
pub struct Served {
    pub address: SocketAddr,
    /// Of the admin listener, where there is one.
    pub admin: Option<SocketAddr>,
    pub access: Option<Arc<Access>>,
    stop: Option<oneshot::Sender<()>>,
    _task: JoinHandle<()>,
}

impl Served {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// An address of the API or the pages.
    pub fn admin_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.admin.expect("an admin listener"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// A stand-in for Merge: `answer` is asked for every request.
pub async fn merge<F, A>(answer: F) -> Served
where
    F: Fn(Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = oneshot::channel();
    let router = Router::new().fallback(answer);
    let task = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        tokio::select! {
            _ = axum::serve(listener, router) => {}
            () = stopped => {}
        }
    });
    Served {
        address,
        admin: None,
        access: None,
        stop: Some(stop),
        _task: task,
    }
}

/// An answer of `status` with a body of JSON.
pub fn json(status: u16, body: impl Into<Bytes>) -> Response {
    Response::builder()
        .status(StatusCode::from_u16(status).expect("a status"))
        .header("content-type", "application/json")
        .body(body.into().into())
        .expect("a response")
}

/// A page of a list, or of `/sync-status`, that is also the last.
pub fn page(results: &str) -> Response {
    json(
        200,
        format!(r#"{{"next":null,"previous":null,"results":[{results}]}}"#),
    )
}

/// One row of `/sync-status`.
pub fn status_row(model: &str, status: &str, initial: bool, finished: &str) -> String {
    format!(
        r#"{{"model_name":"{model}","model_id":"hris.{model}","status":"{status}",
           "is_initial_sync":{initial},"last_sync_start":"2026-01-05T10:00:00Z",
           "next_sync_start":null,"last_sync_result":{result},"last_sync_finished":{finished}}}"#,
        result = if finished == "null" {
            "null"
        } else {
            "\"DONE\""
        },
    )
}

/// What a test's host is made of; the rest is the same for all.
pub struct Made {
    pub merge: String,
    pub store: Arc<dyn Store>,
    pub clock: Arc<Manual>,
    pub concurrency: u32,
}

pub async fn host(made: Made) -> Arc<Host> {
    Host::new(setup(made)).await.expect("a host")
}

pub fn setup(made: Made) -> Setup {
    Setup {
        clock: made.clock,
        store: made.store,
        component: component(),
        origin: Origin {
            base_url: made.merge,
            api_key: Secret::new(API_KEY),
        },
        webhook_keys: vec![Secret::new(SIGNING_KEY)],
        settings: "{}".to_owned(),
        limits: Limits {
            patience: 0,
            ..Limits::default()
        },
        concurrency: made.concurrency,
        support: Some("mailto:support@example.com".to_owned()),
    }
}

/// Serve `host` as the binary does.
pub async fn serve(host: &Arc<Host>) -> Served {
    serve_within(host, ConnectionLimits::default()).await
}

/// A host of `store`, for tests that ask nothing of Merge.
pub async fn offline(scratch: &Scratch, store: Arc<dyn Store>) -> Arc<Host> {
    host(Made {
        merge: "http://127.0.0.1:9".to_owned(),
        store,
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await
}

/// Serve `host` within these limits.
pub async fn serve_within(host: &Arc<Host>, limits: ConnectionLimits) -> Served {
    let host = Arc::clone(host);
    serve_until(|public, admin, access, stopped| async move {
        let listeners = Listeners {
            public,
            limits,
            admin: Some(Admin {
                listener: admin,
                limits,
                access,
            }),
        };
        service::run(listeners, host, stopped).await;
    })
    .await
}

/// Serve the routes of `host` alone: its runs are the test's to start.
pub async fn routes(host: &Arc<Host>) -> Served {
    let host = Arc::clone(host);
    serve_until(|public, admin, access, stopped| async move {
        tokio::select! {
            _ = axum::serve(public, http::public(Arc::clone(&host))) => {}
            _ = axum::serve(admin, http::admin(host, access)) => {}
            () = stopped => {}
        }
    })
    .await
}

pub const ADMIN_TOKEN: &str = "admin-token-of-the-tests-0123456789";

pub const READ_TOKEN: &str = "read-token-of-the-tests-0123456789";

/// Who is let in to the admin listener at `address`.
pub fn access(address: SocketAddr) -> Arc<Access> {
    let tokens =
        [(Role::Admin, ADMIN_TOKEN), (Role::Read, READ_TOKEN)].map(|(role, token)| Token {
            role,
            secret: Secret::new(token),
        });
    let hosts = AllowedHosts::loopback(address);
    Arc::new(Access::new(Tokens::new(tokens.into()), hosts))
}

async fn serve_until<A>(
    serve: impl FnOnce(TcpListener, TcpListener, Arc<Access>, Pending<'static, ()>) -> A,
) -> Served
where
    A: Future<Output = ()> + Send + 'static,
{
    let bind = async || TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (listener, admin_listener) = (bind().await, bind().await);
    let address = listener.local_addr().expect("an address");
    let admin = admin_listener.local_addr().expect("an address");
    let access = access(admin);
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = Box::pin(async {
        let _ = stopped.await;
    });
    Served {
        address,
        admin: Some(admin),
        access: Some(Arc::clone(&access)),
        stop: Some(stop),
        _task: tokio::spawn(serve(listener, admin_listener, access, stopped)),
    }
}

/// What has to happen soon. The deadline is for a host that is broken: it makes the test fail
/// where it would wait for ever.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    let deadline = std::time::Duration::from_secs(60);
    tokio::time::timeout(deadline, what)
        .await
        .expect("it never happens")
}

/// A client that knows nothing of proxies.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}

/// A client with the token of an admin.
pub fn admin_client() -> reqwest::Client {
    client_with(ADMIN_TOKEN)
}

pub fn client_with(token: &str) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = reqwest::header::HeaderMap::new();
    let bearer = format!("Bearer {token}").parse().expect("a header");
    headers.insert("authorization", bearer);
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .default_headers(headers)
        .build()
        .expect("a client")
}

/// Post a webhook with a right signature.
pub async fn post_webhook(host: &Served, body: &str) -> (u16, String) {
    let answer = client()
        .post(host.url("/api/webhooks/merge"))
        .header("X-Merge-Webhook-Signature", sign(body.as_bytes()))
        .body(body.to_owned())
        .send()
        .await
        .expect("an answer");
    (
        answer.status().as_u16(),
        answer.text().await.expect("a body"),
    )
}

/// `LinkedAccount.linked` for `account`.
pub fn linked(account: &str, token: &str) -> String {
    format!(
        r#"{{"hook":{{"id":"h","event":"LinkedAccount.linked","target":"t"}},
            "linked_account":{{"id":"{account}","integration":"Example HRIS",
            "integration_slug":"example-hris","category":"hris","end_user_origin_id":"org_1",
            "end_user_organization_name":"Example & Sons","status":"COMPLETE"}},
            "data":{{"account_token":"{token}","is_relink":false}}}}"#
    )
}

/// `Employee.synced` for `account`.
pub fn synced(account: &str) -> String {
    format!(
        r#"{{"hook":{{"id":"h","event":"Employee.synced","target":"t"}},
            "linked_account":{{"id":"{account}","category":"hris"}},
            "data":{{"sync_status":{{"model_name":"Employee","model_id":"hris.Employee",
            "status":"DONE","is_initial_sync":false,
            "last_sync_finished":"2026-01-05T11:00:00Z","last_sync_result":"DONE"}}}}}}"#
    )
}

/// What a [`Gated`] store does with a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It waits for a permit, then keeps it.
    Waits,
    /// It keeps it.
    Works,
    /// It says that it cannot keep it.
    Fails,
    /// It breaks down.
    Breaks,
}

/// A store that lets notes through only as far as there are permits, and breaks down over one
/// account.
#[derive(Debug)]
pub struct Gated {
    pub inner: Arc<dyn Store>,
    pub mood: Mutex<Mood>,
    pub notes: Semaphore,
    pub waiting: Semaphore,
}

impl Gated {
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            mood: Mutex::new(Mood::Waits),
            notes: Semaphore::new(0),
            waiting: Semaphore::new(0),
        })
    }
}

impl Store for Gated {
    fn keep_note(&self, note: Note) -> Pending<'_, Result<(), NoteError>> {
        Box::pin(async move {
            let mood = *self.mood.lock().expect("a mood");
            match mood {
                Mood::Waits => {
                    self.waiting.add_permits(1);
                    self.notes.acquire().await.expect("open").forget();
                }
                Mood::Works => {}
                Mood::Fails => {
                    let message = "the disk is full".to_owned();
                    return Err(NoteError::Unavailable(Unavailable { message }));
                }
                Mood::Breaks => panic!("the store breaks down, as the test wants"),
            }
            self.inner.keep_note(note).await
        })
    }

    fn load(&self, account: &str) -> Pending<'_, Result<Option<LoadedAccount>, Unavailable>> {
        assert_ne!(
            account, BREAKING,
            "the store breaks down, as the test wants"
        );
        self.inner.load(account)
    }

    fn commit(&self, change: Change) -> Pending<'_, Result<Committed, CommitError>> {
        self.inner.commit(change)
    }

    fn due(&self, now: Micros, limit: u32) -> Pending<'_, Result<Vec<Due>, Unavailable>> {
        self.inner.due(now, limit)
    }

    fn next_start(&self, now: Micros) -> Pending<'_, Result<Option<Micros>, Unavailable>> {
        self.inner.next_start(now)
    }

    fn run_ended(
        &self,
        account: &str,
        failure: Option<&str>,
    ) -> Pending<'_, Result<(), Unavailable>> {
        self.inner.run_ended(account, failure)
    }

    fn token(&self, account: &str) -> Pending<'_, Result<Option<Secret>, Unavailable>> {
        self.inner.token(account)
    }

    fn account(&self, account: &str) -> Pending<'_, Result<Option<Listed>, Unavailable>> {
        self.inner.account(account)
    }

    fn accounts(&self, after: &str, limit: u32) -> Pending<'_, Result<Vec<Listed>, Unavailable>> {
        self.inner.accounts(after, limit)
    }

    fn notices(&self, after: i64, limit: u32) -> Pending<'_, Result<Vec<Sequenced>, Unavailable>> {
        self.inner.notices(after, limit)
    }

    fn rows(
        &self,
        account: &str,
        model_id: &str,
        after: &str,
        limit: u32,
    ) -> Pending<'_, Result<Vec<Stored>, Unavailable>> {
        self.inner.rows(account, model_id, after, limit)
    }
}
