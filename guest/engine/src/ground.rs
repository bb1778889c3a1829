//! What everything else stands on.

pub mod by_id;
pub mod clock;
pub mod note;
pub mod paging;
pub mod seed;
pub mod trouble;
pub mod url;
