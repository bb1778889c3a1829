//! Draws what each window rule lost.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use plotters::prelude::{
    BLACK, ChartBuilder, IntoDrawingArea as _, LineSeries, PathElement, RGBColor, SVGBackend,
    ShapeStyle, WHITE,
};

use crate::scenario::Rule;
use crate::seeds::Sum;

/// Width and height, in pixels.
const SIZE: (u32, u32) = (760, 400);

/// A line of the plot: the rule, and what its seeds lost one after the other.
pub type Course = (Rule, Sum);

/// Records lost for good or out of date for good, summed over the seeds, a line a rule.
///
/// # Errors
///
/// The file cannot be written.
pub fn draw(file: &Path, courses: &[Course]) -> anyhow::Result<()> {
    let drawn = || {
        let root = SVGBackend::new(file, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let seeds = courses.iter().map(|(_, sum)| sum.seeds).max().unwrap_or(0);
        let most = courses.iter().map(|(_, sum)| sum.course.iter().sum());
        let most: u64 = most.max().unwrap_or(0);
        let mut chart = ChartBuilder::on(&root)
            .caption("Records lost or out of date for good", ("sans-serif", 18))
            .margin(14)
            .x_label_area_size(42)
            .y_label_area_size(64)
            .build_cartesian_2d(0..seeds, 0..most.max(10) * 21 / 20)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("seeds, about nine account-days each")
            .y_desc("records, summed")
            .draw()?;
        for (rule, sum) in courses {
            let style = style(*rule);
            let mut lost = 0;
            let points = (1..).zip(&sum.course).map(|(seed, more)| {
                lost += more;
                (seed, lost)
            });
            let line = LineSeries::new(std::iter::once((0, 0)).chain(points), style);
            chart
                .draw_series(line)?
                .label(format!(
                    "{} ({})",
                    rule.name(),
                    sum.course.iter().sum::<u64>()
                ))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        chart
            .configure_series_labels()
            .position(plotters::prelude::SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .border_style(BLACK)
            .label_font(("sans-serif", 14))
            .draw()?;
        root.present()?;
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    drawn()
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| format!("plot: cannot draw `{}`", file.display()))
}

/// Two of the lines lie on each other: one is drawn thick below, the other thin above.
fn style(rule: Rule) -> ShapeStyle {
    let (color, width) = match rule {
        Rule::Contiguous => (RGBColor(46, 125, 50), 5),
        Rule::OpenEnded => (RGBColor(25, 118, 210), 2),
        Rule::FetchStart => (RGBColor(198, 40, 40), 2),
    };
    ShapeStyle::from(&color).stroke_width(width)
}
