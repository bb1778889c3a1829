//! The binary: what `verify`, `explain` and `status` print, and how `serve` refuses to start.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use merge_sync_host::store::{Change, Note, Profile, Store, Summary};
use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, NOON, Scratch, change, component_file, linked, note, sign_with, status_row, synced,
};

const KEY: &str = "a signing key";

/// Run the binary in a folder of its own, with this environment and nothing else.
fn run(
    scratch: &Scratch,
    arguments: &[&str],
    environment: &[(&str, &str)],
    input: &[u8],
) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_merge-sync"))
        .args(arguments)
        .env_clear()
        .env("MERGE_SYNC_COMPONENT", component_file())
        .envs(environment.iter().copied())
        .current_dir(scratch.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended.
    let _ = command.stdin.take().unwrap().write_all(input);
    command.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[track_caller]
fn refuses(arguments: &[&str], environment: &[(&str, &str)], want: &str) {
    let output = run(&Scratch::new(), arguments, environment, b"");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("merge-sync: ") && said.contains(want),
        "{said}"
    );
}

/// Whether `verify` finds `body` authentic, and what it prints.
fn verify(body: &[u8], signatures: &[&str], keys: &str) -> (bool, Value) {
    let mut arguments = vec!["verify", "--json"];
    for signature in signatures {
        arguments.extend(["--signature", signature]);
    }
    let scratch = Scratch::new();
    let output = run(
        &scratch,
        &arguments,
        &[("MERGE_WEBHOOK_SECRET", keys)],
        body,
    );
    let verdict = parsed(&output);
    assert_eq!(
        output.status.code(),
        Some(i32::from(verdict["authentic"] != json!(true)))
    );
    (verdict["authentic"] == json!(true), verdict)
}

#[test]
fn verify_says_what_an_authentic_body_means() {
    let body = synced(ACCOUNT);
    let signature = sign_with(KEY, body.as_bytes());
    let (authentic, verdict) = verify(body.as_bytes(), &[&signature], "another, a signing key");
    assert!(authentic);
    assert_eq!(verdict["key"], 2);
    assert_eq!(verdict["event"], "Employee.synced");
    assert_eq!(verdict["account"]["id"], ACCOUNT);
    assert_eq!(verdict["reply"]["status"], 200);
    assert!(
        verdict["meaning"]
            .as_str()
            .unwrap()
            .contains("hris.Employee DONE"),
        "{verdict}"
    );
}

#[test]
fn verify_never_prints_a_token_or_a_key() {
    let body = linked(ACCOUNT, "a-token-to-hide");
    let signature = sign_with(KEY, body.as_bytes());
    let environment = [
        ("MERGE_WEBHOOK_SECRET", KEY),
        ("MERGE_SIGNATURE", signature.as_str()),
    ];
    for arguments in [&["verify"][..], &["verify", "--json"]] {
        let output = run(&Scratch::new(), arguments, &environment, body.as_bytes());
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("was linked"), "{said}");
        assert!(
            !said.contains("a-token-to-hide") && !said.contains(KEY),
            "{said}"
        );
    }
}

#[test]
fn verify_says_why_a_body_is_not_authentic() {
    let body = synced(ACCOUNT);
    let good = sign_with(KEY, body.as_bytes());
    let changed = body.replace("DONE", "FAILED");
    for (body, signatures, want) in [
        (body.as_bytes(), vec![], "There is no signature"),
        (
            body.as_bytes(),
            vec![good.as_str(), good.as_str()],
            "more than one signature",
        ),
        (body.as_bytes(), vec!["abc"], "not base64url of 32 bytes"),
        (
            changed.as_bytes(),
            vec![good.as_str()],
            "No key produces this signature",
        ),
        (&[0xff][..], vec![good.as_str()], "not UTF-8"),
    ] {
        let (authentic, verdict) = verify(body, &signatures, KEY);
        assert!(!authentic);
        assert!(
            verdict["meaning"].as_str().unwrap().contains(want),
            "{verdict}"
        );
        assert_eq!(verdict["reply"]["status"], 401);
    }
    let without = run(&Scratch::new(), &["verify", "--json"], &[], b"{}");
    assert_eq!(parsed(&without)["reply"]["status"], 500);
}

