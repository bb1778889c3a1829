//! Simulated hosts around the built engine component: one seed makes everything, in one thread
//! and virtual time, without sleep, network or disk.
//!
//! | To change | Look at |
//! |---|---|
//! | what a seed decides | [`scenario`], [`mishap`] |
//! | what is wrong for good | [`poison`] |
//! | what happens, and in which order | [`world`], [`errand`] |
//! | what a call meets on its way | [`call`], [`port`] |
//! | what hosts and their store do | [`host`], [`budget`], [`store`] |
//! | what is right | [`oracle`] |
//! | many seeds, and making a failing one smaller | [`seeds`], [`shrink`] |

pub mod bindings;
pub mod budget;
pub mod call;
pub mod counts;
pub mod engine;
pub mod errand;
pub mod host;
pub mod mishap;
pub mod oracle;
pub mod plot;
pub mod poison;
pub mod port;
pub mod run;
pub mod scenario;
pub mod seeds;
pub mod shrink;
pub mod store;
pub mod trace;
pub mod world;
