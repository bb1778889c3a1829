//! What is to be done next, what stands in its way, and what a note adds to it.

pub mod crash;
pub mod hold;
pub mod notes;
pub mod windows;
pub mod work;