#[test]
fn verify_takes_its_body_from_a_file_as_it_is() {
    let scratch = Scratch::new();
    let file = scratch.folder.path().join("body.json");
    let body = format!("{}\n", synced(ACCOUNT));
    std::fs::write(&file, &body).unwrap();
    let signature = sign_with(KEY, body.as_bytes());
    let environment = [
        ("MERGE_WEBHOOK_SECRET", KEY),
        ("MERGE_SIGNATURE", signature.as_str()),
    ];
    let output = run(&scratch, &["verify", "body.json"], &environment, b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).starts_with("authentic, signed with key 1\n"));
}

fn first_page() -> String {
    let rows = [
        status_row(
            "Employee",
            "DONE",
            false,
            r#""2026-01-05T11:00:00.000001Z""#,
        ),
        status_row("Group", "FAILED", false, r#""2026-01-05T11:00:00Z""#),
    ];
    format!(
        r#"{{"next":"abc","previous":null,"results":[{}]}}"#,
        rows.join(",")
    )
}

fn last_page() -> String {
    let rows = [
        status_row("BankInfo", "DISABLED", true, "null"),
        status_row("Deduction", "DONE", false, r#""2026-01-05T11:00:00Z""#),
        status_row("Mystery", "DONE", false, r#""2026-01-05T11:00:00Z""#),
    ];
    format!(
        r#"{{"next":null,"previous":"abc","results":[{}]}}"#,
        rows.join(",")
    )
}

/// The plan for each model, in id order.
fn explain(scratch: &Scratch, arguments: &[&str]) -> (Value, Vec<(String, Value)>) {
    let folder = scratch.folder.path();
    std::fs::write(folder.join("1.json"), first_page()).unwrap();
    std::fs::write(folder.join("2.json"), last_page()).unwrap();
    let arguments = [&["explain", "--json"], arguments].concat();
    let mut answer = parsed(&run(scratch, &arguments, &[], b""));
    let Value::Array(models) = answer["models"].take() else {
        panic!("{answer}")
    };
    let plans = models
        .into_iter()
        .map(|mut model| {
            (
                model["model_id"].as_str().unwrap().to_owned(),
                model["plan"].take(),
            )
        })
        .collect();
    (answer, plans)
}

fn plan<'a>(plans: &'a [(String, Value)], model: &str) -> &'a Value {
    let found = plans.iter().find(|(id, _)| id == model);
    &found.unwrap_or_else(|| panic!("{model} in {plans:?}")).1
}

#[test]
fn explain_judges_an_account_by_all_pages() {
    let scratch = Scratch::new();
    let (account, plans) = explain(&scratch, &["1.json", "2.json"]);
    assert_eq!(
        (&account["phase"], &account["complete"]),
        (&json!("ready"), &json!(true))
    );
    assert_eq!(
        plan(&plans, "hris.Employee"),
        &json!({
            "tag": "fetch",
            "path": "/api/hris/v1/employees",
            "filtered": true,
            "always": "",
            "key": ["id"],
            "after": null,
            "before": "2026-01-05T11:00:00.000002Z",
            "watermark": "2026-01-05T11:00:00.000001Z",
            "query": "include_deleted_data=true&modified_before=2026-01-05T11:00:00.000002Z",
        })
    );
    for (model, want) in [
        ("hris.BankInfo", "The model is switched off."),
        ("hris.Deduction", "Merge has no list of this model."),
        (
            "hris.Group",
            "Its latest sync failed: the finish says nothing about data.",
        ),
        (
            "hris.Mystery",
            "This version does not know where the model is listed.",
        ),
    ] {
        assert_eq!(
            plan(&plans, model),
            &json!({"tag": "skip", "reason": want}),
            "{model}"
        );
    }

    let (account, plans) = explain(&scratch, &["1.json"]);
    assert_eq!(
        (&account["phase"], &account["complete"]),
        (&json!("unknown"), &json!(false))
    );
    let reason = &plan(&plans, "hris.Employee")["reason"];
    assert_eq!(
        reason,
        "It is ready, but not every page of the answer is here."
    );
}

#[test]
fn explain_reckons_from_the_stored_progress() {
    let scratch = Scratch::new();
    let file = scratch.folder.path().join("progress.json");
    let stored = |finished: &str| {
        let progress = json!({"hris.Employee": {"merge_last_sync_finished": finished}});
        std::fs::write(&file, progress.to_string()).unwrap();
    };
    let arguments = ["--progress", "progress.json", "1.json", "2.json"];
    // In every form that `/sync-status` may have, as they are copied from there.
    for form in [
        "2026-01-05T10:00:00Z",
        "2026-01-05 10:00:00+00:00",
        "2026-01-05T10:00:00",
        "2026-01-05t11:00:00.000+0100",
        "2026-01-05T10:00:00.0000009z",
    ] {
        stored(form);
        let (_, plans) = explain(&scratch, &arguments);
        assert_eq!(
            plan(&plans, "hris.Employee")["after"],
            "2026-01-05T09:55:00.000000Z",
            "{form}"
        );
    }
    stored("2026-01-05T11:00:00.000001Z");
    let (_, plans) = explain(&scratch, &arguments);
    let reason = &plan(&plans, "hris.Employee")["reason"];
    assert_eq!(reason, "This finish was fetched already.");
}

#[test]
fn explain_names_what_it_cannot_read() {
    refuses(
        &["explain", "absent.json"],
        &[],
        "cannot read `absent.json`",
    );
    refuses(&["explain"], &[], "`-` is no page of /sync-status: ");
}

#[test]
fn explain_prints_a_table() {
    let scratch = Scratch::new();
    let output = run(&scratch, &["explain"], &[], last_page().as_bytes());
    let table = text(&output.stdout);
    assert!(
        table.starts_with("account: ready, 2 of 2 needed models ready"),
        "{table}"
    );
    assert!(
        table
            .lines()
            .any(|line| line.contains("hris.BankInfo") && line.contains("skip"))
    );
}

#[tokio::test]
async fn status_shows_each_account() {
    let scratch = Scratch::new();
    let summary = Summary {
        phase: "syncing".to_owned(),
        ready: 2,
        needed: 3,
        trouble: Some("held-sweep".to_owned()),
        link: "relink-needed".to_owned(),
        skipped: 41,
        fresh_to: Some(NOON),
    };
    let store = scratch.store();
    store
        .keep_note(Note {
            profile: Some(Profile {
                account_type: "TEST".to_owned(),
                ..Profile::default()
            }),
            ..note(ACCOUNT, "linked")
        })
        .await
        .unwrap();
    store.run_ended(ACCOUNT, Some("it trapped")).await.unwrap();
    let one = Change {
        summary,
        wake_at: Some(NOON),
        ..change(ACCOUNT, Some("0"))
    };
    store.commit(one).await.unwrap();
    drop(store);
    let arguments = ["status", "--database", "store.sqlite"];
    let table = run(&scratch, &arguments, &[], b"");
    let said = text(&table.stdout);
    let line = said
        .lines()
        .find(|line| line.contains(ACCOUNT))
        .unwrap_or_else(|| panic!("{said}"));
    for want in [
        "syncing",
        "2/3",
        "(test)",
        "held-sweep; 1 runs failed: it trapped",
        "relink-needed",
        " 41 ",
    ] {
        assert!(line.contains(want), "{want}: {line}");
    }
    let json = run(&scratch, &[&arguments[..], &["--json"]].concat(), &[], b"");
    let json = parsed(&json);
    let account = &json["accounts"][0];
    assert_eq!(account["fresh_to"], "2026-01-05T12:00:00.000000Z");
    assert_eq!(account["account_type"], "TEST");
    assert_eq!(account["link"], "relink-needed");
    assert_eq!(account["skipped"], 41);
    assert_eq!(account["failed_runs"]["count"], 1);
    assert_eq!(account["failed_runs"]["text"], "it trapped");
}

#[tokio::test]
async fn status_shows_control_characters_as_text() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let hostile = Profile {
        organization_name: "Acme\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}".to_owned(),
        integration: "\rfake\nline".to_owned(),
        ..Profile::default()
    };
    let linked = Note {
        profile: Some(hostile.clone()),
        ..note(ACCOUNT, "linked")
    };
    store.keep_note(linked).await.unwrap();
    let failure = "\u{1b}[31mred";
    store.run_ended(ACCOUNT, Some(failure)).await.unwrap();
    drop(store);
    let arguments = ["status", "--database", "store.sqlite"];
    let json = [&arguments[..], &["--json"]].concat();
    for arguments in [&arguments[..], &json] {
        let output = run(&scratch, arguments, &[], b"");
        let said = text(&output.stdout);
        let is_control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.contains(is_control), "{said:?}");
    }
    let found = parsed(&run(&scratch, &json, &[], b""));
    let account = &found["accounts"][0];
    assert_eq!(account["organization_name"], hostile.organization_name);
    assert_eq!(account["failed_runs"]["text"], failure);
}

