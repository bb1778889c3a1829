//! The HTTP interface, without HTTP: a request in, an answer out.

mod auth;
pub(crate) mod breaker;
pub(crate) mod linking;
mod list;
mod misfortune;
mod nested;
pub(crate) mod offset;
mod organization;
pub(crate) mod page;
mod poisoned;
mod query;
pub(crate) mod scopes;
mod status;

use serde::Serialize;
use serde_json::{Value, json};

use crate::Merge;
use crate::api::query::Query;
use crate::poison::{BYTE_ORDER_MARK, Poison};
use crate::time::http_date;

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query, for example `/api/hris/v1/employees?page_size=100`.
    pub target: &'a str,
    /// Name and value, in any case and order.
    pub headers: &'a [(&'a str, &'a str)],
    /// The client's address: Merge counts failing answers by it.
    pub client: &'a str,
}

/// An answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in the spelling Merge uses.
    pub headers: Vec<(&'static str, String)>,
    /// The whole body, also when it is cut.
    pub body: Vec<u8>,
    /// How long the answer takes, in real milliseconds.
    pub delay_millis: u64,
    /// The connection breaks after so many bytes of the body, though `Content-Length` names
    /// all of them: to the client this is a transport error.
    pub cut_after: Option<usize>,
}

impl Response {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Everything served is made of texts, numbers, lists and maps with text keys, which
        // always can be written.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::raw(status, "application/json", body)
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>\
             </center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::raw(status, "text/html", page.into_bytes())
    }

    /// An error body in the style of Django REST framework.
    pub(crate) fn detail(status: u16, detail: &str) -> Self {
        Self::json(status, &json!({ "detail": detail }))
    }

    pub(crate) fn raw(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", content_type.to_owned())],
            body,
            delay_millis: 0,
            cut_after: None,
        }
    }

    /// The first header of that name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// An answer that ends the handling of a request early.
type Handled = Result<Response, Response>;

impl Merge {
    /// Answer a request as Merge does, at the current instant of the virtual clock, which
    /// [`Config::request_takes`](crate::Config::request_takes) may move first and
    /// [`Faults::slow_takes`](crate::Faults::slow_takes) afterwards.
    pub fn respond(&mut self, request: Request<'_>) -> Response {
        self.respond_to(request, b"")
    }

    /// The same for a request with a body.
    pub fn respond_to(&mut self, request: Request<'_>, body: &[u8]) -> Response {
        self.stats.requests += 1;
        if self.config.request_takes > 0 {
            let took = self.answer_dice.between(0, self.config.request_takes);
            self.advance_to(self.now + took);
        }
        let mut response = if self
            .breaker
            .is_blocked(request.client, self.now + self.standstill)
        {
            Response::html(403, "Access denied")
        } else {
            let mut response = self.handle(request, body).unwrap_or_else(|refusal| refusal);
            self.mark_body(request, &mut response);
            if response.status >= 400 && response.status != 429 {
                let count = self
                    .breaker
                    .failed(request.client, self.now + self.standstill);
                self.stats.breaker_trips = self.breaker.trips;
                self.stats.most_failures_in_10_s = self.stats.most_failures_in_10_s.max(count);
            }
            response
        };
        *self.stats.answers.entry(response.status).or_default() += 1;
        self.stats.cut += u64::from(response.cut_after.is_some());
        response.headers.push(("Date", http_date(self.now)));
        response.headers.push(("Vary", "Accept, Cookie".to_owned()));
        let slow = self.plan.faults.slow_takes;
        if response.delay_millis > 0 && slow > 0 {
            let took = self.answer_dice.between(slow / 4, slow);
            self.advance_to(self.now + took);
        }
        response
    }

    /// Put a byte-order mark before the body where the account has its answers so.
    fn mark_body(&self, request: Request<'_>, response: &mut Response) {
        let marked = |number: usize| self.accounts[number].has(Poison::ByteOrderMark, self.now);
        if let Ok(Some(number)) = self.account_of(request)
            && marked(number)
        {
            response.body.splice(..0, BYTE_ORDER_MARK);
            response.cut_after = response.cut_after.map(|sent| sent + BYTE_ORDER_MARK.len());
        }
    }

