//! `footnote models list|pull|verify`.

use footnote_config::{Model, ModelKind};
use footnote_core::Result;
use serde_json::json;
use std::path::{Path, PathBuf};

use footnote_generator::quantize::{QuantType, QuantizeOptions, quantize};

use super::args::{Models, ModelsAction};
use super::context::Context;
use super::terminal::{self, Outcome};
use crate::models::locate;
use crate::models::pull::{Hub, PullEvent};
use crate::models::verify::{Checked, verify};
use crate::wire::engines::gguf;

pub(super) async fn run(context: &Context, args: Models) -> Result<Outcome> {
    match args.action {
        ModelsAction::List => list(context),
        ModelsAction::Pull { ids } => pull(context, ids).await,
        ModelsAction::Quantize { model, to, out, allow_requantize, force } => {
            let input = gguf_of(context, &model)?;
            let output = out.unwrap_or_else(|| beside(&input, to));
            make_smaller(context, QuantizeOptions { input, output, to, again: allow_requantize, replace: force })
        }
        ModelsAction::Verify { ids } => check(context, &ids),
    }
}

fn list(context: &Context) -> Result<Outcome> {
    let folder = &context.settings.models;
    if context.json {
        let models = context.models.models.iter();
        let rows: Vec<_> = models.map(|model| json!({ "model": model, "here": model.is_here(folder) })).collect();
        terminal::json(&rows)?;
        return Ok(Outcome::Done);
    }
    for model in &context.models.models {
        let here = if model.is_here(folder) { "here" } else { "-" };
        let kind = match model.kind {
            ModelKind::Embedding => "embedding",
            ModelKind::Reranker => "reranker",
            ModelKind::Reader => "reader",
            ModelKind::Generation => "generation",
            ModelKind::Runtime => "runtime",
        };
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".into());
        terminal::line(format!(
            "{:<30} {kind:<10} {:<10} {:>6}  {:<7} {here:<5} {}",
            model.id,
            model.family,
            word(&model.parameters),
            word(&model.quantization),
            model.licence
        ));
    }
    terminal::note(format!("in {}", folder.display()));
    Ok(Outcome::Done)
}

async fn pull(context: &Context, ids: Vec<String>) -> Result<Outcome> {
    let settings = &context.settings;
    let defaults = || vec![settings.embedding.model.clone(), settings.generation.model.clone()];
    let ids = if ids.is_empty() { defaults() } else { ids };
    let hub = Hub::from_variables(|name| std::env::var(name).ok());
    for id in &ids {
        let model = context.models.get(id)?;
        let bar =
            terminal::progress_bar(context.quiet, "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta} left");
        let pulled = hub
            .pull(&settings.models, model, &|event| match event {
                PullEvent::Kept { file } => terminal::note(format!("{id}/{file}: here already")),
                PullEvent::Progress { file, done, total } => {
                    bar.set_message(format!("{id}/{file}"));
                    bar.set_length(total.unwrap_or(done));
                    bar.set_position(done);
                }
                PullEvent::Fetched { file, sha256, pinned } => {
                    let how = if pinned { "checked" } else { "not pinned in the catalog, for your record" };
                    terminal::note(format!("{id}/{file}: fetched; sha256 {sha256} ({how})"));
                }
            })
            .await;
        bar.finish_and_clear();
        pulled?;
    }
    Ok(Outcome::Done)
}

fn check(context: &Context, ids: &[String]) -> Result<Outcome> {
    let folder = &context.settings.models;
    let models: Vec<&Model> = if ids.is_empty() {
        context.models.models.iter().filter(|model| model.is_here(folder)).collect()
    } else {
        ids.iter().map(|id| context.models.get(id)).collect::<Result<_>>()?
    };
    let mut outcome = Outcome::Done;
    for model in models {
        for (name, checked) in verify(folder, model) {
            match checked {
                Ok(Checked::Matches) => terminal::line(format!("ok        {}/{name}", model.id)),
                Ok(Checked::Unpinned) => terminal::line(format!("unpinned  {}/{name}", model.id)),
                Err(error) => {
                    terminal::line(format!("failed    {}/{name}", model.id));
                    terminal::print_error(&error);
                    outcome = Outcome::WithFailures;
                }
            }
        }
    }
    Ok(outcome)
}

/// The GGUF file of a model of the catalog, or the one at a path.
fn gguf_of(context: &Context, model: &str) -> Result<PathBuf> {
    match context.models.get(model) {
        Ok(known) => locate(&context.settings.models, known, &gguf(known)?),
        Err(_) if model.contains(['/', '.']) => Ok(model.into()),
        Err(unknown) => Err(unknown),
    }
}

/// `model-F16.gguf` becomes `model-Q4_K.gguf`, any other `name-Q4_K.gguf`.
fn beside(input: &Path, to: QuantType) -> PathBuf {
    let stem = input.file_stem().unwrap_or_default().to_string_lossy();
    let name = match stem.rsplit_once(['-', '.']) {
        Some((name, kind)) if ["f16", "bf16", "f32"].contains(&kind.to_lowercase().as_str()) => name,
        _ => &*stem,
    };
    input.with_file_name(format!("{name}-{}.gguf", to.name().to_uppercase()))
}

fn make_smaller(context: &Context, options: QuantizeOptions) -> Result<Outcome> {
    let bar = terminal::progress_bar(context.quiet, "{bar:30} {pos}/{len} tensors · {eta} left");
    let made = quantize(&options, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let made = made?;
    if context.json {
        terminal::json(&made)?;
        return Ok(Outcome::Done);
    }
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let types: Vec<String> = made.tensors.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    terminal::line(format!(
        "{}  {:.1} MiB instead of {:.1}; tensors: {}",
        made.output.display(),
        mib(made.bytes_after),
        mib(made.bytes_before),
        types.join(", ")
    ));
    terminal::note(format!("to use it: generation.model = \"{}\"", made.output.display()));
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_takes_the_place_of_the_old_one_in_the_name() {
        for (input, output) in
            [("/m/x-F16.gguf", "/m/x-Q4_K.gguf"), ("/m/x.gguf", "/m/x-Q4_K.gguf"), ("x-7B.bf16.gguf", "x-7B-Q4_K.gguf")]
        {
            assert_eq!(beside(Path::new(input), QuantType::Q4K), Path::new(output));
        }
    }
}
