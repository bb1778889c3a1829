//! Which module of a crate names which others, computed from its sources.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// Each module, and those that it names.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// The modules of a crate, as the files below `src` have them.
pub fn graph_of(src: &Path) -> Graph {
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
pub fn graph(files: &BTreeMap<String, String>) -> Graph {
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

/// Circles, each once, as a way from a module back to itself.
pub fn circles(graph: &Graph) -> Vec<String> {
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
