//! Whose fault is a 401? One account's token may be dead; but where several accounts meet 401
//! and nobody is answered in between, it is the operator's API key.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// So many accounts in a row make it the key.
const SEVERAL: usize = 3;

/// Watches the answers of all accounts.
#[derive(Debug, Default)]
pub struct OperatorKey {
    refused: Mutex<BTreeSet<String>>,
}

impl OperatorKey {
    /// An answer of `status` for `account`. True once for each time that the key comes under
    /// suspicion.
    pub fn answered(&self, account: &str, status: u16) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match status {
            401 => {
                // More names than needed would only be kept.
                refused.len() < SEVERAL
                    && refused.insert(account.to_owned())
                    && refused.len() == SEVERAL
            }
            200..=299 => {
                refused.clear();
                false
            }
            _ => false,
        }
    }

    /// Whether the key is under suspicion now.
    #[must_use]
    pub fn is_suspected(&self) -> bool {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
            >= SEVERAL
    }
}

#[cfg(test)]
mod tests {
    use super::OperatorKey;

    #[test]
    fn three_accounts_refused_in_a_row_make_it_the_key_once() {
        let key = OperatorKey::default();
        assert!(!key.answered("a", 401));
        assert!(!key.answered("a", 401));
        assert!(!key.answered("b", 401));
        assert!(!key.is_suspected());
        assert!(key.answered("c", 401));
        assert!(!key.answered("d", 401));
        assert!(key.is_suspected());
    }

    #[test]
    fn one_answer_clears_the_key() {
        let key = OperatorKey::default();
        for account in ["a", "b"] {
            assert!(!key.answered(account, 401));
        }
        assert!(!key.answered("good", 200));
        assert!(!key.answered("c", 401));
        assert!(!key.is_suspected());
    }

    #[test]
    fn an_outage_says_nothing_of_the_key() {
        let key = OperatorKey::default();
        for account in ["a", "b", "c", "d"] {
            assert!(!key.answered(account, 503));
        }
        assert!(!key.is_suspected());
    }
}
