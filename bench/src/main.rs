//! `footnote-bench`: every figure that the README quotes comes from here.
//!
//! * [`engines`]: the generation engines through footnote's seam, beside bare loops
//!   ([`bare_llama`], [`bare_mistralrs`]) over the same libraries.
//! * [`first_token`]: the whole ask beside the whole retrieved passages as a prompt.
//! * [`start`]: process start to ready, and the server's peak memory.
//! * [`ingest`]: ingestion beside a bare loop over the embedding model ([`bare_onnx`]) and a plain Python
//!   pipeline ([`python`]).
//! * [`rerun`]: an ingestion that finds nothing new; [`growth`]: time and memory by size, with a [`stand_in`] for the
//!   embedding model, [`growth_text`] to read, the indexes [`watched`] and a [`plot`]; [`kills`]: an ingestion that is killed.
//! * [`together`]: several readers at one engine, and a reader's second question.
//! * [`readers`]: readers at running servers of footnote's.
//! * [`attacks`]: documents that try to command the model.
//! * [`retrieval`]: both legs together beside each alone, by the size of the collection.
//! * [`generation`]: a generation as its consumer sees it; [`measure`]: medians, memory, the machine;
//!   [`child`]: measurements in processes of their own; [`product`]: settings and folders;
//!   [`report`]: what is printed and written.

mod args;
mod attacks;
mod bare_llama;
mod bare_mistralrs;
mod bare_onnx;
mod child;
mod engines;
mod first_token;
mod generation;
mod growth;
mod growth_text;
mod home;
mod ingest;
mod kills;
mod measure;
mod models;
mod plot;
mod product;
mod python;
mod readers;
mod report;
mod rerun;
mod retrieval;
mod servers;
mod stand_in;
mod start;
mod together;
mod watched;

use anyhow::Result;
use clap::Parser;

use args::{Args, Measurement, Options, RerunSubject, Subject};
use report::Report;

fn main() -> Result<()> {
    let args = Args::parse();
    match args.subject.unwrap_or(Subject::All) {
        Subject::Measure(measurement) => measure_here(&measurement, &args.options),
        subject => run(&subject, &args.options),
    }
}

/// A measurement that another process of this binary asked for.
fn measure_here(measurement: &Measurement, options: &Options) -> Result<()> {
    let models = options.models.as_deref();
    match measurement {
        Measurement::Engine(job) => child::answer(&engines::measure(job)?),
        Measurement::Ingest(job) => child::answer(&ingest::measure(job, models)?),
        Measurement::Bare(job) => match (job.batch, job.spinning) {
            (Some(batch), spinning) => child::answer(&bare_onnx::measure(job, batch, spinning, models)?),
            (None, _) => child::answer(&bare_onnx::sweep(job, models)?),
        },
        Measurement::Again(job) => child::answer(&rerun::measure(job, models)?),
        Measurement::Growth(job) => child::answer(&growth::measure(job, models)?),
        Measurement::Retrieval(job) => retrieval::measure(job, models),
    }
}

fn run(subject: &Subject, options: &Options) -> Result<()> {
    let all = matches!(subject, Subject::All);
    let mut report = Report::begin();
    if all || matches!(subject, Subject::Engines) {
        report.engines = Some(report::shown(engines::run(options)?)?);
    }
    if all || matches!(subject, Subject::FirstToken) {
        report.first_token = Some(report::shown(first_token::run(options)?)?);
    }
    if all || matches!(subject, Subject::Together) {
        report.together = Some(report::shown(together::run(options)?)?);
    }
    if let Subject::Models(subject) = subject {
        report.models = Some(report::shown(models::run(options, subject)?)?);
    }
    if let Subject::Servers(subject) = subject {
        report.servers = Some(report::shown(servers::run(options, subject)?)?);
    }
    if let Subject::Readers(subject) = subject {
        report.readers = Some(report::shown(readers::run(options, subject)?)?);
    }
    if matches!(subject, Subject::Attacks) {
        report.attacks = Some(report::shown(attacks::run(options)?)?);
    }
    if all || matches!(subject, Subject::Start) {
        report.start = Some(report::shown(start::run(options)?)?);
    }
    if all || matches!(subject, Subject::Ingest) {
        report.ingest = Some(report::shown(ingest::run(options)?)?);
    }
    if let Subject::Rerun(subject) = subject {
        report.rerun = Some(report::shown(rerun::run(options, subject)?)?);
    } else if all {
        report.rerun = Some(report::shown(rerun::run(options, &RerunSubject::default())?)?);
    }
    if let Subject::Growth(subject) = subject {
        report.growth = Some(report::shown(growth::run(options, subject)?)?);
    }
    if let Subject::Kills(subject) = subject {
        report.kills = Some(report::shown(kills::run(subject))?);
    }
    if let Subject::Retrieval(subject) = subject {
        report.retrieval = Some(report::shown(retrieval::run(options, subject)?)?);
    }
    match &options.json {
        Some(path) => report.write(path),
        None => Ok(()),
    }
}
