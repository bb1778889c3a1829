//! Tables and plots in `docs/performance.md`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::figure::Figures;
use crate::plot;

/// The table of a part.
pub fn table(part: &str, figures: &Figures) -> String {
    match part {
        "decisions" => figures.long(),
        _ => figures.wide(),
    }
}

/// Put the table of a part between its marks, and draw its plot.
pub fn write(part: &str, figures: &Figures) -> Result<()> {
    let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    plot::draw(&docs.join(format!("performance-{part}.svg")), part, figures)?;
    let path = docs.join("performance.md");
    let text =
        fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let text = replaced(&text, part, &table(part, figures))
        .with_context(|| format!("{}: no marks of {part}", path.display()))?;
    fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
}

fn replaced(text: &str, part: &str, table: &str) -> Option<String> {
    let (begin, end) = (
        format!("<!-- {part}: written by `cargo xtask bench --write-docs` -->"),
        format!("<!-- end of {part} -->"),
    );
    let (head, rest) = text.split_once(&begin)?;
    let (_, tail) = rest.split_once(&end)?;
    Some(format!("{head}{begin}\n{table}\n{end}{tail}"))
}
