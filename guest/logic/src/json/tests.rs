//! One round of each operation, then what is refused and how the error says so.

use super::*;
use crate::types::Problem;
use alloc::string::ToString;

/// An input as it should be: each test changes one thing about it.
const WINDOW_FACTS: &str = r#"{
    "status": {
        "model_id": "hris.Employee",
        "model_name": "Employee",
        "status": {"tag": "done"},
        "is_initial_sync": false,
        "last_sync_start": null,
        "last_sync_result": {"tag": "unknown", "value": {"text": "SUCCESSFUL"}},
        "last_sync_finished": "2024-01-15T22:46:41Z",
        "status_reason": "",
        "synced_fields": [],
        "unreadable": [],
        "data_fresh_as_of": null
    },
    "progress": {
        "last_synced_at": "2024-01-15T10:35:00+00:00",
        "merge_last_sync_finished": "2024-01-15T10:30:00"
    },
    "ready": true,
    "rule": "contiguous",
    "overlap": 300000
}"#;

#[track_caller]
fn check(operation: &str, input: &str, want: &str) {
    assert_eq!(call(operation, input).as_deref(), Ok(want));
}

#[track_caller]
fn check_error(operation: &str, input: &str, want: &str) {
    assert_eq!(call(operation, input), Err(want.to_string()));
}

/// The error after `from` was replaced by `to` in the facts above.
#[track_caller]
fn check_changed(from: &str, to: &str, want: &str) {
    assert!(WINDOW_FACTS.contains(from), "{from}");
    check_error("window.next", &WINDOW_FACTS.replacen(from, to, 1), want);
}

#[test]
fn a_plan_is_a_tag_and_its_window() {
    check(
        "window.next",
        WINDOW_FACTS,
        r#"{"tag":"fetch","value":{"after":"2024-01-15T10:25:00Z","before":"2024-01-15T22:46:42Z","watermark":"2024-01-15T22:46:41Z","query":"include_deleted_data=true&modified_after=2024-01-15T10:25:00Z&modified_before=2024-01-15T22:46:42Z"}}"#,
    );
    check(
        "window.next",
        &WINDOW_FACTS.replace(r#""ready": true"#, r#""ready": false"#),
        r#"{"tag":"skip","value":{"reason":"initial-sync-incomplete"}}"#,
    );
}

#[test]
fn progress_is_written_whole_with_null_for_none() {
    let input = r#"{"progress":{},"span":{"watermark":"2024-01-15T10:30:00.5Z","query":""},"started_at":"2024-01-15T10:35:00Z","ended_at":"2024-01-15T10:36:00Z"}"#;
    check(
        "window.advance",
        input,
        r#"{"last_synced_at":"2024-01-15T10:35:00Z","merge_last_sync_finished":"2024-01-15T10:30:00.500000Z","last_fetched_at":"2024-01-15T10:36:00Z"}"#,
    );
    let overtaken = input.replace(
        r#""progress":{}"#,
        r#""progress":{"merge_last_sync_finished":"2024-01-15T10:31:00Z"}"#,
    );
    check(
        "window.advance",
        &overtaken,
        r#"{"last_synced_at":null,"merge_last_sync_finished":"2024-01-15T10:31:00Z","last_fetched_at":null}"#,
    );
}

#[test]
fn a_case_without_payload_is_its_tag_alone() {
    check(
        "window.locate",
        r#"{"model_id":"hris.Nonsense"}"#,
        r#"{"tag":"unmapped"}"#,
    );
}

#[test]
fn readiness_lists_its_models() {
    check(
        "readiness.evaluate",
        r#"{"statuses":[],"complete":true,"required":["hris.Team"],"partial":"accept-partial","ready_before":[],"was_ready":false}"#,
        r#"{"phase":"syncing","needed":1,"ready":0,"attention":0,"models":[{"model_id":"hris.Team","phase":"syncing","reason":"Merge does not list this model for the account yet; if that lasts, check that the integration offers it and that its scope is switched on."}]}"#,
    );
}

/// The default policy, with a standard interval of zero.
const CADENCE_FACTS: &str = r#"{
    "statuses": [],
    "initial": true,
    "linked_at": "2024-01-15T10:30:00Z",
    "now": "2024-01-15T10:36:00Z",
    "seed": "18446744073709551615",
    "policy": {
        "initial_fast": {"shortest": 15000, "longest": 30000},
        "initial_slow": {"shortest": "60000", "longest": 300000},
        "frequent": {"shortest": 300000, "longest": 600000},
        "standard": {"shortest": 0, "longest": 0},
        "unhinted": {"shortest": 3240000, "longest": 3600000},
        "safety_net": 86400000
    }
}"#;

