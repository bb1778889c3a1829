//! What is counted and what is timed: the same questions for both.

pub mod inputs;
