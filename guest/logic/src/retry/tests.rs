//! The whole table of answers, then the waits.

use super::*;
use alloc::string::ToString;

/// Sun, 06 Nov 1994 08:49:37 GMT.
const NOW: Timestamp = Timestamp(784_111_777_000_000);
const DAY_MS: u64 = 86_400_000;

fn response(status: u16) -> ResponseFacts {
    ResponseFacts {
        status,
        retry_after: None,
        date: None,
    }
}

fn asking(status: u16, retry_after: &str) -> ResponseFacts {
    ResponseFacts {
        retry_after: Some(retry_after.into()),
        ..response(status)
    }
}

fn first(response: ResponseFacts) -> Facts {
    Facts {
        outcome: AttemptOutcome::Response(response),
        attempt: 1,
        now: NOW,
        seed: 0,
        policy: Policy::default(),
    }
}

fn met(outcome: AttemptOutcome) -> Facts {
    Facts {
        outcome,
        ..first(response(0))
    }
}

fn unreachable() -> Facts {
    met(AttemptOutcome::Transport(TransportFailure {
        message: "connection reset".into(),
    }))
}

/// Another attempt, and that the delays of many seeds fill the range from `least` to `most`
/// and stay inside.
#[track_caller]
fn check_again(facts: &Facts, least: u64, most: u64, reason: &str) {
    let slack = (most - least) / 50;
    let (mut shortest, mut longest) = (u64::MAX, 0);
    for seed in 0..2_000 {
        let Decision::Again(again) = decide(&Facts {
            seed,
            ..facts.clone()
        }) else {
            panic!("not again: {:?}", decide(facts));
        };
        assert_eq!(again.reason, reason);
        shortest = shortest.min(again.after.0);
        longest = longest.max(again.after.0);
    }
    assert!(
        least <= shortest && shortest <= least + slack,
        "{least} {shortest}"
    );
    assert!(
        most - slack <= longest && longest <= most,
        "{most} {longest}"
    );
}

#[track_caller]
fn check_stop(facts: &Facts, remedy: Remedy, not_before: Option<u64>, reason: &str) {
    let want = Stop {
        remedy,
        not_before: not_before.map(Milliseconds),
        reason: reason.to_string(),
    };
    assert_eq!(decide(facts), Decision::Stop(want));
}

#[test]
fn every_2xx_has_succeeded() {
    for status in 200..300 {
        assert_eq!(decide(&first(response(status))), Decision::Succeeded);
    }
}

#[test]
fn what_passes_by_itself_is_tried_again() {
    for status in [0, 99, 100, 199, 408, 500, 502, 503, 599, 600, 999, u16::MAX] {
        check_again(
            &first(response(status)),
            0,
            1_000,
            &format!(
                "Merge answered with status {status}, which is expected to pass; the request is \
                 tried again by itself."
            ),
        );
    }
    check_again(
        &unreachable(),
        0,
        1_000,
        "Merge could not be reached; the request is tried again by itself.",
    );
}

const THROTTLED: &str =
    "Merge limits how often it may be asked (status 429); the request is tried again by itself.";

#[test]
fn a_throttled_client_waits_ten_times_as_long() {
    check_again(&first(response(429)), 0, 10_000, THROTTLED);
    check_again(&first(asking(429, "0")), 0, 10_000, THROTTLED);
}

#[test]
fn a_refused_token_stops_until_there_is_another() {
    let reason = "Merge does not accept the API key or this account's token (status 401); \
                  correcting the key or linking the account again ends this.";
    check_stop(&first(response(401)), Remedy::Reauthorize, None, reason);
    check_stop(&first(asking(401, "5")), Remedy::Reauthorize, None, reason);
}

#[test]
fn a_refused_model_rests() {
    check_stop(
        &first(response(403)),
        Remedy::Park,
        None,
        "Merge refuses access to this data (status 403); allowing it in Merge ends this.",
    );
}

#[test]
fn a_wrong_request_is_dropped() {
    for status in (300..500).filter(|status| ![401, 403, 408, 429].contains(status)) {
        check_stop(
            &first(response(status)),
            Remedy::DropRequest,
            None,
            &format!(
                "Merge does not serve this request (status {status}); it is given up for now."
            ),
        );
    }
}

