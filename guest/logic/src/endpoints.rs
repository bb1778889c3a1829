//! Where a model's records are read: the table of Merge's common models.

use alloc::string::String;

/// A model that can be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// For example `/api/hris/v1/employees`.
    pub path: String,
    /// Whether the endpoint knows `modified_after`. Where not, it is read whole.
    pub filtered: bool,
}

/// Where a model's records are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// It has a list endpoint.
    Listed(Listed),
    /// The model has no list endpoint: it counts for readiness and is not fetched.
    Unlisted,
    /// This version does not know the model: reported once, never guessed.
    Unmapped,
}

/// Look a model up, by its id or one of its aliases.
#[must_use]
pub fn locate(model_id: &str) -> Endpoint {
    let _ = model_id;
    Endpoint::Unmapped
}

/// The id in the table that `model_id` names, itself or as an alias: `crm.Account` is
/// `crm.CRMAccount`. `None` where the table has neither.
#[must_use]
pub fn canonical(model_id: &str) -> Option<&'static str> {
    let _ = model_id;
    None
}
