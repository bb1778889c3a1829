//! Every vector on every subject, what the vectors cover, and random facts on all subjects.

mod bench_input;
mod checklist;
mod coverage;
mod differential;
mod engine;
mod hostile;
mod random_inputs;
mod subjects;
mod vectors;
