//! Who is let in to the API and the pages, on which listener.

use merge_sync_host::clock::{Clock as _, HOUR};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::support::{
    ACCOUNT, ADMIN_TOKEN, READ_TOKEN, Scratch, Served, client_with, linked, offline, post_webhook,
    routes,
};

/// Each route of the admin listener with a method that it has.
const ADMIN_ROUTES: [(Method, &str); 12] = [
    (Method::GET, "/api/accounts"),
    (Method::POST, "/api/accounts"),
    (Method::GET, "/api/accounts/x"),
    (Method::GET, "/api/accounts/x/readiness"),
    (Method::POST, "/api/accounts/x/unlink"),
    (Method::GET, "/api/notices"),
    (Method::GET, "/healthz"),
    (Method::GET, "/"),
    (Method::GET, "/accounts/x"),
    (Method::GET, "/accounts/x/records?model=hris.Employee"),
    (Method::POST, "/accounts/x/poll"),
    (Method::POST, "/accounts/x/approve-deletions"),
];

struct Fixture {
    scratch: Scratch,
    served: Served,
    /// Without a token, cookies or redirects.
    client: reqwest::Client,
}

async fn fixture() -> Fixture {
    let scratch = Scratch::new();
    let host = offline(&scratch, scratch.store()).await;
    let served = routes(&host).await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    Fixture {
        scratch,
        served,
        client,
    }
}

