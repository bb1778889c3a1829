//! Which module of the decisions, of the engine, of the host and of these commands knows which: in one
//! direction only.
//!
//! The graph is computed from the sources, tests left out. A module is a file; an arrow is a path
//! that names another one, in an import or anywhere in the code, macros included.

mod graph;
mod planted;

use crate::{check, root};
use graph::{Graph, circles, graph_of};

/// The layers of a crate: its modules by their first name. Each knows itself and those below it.
type Layers = &'static [&'static [&'static str]];

/// The crates whose modules have layers.
const CRATES: [(&str, Layers); 4] = [
    ("guest/engine", ENGINE),
    ("guest/logic", LOGIC),
    ("host-example", HOST),
    ("xtask", XTASK),
];

const ENGINE: Layers = &[
    // The JSON form of everything below.
    &["text"],
    // The ways in.
    &["step", "event", "run", "receive", "command", "view"],
    // What every change has in common.
    &["commit"],
    // The four kinds of request, and what their answers change.
    &["request"],
    // What is to be done, what stands in its way, and what notes add to it.
    &["plan"],
    // What a document says.
    &["decide"],
    // What is remembered between two runs.
    &["account"],
    // What a step is told besides the account.
    &["context"],
    // What passes between engine and host, and what an operator chooses.
    &["contract", "settings"],
    // What everything else stands on.
    &["ground"],
];

const LOGIC: Layers = &[
    &["json"],
    &["webhook"],
    &[
        "cadence",
        "page",
        "readiness",
        "retry",
        "signature",
        "window",
    ],
    &["account_details", "issues", "status", "telling"],
    &["endpoints", "merge_json", "meta"],
    &["types"],
    &["time"],
];

const HOST: Layers = &[
    &["cli"],
    // The parts, put together and served.
    &["service"],
    &["http"],
    &["host"],
    &["engine_flag", "scheduler"],
    // What the engine is lent, and what an operator chooses.
    &["component", "config"],
    &["access", "dto", "merge_http"],
    &["budget", "instant", "rehearsal", "store"],
    // What everything else stands on.
    &[
        "bindings",
        "clock",
        "counters",
        "locate",
        "log_limit",
        "operator_key",
        "request_body",
        "secret",
        "shortened",
        "terminal",
    ],
];

const XTASK: Layers = &[
    &["cli"],
    // A command each.
    &[
        "bench", "ci", "costs", "demo", "fuzz", "hosts", "kill", "lint", "mutants", "sdks",
        "simulate", "test",
    ],
    // What several commands do.
    &["licenses", "sabotage"],
    &["dist", "simulation"],
    &["module", "target"],
    &["process"],
    &["workspace"],
];

#[test]
fn modules_know_each_other_in_one_direction_only() {
    let mut faults = Vec::new();
    for (folder, layers) in CRATES {
        let graph = graph_of(&root().join(folder).join("src"));
        assert!(graph.len() > 10, "{folder} has {} modules", graph.len());
        let mut found = upward(&graph, layers);
        found.extend(circles(&graph));
        faults.extend(found.iter().map(|fault| format!("{folder}: {fault}")));
    }
    check(&faults);
}

/// Arrows from a layer to one above it, to the root, and modules that are in no layer.
fn upward(graph: &Graph, layers: Layers) -> Vec<String> {
    let layer = |module: &str| {
        let first = module.split("::").next().unwrap_or_default();
        layers.iter().position(|names| names.contains(&first))
    };
    let mut faults = Vec::new();
    for (module, known) in graph {
        let Some(own) = layer(module) else {
            faults.push(format!("{module} is in no layer: add it to the table"));
            continue;
        };
        for other in known {
            if other.is_empty() {
                faults.push(format!("{module} imports through the crate's root"));
            } else if layer(other).is_some_and(|theirs| theirs < own) {
                faults.push(format!("{module} must not know {other}, which is above it"));
            }
        }
    }
    faults
}
