//! What the account's document says: answers that change nothing but what they are asked about.

pub mod failure;
pub mod link;
pub mod model_trouble;
pub mod readiness;
pub mod sweep;
pub mod trouble;
