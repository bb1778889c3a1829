//! Machine code, kept between starts: compiling takes a second, loading a millisecond.
//!
//! The file holds a key (which component, for which wasmtime and machine), a checksum of the
//! code, and the code. One that does not fit, or is damaged, is replaced.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::bindings::deserialize;

const HASH: usize = 32;

/// The compiled form of `wasm`, from `cache` if it is there.
pub(super) fn load(
    engine: &Engine,
    wasm: &[u8],
    cache: Option<&Path>,
) -> wasmtime::Result<Component> {
    let Some(path) = cache else {
        return Component::from_binary(engine, wasm);
    };
    let key = key(engine, wasm);
    if let Some(component) = cached(engine, &key, path) {
        return Ok(component);
    }
    let code = engine.precompile_component(wasm)?;
    if let Err(error) = keep(&key, &code, path) {
        tracing::warn!(
            path = %path.display(),
            %error,
            "the compiled component was not kept: the next start compiles it again"
        );
    }
    deserialize(engine, &code)
}

fn key(engine: &Engine, wasm: &[u8]) -> [u8; HASH] {
    let mut compatible = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatible);
    let mut hash = Sha256::new();
    hash.update(compatible.finish().to_le_bytes());
    hash.update(wasm);
    hash.finalize().into()
}

fn cached(engine: &Engine, key: &[u8; HASH], path: &Path) -> Option<Component> {
    if !is_ours_alone(path) {
        return None;
    }
    let file = fs::read(path).ok()?;
    let (found, rest) = file.split_first_chunk::<HASH>()?;
    let (checksum, code) = rest.split_first_chunk::<HASH>()?;
    let fits = found == key && *checksum == <[u8; HASH]>::from(Sha256::digest(code));
    if fits {
        deserialize(engine, code).ok()
    } else {
        None
    }
}

/// Whether nobody else can have written the file: what is in it will be executed, and a folder
/// such as `/tmp` is open to all. Whose we are is seen from a file that we make.
#[cfg(unix)]
fn is_ours_alone(path: &Path) -> bool {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let probe = beside(path);
    let Ok(file) = fs::symlink_metadata(path) else {
        return false;
    };
    let ours = create(&probe).and_then(|probe| probe.metadata());
    let _ = fs::remove_file(&probe);
    let others_may_write = file.permissions().mode() & 0o022 != 0;
    file.is_file() && !others_may_write && ours.is_ok_and(|ours| ours.uid() == file.uid())
}

#[cfg(not(unix))]
fn is_ours_alone(path: &Path) -> bool {
    path.is_file()
}

/// Written beside and moved into place, so that no start ever reads half of it.
fn keep(key: &[u8; HASH], code: &[u8], path: &Path) -> io::Result<()> {
    let checksum: [u8; HASH] = Sha256::digest(code).into();
    let beside = beside(path);
    let mut file = create(&beside)?;
    for part in [key.as_slice(), checksum.as_slice(), code] {
        file.write_all(part)?;
    }
    fs::rename(&beside, path)
}

/// A new file that only its owner may write, whatever lies about under that name.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A name beside `path` that no other program of ours uses now.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}
