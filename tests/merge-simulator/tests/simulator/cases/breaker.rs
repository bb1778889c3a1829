//! An address that keeps failing is shut out.

use merge_simulator::Request;
use merge_simulator::time::{MINUTE, SECOND};

use crate::client::{get, settled};

#[test]
fn more_than_twenty_failures_in_ten_seconds_block_an_address() {
    let mut merge = settled();
    let target = "/api/hris/v1/employees/no-such-id";
    for _ in 0..20 {
        assert_eq!(get(&mut merge, 0, target).status, 404);
    }
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/employees").status, 200);
    assert_eq!(merge.stats().breaker_trips, 0);
    assert_eq!(get(&mut merge, 0, target).status, 404);
    assert_eq!(merge.stats().breaker_trips, 1);
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/employees").status, 403);
    // Another address is not concerned.
    let key = format!("Bearer {}", merge.api_key());
    let headers = [("Authorization", key.as_str())];
    let request = Request {
        method: "GET",
        target: "/api/hris/v1/linked-accounts",
        headers: &headers,
        client: "10.0.0.2",
    };
    assert_eq!(merge.respond(request).status, 200);
    merge.advance_to(merge.now() + 2 * MINUTE);
    assert_eq!(get(&mut merge, 0, "/api/hris/v1/employees").status, 200);
    assert_eq!(merge.stats().most_failures_in_10_s, 21);
}

#[test]
fn failures_further_apart_do_not_count() {
    let mut merge = settled();
    for _ in 0..60 {
        get(&mut merge, 0, "/api/hris/v1/employees/no-such-id");
        merge.advance_to(merge.now() + SECOND);
    }
    assert_eq!(merge.stats().breaker_trips, 0);
    assert_eq!(merge.stats().most_failures_in_10_s, 10);
}
