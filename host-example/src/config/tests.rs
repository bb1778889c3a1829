//! Every objection in full: key, place, value, what is allowed.

use std::path::Path;

use super::{Config, Flags, SAMPLE, webhook_keys};
use crate::secret::Secret;

fn read(flags: &Flags, environment: &[(&str, &str)], file: Option<&str>) -> Result<Config, String> {
    let look = |name: &str| {
        let found = environment.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| (*value).to_owned())
            .or(
                (name == "MERGE_API_KEY" && !environment.iter().any(|(known, _)| known.is_empty()))
                    .then(|| "test_key".to_owned()),
            )
    };
    Config::read(
        flags,
        &look,
        file.map(|text| (Path::new("merge-sync.toml"), text)),
    )
    .map_err(|error| error.to_string())
}

#[track_caller]
fn refuses(file: &str, want: &str) {
    assert_eq!(
        read(&Flags::default(), &[], Some(file)),
        Err(want.to_owned())
    );
}

#[track_caller]
fn refuses_environment(environment: &[(&str, &str)], want: &str) {
    assert_eq!(
        read(&Flags::default(), environment, None),
        Err(want.to_owned())
    );
}

#[test]
fn the_sample_holds_the_defaults() {
    let sample = read(&Flags::default(), &[], Some(SAMPLE));
    assert!(sample.is_ok(), "{sample:?}");
    assert_eq!(sample, read(&Flags::default(), &[], None));
}