#[test]
fn status_creates_no_store() {
    refuses(
        &["status", "--database", "absent.sqlite"],
        &[],
        "store `absent.sqlite` cannot be opened",
    );
}

#[test]
fn serve_says_in_one_line_why_it_does_not_start() {
    let key = ("MERGE_API_KEY", "test_key");
    refuses(&["serve"], &[], "MERGE_API_KEY: not in the environment");
    refuses(
        &["serve", "--concurrency", "0"],
        &[key],
        "`concurrency` (--concurrency): `0` is not",
    );
    refuses(
        &["serve", "--config", "absent.toml"],
        &[key],
        "config: cannot read `absent.toml`",
    );
    refuses(
        &["serve"],
        &[key, ("MERGE_SYNC_COMPONENT", "absent.wasm")],
        "component: there is no file `absent.wasm`; `cargo xtask build` makes it",
    );
    refuses(
        &["serve", "--database", "absent/store.sqlite"],
        &[key],
        "store `absent/store.sqlite` cannot be opened",
    );
    let not_wasm = env!("CARGO_MANIFEST_PATH");
    refuses(
        &["serve"],
        &[key, ("MERGE_SYNC_COMPONENT", not_wasm)],
        "cannot be used",
    );
}

#[test]
fn serve_has_the_engine_refuse_a_setting_by_its_name() {
    let scratch = Scratch::new();
    let file = scratch.folder.path().join("merge-sync.toml");
    std::fs::write(&file, "[settings]\noverlapp_ms = 1\n").unwrap();
    let output = run(&scratch, &["serve"], &[("MERGE_API_KEY", "test_key")], b"");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("merge-sync: settings: "), "{said}");
    assert!(last.contains("overlapp_ms"), "{said}");
}

#[test]
fn a_component_that_is_nowhere_is_named_with_the_way_to_get_it() {
    let scratch = Scratch::new();
    let found = merge_sync_host::locate::locate(None, None, scratch.folder.path());
    let message = found.unwrap_err().to_string();
    assert!(message.contains("cargo xtask build"), "{message}");
    let dist = scratch.folder.path().join("dist");
    std::fs::create_dir(&dist).unwrap();
    std::fs::write(dist.join(merge_sync_host::locate::FILE_NAME), b"").unwrap();
    let deep: &Path = &scratch.folder.path().join("a/b");
    assert!(merge_sync_host::locate::locate(None, None, deep).is_ok());
}
