//! The contract in `wit/`: it parses, and every item is explained and says since when it is there.
//!
//! Items are what a gate can stand before: interfaces, worlds, types, functions, imports and
//! exports. Names brought in by `use` are explained where they are defined.

use wit_parser::{
    Docs, PackageId, Resolve, Stability, Type, TypeDef, TypeDefKind, UnresolvedPackageGroup,
    WorldItem,
};

use crate::{check, root};

/// The package in `wit/`.
pub fn package() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(root().join("wit"))
        .expect("wit/ is a package");
    (resolve, package)
}

fn faults(resolve: &Resolve, package: PackageId) -> Vec<String> {
    let mut faults = Vec::new();
    let package = &resolve.packages[package];
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        item(&mut faults, name, &interface.docs, &interface.stability);
        for (of, id) in &interface.types {
            let of_type = &resolve.types[*id];
            if !used(resolve, of_type) {
                item(
                    &mut faults,
                    &format!("{name}.{of}"),
                    &of_type.docs,
                    &of_type.stability,
                );
            }
        }
        for (of, function) in &interface.functions {
            item(
                &mut faults,
                &format!("{name}.{of}"),
                &function.docs,
                &function.stability,
            );
        }
    }
    for (name, id) in &package.worlds {
        let world = &resolve.worlds[*id];
        item(
            &mut faults,
            &format!("world {name}"),
            &world.docs,
            &world.stability,
        );
        for (key, of) in world.imports.iter().chain(&world.exports) {
            let path = format!("world {name}: {}", resolve.name_world_key(key));
            match of {
                WorldItem::Interface { stability, .. } => gate(&mut faults, &path, stability),
                WorldItem::Function(function) => {
                    item(&mut faults, &path, &function.docs, &function.stability);
                }
                WorldItem::Type { id, .. } => {
                    let of_type = &resolve.types[*id];
                    item(&mut faults, &path, &of_type.docs, &of_type.stability);
                }
            }
        }
    }
    faults
}

fn item(faults: &mut Vec<String>, path: &str, docs: &Docs, stability: &Stability) {
    if docs
        .contents
        .as_deref()
        .unwrap_or_default()
        .trim()
        .is_empty()
    {
        faults.push(format!("{path}: not documented"));
    }
    gate(faults, path, stability);
}

fn gate(faults: &mut Vec<String>, path: &str, stability: &Stability) {
    match stability {
        Stability::Stable { .. } | Stability::Unstable { .. } => {}
        Stability::Unknown => faults.push(format!("{path}: neither `@since` nor `@unstable`")),
    }
}

/// Whether the type was brought in by `use`.
fn used(resolve: &Resolve, of_type: &TypeDef) -> bool {
    match of_type.kind {
        TypeDefKind::Type(Type::Id(original)) => resolve.types[original].owner != of_type.owner,
        _ => false,
    }
}

#[track_caller]
fn check_text(text: &str, expected: &[&str]) {
    let group = UnresolvedPackageGroup::parse("example.wit", text).expect("it parses");
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).expect("it resolves");
    assert_eq!(faults(&resolve, package), expected);
}

#[test]
fn every_item_of_the_contract_is_documented_and_gated() {
    let (resolve, package) = package();
    check(&faults(&resolve, package));
}

#[test]
fn an_undocumented_item_is_found() {
    check_text(
        "package a:b@1.0.0;
        @since(version = 1.0.0)
        interface i {
            @since(version = 1.0.0)
            type t = u8;
            @since(version = 1.0.0)
            f: func();
        }
        @since(version = 1.0.0)
        world w {}",
        &[
            "i: not documented",
            "i.t: not documented",
            "i.f: not documented",
            "world w: not documented",
        ],
    );
}

#[test]
fn an_ungated_item_is_found() {
    check_text(
        "package a:b@1.0.0;
        /// I.
        interface i {
            /// T.
            record t { x: u8 }
            /// F.
            f: func();
        }
        /// W.
        world w { import i; }",
        &[
            "i: neither `@since` nor `@unstable`",
            "i.t: neither `@since` nor `@unstable`",
            "i.f: neither `@since` nor `@unstable`",
            "world w: neither `@since` nor `@unstable`",
            "world w: a:b/i@1.0.0: neither `@since` nor `@unstable`",
        ],
    );
}

#[test]
fn a_used_name_is_explained_where_it_is_defined() {
    check_text(
        "package a:b@1.0.0;
        /// I.
        @since(version = 1.0.0)
        interface i {
            /// T.
            @since(version = 1.0.0)
            type t = u8;
        }
        /// J.
        @since(version = 1.0.0)
        interface j {
            use i.{t};
        }",
        &[],
    );
}
