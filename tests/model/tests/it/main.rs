//! The protocol, explored to the end, and proof that the checker would find what is wrong with it.

mod explored;
mod mistakes;
