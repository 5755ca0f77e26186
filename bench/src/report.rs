//! What is printed on stdout and written as JSON.
#![expect(clippy::print_stdout, reason = "printing is this file's subject")]

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::attacks::Attacks;
use crate::engines::Engines;
use crate::first_token::FirstToken;
use crate::growth::Growth;
use crate::ingest::Ingest;
use crate::kills::Kills;
use crate::measure::Machine;
use crate::models::Models;
use crate::readers::Readers;
use crate::rerun::Rerun;
use crate::retrieval::Retrieval;
use crate::servers::Servers;
use crate::start::Start;
use crate::together::Together;

/// All figures of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) engines: Option<Shown<Engines>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_token: Option<Shown<FirstToken>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) together: Option<Shown<Together>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) models: Option<Shown<Models>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) servers: Option<Shown<Servers>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) readers: Option<Shown<Readers>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attacks: Option<Shown<Attacks>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<Shown<Start>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ingest: Option<Shown<Ingest>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rerun: Option<Shown<Rerun>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) growth: Option<Shown<Growth>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kills: Option<Shown<Kills>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retrieval: Option<Shown<Retrieval>>,
}

impl Report {
    /// Says on which machine.
    pub(crate) fn begin() -> Self {
        let machine = Machine::here();
        let load = machine.load.map_or("unknown".to_owned(), |load| format!("{load:.2}"));
        println!(
            "footnote {} on {}, {} cores, load {load}",
            env!("CARGO_PKG_VERSION"),
            machine.processor,
            machine.cores
        );
        if !machine.is_quiet() {
            println!("Other work was running on this machine: compare ratios, not absolute figures.");
        }
        Self { machine, ..Self::default() }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        Ok(fs_err::write(path, serde_json::to_vec_pretty(self)?)?)
    }
}

/// A subject of the report.
pub(crate) trait Section: Serialize {
    fn title(&self) -> String;
    fn tables(&self) -> Result<Vec<Table>>;
    fn claims(&self) -> Vec<Claim>;
    /// How it was measured.
    fn notes(&self) -> &'static [&'static str];
}

/// A section that was printed, with the verdicts on its claims.
#[derive(Debug, Serialize)]
pub(crate) struct Shown<S> {
    #[serde(flatten)]
    section: S,
    claims: Vec<Claim>,
}

/// Prints a section.
pub(crate) fn shown<S: Section>(section: S) -> Result<Shown<S>> {
    println!("\n## {}\n", section.title());
    for table in section.tables()? {
        println!("{}", table.text());
    }
    let claims = section.claims();
    for claim in &claims {
        println!("{}", claim.text());
    }
    for note in section.notes() {
        println!("- {note}");
    }
    Ok(Shown { section, claims })
}

/// A figure that the project promises.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Claim {
    figure: String,
    value: f64,
    bound: f64,
    /// `">="`, `"<="` or `"<"`.
    must_be: &'static str,
    met: bool,
}

impl Claim {
    pub(crate) fn at_least(figure: String, value: f64, bound: f64) -> Self {
        Self { figure, value, bound, must_be: ">=", met: value >= bound }
    }

    pub(crate) fn below(figure: String, value: f64, bound: f64) -> Self {
        Self { figure, value, bound, must_be: "<", met: value < bound }
    }

    pub(crate) fn at_most(figure: String, value: f64, bound: f64) -> Self {
        Self { figure, value, bound, must_be: "<=", met: value <= bound }
    }

    fn text(&self) -> String {
        let Self { figure, value, bound, must_be, met } = self;
        format!("{} {figure}: {value:.3} {must_be} {bound}", if *met { "met:    " } else { "NOT MET:" })
    }
}

/// A Markdown table, padded so that it reads well on a terminal too.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned).to_vec()] }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} |", width = *width));
            text.push_str(&format!("|{}\n", cells.collect::<String>()));
            if number == 0 {
                let rules = widths.iter().map(|width| format!("{}|", "-".repeat(width + 2)));
                text.push_str(&format!("|{}\n", rules.collect::<String>()));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_up() {
        let mut table = Table::new(["engine", "tok/s"]);
        table.row(["llama-cpp".into(), "279.0 (270–280)".into()]);
        let lines: Vec<usize> = table.text().lines().map(|line| line.chars().count()).collect();
        assert_eq!(lines, [lines[0]; 3]);
    }

    #[test]
    fn a_claim_that_is_missed_says_so() {
        assert!(Claim::at_least("ratio".into(), 0.94, 0.95).text().starts_with("NOT MET"));
        assert!(Claim::below("ratio".into(), 0.2, 0.2).text().starts_with("NOT MET"));
        assert!(Claim::at_most("ratio".into(), 1.3, 1.3).met && !Claim::at_most("ratio".into(), 1.31, 1.3).met);
        assert!(Claim::at_least("ratio".into(), 0.95, 0.95).met && Claim::below("ratio".into(), 0.19, 0.2).met);
        // Not a number meets nothing.
        assert!(!Claim::below("ratio".into(), f64::NAN, 0.2).met);
    }
}