    fn handle(&mut self, request: Request<'_>, body: &[u8]) -> Handled {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((request.target, ""));
        let query = Query::parse(query);
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let ["api", category, "v1", rest @ ..] = parts.as_slice() else {
            return Err(not_found());
        };
        self.check_key(request)?;
        let account = self.account_of(request)?;
        let account_needed = !organization::is_of_it(request.method, rest);
        if account.is_none() && account_needed {
            return Err(auth::unauthorized("Missing X-Account-Token header."));
        }
        if let Some(number) = account {
            let id = self.accounts[number].id.clone();
            if let ("GET", [path]) = (request.method, rest)
                && let Some(model) = self.model_of(&id, path)
            {
                let lists = self.stats.list_requests.entry(id.clone()).or_default();
                *lists.entry(model).or_default() += 1;
            }
            *self.stats.requests_by_account.entry(id).or_default() += 1;
            self.throttle(number)?;
            if self.accounts[number].has(Poison::TokenRefused, self.now) {
                return Err(auth::unauthorized("Invalid account token."));
            }
        }
        self.before_answer(account, &query)?;
        let body = read_body(body)?;
        let response = match account.filter(|_| account_needed) {
            None => self.organization(request.method, category, rest, &query, &body),
            Some(number) if self.accounts[number].category == *category => {
                self.of_account(number, request.method, rest, &query, &body)
            }
            // The token belongs to another category.
            Some(_) => Err(not_found()),
        }?;
        Ok(self.after_answer(account, response))
    }

    fn of_account(
        &mut self,
        number: usize,
        method: &str,
        rest: &[&str],
        query: &Query,
        body: &Value,
    ) -> Handled {
        match (method, rest) {
            ("GET", ["sync-status"]) => self.sync_status(number, query),
            ("POST", ["sync-status", "resync"]) => Ok(self.resync(number)),
            ("GET", ["account-details"]) => {
                let account = &self.accounts[number];
                let mut details = account.details();
                account.spoil_details(self.now, false, &mut details);
                Ok(Response::json(200, &details))
            }
            ("POST", ["delete-account"]) => {
                let id = self.accounts[number].id.clone();
                self.audit("DELETED_LINKED_ACCOUNT", &id);
                self.unlink(number);
                Ok(Response::json(200, &json!({})))
            }
            ("POST", ["account-token", "regenerate"]) => Ok(self.regenerate_token(number)),
            ("GET", ["available-actions"]) => Ok(self.available_actions(number)),
            ("GET", ["linked-account-scopes"]) => Ok(self.account_scopes(number)),
            ("POST", ["linked-account-scopes"]) => self.set_scopes(number, body),
            ("POST", ["passthrough"]) => Self::passthrough(body),
            // Receivers from third parties to Merge.
            ("GET", ["webhook-receivers"]) => {
                Ok(Response::json(200, &self.accounts[number].receivers))
            }
            ("POST", ["webhook-receivers"]) => self.add_receiver(number, body),
            ("GET", ["selective-sync", "conditions"] | ["custom-object-classes"]) => {
                Ok(nested::nothing())
            }
            ("GET", [_, .., "remote-field-classes"]) => Ok(nested::nothing()),
            ("GET", [path, id, list]) => self.nested(number, (path, id, list), query),
            ("GET", [model]) => self.list(number, model, query),
            ("GET", [model, id]) => self.retrieve(number, model, id, query),
            _ => Err(not_allowed(method)),
        }
    }
}

/// The body as JSON; null where there is none.
fn read_body(body: &[u8]) -> Result<Value, Response> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body)
        .map_err(|error| Response::detail(400, &format!("JSON parse error - {error}")))
}

fn not_found() -> Response {
    Response::detail(404, "Not found.")
}

fn not_allowed(method: &str) -> Response {
    let mut response = Response::detail(405, &format!("Method \"{method}\" not allowed."));
    response
        .headers
        .push(("Allow", "GET, HEAD, OPTIONS".to_owned()));
    response
}
