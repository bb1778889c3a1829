//! Which module of the decisions, of the engine, of the host and of these commands knows which: in one
//! direction only.
//!
//! The graph is computed from the sources, tests left out. A module is a file; an arrow is a path
//! that names another one, in an import or anywhere in the code, macros included.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use crate::{check, root};

/// The layers of a crate: its modules by their first name. Each knows itself and those below it.
type Layers = &'static [&'static [&'static str]];

/// A circle that stays: two modules, and the reason.
type Known = (&'static str, &'static str, &'static str);

/// The crates whose modules have layers.
const CRATES: [(&str, Layers, &[Known]); 4] = [
    ("guest/engine", ENGINE, &[]),
    (
        "guest/logic",
        LOGIC,
        &[(
            "merge_json",
            "merge_json::reader",
            "a value is read when it is asked for, and reading it makes values",
        )],
    ),
    (
        "host-example",
        HOST,
        &[
            (
                "component::decisions",
                "component",
                "the decisions are asked of a loaded component, which names them as its own",
            ),
            (
                "component::triggers",
                "component",
                "the triggers are pulled on a loaded component, which names them as its own",
            ),
            (
                "http::server",
                "http::server::connections",
                "the server counts its connections, within the limits that it is given",
            ),
        ],
    ),
    ("xtask", XTASK, &[]),
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

/// Each module, and those that it names.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_know_each_other_in_one_direction_only() {
    let mut faults = Vec::new();
    for (folder, layers, known) in CRATES {
        let mut graph = graph_of(&root().join(folder).join("src"));
        assert!(graph.len() > 10, "{folder} has {} modules", graph.len());
        let mut found = upward(&graph, layers);
        for (one, other, _) in known {
            found.extend(cut(&mut graph, one, other));
        }
        found.extend(circles(&graph));
        faults.extend(found.iter().map(|fault| format!("{folder}: {fault}")));
    }
    check(&faults);
}

/// The modules of a crate, as the files below `src` have them.
fn graph_of(src: &Path) -> Graph {
    let mut files = BTreeMap::new();
    collect(src, &mut Vec::new(), &mut files);
    graph(&files)
}

fn collect(folder: &Path, within: &mut Vec<String>, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        within.push(name.to_string());
        if path.is_dir() {
            collect(&path, within, files);
        } else if name != "tests" {
            let module = if within.len() == 1 && (name == "lib" || name == "main") {
                String::new()
            } else {
                within.join("::")
            };
            files.insert(module, fs::read_to_string(&path).expect("a source file"));
        }
        within.pop();
    }
}

/// The graph of the modules whose sources these are; the crate's root has the empty name, and
/// nobody is to import through it.
fn graph(files: &BTreeMap<String, String>) -> Graph {
    let modules: BTreeSet<_> = files.keys().cloned().collect();
    let mut graph = Graph::new();
    for (module, text) in files.iter().filter(|(module, _)| !module.is_empty()) {
        let file = syn::parse_file(text).expect("Rust");
        let mut reader = Reader {
            here: module.split("::").map(String::from).collect(),
            modules: &modules,
            names: BTreeMap::new(),
            found: BTreeSet::new(),
        };
        // What a name stands for is known once every import was read.
        reader.visit_file(&file);
        reader.visit_file(&file);
        reader.found.remove(module);
        graph.insert(module.clone(), reader.found);
    }
    graph
}

/// Reads the paths of one file.
struct Reader<'a> {
    here: Vec<String>,
    modules: &'a BTreeSet<String>,
    /// What the imported names stand for.
    names: BTreeMap<String, Vec<String>>,
    found: BTreeSet<String>,
}

