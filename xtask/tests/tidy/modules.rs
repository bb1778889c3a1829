//! The modules of a crate import each other in one direction: a drawing of them has no circle.
//!
//! A module is a file at the crate's root, together with the folder of its name: what belongs
//! together may know each other. Arrows are read from the syntax, so that text and comments are none;
//! tests may import what they like.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

use crate::{check, root};

/// Which module imports which.
type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_of_the_host_have_no_circle() {
    check(&circles_of("host-example/src", &[]));
}

#[test]
fn modules_of_the_commands_have_no_circle() {
    check(&circles_of("xtask/src", &[]));
}

#[test]
fn modules_of_the_decisions_have_no_circle() {
    check(&circles_of("guest/logic/src", &[]));
}

#[test]
fn modules_of_the_engine_have_no_circle() {
    check(&circles_of("guest/engine/src", &[]));
}

/// A line for each circle that is not known, and for each known one that is no more.
fn circles_of(folder: &str, known: &[&[&str]]) -> Vec<String> {
    let folder = root().join(folder);
    let mut arrows = Arrows::new();
    read(&folder, &folder, &mut arrows);
    // A name that is no module of the crate is an item of its root.
    let modules: BTreeSet<String> = arrows.keys().cloned().collect();
    for to in arrows.values_mut() {
        to.retain(|module| modules.contains(module));
    }
    let known: BTreeSet<Vec<String>> = known
        .iter()
        .map(|circle| circle.iter().map(|&module| module.to_owned()).collect())
        .collect();
    let found = circles(&arrows);
    let new = found.difference(&known);
    let gone = known.difference(&found);
    let new = new.map(|circle| format!("a circle: {}", in_words(&arrows, circle)));
    let gone = gone.map(|circle| format!("no circle any more: {}", circle.join(", ")));
    new.chain(gone).collect()
}

fn in_words(arrows: &Arrows, circle: &[String]) -> String {
    let each = circle.iter().map(|module| {
        let within = arrows[module].iter().filter(|to| circle.contains(to));
        let within: Vec<&str> = within.map(String::as_str).collect();
        format!("{module} -> {}", within.join(", "))
    });
    each.collect::<Vec<_>>().join("; ")
}

/// The modules that can be reached from each other, in groups of two and more.
fn circles(arrows: &Arrows) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|module| (module.as_str(), reached_from(arrows, module)))
        .collect();
    let group = |module: &str| -> Vec<String> {
        let others = reached[module].iter();
        let both = others.filter(|other| reached[*other].contains(module));
        both.map(|&other| other.to_owned()).collect()
    };
    let groups = reached.keys().map(|module| group(module));
    groups.filter(|group| group.len() > 1).collect()
}

fn reached_from<'a>(arrows: &'a Arrows, module: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = arrows[module].iter().map(String::as_str).collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(arrows[module].iter().map(String::as_str));
        }
    }
    reached
}

/// All files below `folder`.
fn read(crate_root: &Path, folder: &Path, arrows: &mut Arrows) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(crate_root, &path, arrows);
            continue;
        }
        let within = path.strip_prefix(crate_root).expect("below it");
        let text = fs::read_to_string(&path).expect("a file");
        let names: Vec<String> = within
            .with_extension("")
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let is_test = names.last().is_some_and(|name| name == "tests");
        if is_test || names == ["lib"] || names == ["main"] {
            continue;
        }
        add(arrows, &names, &text);
    }
}

/// What the file at `names`, its path in the crate, imports.
fn add(arrows: &mut Arrows, names: &[String], text: &str) {
    let file = syn::parse_file(text).expect("Rust");
    let mut imports = Imports {
        here: names.to_vec(),
        found: BTreeSet::new(),
    };
    imports.visit_file(&file);
    let mut found = imports.found;
    found.remove(&names[0]);
    arrows.entry(names[0].clone()).or_default().extend(found);
}

/// Modules at the crate's root, as paths name them.
struct Imports {
    here: Vec<String>,
    found: BTreeSet<String>,
}

impl Imports {
    /// The first name below the crate's root that a path of these names leads to.
    fn see(&mut self, path: &[String]) {
        let mut at = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super") => self.here[..self.here.len() - 1].to_vec(),
            _ => return,
        };
        let mut rest = &path[1..];
        while rest.first().is_some_and(|name| name == "super") {
            at.pop();
            rest = &rest[1..];
        }
        at.extend_from_slice(rest);
        if let Some(module) = at.into_iter().next() {
            self.found.insert(module);
        }
    }

    fn see_tree(&mut self, above: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| {
            let mut path = above.to_vec();
            path.push(name.to_string());
            path
        };
        match tree {
            syn::UseTree::Path(path) => self.see_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.see(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.see(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.see(above),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.see_tree(above, tree);
                }
            }
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |meta: &syn::Path| meta.is_ident("test");
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|meta| is_test(&meta))
    })
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.see_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.see(&names);
        visit::visit_path(self, path);
    }
}

fn planted(files: &[(&str, &str)]) -> BTreeSet<Vec<String>> {
    let mut arrows = Arrows::new();
    for (path, text) in files {
        let names: Vec<String> = path.split('/').map(str::to_owned).collect();
        add(&mut arrows, &names, text);
    }
    circles(&arrows)
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let a = ("a", "use crate::{b::B, c as other};");
    let c = ("c", "");
    for b in [
        "use super::a;",
        "use crate::a::{self, X};",
        "fn f() { crate::a::f() }",
        "fn f(_: &crate::a::X) {}",
    ] {
        let found = planted(&[a, ("b", b), c]);
        assert_eq!(found, BTreeSet::from([vec!["a".into(), "b".into()]]), "{b}");
    }
    let below = planted(&[a, ("b", ""), ("b/deep", "use super::super::a;"), c]);
    assert_eq!(below.len(), 1, "a folder belongs to the file of its name");
}

#[test]
fn one_direction_is_no_circle() {
    let a = ("a", "use crate::b;");
    for b in [
        "",
        "// use crate::a;",
        "const TEXT: &str = \"crate::a\";",
        "#[cfg(test)] mod tests { use crate::a; }",
    ] {
        assert_eq!(planted(&[a, ("b", b)]), BTreeSet::new(), "{b}");
    }
    let within = planted(&[("a", "use self::deep;"), ("a/deep", "use super::X;")]);
    assert_eq!(within, BTreeSet::new(), "within a folder");
}
