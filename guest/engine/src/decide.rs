//! Rules of one account, a subject each; none looks at what comes next.

pub mod failure;
pub mod link;
pub mod model_trouble;
pub mod readiness;
pub mod sweep;
pub mod trouble;
