//! Machine code, kept between starts: compiling takes a second, loading a millisecond.
//!
//! The file holds a key (which component, for which wasmtime and machine), a checksum of the
//! code, and the code. One that does not fit, or is damaged, is replaced.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

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
    let file = std::fs::read(path).ok()?;
    let (found, rest) = file.split_first_chunk::<HASH>()?;
    let (checksum, code) = rest.split_first_chunk::<HASH>()?;
    let fits = found == key && *checksum == <[u8; HASH]>::from(Sha256::digest(code));
    if fits {
        deserialize(engine, code).ok()
    } else {
        None
    }
}

/// Written beside and moved into place, so that no start ever reads half of it.
fn keep(key: &[u8; HASH], code: &[u8], path: &Path) -> std::io::Result<()> {
    let checksum: [u8; HASH] = Sha256::digest(code).into();
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    std::fs::write(
        &beside,
        [key.as_slice(), checksum.as_slice(), code].concat(),
    )?;
    std::fs::rename(&beside, path)
}
