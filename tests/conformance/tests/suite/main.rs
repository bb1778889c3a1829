//! Every vector on every subject, what the vectors cover, and random facts on all subjects.

mod checklist;
mod coverage;
mod differential;
mod facts;
mod subjects;
mod vectors;
