//! The token that the first start writes, where none is configured.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::random::random_text;
use super::tokens::LEAST_TOKEN_LENGTH;
use crate::secret::Secret;

/// A longer file is no token.
const MOST_BYTES: u64 = 4096;

/// The token in the file at `path`, which is written with a new one if it does not exist, readable
/// by its owner only.
///
/// # Errors
///
/// The file cannot be read or written, others can read it, or what it holds is no token.
pub fn load_or_create(path: &Path) -> io::Result<Secret> {
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    match new.open(path) {
        Ok(file) => create(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => load(path),
        Err(error) => Err(error),
    }
}

fn create(mut file: File) -> io::Result<Secret> {
    let token = random_text().ok_or_else(|| io::Error::other("no source of randomness"))?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    Ok(Secret::new(token))
}

fn load(path: &Path) -> io::Result<Secret> {
    let file = File::open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata()?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(io::Error::other(format!(
                "others can read it (mode {:o}); expected mode 600",
                mode & 0o777
            )));
        }
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text)?;
    let token = text.trim();
    if token.len() < LEAST_TOKEN_LENGTH || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(io::Error::other(format!(
            "it holds no token; expected at least {LEAST_TOKEN_LENGTH} characters without spaces, \
             or no file, so that one is written"
        )));
    }
    Ok(Secret::new(token))
}
