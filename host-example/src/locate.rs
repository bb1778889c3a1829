//! Where is the engine's component? The host knows nothing of the engine but this file.

use std::fmt;
use std::path::{Path, PathBuf};

/// The name under which `cargo xtask build` leaves it.
pub const FILE_NAME: &str = "merge-sync-engine.wasm";

/// The component is nowhere to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocateError {
    /// The operator named a file that is not there.
    Named(PathBuf),
    /// Nobody named one, and it is at none of the usual places.
    Nowhere,
}

impl fmt::Display for LocateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(path) => write!(f, "component: there is no file `{}`", path.display()),
            Self::Nowhere => write!(
                f,
                "component: found no {FILE_NAME} beside this program nor in a folder `dist` from \
                 here upwards"
            ),
        }?;
        f.write_str("; `cargo xtask build` makes it, `--component` names it")
    }
}

impl std::error::Error for LocateError {}

/// The component's file: `named` (by flag, environment or configuration), else beside
/// `executable`, else in `dist/` of `directory` or of a folder above it.
///
/// # Errors
///
/// There is no such file; the text says how to get one.
pub fn locate(
    named: Option<&Path>,
    executable: Option<&Path>,
    directory: &Path,
) -> Result<PathBuf, LocateError> {
    if let Some(named) = named {
        return if named.is_file() {
            Ok(named.into())
        } else {
            Err(LocateError::Named(named.into()))
        };
    }
    let beside = executable
        .and_then(Path::parent)
        .map(|folder| folder.join(FILE_NAME));
    let upwards = directory
        .ancestors()
        .map(|folder| folder.join("dist").join(FILE_NAME));
    beside
        .into_iter()
        .chain(upwards)
        .find(|path| path.is_file())
        .ok_or(LocateError::Nowhere)
}
