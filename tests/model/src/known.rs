//! A value with a digest of what it prints: the engine's own types as parts of a state.
//!
//! A run has no `Hash`, and needs none for its work. What it derives for `Debug` prints every
//! field, so the printed text tells two runs apart as well as a hash of its fields would.

use std::collections::hash_map::DefaultHasher;
use std::fmt::{self, Debug, Write as _};
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A value that never changes, shared by the states that have it.
pub struct Known<T> {
    value: Arc<T>,
    digest: u64,
}

impl<T: Debug> Known<T> {
    /// Take the digest of `value` once, so that states are told apart in no time.
    pub fn new(value: T) -> Self {
        let mut digest = Digest(DefaultHasher::new());
        // Writing into a hasher cannot fail.
        let _ = write!(digest, "{value:?}");
        Self {
            digest: digest.0.finish(),
            value: Arc::new(value),
        }
    }
}

impl<T> Known<T> {
    /// What tells it from others.
    pub fn digest(&self) -> u64 {
        self.digest
    }
}

struct Digest(DefaultHasher);

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl<T> Clone for Known<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            digest: self.digest,
        }
    }
}

impl<T> Deref for Known<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Known<T> {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.value == other.value
    }
}

impl<T: Eq> Eq for Known<T> {}

impl<T> Hash for Known<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest.hash(hasher);
    }
}

impl<T: Debug> Debug for Known<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(formatter)
    }
}