#[test]
fn delays_double_up_to_the_cap() {
    for (attempt, most) in [(0, 1_000), (1, 1_000), (2, 2_000), (7, 64_000)] {
        let facts = Facts {
            attempt,
            ..unreachable()
        };
        check_again(
            &facts,
            0,
            most,
            "Merge could not be reached; the request is tried again by itself.",
        );
    }
    for attempt in [11, 64, 65, 66, u32::MAX - 1] {
        let mut facts = Facts {
            attempt,
            ..unreachable()
        };
        facts.policy.max_attempts = u32::MAX;
        check_again(
            &facts,
            0,
            600_000,
            "Merge could not be reached; the request is tried again by itself.",
        );
    }
}

#[test]
fn enough_attempts_are_enough() {
    let reason = |attempt: u32| {
        format!(
            "Merge could not be reached; after attempt {attempt} in a row the request rests \
             for now."
        )
    };
    for attempt in [8, 9, u32::MAX] {
        let facts = Facts {
            attempt,
            ..unreachable()
        };
        check_stop(&facts, Remedy::Park, None, &reason(attempt));
    }
    let mut facts = unreachable();
    facts.policy.max_attempts = 0;
    check_stop(&facts, Remedy::Park, None, &reason(1));
}

#[test]
fn a_request_that_rests_still_heeds_the_server() {
    let facts = Facts {
        attempt: 8,
        ..first(asking(429, "7200"))
    };
    check_stop(
        &facts,
        Remedy::Park,
        Some(7_200_000),
        "Merge limits how often it may be asked (status 429); after attempt 8 in a row the \
         request rests for now.",
    );
}

#[test]
fn the_servers_wait_comes_first_and_the_drawn_one_on_top() {
    check_again(&first(asking(429, "30")), 30_000, 31_000, THROTTLED);
    let facts = Facts {
        attempt: 3,
        ..first(asking(429, "30"))
    };
    check_again(&facts, 30_000, 34_000, THROTTLED);
}

#[test]
fn no_wait_exceeds_a_day() {
    check_again(&first(asking(429, "86400")), DAY_MS, DAY_MS, THROTTLED);
    let facts = Facts {
        attempt: 30,
        policy: Policy {
            cap: Milliseconds(u64::MAX),
            max_attempts: u32::MAX,
            ..Policy::default()
        },
        ..first(asking(500, "1"))
    };
    let Decision::Again(again) = decide(&facts) else {
        panic!("tried again");
    };
    assert_eq!(again.after, Milliseconds(DAY_MS));
}

#[track_caller]
fn check_wait(retry_after: &str, date: Option<&str>, want: Option<u64>) {
    let response = ResponseFacts {
        date: date.map(Into::into),
        ..asking(503, retry_after)
    };
    assert_eq!(
        server_wait(&response, NOW),
        want.map(Milliseconds),
        "{retry_after}"
    );
}

const UNREADABLE: u64 = 60_000;
const INCREDIBLE: u64 = 3_600_000;

#[test]
fn a_wait_in_seconds_has_a_fraction_rounded_up() {
    check_wait("0", None, Some(0));
    check_wait("120", None, Some(120_000));
    check_wait(" \t007 ", None, Some(7_000));
    check_wait("1.5", None, Some(2_000));
    check_wait("45.000", None, Some(45_000));
    check_wait("44.0000000000000000000001", None, Some(45_000));
    check_wait("86400", None, Some(DAY_MS));
}

#[test]
fn a_wait_of_more_than_a_day_is_not_credible() {
    for long in [
        "86401",
        "86400.1",
        "18446744073709551616",
        "18446744073709551615.5",
        "Wed, 06 Nov 2999 08:50:07 GMT",
    ] {
        check_wait(long, None, Some(INCREDIBLE));
    }
}

#[test]
fn a_wait_that_cannot_be_read_is_a_minute_where_it_was_meant() {
    for unreadable in [
        "", " ", "+1", "1e3", "1 2", "soon", "٣", "\n1", "1.", ".5", "1.5.5", "-", "-soon", ",",
        ",,", "45s",
    ] {
        check_wait(unreadable, None, Some(UNREADABLE));
        for status in [408, 500, 502, 504, 403, 404] {
            let response = asking(status, unreadable);
            assert_eq!(server_wait(&response, NOW), None, "{status} {unreadable}");
        }
        let response = asking(429, unreadable);
        assert_eq!(server_wait(&response, NOW), Some(Milliseconds(UNREADABLE)));
    }
}