impl Fixture {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.served.admin_url(path))
    }

    async fn status(&self, request: RequestBuilder) -> u16 {
        request.send().await.expect("an answer").status().as_u16()
    }

    /// The cookie of a session begun with `token`.
    async fn log_in(&self, token: &str) -> String {
        let form = self.request(Method::POST, "/login");
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let answer = form.body(format!("token={token}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        cookie(answer.headers())
    }

    /// The CSRF token in the forms of an account's page.
    async fn csrf_token(&self, cookie: &str) -> String {
        let page = self.request(Method::GET, "/").header("cookie", cookie);
        let page = page.send().await.unwrap().text().await.unwrap();
        let field = page.split_once("name=\"csrf\" value=\"").expect("a field");
        field.1.split_once('"').expect("its end").0.to_owned()
    }
}

fn cookie(headers: &HeaderMap) -> String {
    let set = headers["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Max-Age=43200", "Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    set.split_once(';').unwrap().0.to_owned()
}

#[tokio::test]
async fn without_a_token_no_route_of_the_admin_listener_answers() {
    let fixture = fixture().await;
    for (method, path) in ADMIN_ROUTES {
        for authorization in [
            None,
            Some("Bearer "),
            Some("Bearer another-token-of-enough-characters-0"),
            Some("Basic YTpi"),
            Some("nonsense"),
        ] {
            let mut request = fixture.request(method.clone(), path);
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{method} {path} {authorization:?}");
            assert!(answer.headers().contains_key("www-authenticate"));
            let problem = answer.text().await.unwrap();
            let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
            assert_eq!(problem["status"], 401);
        }
    }
    // A path without a route tells no more.
    let nothing = fixture.request(Method::GET, "/nothing");
    assert_eq!(fixture.status(nothing).await, 401);
}

#[tokio::test]
async fn the_public_listener_has_webhooks_and_probes_alone() {
    let fixture = fixture().await;
    let admin = client_with(ADMIN_TOKEN);
    for (method, path) in ADMIN_ROUTES {
        let request = admin.request(method.clone(), fixture.served.url(path));
        assert_eq!(fixture.status(request).await, 404, "{method} {path}");
    }
    for path in ["/livez", "/readyz"] {
        let answer = fixture.client.get(fixture.served.url(path));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.text().await.unwrap(), "", "{path}");
    }
    let (status, _) = post_webhook(&fixture.served, &linked(ACCOUNT, "token")).await;
    assert_eq!(status, 200);
    // And the admin listener takes no webhooks.
    let signed = fixture.request(Method::POST, "/api/webhooks/merge");
    assert_eq!(fixture.status(signed).await, 401);
}

#[tokio::test]
async fn a_token_for_reading_changes_nothing() {
    let fixture = fixture().await;
    let read = client_with(READ_TOKEN);
    let admin = client_with(ADMIN_TOKEN);
    for (method, path) in ADMIN_ROUTES {
        let url = fixture.served.admin_url(path);
        let as_reader = fixture.status(read.request(method.clone(), &url)).await;
        let as_admin = fixture.status(admin.request(method.clone(), &url)).await;
        assert_ne!(as_admin, 403, "{method} {path}");
        if method == Method::GET {
            assert_eq!(as_reader, as_admin, "{method} {path}");
        } else {
            assert_eq!(as_reader, 403, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn people_are_led_to_the_login_form_and_back() {
    let fixture = fixture().await;
    let page = fixture.request(Method::GET, "/accounts/x?a=b");
    let page = page.header("accept", "text/html").send().await.unwrap();
    assert_eq!(page.status(), 303);
    let login = page.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(login, "/login?next=%2Faccounts%2Fx%3Fa%3Db");
    let form = fixture.request(Method::GET, &login).send().await.unwrap();
    assert_eq!(form.status(), 200);
    let form = form.text().await.unwrap();
    assert!(
        form.contains("name=\"next\" value=\"/accounts/x?a=b\""),
        "{form}"
    );
    let submit = async |token: &str, next: &str| {
        let form = fixture.request(Method::POST, "/login");
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let form = form.body(format!("token={token}&next={next}"));
        form.send().await.unwrap()
    };
    let wrong = submit("another-token-of-enough-characters-0", "/").await;
    assert_eq!(wrong.status(), 401);
    assert!(!wrong.headers().contains_key("set-cookie"));
    let right = submit(ADMIN_TOKEN, "/accounts/x?a=b").await;
    assert_eq!(right.headers()["location"], "/accounts/x?a=b");
    let cookie = cookie(right.headers());
    let elsewhere = submit(ADMIN_TOKEN, "//example.com").await;
    assert_eq!(elsewhere.headers()["location"], "/");
    let page = fixture.request(Method::GET, "/").header("cookie", cookie);
    assert_eq!(fixture.status(page).await, 200);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_and_with_its_token() {
    let fixture = fixture().await;
    let cookie = fixture.log_in(ADMIN_TOKEN).await;
    let look = || {
        fixture
            .request(Method::GET, "/healthz")
            .header("cookie", &cookie)
    };
    assert_eq!(fixture.status(look()).await, 200);
    fixture.scratch.clock.advance(12 * HOUR);
    assert_eq!(fixture.status(look()).await, 401);
    for forged in [
        "merge_sync_session=",
        "merge_sync_session=9999999999.x.",
        "merge_sync_session=9999999999.x.AAAA",
        "another=cookie",
    ] {
        let request = fixture
            .request(Method::GET, "/healthz")
            .header("cookie", forged);
        assert_eq!(fixture.status(request).await, 401, "{forged}");
    }
}

#[tokio::test]
async fn a_session_may_do_what_its_token_may() {
    let fixture = fixture().await;
    let cookie = fixture.log_in(READ_TOKEN).await;
    let look = fixture.request(Method::GET, "/").header("cookie", &cookie);
    assert_eq!(fixture.status(look).await, 200);
    let page = fixture.request(Method::POST, "/logout");
    let over = page.header("cookie", &cookie).send().await.unwrap();
    assert_eq!(over.headers()["location"], "/login");
    let set = over.headers()["set-cookie"].to_str().unwrap();
    assert!(
        set.starts_with("merge_sync_session=; ") && set.contains("Max-Age=0"),
        "{set}"
    );
    let csrf = fixture.csrf_token(&cookie).await;
    let unlink = fixture.request(Method::POST, "/api/accounts/x/unlink");
    let unlink = unlink
        .header("cookie", &cookie)
        .header("x-csrf-token", csrf);
    assert_eq!(fixture.status(unlink).await, 403);
}

#[tokio::test]
async fn a_session_changes_something_only_with_the_token_of_its_pages() {
    let fixture = fixture().await;
    let (status, _) = post_webhook(&fixture.served, &linked(ACCOUNT, "token")).await;
    assert_eq!(status, 200);
    let cookie = fixture.log_in(ADMIN_TOKEN).await;
    let csrf = fixture.csrf_token(&cookie).await;
    let of_another_session = {
        let other = fixture.log_in(ADMIN_TOKEN).await;
        fixture.csrf_token(&other).await
    };
    let poll = |form: String| {
        let request = fixture.request(Method::POST, &format!("/accounts/{ACCOUNT}/poll"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.header("cookie", &cookie).body(form)
    };
    for refused in [
        String::new(),
        "csrf=".to_owned(),
        format!("csrf={of_another_session}"),
    ] {
        assert_eq!(
            fixture.status(poll(refused.clone())).await,
            403,
            "{refused}"
        );
    }
    assert_eq!(fixture.status(poll(format!("csrf={csrf}"))).await, 303);
    let pause = fixture.request(Method::POST, &format!("/api/accounts/{ACCOUNT}/pause"));
    let pause = pause.header("cookie", &cookie).header("x-csrf-token", csrf);
    assert_eq!(fixture.status(pause).await, 202);
}

#[tokio::test]
async fn a_browser_is_answered_under_known_hosts_alone() {
    let fixture = fixture().await;
    let cookie = fixture.log_in(ADMIN_TOKEN).await;
    let port = fixture.served.admin.unwrap().port();
    let page = |host: &str| {
        let request = fixture.request(Method::GET, "/");
        request.header("cookie", &cookie).header("host", host)
    };
    for known in [format!("localhost:{port}"), format!("127.0.0.1:{port}")] {
        assert_eq!(fixture.status(page(&known)).await, 200, "{known}");
    }
    for other in ["rebound.example.com", "localhost", "127.0.0.1:1"] {
        assert_eq!(fixture.status(page(other)).await, 421, "{other}");
        let login = fixture.request(Method::GET, "/login").header("host", other);
        assert_eq!(fixture.status(login).await, 421, "{other}");
        // A program that sends its token cannot be a page of another site.
        let program = client_with(ADMIN_TOKEN).get(fixture.served.admin_url("/"));
        assert_eq!(fixture.status(program.header("host", other)).await, 200);
    }
}

#[tokio::test]
async fn a_login_link_lets_in_once_within_ten_minutes() {
    let fixture = fixture().await;
    let access = fixture.served.access.clone().unwrap();
    let new_code = || access.new_login_code(fixture.scratch.clock.now()).unwrap();
    let follow = async |code: &str| {
        let path = format!("/login?code={code}");
        fixture.request(Method::GET, &path).send().await.unwrap()
    };
    let code = new_code();
    assert_eq!(follow("nonsense").await.status(), 401);
    let first = follow(code.expose()).await;
    assert_eq!(first.status(), 303);
    let page = fixture.request(Method::GET, "/");
    let page = page.header("cookie", cookie(first.headers()));
    assert_eq!(fixture.status(page).await, 200);
    assert_eq!(follow(code.expose()).await.status(), 401);
    let code = new_code();
    fixture.scratch.clock.advance(HOUR);
    assert_eq!(follow(code.expose()).await.status(), 401);
}
