//! A plot for each part: a bar for each subject.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use plotters::prelude::{
    BLACK, Color as _, IntoDrawingArea as _, IntoFont as _, Rectangle, SVGBackend, Text, TextStyle,
    WHITE,
};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::figure::{Figures, short};

/// In pixels, as all below.
const WIDTH: i32 = 760;
const HEAD: i32 = 46;
const BAR: i32 = 28;
const GAP: i32 = 5;

/// The names end here, and the longest bar ends there: its number needs the rest.
const ZERO: i32 = 250;
const LONGEST: i32 = 430;

const OURS: RGBColor = RGBColor(46, 125, 50);
const OTHERS: RGBColor = RGBColor(144, 164, 174);

/// A bar: whose, and how long.
struct Bar<'a> {
    name: &'a str,
    value: f64,
}

/// Draw the part's plot into `file`.
///
/// # Errors
///
/// The file cannot be written.
pub fn draw(file: &Path, part: &str, figures: &Figures) -> Result<()> {
    let (measure, title) = match part {
        "decisions" => (
            "webhook.handle 1.4 KB",
            "One webhook of 1.4 KB, microseconds",
        ),
        "webhooks" => ("webhooks", "Webhooks a second, each durable"),
        "sync" => ("records", "Records a second into SQLite"),
        _ => ("webhook", "One webhook, microseconds of processor time"),
    };
    let subjects = figures.subjects().iter();
    let bars: Vec<_> = subjects
        // It takes so long that nothing could be seen of the others.
        .filter(|subject| !subject.contains("cold"))
        .filter_map(|name| {
            let value = figures.figure(measure, name)?.value;
            Some(Bar { name, value })
        })
        .collect();
    bar_chart(file, title, &bars)
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| format!("plot: cannot draw `{}`", file.display()))
}

fn bar_chart(
    file: &Path,
    title: &str,
    bars: &[Bar<'_>],
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let height = HEAD + BAR * i32::try_from(bars.len())? + 2 * GAP;
    let size = (u32::try_from(WIDTH)?, u32::try_from(height)?);
    let root = SVGBackend::new(file, size).into_drawing_area();
    root.fill(&WHITE)?;
    let heading = TextStyle::from(("sans-serif", 18).into_font()).color(&BLACK);
    root.draw(&Text::new(title, (2 * GAP, 2 * GAP), heading))?;
    let plain = TextStyle::from(("sans-serif", 14).into_font()).color(&BLACK);
    let (before, after) = (
        plain.pos(Pos::new(HPos::Right, VPos::Center)),
        plain.pos(Pos::new(HPos::Left, VPos::Center)),
    );
    let most = bars
        .iter()
        .map(|bar| bar.value)
        .fold(f64::MIN_POSITIVE, f64::max);
    let mut top = HEAD;
    for bar in bars {
        let middle = top + BAR / 2;
        let end = ZERO + length(bar.value / most);
        let color = if is_ours(bar.name) { OURS } else { OTHERS };
        root.draw(&Rectangle::new(
            [(ZERO, top + GAP), (end, top + BAR - GAP)],
            color.filled(),
        ))?;
        root.draw(&Text::new(bar.name, (ZERO - GAP, middle), before.clone()))?;
        root.draw(&Text::new(
            short(bar.value),
            (end + GAP, middle),
            after.clone(),
        ))?;
        top += BAR;
    }
    root.present()?;
    Ok(())
}

/// Of a part of the longest bar.
fn length(part: f64) -> i32 {
    (f64::from(LONGEST) * part).round() as i32
}

fn is_ours(subject: &str) -> bool {
    ["component", "merge-sync", "accounts"]
        .iter()
        .any(|ours| subject.contains(ours))
}