#[test]
fn a_negative_wait_is_none() {
    for negative in ["-1", "-0.5", "-99999999999999999999"] {
        check_wait(negative, None, None);
    }
    check_wait("-0", None, Some(0));
    check_wait("-1, 7", None, Some(7_000));
    check_wait("-1, soon", None, None);
}

#[test]
fn of_a_list_the_longest_counts() {
    check_wait("45, 45", None, Some(45_000));
    check_wait("10,45.5 , 20", None, Some(46_000));
    check_wait("soon, 45,", None, Some(45_000));
    check_wait("99999999, 7200", None, Some(7_200_000));
    check_wait(
        "Sun, 06 Nov 1994 08:49:47 GMT, Sun, 06 Nov 1994 08:50:07 GMT, 7",
        None,
        Some(30_000),
    );
    check_wait("7, Sunday, 06-Nov-94 08:50:07 GMT", None, Some(30_000));
    check_wait("Sun Nov  6 08:50:07 1994, 45", None, Some(45_000));
}

#[test]
fn a_date_is_rounded_up_to_the_millisecond() {
    let response = asking(503, "Sun, 06 Nov 1994 08:49:38 GMT");
    for (microseconds, want) in [
        (0, 1_000),
        (1, 1_000),
        (999, 1_000),
        (1_000, 999),
        (1_001, 999),
    ] {
        let now = Timestamp(NOW.0 + microseconds);
        assert_eq!(server_wait(&response, now), Some(Milliseconds(want)));
    }
}

#[test]
fn each_outcome_has_its_own_cause() {
    let unusable = AttemptOutcome::Unusable(UnusableBody {
        message: "body: expected an object".into(),
    });
    for (outcome, happened) in [
        (AttemptOutcome::TimedOut, "Merge did not answer in time"),
        (
            AttemptOutcome::TooLarge,
            "Merge's answer is larger than this product takes",
        ),
        (unusable, "Merge's answer cannot be used"),
        (
            AttemptOutcome::StaleCursor,
            "Merge no longer knows where this list was read to",
        ),
    ] {
        let again = format!("{happened}; the request is tried again by itself.");
        check_again(&met(outcome.clone()), 0, 1_000, &again);
        let facts = Facts {
            attempt: 8,
            ..met(outcome)
        };
        let stop = format!("{happened}; after attempt 8 in a row the request rests for now.");
        check_stop(&facts, Remedy::Park, None, &stop);
    }
    check_stop(
        &met(AttemptOutcome::NoToken),
        Remedy::Reauthorize,
        None,
        "Nothing was sent to Merge, since no usable token of this account is stored; linking the account \
         again ends this.",
    );
}

#[test]
fn a_date_is_measured_from_the_responses_own_date() {
    let asked = "Sun, 06 Nov 1994 08:50:07 GMT";
    check_wait(asked, None, Some(30_000));
    check_wait(asked, Some("Sun, 06 Nov 1994 08:49:07 GMT"), Some(60_000));
    check_wait(asked, Some(" Sun, 06 Nov 1994 08:50:07 GMT"), Some(0));
    check_wait(asked, Some("yesterday"), Some(30_000));
    check_wait("Sunday, 06-Nov-94 08:50:07 GMT", None, Some(30_000));
    check_wait("Sun Nov  6 08:50:07 1994", None, Some(30_000));
    let sent = Some("Sun Nov  6 08:49:07 1994");
    check_wait("Sun, 06 Nov 1994 08:50:07 -0000", sent, Some(60_000));
}

#[test]
fn a_date_that_has_passed_asks_for_nothing() {
    check_wait("Sun, 06 Nov 1994 08:49:36 GMT", None, None);
    check_wait(
        "Sun, 06 Nov 1994 08:50:07 GMT",
        Some("Sun, 06 Nov 1994 08:50:08 GMT"),
        None,
    );
}
