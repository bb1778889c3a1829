//! The component as a file: the machine code that is kept of it between two starts.

use std::fs;
use std::path::Path;

use merge_sync_host::component::{Component, Decisions};

use crate::support::component_file;

/// Load the component with this cache, and see that it answers.
async fn load(cache: &Path) {
    let component = Component::load(&component_file(), Some(cache), 1).unwrap();
    let mut decisions = Decisions::new(&component).await.unwrap();
    assert!(decisions.parse_status("{").await.unwrap().is_err());
}

#[tokio::test]
async fn machine_code_is_kept_and_replaced_where_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("store.sqlite.cwasm");
    load(&cache).await;
    let kept = fs::read(&cache).unwrap();
    let written = fs::metadata(&cache).unwrap().modified().unwrap();
    load(&cache).await;
    assert_eq!(fs::metadata(&cache).unwrap().modified().unwrap(), written);

    let mut damaged = kept.clone();
    damaged[kept.len() / 2] ^= 1;
    for damaged in [
        damaged,
        kept[..kept.len() / 2].to_vec(),
        vec![0; 10],
        Vec::new(),
    ] {
        fs::write(&cache, damaged).unwrap();
        load(&cache).await;
        assert_eq!(fs::read(&cache).unwrap().len(), kept.len());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn machine_code_that_others_may_write_is_not_executed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("store.sqlite.cwasm");
    load(&cache).await;
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o666)).unwrap();
    load(&cache).await;
    let mode = fs::metadata(&cache).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it was used as it was");
}

#[tokio::test]
async fn without_a_place_for_machine_code_the_component_works_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    load(&folder.path().join("no such folder").join("cache")).await;
}

#[test]
fn a_file_that_is_no_component_is_named() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let error = format!("{:#}", Component::load(&file, None, 1).unwrap_err());
    assert!(error.starts_with(&format!("component: `{}` cannot be used", file.display())));
}
