//! A client without a network.

use merge_simulator::time::{DAY, Micros};
use merge_simulator::{Config, Merge, Request, Response};
use serde_json::Value;

/// A small Merge: three accounts of about 200 records, without faults.
pub fn small(seed: u64) -> Config {
    let mut config = Config::new(seed);
    config.records_per_account = 200;
    config.webhook_url = Some("http://host.test/hook".to_owned());
    config
}

/// One that has run for so long.
pub fn after(config: Config, span: Micros) -> Merge {
    let mut merge = Merge::new(config);
    merge.advance_to(merge.now() + span);
    merge
}

/// Half a day on: all initial syncs are over, and nothing has failed.
pub fn settled() -> Merge {
    after(small(1), DAY / 2)
}

/// A GET with the key and the token of account `number`.
pub fn get(merge: &mut Merge, number: usize, target: &str) -> Response {
    call(merge, "GET", number, target)
}

/// A request with the key and the token of account `number`.
pub fn call(merge: &mut Merge, method: &str, number: usize, target: &str) -> Response {
    let key = format!("Bearer {}", merge.api_key());
    let token = merge.accounts()[number].token.clone();
    let headers = [
        ("Authorization", key.as_str()),
        ("X-Account-Token", token.as_str()),
    ];
    merge.respond(Request {
        method,
        target,
        headers: &headers,
        client: "10.0.0.1",
    })
}

/// The body, which must be JSON.
#[track_caller]
pub fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("the body is JSON")
}

/// The rows of every page, from the first on.
#[track_caller]
pub fn read_all(merge: &mut Merge, number: usize, target: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = target.to_owned();
    loop {
        let response = get(merge, number, &next);
        assert_eq!(response.status, 200, "{next}");
        let page = json(&response);
        rows.extend(
            page["results"]
                .as_array()
                .expect("results is a list")
                .iter()
                .cloned(),
        );
        let Some(cursor) = page["next"].as_str() else {
            return rows;
        };
        let mark = if target.contains('?') { '&' } else { '?' };
        next = format!("{target}{mark}cursor={cursor}");
    }
}
