//! What a change does besides storing the document.

use alloc::vec::Vec;

use crate::contract::store::{Batch, Notice, Sweep, TokenChange};

/// What a commit does besides storing the document.
#[derive(Debug)]
pub struct Extra {
    /// The notes that it acts on.
    pub consumed: Vec<u64>,
    /// What becomes of the token.
    pub token: TokenChange,
    /// Rows to store.
    pub batch: Option<Batch>,
    /// A sweep to carry out.
    pub sweep: Option<Sweep>,
    /// For the product, before what the document itself leads to.
    pub notices: Vec<Notice>,
}

impl Extra {
    /// Nothing.
    pub const NOTHING: Self = Self {
        consumed: Vec::new(),
        token: TokenChange::Keep,
        batch: None,
        sweep: None,
        notices: Vec::new(),
    };
}