impl Reader<'_> {
    /// The path from the crate's root; `None` for one that leads out of the crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.here.clone(),
            "super" => {
                let mut outer = self.here.clone();
                let mut rest = rest;
                outer.pop();
                while rest.first().is_some_and(|next| next == "super") {
                    outer.pop();
                    rest = &rest[1..];
                }
                outer.extend_from_slice(rest);
                return Some(outer);
            }
            name => {
                let mut child = self.here.clone();
                child.push(name.into());
                if self.modules.contains(&child.join("::")) {
                    child
                } else {
                    self.names.get(name)?.clone()
                }
            }
        };
        base.extend_from_slice(rest);
        Some(base)
    }

    /// An arrow to the innermost module that the path leads to.
    fn note(&mut self, path: &[String]) {
        let Some(mut path) = self.absolute(path) else {
            return;
        };
        while !self.modules.contains(&path.join("::")) && !path.is_empty() {
            path.pop();
        }
        self.found.insert(path.join("::"));
    }

    fn import(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(path.ident.to_string())),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before);
                }
            }
            UseTree::Glob(_) => self.note(before),
            UseTree::Name(name) if name.ident == "self" => self.bind(before.last(), before),
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.bind(Some(&name), &with(name.clone()));
            }
            UseTree::Rename(renamed) if renamed.ident == "self" => {
                self.bind(Some(&renamed.rename.to_string()), before);
            }
            UseTree::Rename(renamed) => {
                let path = with(renamed.ident.to_string());
                self.bind(Some(&renamed.rename.to_string()), &path);
            }
        }
    }

    fn bind(&mut self, name: Option<&String>, path: &[String]) {
        self.note(path);
        if let (Some(name), Some(path)) = (name, self.absolute(path)) {
            self.names.insert(name.clone(), path);
        }
    }

    /// The paths in the arguments of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(ident) if colons == 2 => path.push(ident.to_string()),
                TokenTree::Ident(ident) => {
                    self.end_path(&path);
                    path = vec![ident.to_string()];
                }
                TokenTree::Group(group) => {
                    self.end_path(&path);
                    path.clear();
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.end_path(&path);
                    path.clear();
                }
            }
            colons = 0;
        }
        self.end_path(&path);
    }

    fn end_path(&mut self, path: &[String]) {
        if path.len() > 1 {
            self.note(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path
            .segments
            .iter()
            .map(|each| each.ident.to_string())
            .collect();
        self.end_path(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// Whether the item is there in tests alone.
fn is_test(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        let list = attribute.meta.require_list();
        list.is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test")
    })
}

/// Take a known circle of two modules out of the graph; a fault where it is none any more.
fn cut(graph: &mut Graph, one: &str, other: &str) -> Option<String> {
    let back = graph.get_mut(other).is_some_and(|known| known.remove(one));
    let is_circle = back && graph.get(one).is_some_and(|known| known.contains(other));
    (!is_circle).then(|| format!("{one} and {other} are no circle any more: take it off the table"))
}

/// Circles, each once, as a way from a module back to itself.
fn circles(graph: &Graph) -> Vec<String> {
    let mut told = BTreeSet::new();
    let mut faults = Vec::new();
    for module in graph.keys() {
        if told.contains(module) {
            continue;
        }
        if let Some(way) = way_back(graph, module) {
            faults.push(format!("a circle: {}", way.join(" -> ")));
            told.extend(way);
        }
    }
    faults
}

/// The shortest way from a module to itself.
fn way_back(graph: &Graph, module: &str) -> Option<Vec<String>> {
    let mut waiting = VecDeque::from([vec![module.to_string()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = waiting.pop_front() {
        for next in graph.get(way.last()?).into_iter().flatten() {
            let longer = [way.as_slice(), std::slice::from_ref(next)].concat();
            if next == module {
                return Some(longer);
            }
            if seen.insert(next) {
                waiting.push_back(longer);
            }
        }
    }
    None
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
fn a_known_circle_is_cut_and_one_that_is_no_more_is_a_fault() {
    let files = [
        ("", ""),
        ("a", "use crate::b::x;"),
        ("b", "use crate::a::x;"),
        ("c", ""),
    ];
    let mut graph = made_up(&files);
    assert_eq!(cut(&mut graph, "a", "b"), None);
    assert!(circles(&graph).is_empty());
    let message = "a and c are no circle any more: take it off the table";
    assert_eq!(cut(&mut graph, "a", "c").as_deref(), Some(message));
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
