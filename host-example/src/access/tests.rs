//! Tests of who is let in.

use super::{LEAST_TOKEN_LENGTH, load_or_create};

#[test]
fn the_first_start_writes_a_token_that_the_next_one_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("store.sqlite.admin-token");
    let first = load_or_create(&file).expect("a token");
    assert!(first.expose().len() >= LEAST_TOKEN_LENGTH);
    assert_eq!(load_or_create(&file).expect("the same"), first);
    let other = folder.path().join("other");
    assert_ne!(load_or_create(&other).expect("another"), first);
}

#[cfg(unix)]
#[test]
fn a_token_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    load_or_create(&file).expect("a token");
    let mode = std::fs::metadata(&file).expect("a file").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let open = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(&file, open).expect("set");
    let refused = load_or_create(&file).expect_err("others can read it");
    let text = refused.to_string();
    assert_eq!(text, "others can read it (mode 640); expected mode 600");
}

#[test]
fn a_file_that_holds_no_token_is_refused() {
    for text in ["", "short", "thirty-two characters and a space"] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        load_or_create(&file).expect("a token");
        std::fs::write(&file, text).expect("written");
        let refused = load_or_create(&file).expect_err(text).to_string();
        assert!(refused.starts_with("it holds no token"), "{refused}");
    }
}