#[test]
fn a_flag_beats_the_environment_and_that_the_file() {
    let flags = Flags {
        concurrency: Some("1".to_owned()),
        ..Flags::default()
    };
    let environment = [
        ("MERGE_SYNC_CONCURRENCY", "2"),
        ("MERGE_SYNC_REQUESTS_PER_MINUTE", "3"),
    ];
    let file = "concurrency = 4\nrequests_per_minute = 5\ndatabase = \"six\"";
    let config = read(&flags, &environment, Some(file)).unwrap();
    assert_eq!(config.concurrency, 1);
    assert_eq!(config.settings, r#"{"requests_per_minute":3}"#);
    assert_eq!(config.database, Path::new("six"));
}

#[test]
fn settings_reach_the_engine_as_json() {
    let config = read(
        &Flags::default(),
        &[],
        Some("[settings]\noverlap_ms = 1\nrequired = [\"a.B\"]"),
    );
    assert_eq!(
        config.unwrap().settings,
        r#"{"overlap_ms":1,"required":["a.B"]}"#
    );
}

#[test]
fn the_requests_a_minute_are_a_setting_wherever_they_are_given() {
    let settings = |environment: &[(&str, &str)], file: &str| {
        read(&Flags::default(), environment, Some(file)).map(|config| config.settings)
    };
    let of = |number: u32| Ok(format!(r#"{{"requests_per_minute":{number}}}"#));
    assert_eq!(settings(&[], "requests_per_minute = 5"), of(5));
    let in_table = "[settings]\nrequests_per_minute = 7";
    assert_eq!(settings(&[], in_table), of(7));
    let variable = [("MERGE_SYNC_REQUESTS_PER_MINUTE", "3")];
    assert_eq!(settings(&variable, in_table), of(3));
    refuses(
        &format!("requests_per_minute = 5\n{in_table}"),
        "`requests_per_minute` in `merge-sync.toml`: it is in [settings] as well; expected it there alone",
    );
}

#[test]
fn a_value_out_of_range_is_named_with_its_range() {
    refuses(
        "concurrency = 0",
        "`concurrency` in `merge-sync.toml`: `0` is not a whole number from 1 to 256",
    );
    refuses(
        "concurrency = \"8\"",
        "`concurrency` in `merge-sync.toml`: `8` is not a whole number from 1 to 256",
    );
    refuses_environment(
        &[("MERGE_SYNC_REQUESTS_PER_MINUTE", "many")],
        "`requests_per_minute` (MERGE_SYNC_REQUESTS_PER_MINUTE): `many` is not a whole number \
         from 1 to 100000",
    );
}

#[test]
fn a_value_of_another_kind_is_named() {
    refuses(
        "listen = 8080",
        "`listen` in `merge-sync.toml`: `8080` is not a text that is not empty",
    );
    refuses(
        "listen = \"8080\"",
        "`listen` in `merge-sync.toml`: `8080` is not an address and a port such as \
         `127.0.0.1:8080`",
    );
    refuses(
        "region = \"moon\"",
        "`region` in `merge-sync.toml`: `moon` is not `us`, `eu` or `ap`",
    );
    refuses(
        "settings = 1",
        "`settings` in `merge-sync.toml`: `1` is not a table, `[settings]`",
    );
    refuses(
        "support = \"ask Bob\"",
        "`support` in `merge-sync.toml`: `ask Bob` is not an address with `mailto:`, `https://` \
         or `http://`",
    );
}

#[test]
fn the_key_never_travels_in_the_clear() {
    let allowed = "is not `https://` and a host, without a path (`http://` only for this machine)";
    for url in [
        "http://api.merge.dev",
        "https://api.merge.dev/api",
        "ftp://127.0.0.1",
        "merge",
    ] {
        refuses(
            &format!("base_url = \"{url}\""),
            &format!("`base_url` in `merge-sync.toml`: `{url}` {allowed}"),
        );
    }
    let config = read(
        &Flags::default(),
        &[],
        Some("base_url = \"http://127.0.0.1:9000/\""),
    );
    assert_eq!(config.unwrap().base_url, "http://127.0.0.1:9000");
}

#[test]
fn an_unknown_key_is_named_with_the_known_ones() {
    refuses(
        "listn = \"x\"",
        "`listn` in `merge-sync.toml`: there is no such key; expected listen, admin, admin_url, behind_proxy, database, \
         component, region, base_url, requests_per_minute, concurrency, support or settings",
    );
}

#[test]
fn a_secret_in_the_file_is_sent_to_the_environment() {
    refuses(
        "api_key = \"production_secret\"",
        "`api_key` in `merge-sync.toml`: secrets do not belong in this file; expected \
         MERGE_API_KEY in the environment",
    );
}

#[test]
fn a_file_that_is_no_toml_is_named_with_its_line() {
    let error = read(&Flags::default(), &[], Some("region = \"us\"\nlisten = ")).unwrap_err();
    assert!(
        error.starts_with("`merge-sync.toml`: line 2 is not TOML: "),
        "{error}"
    );
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn a_missing_api_key_is_named() {
    refuses_environment(
        &[("", "")],
        "MERGE_API_KEY: not in the environment; expected the API key from Merge's dashboard",
    );
    refuses_environment(
        &[("MERGE_API_KEY", "two words")],
        "MERGE_API_KEY: empty, or with spaces or other characters that no key has",
    );
}

#[test]
fn signing_keys_are_separated_by_commas() {
    let keys = |environment: &'static [(&str, &str)]| {
        webhook_keys(&move |name: &str| {
            environment
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, v)| (*v).to_owned())
        })
        .map_err(|error| error.to_string())
    };
    let both = Ok(vec![Secret::new("new"), Secret::new("old")]);
    assert_eq!(keys(&[]), Ok(Vec::new()));
    assert_eq!(keys(&[("MERGE_WEBHOOK_SECRET", "new, old")]), both);
    assert_eq!(keys(&[("MERGE_SECURITY_SIGNATURE", "new,old")]), both);
    assert_eq!(
        keys(&[("MERGE_WEBHOOK_SECRET", "new,")]),
        Err(
            "MERGE_WEBHOOK_SECRET: key 2 is empty; expected one signing key, or several \
             separated by commas"
                .to_owned()
        )
    );
    assert_eq!(
        keys(&[
            ("MERGE_WEBHOOK_SECRET", "a"),
            ("MERGE_SECURITY_SIGNATURE", "b")
        ]),
        Err(
            "MERGE_WEBHOOK_SECRET: differs from its alias MERGE_SECURITY_SIGNATURE; expected \
             one of them, or both equal"
                .to_owned()
        )
    );
}

#[test]
fn no_secret_shows_in_a_debug_text() {
    let config = read(
        &Flags::default(),
        &[("MERGE_WEBHOOK_SECRET", "hush-hush")],
        None,
    )
    .unwrap();
    let text = format!("{config:?}");
    assert!(
        !text.contains("hush") && !text.contains("test_key"),
        "{text}"
    );
}

#[test]
fn a_signing_key_that_can_be_guessed_is_refused() {
    for name in ["MERGE_WEBHOOK_SECRET", "MERGE_SECURITY_SIGNATURE"] {
        let want = format!(
            "{name}: key 2 has fewer than 8 characters; expected the signing key from Merge's \
             dashboard"
        );
        let keys = [(name, "long enough, k")];
        assert_eq!(read(&Flags::default(), &keys, None), Err(want));
    }
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    for url in [
        "https://me:hush@api.merge.dev",
        "https://me@api.merge.dev",
        "http://:hush@127.0.0.1",
    ] {
        let refused = read(
            &Flags::default(),
            &[],
            Some(&format!("base_url = \"{url}\"")),
        );
        let refused = refused.expect_err(url);
        assert!(
            refused.contains("a URL with a user name or a password"),
            "{refused}"
        );
        assert!(!refused.contains("hush"), "{refused}");
    }
}

#[test]
fn a_database_that_a_restart_would_empty_is_refused() {
    for path in ["file::memory:", ":memory:", "file:a?mode=memory"] {
        let refused = read(
            &Flags::default(),
            &[],
            Some(&format!("database = \"{path}\"")),
        );
        let refused = refused.expect_err(path);
        assert!(refused.ends_with("is not the path of a file"), "{refused}");
    }
}

#[test]
fn the_admin_listener_leaves_the_machine_only_behind_a_proxy() {
    let open = "admin = \"0.0.0.0:8081\"\n";
    let allowed = "`admin` in `merge-sync.toml`: `0.0.0.0:8081` is not a loopback address; another \
                   one needs a proxy with TLS in front, `behind_proxy = true`, and `admin_url`";
    refuses(open, allowed);
    refuses(&format!("{open}behind_proxy = true"), allowed);
    let url = "admin_url = \"https://sync.example.com\"\n";
    refuses(&format!("{open}{url}"), allowed);
    let config = read(
        &Flags::default(),
        &[],
        Some(&format!("{open}{url}behind_proxy = true")),
    );
    let admin = config.expect("a configuration").admin.expect("a listener");
    assert_eq!(admin.listen.to_string(), "0.0.0.0:8081");
    let off = read(&Flags::default(), &[], Some("admin = \"off\""));
    assert_eq!(off.expect("a configuration").admin, None);
}

#[test]
fn the_address_of_the_pages_is_a_bare_origin() {
    for wrong in [
        "sync.example.com",
        "ftp://sync.example.com",
        "https://sync.example.com/admin",
        "https://user:password@sync.example.com",
    ] {
        let refused = read(
            &Flags::default(),
            &[],
            Some(&format!("admin_url = \"{wrong}\"")),
        );
        let refused = refused.expect_err(wrong);
        assert!(
            refused.ends_with("is not `https://` and a host, without a path"),
            "{refused}"
        );
        assert!(!refused.contains("password@"), "{refused}");
    }
}

#[test]
fn a_short_token_is_refused_without_repeating_it() {
    for variable in ["MERGE_SYNC_ADMIN_TOKEN", "MERGE_SYNC_READ_TOKEN"] {
        let good = "a-token-of-thirty-two-characters";
        let one = format!("{good},too-short");
        refuses_environment(
            &[(variable, &one)],
            &format!("{variable}: token 2 is not at least 32 characters without spaces"),
        );
        let two = format!("{good}, {good}2");
        assert!(read(&Flags::default(), &[(variable, &two)], None).is_ok());
    }
    refuses(
        "admin_token = \"x\"",
        "`admin_token` in `merge-sync.toml`: secrets do not belong in this file; expected \
         MERGE_SYNC_ADMIN_TOKEN in the environment",
    );
}

#[test]
fn a_platforms_port_counts_where_no_address_is_given() {
    let listen = |environment: &[(&str, &str)]| {
        let config = read(&Flags::default(), environment, None).expect("a configuration");
        config.listen.to_string()
    };
    assert_eq!(listen(&[("PORT", "3000")]), "0.0.0.0:3000");
    let both = [("PORT", "3000"), ("MERGE_SYNC_LISTEN", "127.0.0.1:1")];
    assert_eq!(listen(&both), "127.0.0.1:1");
    refuses_environment(&[("PORT", "0")], "PORT: `0` is not a port, 1 to 65535");
}
