//! The plots of `docs/`: two charts side by side, both axes by powers of ten, as SVG.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;
pub(crate) use plotters::style::colors::{BLUE, RED};

pub(crate) const GREEN: RGBColor = RGBColor(0, 140, 60);
pub(crate) const GREY: RGBColor = RGBColor(150, 150, 150);

/// A line: its name, its points, its colour.
pub(crate) type Line = (&'static str, Vec<(f64, f64)>, RGBColor);

/// Lines over the same axes.
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
}

/// Draws both, over chunks.
pub(crate) fn pair(path: &Path, left: &Chart, right: &Chart) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let drawn = |error: String| anyhow!("{}: {error}", path.display());
    let area = SVGBackend::new(path, (960, 420)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| drawn(error.to_string()))?;
    let (first, second) = area.split_horizontally(480);
    chart(&first, &left.title, &left.lines).map_err(&drawn)?;
    chart(&second, &right.title, &right.lines).map_err(&drawn)?;
    area.present().map_err(|error| drawn(error.to_string()))
}

fn chart(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    lines: &[Line],
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
