//! `footnote eval SET`: a QA set through the whole product.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use footnote_config::Settings;
use footnote_core::question::Turn;
use footnote_core::{Code, Error, Grants, Result};
use footnote_eval::{Comparison, Condense, EvalSet, Report, RunOptions, System};
use footnote_ingest::{CancellationToken, RetryWhich};
use serde_json::json;

use super::args::Eval;
use super::context::Context;
use super::ingest::Bar;
use super::terminal::{self, Outcome};
use crate::api::inquiry::known_fields;
use crate::api::{Collections, Condenser};
use crate::wire::{Footnote, Load};

/// Passages that are ranked per question: enough for recall@100 where documents have several.
const DEPTH: usize = 300;

pub(super) async fn run(context: &Context, args: Eval) -> Result<Outcome> {
    if let Some(reports) = &args.compare {
        return compare(context, reports);
    }
    let path = args.set.as_deref().unwrap_or(Path::new(""));
    let set = EvalSet::read(path)?;
    let settings = asking(context, &args);
    let load = if args.retrieval_only { Load::Retrieval } else { Load::Answers };
    let footnote = match set.corpus.is_some() && args.collection.is_none() {
        true => Footnote::create(&settings, &context.models, load, "footnote eval").await?,
        false => Footnote::read(&settings, &context.models, load, "footnote eval").await?,
    };
    let collection = collection(context, &footnote, &args, &set).await?;
    let handle = Collections::open(&footnote, &collection).await?;
    let system = System {
        searcher: handle.searcher,
        answerer: (!args.retrieval_only).then_some(handle.answerer),
        catalog: footnote.catalog(),
        condense: (!args.no_condense).then(|| Arc::new(FollowUps(footnote.condenser())) as Arc<dyn Condense>),
    };
    for question in &set.questions {
        known_fields(&*system.catalog, &collection, question.filter.as_ref(), &Grants::All)
            .await
            .map_err(|error| error.context(format_args!("question `{}`", question.id)))?;
    }
    let settings = serde_json::to_value(&settings).map_err(|error| Error::internal(error.to_string()))?;
    let options = RunOptions { limit: args.limit, retrieval_depth: DEPTH, settings };
    let bar = terminal::progress_bar(context.quiet, "{bar:30} {pos}/{len} questions · {elapsed} so far, {eta} left");
    let report = footnote_eval::run(&set, &system, options, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    if args.fit_abstention {
        fit_abstention(context, &report, args.report.as_deref())
    } else {
        finish(context, &report, args.report.as_deref())
    }
}

/// The settings to ask with: a fit has to see every answer, also those that the threshold in force would hold back.
fn asking(context: &Context, args: &Eval) -> Settings {
    let mut settings = context.settings.clone();
    if args.fit_abstention {
        settings.grounding.min_confidence = 0.0;
    }
    settings
}

/// Fits the threshold, writes it into the settings file and says what it changes.
fn fit_abstention(context: &Context, report: &Report, file: Option<&Path>) -> Result<Outcome> {
    if let Some(path) = file {
        report.write(path)?;
    }
    let fitted = footnote_eval::fit(&report.questions, context.settings.grounding.min_confidence)?;
    // Rounded, so that a settings file reads well; down, so that nothing more is refused than was fitted.
    let value = (fitted.after.min_confidence * 1_000.0).floor() / 1_000.0;
    let settings = context.settings_file();
    footnote_config::edit::set(&settings, "grounding.min_confidence", f64::from(value))?;
    if context.json {
        terminal::json(&json!({ "fit": fitted, "settings_file": settings, "summary": report.summary }))?;
    } else {
        for (name, effect) in [("before", fitted.before), ("fitted", fitted.after)] {
            terminal::line(format!(
                "{name}  min_confidence {:.3}: {} of {} answered rightly, {} of {} refused that have no answer",
                effect.min_confidence, effect.right, effect.answerable, effect.refused, effect.unanswerable
            ));
        }
    }
    terminal::note(format!("written to {}", settings.display()));
    Ok(Outcome::Done)
}

/// Follow-up questions as the product takes them.
struct FollowUps(Arc<dyn Condenser>);

#[async_trait]
impl Condense for FollowUps {
    async fn standalone(&self, history: &[Turn], question: &str) -> String {
        self.0.condense(history, question).await.standalone
    }
}

/// The collection to ask: the one named, or the set's own documents, ingested where they are not yet.
async fn collection(context: &Context, footnote: &Footnote, args: &Eval, set: &EvalSet) -> Result<String> {
    let own = set.collection();
    let name = args.collection.clone().or_else(|| own.clone());
    let name = context.collection(name.as_deref())?.to_owned();
    if let Some(corpus) = &set.corpus
        && args.collection.is_none()
    {
        terminal::note(format!("documents of `{}` go into the collection `{name}`", set.name));
        let bar = Bar::new(context.quiet);
        let report = footnote
            .ingestor(&name, RetryWhich::Failed, &bar, &CancellationToken::new())
            .await?
            .ingest_sources(corpus.clone(), &bar, &CancellationToken::new())
            .await;
        bar.finish();
        let report = report?;
        if report.failed > 0 {
            let first = report.problems.first().map_or("", |problem| problem.reason.as_str());
            return Err(Error::new(
                Code::EvalSet,
                format!("{} of its documents could not be ingested: {first}", report.failed),
            )
            .hint("footnote documents list --status failed shows them"));
        }
    }
    Ok(name)
}

fn finish(context: &Context, report: &Report, file: Option<&Path>) -> Result<Outcome> {
    if let Some(path) = file {
        report.write(path)?;
    }
    if context.json {
        terminal::line(report.to_json()?);
    } else {
        terminal::line(report.table());
    }
    let failed = report.questions.iter().any(|question| question.error.is_some());
    Ok(if failed { Outcome::WithFailures } else { Outcome::Done })
}

fn compare(context: &Context, reports: &[PathBuf]) -> Result<Outcome> {
    let [before, after] = reports else { return Err(Error::internal("two reports are compared")) };
    let comparison = Comparison::of(&Report::read(before)?, &Report::read(after)?);
    if context.json {
        terminal::json(&comparison)?;
    } else {
        terminal::line(comparison.table());
    }
    Ok(Outcome::Done)
}