#[test]
fn a_poll_is_a_wait_and_a_pace() {
    check(
        "cadence.next",
        CADENCE_FACTS,
        r#"{"after":120000,"pace":"initial-slow"}"#,
    );
}

#[test]
fn a_number_beyond_2_53_is_a_text() {
    let most = 9_007_199_254_740_992_u64;
    for (span, written) in [
        (most, most.to_string()),
        (most + 1, format!("\"{}\"", most + 1)),
    ] {
        let facts = CADENCE_FACTS
            .replace(r#""initial": true"#, r#""initial": false"#)
            .replace("3240000", &span.to_string())
            .replace("86400000", &u64::MAX.to_string());
        check(
            "cadence.next",
            &facts,
            &format!(r#"{{"after":{written},"pace":"unhinted"}}"#),
        );
    }
}

#[test]
fn a_retry_reads_what_the_request_met() {
    let facts = |outcome: &str| {
        format!(
            r#"{{"outcome":{outcome},"attempt":1,"now":"2024-01-15T10:36:00Z","seed":0,"policy":{{"base":0,"throttled_base":0,"cap":0,"max_attempts":8}}}}"#
        )
    };
    let response = |status: u16| {
        facts(&format!(
            r#"{{"tag":"response","value":{{"status":{status}}}}}"#
        ))
    };
    check("retry.decide", &response(204), r#"{"tag":"succeeded"}"#);
    check(
        "retry.decide",
        &response(404),
        r#"{"tag":"stop","value":{"remedy":"drop-request","not_before":null,"reason":"Merge does not serve this request (status 404); it is given up for now."}}"#,
    );
    check(
        "retry.decide",
        &facts(r#"{"tag":"transport","value":{"message":"reset"}}"#),
        r#"{"tag":"again","value":{"after":0,"reason":"Merge could not be reached; the request is tried again by itself."}}"#,
    );
    check_error(
        "retry.decide",
        &facts(r#"{"tag":"timeout"}"#),
        "outcome.tag: `timeout` is not one of `response`, `transport`, `timed-out`, `too-large`, \
         `unusable`, `stale-cursor`, `no-token`",
    );
    check_error(
        "retry.decide",
        &facts(r#"{"tag":"response","value":{"status":65536}}"#),
        "outcome.value.status: `65536` is not a whole number from 0 to 65535",
    );
}

#[test]
fn a_refused_delivery_says_why() {
    let input = r#"{"body":"{}","signatures":[],"keys":["k"]}"#;
    check(
        "signature.verify",
        input,
        r#"{"tag":"refused","value":{"reason":"missing-signature"}}"#,
    );
    check(
        "webhook.handle",
        input,
        r#"{"reply":{"status":401,"body":"{\"error\": \"Missing signature\"}"},"outcome":{"tag":"refused","value":{"reason":"missing-signature"}}}"#,
    );
}

#[test]
fn a_page_is_read_from_its_body() {
    check(
        "page.parse",
        r#"{"model_id":"hris.Employee","body":"{\"results\":[{\"id\":\"a\",\"remote_was_deleted\":true}],\"next\":null}"}"#,
        r#"{"rows":[{"id":"a","remote_id":null,"modified_at":null,"deleted":true,"json":"{\"id\":\"a\",\"remote_was_deleted\":true}"}],"next":null,"without_key":0,"unreadable":0}"#,
    );
    check(
        "readiness.parse-status",
        r#"{"body":"{\"results\":[],\"next\":\"c\"}"}"#,
        r#"{"statuses":[],"next":"c"}"#,
    );
    let no_page = r#"{"model_id":"hris.Employee","body":"<html>"}"#;
    assert!(call("page.parse", no_page).is_err());
}

#[test]
fn the_version_is_a_text() {
    check(
        "meta.version",
        "{}",
        &format!("\"{}\"", env!("CARGO_PKG_VERSION")),
    );
    check_error("meta.version", "{\"x\":1}", "x: unknown field");
}

#[test]
fn an_operation_that_nobody_has_is_named() {
    check_error(
        "window.previous",
        "{}",
        "operation: `window.previous` is not known",
    );
}

#[test]
fn a_wrong_instant_is_quoted_with_its_path() {
    check_changed(
        "2024-01-15T22:46:41Z",
        "yesterday",
        "status.last_sync_finished: `yesterday` is not an RFC 3339 instant",
    );
    check_changed(
        "\"2024-01-15T22:46:41Z\"",
        "1705358801",
        "status.last_sync_finished: expected an RFC 3339 instant, found a number",
    );
}

#[test]
fn a_missing_field_is_named() {
    check_changed(
        ",\n    \"overlap\": 300000",
        "",
        "overlap: missing, expected a whole number",
    );
    check_changed(
        "\"model_id\": \"hris.Employee\",",
        "",
        "status.model_id: missing, expected a text",
    );
}

#[test]
fn an_unknown_field_is_named() {
    check_changed(
        "\"ready\":",
        "\"raedy\":1, \"ready\":",
        "raedy: unknown field",
    );
    check_changed(
        "\"tag\": \"done\"",
        "\"tag\": \"done\", \"since\": 1",
        "status.status.since: unknown field",
    );
}

#[test]
fn a_field_given_twice_is_named() {
    check_changed(
        "\"ready\": true",
        "\"ready\": true, \"ready\": true",
        "ready: given twice",
    );
    check_changed(
        "\"model_id\":",
        "\"model_id\": \"\", \"model_id\":",
        "status.model_id: given twice",
    );
}

#[test]
fn a_wrong_name_is_quoted_beside_the_right_ones() {
    check_changed(
        "\"contiguous\"",
        "\"Contiguous\"",
        "rule: `Contiguous` is not one of `contiguous`, `open-ended`, `fetch-start`",
    );
    check_changed(
        "\"tag\": \"done\"",
        "\"tag\": \"DONE\"",
        "status.status.tag: `DONE` is not one of `syncing`, `done`, `partially-synced`, \
         `failed`, `disabled`, `paused`, `unknown`",
    );
}

#[test]
fn a_payload_stands_where_there_is_one_and_nowhere_else() {
    check_changed(
        "\"tag\": \"done\"",
        "\"tag\": \"done\", \"value\": {}",
        "status.status.value: expected null, found an object",
    );
    check_changed(
        ", \"value\": {\"text\": \"SUCCESSFUL\"}",
        "",
        "status.last_sync_result.value: missing, expected an object",
    );
    let null = WINDOW_FACTS.replace("\"tag\": \"done\"", "\"tag\": \"done\", \"value\": null");
    assert!(call("window.next", &null).is_ok());
}

#[test]
fn only_whole_numbers_are_numbers() {
    for (number, want) in [
        (
            "1.0",
            "overlap: expected a whole number, found a number that has a fraction, an exponent \
             or more than 64 bits",
        ),
        (
            "3e5",
            "overlap: expected a whole number, found a number that has a fraction, an exponent \
             or more than 64 bits",
        ),
        (
            "18446744073709551616",
            "overlap: expected a whole number, found a number that has a fraction, an exponent \
             or more than 64 bits",
        ),
        (
            "-1",
            "overlap: expected a whole number, found a negative number",
        ),
        (
            "\"+1\"",
            "overlap: `+1` is not a whole number from 0 to 18446744073709551615",
        ),
        (
            "\"\"",
            "overlap: `` is not a whole number from 0 to 18446744073709551615",
        ),
        (
            "\"18446744073709551616\"",
            "overlap: `18446744073709551616` is not a whole number from 0 to \
             18446744073709551615",
        ),
        ("null", "overlap: expected a whole number, found null"),
    ] {
        check_changed("300000", number, want);
    }
}

#[test]
fn a_place_in_a_list_is_counted_from_zero() {
    check_error(
        "signature.verify",
        r#"{"body":"","signatures":["a",2],"keys":[]}"#,
        "signatures[1]: expected a text, found a number",
    );
    check_error(
        "readiness.evaluate",
        r#"{"statuses":[{"model_id":true}]}"#,
        "statuses[0].model_id: expected a text, found a boolean",
    );
}

#[test]
fn an_error_is_one_short_line_without_secrets() {
    check_changed(
        "2024-01-15T22:46:41Z",
        &format!("a\\n{}", "b".repeat(100)),
        &format!(
            "status.last_sync_finished: `a\u{fffd}{}…` is not an RFC 3339 instant",
            "b".repeat(38)
        ),
    );
    check_error(
        "signature.verify",
        r#"{"body":"","signatures":[],"keys":{"secret":"hunter2"}}"#,
        "keys: expected a list, found an object",
    );
}

#[test]
fn a_tree_prints_no_text() {
    let tree = value::parse(r#"{"keys":["hunter2"]}"#).expect("JSON");
    let input = Input::root(tree);
    assert!(!format!("{input:?}").contains("hunter2"));
    assert_eq!(format!("{:?}", value::Json::Null), "null");
}

#[test]
fn a_key_may_be_written_with_escapes() {
    check(
        "window.locate",
        r#"{"mod\u0065l_id":"hris.Employee"}"#,
        r#"{"tag":"listed","value":{"path":"/api/hris/v1/employees","filtered":true,"key":["id"],"always":""}}"#,
    );
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    check_error(
        "meta.version",
        "",
        "input: unreadable JSON, EOF while parsing a value at line 1 column 0",
    );
    check_error(
        "meta.version",
        "{} {}",
        "input: unreadable JSON, trailing characters at line 1 column 4",
    );
    check_error(
        "meta.version",
        "[]",
        "input: expected an object, found a list",
    );
}

#[test]
fn nesting_has_a_limit() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    check_error(
        "meta.version",
        &nested(64),
        "input: expected an object, found a list",
    );
    for levels in [65, 100_000] {
        let error = call("meta.version", &nested(levels));
        let want = "input: unreadable JSON, nested deeper than 64 levels";
        assert_eq!(error, Err(want.into()));
    }
}

#[test]
fn records_that_are_kept_come_back_as_they_were() {
    #[track_caller]
    fn round<T: PartialEq + core::fmt::Debug>(
        value: &T,
        write: fn(&mut String, &T),
        read: fn(Input<'_, '_>) -> Result<T, Problem>,
    ) {
        let text = write::alone(value, write);
        let read = value::parse(&text).and_then(|value| read(Input::root(value)));
        assert_eq!(read.as_ref(), Ok(value), "{text}");
    }
    let at = crate::types::Timestamp::parse("2024-01-15T10:30:00.000001Z");
    let account = crate::types::Account {
        id: "a3602c03".into(),
        organization_name: "\"Ærø\"\n\u{1}".into(),
        account_type: "TEST".into(),
        is_duplicate: Some(true),
        ..Default::default()
    };
    round(&account, types::write_account, types::read_account);
    for state in [
        crate::types::SyncState::Syncing,
        crate::types::SyncState::Done,
        crate::types::SyncState::PartiallySynced,
        crate::types::SyncState::Failed,
        crate::types::SyncState::Disabled,
        crate::types::SyncState::Paused,
        crate::types::SyncState::Unknown("COMPLETE".into()),
    ] {
        let status = crate::types::ModelStatus {
            model_id: "hris.Team".into(),
            status: Some(state.clone()),
            is_initial_sync: Some(true),
            last_sync_result: Some(state),
            data_fresh_as_of: at,
            synced_fields: ["a".into(), "b".into()].into(),
            unreadable: ["status".into()].into(),
            ..Default::default()
        };
        round(&status, types::write_model_status, types::read_model_status);
    }
    let row = crate::types::Row {
        id: "1".into(),
        remote_id: Some(String::new()),
        modified_at: at,
        deleted: true,
        json: "{\"id\":\"1\"}".into(),
    };
    round(&row, types::write_row, types::read_row);
    let problem = Problem {
        message: "full".into(),
    };
    round(&problem, types::write_problem, types::read_problem);
    let progress = crate::window::Progress {
        last_synced_at: at,
        ..Default::default()
    };
    round(&progress, window::write_progress, window::read_progress);
    let span = crate::window::Span {
        after: None,
        before: at,
        watermark: crate::types::Timestamp::EPOCH,
        query: "a=b&c".into(),
    };
    round(&span, window::write_span, window::read_span);
}

#[test]
fn a_link_is_read_by_the_name_it_is_written_with() {
    for state in [
        crate::types::LinkState::Active,
        crate::types::LinkState::RelinkNeeded,
        crate::types::LinkState::Unlinked,
    ] {
        let text = alloc::format!("\"{}\"", types::link_state_name(state));
        let read = value::parse(&text).map(Input::root);
        assert_eq!(read.and_then(types::read_link_state), Ok(state), "{text}");
    }
}

#[test]
fn a_policy_may_lean_on_defaults() {
    let read = |text| {
        let value = value::parse(text)?;
        cadence::read_policy(Input::root(value), Some(Default::default()))
    };
    assert_eq!(read("{}"), Ok(Default::default()));
    assert_eq!(
        read(r#"{"safety_net":1}"#).map(|policy| policy.safety_net.0),
        Ok(1)
    );
    assert_eq!(
        read(r#"{"standard":{"shortest":1}}"#).map_err(|problem| problem.message),
        Err("standard.longest: missing, expected a whole number".into())
    );
}
