//! Licences and sources of every dependency, against `deny.toml`.
//!
//! A small part of what `cargo deny` does, by the same file: it takes a second, needs no network
//! and cannot be missing.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use spdx::Expression;

use crate::process::{cargo, output};
use crate::workspace::root;

/// The only registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// `None` for the packages of the workspace.
    source: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Debug, Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Check every package of `Cargo.lock`.
pub fn check() -> Result<()> {
    let text = fs::read_to_string(root().join("deny.toml")).context("could not read deny.toml")?;
    let rules: Rules = toml::from_str(&text).context("in deny.toml")?;
    let listed = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))
        .context("`cargo metadata --locked` failed: is Cargo.lock up to date?")?;
    let metadata: Metadata = serde_json::from_str(&listed)?;
    let faults: Vec<String> = metadata
        .packages
        .iter()
        .filter_map(|package| fault(package, &rules))
        .collect();
    ensure!(
        faults.is_empty(),
        "dependencies against deny.toml:\n  {}",
        faults.join("\n  ")
    );
    Ok(())
}

/// What is wrong with a package, if anything.
fn fault(package: &Package, rules: &Rules) -> Option<String> {
    let who = format!("{} {}", package.name, package.version);
    if let Some(banned) = rules
        .bans
        .deny
        .iter()
        .find(|banned| banned.name == package.name)
    {
        return Some(format!("{who} is banned: {}", banned.reason));
    }
    if let Some(source) = &package.source
        && source != REGISTRY
    {
        return Some(format!("{who} comes from {source}, not from crates.io"));
    }
    let Some(license) = &package.license else {
        return Some(format!("{who} names no licence"));
    };
    match Expression::parse_mode(license, spdx::ParseMode::LAX) {
        Err(_) => Some(format!("{who} has the unreadable licence `{license}`")),
        Ok(expression) if !expression.evaluate(|need| allowed(need, &rules.licenses.allow)) => {
            Some(format!(
                "{who} has the licence `{license}`, which is not allowed"
            ))
        }
        Ok(_) => None,
    }
}

fn allowed(need: &spdx::LicenseReq, allow: &[String]) -> bool {
    let need = need.to_string();
    allow.contains(&need)
}

#[cfg(test)]
mod tests {
    use super::{Banned, Bans, Licenses, Package, REGISTRY, Rules, fault};

    #[track_caller]
    fn check(name: &str, license: Option<&str>, source: Option<&str>, expected: Option<&str>) {
        let rules = Rules {
            licenses: Licenses {
                allow: vec!["MIT".into(), "Apache-2.0".into()],
            },
            bans: Bans {
                deny: vec![Banned {
                    name: "bad".into(),
                    reason: "it is".into(),
                }],
            },
        };
        let package = Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: license.map(Into::into),
            source: source.map(Into::into),
        };
        assert_eq!(fault(&package, &rules).as_deref(), expected);
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        check("a", Some("MIT OR GPL-3.0-only"), Some(REGISTRY), None);
        check("a", Some("MIT/GPL-3.0"), Some(REGISTRY), None);
    }

    #[test]
    fn every_part_of_a_conjunction_must_be_allowed() {
        let expected = "a 1.0.0 has the licence `MIT AND GPL-3.0-only`, which is not allowed";
        check(
            "a",
            Some("MIT AND GPL-3.0-only"),
            Some(REGISTRY),
            Some(expected),
        );
    }

    #[test]
    fn an_exception_is_a_licence_of_its_own() {
        let expected =
            "a 1.0.0 has the licence `Apache-2.0 WITH LLVM-exception`, which is not allowed";
        check(
            "a",
            Some("Apache-2.0 WITH LLVM-exception"),
            Some(REGISTRY),
            Some(expected),
        );
    }

    #[test]
    fn a_package_without_a_licence_is_refused() {
        check("a", None, Some(REGISTRY), Some("a 1.0.0 names no licence"));
    }

    #[test]
    fn another_source_is_refused() {
        let expected = "a 1.0.0 comes from git+https://example.com/a, not from crates.io";
        check(
            "a",
            Some("MIT"),
            Some("git+https://example.com/a"),
            Some(expected),
        );
    }

    #[test]
    fn a_banned_package_is_refused_with_the_reason() {
        check(
            "bad",
            Some("MIT"),
            Some(REGISTRY),
            Some("bad 1.0.0 is banned: it is"),
        );
    }

    #[test]
    fn the_workspace_is_its_own_source() {
        check("ours", Some("Apache-2.0 OR MIT"), None, None);
    }
}
