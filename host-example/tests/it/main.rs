//! The host from outside: its store, its client of Merge, its server, its commands.

mod access;
mod cli;
mod component;
mod connections;

mod host_vectors;
mod linking;
mod log;
mod merge_http;
mod pages;
mod poison;
mod rehearsal;
mod scheduler;
mod stop;
mod store;
mod store_file;
mod support;
mod webhooks;
