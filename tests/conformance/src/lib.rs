//! One suite for every form in which the decisions are offered.
//!
//! A [`Subject`] answers operations of the contract in the JSON form of `wit/json.wit`. There
//! are four: the [native](Native) crate, the [text](Text) component, the [typed](Typed)
//! interfaces of the logic component, and the [core module](CoreModule) inside the text
//! component. All of them must give the same answers, byte for byte after
//! [ordering keys](canonical).
//!
//! The [`Contract`] is read from `wit/`: it says which operations there are, what their
//! answers may be, and which numbers are instants. Nothing about it is written down twice.
//!
//! A host in another language runs the same vectors by implementing [`Subject`].

mod canonical;
mod contract;
mod convert;
mod core_module;
mod dist;
pub mod facts;
mod inputs;
mod instant;
mod native;
mod replay;
mod subject;
mod text;
mod typed;
mod vectors;

pub use canonical::canonical;
pub use contract::{Contract, Operation, Shape};
pub use core_module::CoreModule;
pub use dist::{dist_file, repository};
pub use inputs::{Question, questions};
pub use native::{Native, NativeEngine};
pub use replay::{Digest, replay};
pub use subject::{Refused, Subject};
pub use text::Text;
pub use typed::{Typed, arguments};
pub use vectors::{Vector, load_vectors, load_vectors_of};
