//! The plot of `docs/ingestion.md`: time and memory by size, as SVG.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;

use crate::growth::{Pair, Size};

/// Draws seconds and peak heap over chunks, both axes by powers of ten, beside a straight line of time through the
/// middle size.
pub(crate) fn draw(path: &Path, sizes: &[Pair]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let drawn = |error: String| anyhow!("{}: {error}", path.display());
    let area = SVGBackend::new(path, (960, 420)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| drawn(error.to_string()))?;
    let (left, right) = area.split_horizontally(480);
    let points = |value: fn(&Size) -> f64| -> Vec<(f64, f64)> {
        sizes.iter().map(|pair| (pair.whole.chunks as f64, value(&pair.whole))).collect()
    };
    let bare = |value: fn(&Size) -> f64| -> Vec<(f64, f64)> {
        sizes.iter().map(|pair| (pair.bare.chunks as f64, value(&pair.bare))).collect()
    };
    let middle = &sizes.get(sizes.len() / 2).context("nothing to draw")?.whole;
    let per_chunk = middle.seconds / middle.chunks as f64;
    let linear = sizes.iter().map(|pair| (pair.whole.chunks as f64, pair.whole.chunks as f64 * per_chunk)).collect();
    let (blue, green, grey) = (BLUE, RGBColor(0, 140, 60), RGBColor(150, 150, 150));
    let time = [
        ("measured", points(|size| size.seconds), blue),
        ("without indexes", bare(|size| size.seconds), green),
        ("a straight line", linear, grey),
    ];
    chart(&left, "seconds, embedding left out", &time).map_err(&drawn)?;
    let memory = [
        ("peak RSS, mapped index files counted", points(|size| size.rss_mib), RED),
        ("heap", points(|size| size.heap_mib), blue),
        ("heap without indexes", bare(|size| size.heap_mib), green),
    ];
    chart(&right, "memory, MiB", &memory).map_err(&drawn)?;
    area.present().map_err(|error| drawn(error.to_string()))
}

type Line<'a> = (&'a str, Vec<(f64, f64)>, RGBColor);

/// Lines over the same axes.
fn chart(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    lines: &[Line<'_>],
) -> Result<(), String> {
    let all = || lines.iter().flat_map(|(_, points, _)| points);
    let range = |values: &dyn Fn(&(f64, f64)) -> f64| {
        let (min, max) = all().map(values).fold((f64::INFINITY, 0.0), |(min, max), x| (x.min(min), x.max(max)));
        (min / 1.5..max * 1.5).log_scale()
    };
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(range(&|point| point.0), range(&|point| point.1))
        .map_err(|error| error.to_string())?;
    chart
        .configure_mesh()
        .x_desc("chunks")
        .x_label_formatter(&|chunks| format!("{chunks:.0}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(|error| error.to_string())?;
    for (name, points, color) in lines {
        let (points, color) = (points.clone(), *color);
        let line = LineSeries::new(points.clone(), color.stroke_width(2));
        let line = chart.draw_series(line).map_err(|error| error.to_string())?;
        line.label(*name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
        let dots = points.into_iter().map(|point| Circle::new(point, 3, color.filled()));
        chart.draw_series(dots).map_err(|error| error.to_string())?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .border_style(RGBColor(200, 200, 200))
        .draw()
        .map_err(|error| error.to_string())
}
