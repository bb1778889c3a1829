//! The graph of made-up crates, with circles and arrows planted in them.

use super::graph::{Graph, circles, graph};
use super::upward;

/// The graph of a made-up crate.
fn made_up(files: &[(&str, &str)]) -> Graph {
    let files = files.iter();
    graph(
        &files
            .map(|(name, text)| ((*name).into(), (*text).into()))
            .collect(),
    )
}

fn arrows(graph: &Graph) -> Vec<String> {
    let each = graph.iter();
    each.flat_map(|(module, known)| known.iter().map(move |other| format!("{module}>{other}")))
        .collect()
}

#[test]
fn a_planted_circle_is_found_whichever_way_a_module_is_named() {
    let ways = [
        "use crate::low::fact;",
        "use super::low::{self, fact as other};",
        "use crate::{low as deep, top as _};\nfn f() -> u32 { deep::fact() }",
        "fn f() -> u32 { crate::low::fact() }",
        "fn f() -> String { format!(\"{}\", crate::low::fact()) }",
        "pub use crate::low::*;",
    ];
    for way in ways {
        let files = [
            ("", "mod low; mod top;"),
            ("low", "use crate::top::f;"),
            ("top", way),
        ];
        assert_eq!(
            circles(&made_up(&files)),
            ["a circle: low -> top -> low"],
            "{way}"
        );
    }
}

#[test]
fn a_long_circle_is_told_once_and_a_straight_line_not_at_all() {
    let line = [
        ("", ""),
        ("a", "use crate::b::x;"),
        ("b", "use crate::c::x;"),
        ("c", ""),
    ];
    assert!(circles(&made_up(&line)).is_empty());
    let mut ring = line;
    ring[3].1 = "use crate::a::x;";
    assert_eq!(circles(&made_up(&ring)), ["a circle: a -> b -> c -> a"]);
}

#[test]
fn an_arrow_leads_to_the_innermost_module_and_tests_have_none() {
    let files = [
        ("", ""),
        (
            "a",
            "mod b;\nuse b::x;\n#[cfg(test)]\nmod tests { use crate::c::x; }",
        ),
        (
            "a::b",
            "use super::super::c::d;\nfn f() { d::x(); g(String::new()); }",
        ),
        ("c", ""),
        ("c::d", "pub(crate) fn x() {}"),
    ];
    assert_eq!(arrows(&made_up(&files)), ["a>a::b", "a::b>c::d"]);
}

#[test]
fn an_arrow_upward_a_stranger_and_the_root_are_faults() {
    let files = [
        ("", ""),
        ("high", "use crate::low::x;"),
        ("low", "use crate::high::x;\nuse crate::y;"),
        ("odd", ""),
    ];
    assert_eq!(
        upward(&made_up(&files), &[&["high"], &["low"]]),
        [
            "low imports through the crate's root",
            "low must not know high, which is above it",
            "odd is in no layer: add it to the table",
        ]
    );
}
