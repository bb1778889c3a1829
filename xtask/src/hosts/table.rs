//! The matrix as a Markdown table, for the screen and for docs/embedding.md.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::row::Row;

const BEGIN: &str = "<!-- matrix: written by `cargo xtask hosts --write-docs` -->\n";
const END: &str = "<!-- end of matrix -->";

/// The rows.
pub fn of(rows: &[Row]) -> String {
    let mut table = String::from(
        "| Host | Runtime | Vectors | Same answers | `webhook.handle` | First use | Memory | Demo | Package |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let _ = writeln!(table, "{}", line(row));
    }
    table
}

fn line(row: &Row) -> String {
    if let Some(missing) = &row.missing {
        return format!("| {} | {missing} | | | | | | | |", row.host);
    }
    let vectors = match (row.vectors_passed, row.vectors_failed) {
        (Some(passed), Some(0)) => format!("{passed}"),
        (Some(passed), Some(failed)) => format!("{passed}, **{failed} failed**"),
        _ => String::new(),
    };
    let cells = [
        row.host.to_owned(),
        row.runtime.clone().unwrap_or_default(),
        vectors,
        yes(row.digest_equal),
        figure(row.webhook_handle_us, 1, "µs"),
        figure(row.first_use_ms, 0, "ms"),
        row.memory_flat.map_or(String::new(), |flat| {
            if flat { "flat" } else { "**grows**" }.to_owned()
        }),
        yes(row.demo_passed),
        row.package_bytes.map_or(String::new(), |bytes| {
            format!("{} KB", bytes.div_ceil(1000))
        }),
    ];
    format!("| {} |", cells.join(" | "))
}

fn yes(value: Option<bool>) -> String {
    value.map_or(String::new(), |value| {
        if value { "yes" } else { "**no**" }.to_owned()
    })
}

fn figure(value: Option<f64>, digits: usize, unit: &str) -> String {
    value.map_or(String::new(), |value| format!("{value:.digits$} {unit}"))
}

/// Put the table between the marks of the document.
pub fn write(path: &Path, rows: &[Row]) -> Result<()> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("could not read {name}"))?;
    let text =
        replaced(&text, &of(rows)).with_context(|| format!("{name}: no marks of a matrix"))?;
    fs::write(path, text).with_context(|| format!("could not write {name}"))
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (head, rest) = text.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}\n{table}\n{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, of, replaced};
    use crate::hosts::row::Row;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let text = format!("a\n{BEGIN}old\n{END}\nb\n");
        let new = replaced(&text, "new\n").expect("it has marks");
        assert_eq!(new, format!("a\n{BEGIN}\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&new, "new\n"), Some(new));
        assert_eq!(replaced("no marks", "new\n"), None);
    }

    #[test]
    fn what_is_wrong_stands_out_and_what_is_missing_is_named() {
        let wrong = Row {
            host: "x",
            runtime: Some("r 1".into()),
            vectors_passed: Some(3),
            vectors_failed: Some(1),
            digest_equal: Some(false),
            webhook_handle_us: Some(12.345),
            package_bytes: Some(1_001),
            ..Row::default()
        };
        let missing = Row {
            host: "y",
            missing: Some("`y` is not installed: get it".into()),
            ..Row::default()
        };
        let table = of(&[wrong, missing]);
        let lines: Vec<_> = table.lines().skip(2).collect();
        let expected = [
            "| x | r 1 | 3, **1 failed** | **no** | 12.3 µs |  |  |  | 2 KB |",
            "| y | `y` is not installed: get it | | | | | | | |",
        ];
        assert_eq!(lines, expected);
    }
}
