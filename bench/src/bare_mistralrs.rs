//! The plain use of mistralrs's own streaming API that the seam is measured against.

use anyhow::{Context, Result, bail};
use footnote_core::seam::{Message, Role};
use mistralrs::{
    GgufModelBuilder, Model, RequestBuilder, Response, SamplingParams, TextMessageRole, TokenSource, best_device,
};

use crate::args::EngineJob;
use crate::engines::WARM_UP_TOKENS;
use crate::generation::{Generation, Watch, long_chat, short_chat};

/// Loads the model, warms it up, and measures.
pub(crate) async fn measure(job: &EngineJob) -> Result<Generation> {
    let model = load(job).await?;
    generate(&model, short_chat(), WARM_UP_TOKENS).await?;
    generate(&model, long_chat(), job.tokens).await
}

/// With the parameters of footnote's engine.
async fn load(job: &EngineJob) -> Result<Model> {
    let folder = job.file.parent().context("the model file is in no folder")?.to_string_lossy();
    let name = job.file.file_name().context("the model file has no name")?.to_string_lossy();
    let builder = GgufModelBuilder::new(folder, vec![name]).with_token_source(TokenSource::None);
    let on_cpu = best_device(false)?.is_cpu();
    let builder = if on_cpu {
        builder.with_force_cpu().with_max_num_seqs(1).with_prefix_cache_n(None)
    } else {
        builder.with_max_num_seqs(8).with_prefix_cache_n(Some(4))
    };
    builder.build().await
}

async fn generate(model: &Model, messages: Vec<Message>, max_tokens: usize) -> Result<Generation> {
    let mut watch = Watch::start();
    let mut request = RequestBuilder::new().set_sampling(SamplingParams {
        temperature: Some(0.0),
        max_len: Some(max_tokens),
        ..SamplingParams::neutral()
    });
    for Message { role, content } in messages {
        let role = match role {
            Role::System => TextMessageRole::System,
            Role::User => TextMessageRole::User,
            Role::Assistant => TextMessageRole::Assistant,
        };
        request = request.add_message(role, content);
    }
    let mut stream = model.stream_chat_request(request).await?;
    while let Some(response) = stream.next().await {
        let Response::Chunk(chunk) = response else { bail!("mistral.rs failed: {:?}", response.as_result().err()) };
        let choice = chunk.choices.first().context("a chunk without a choice")?;
        watch.piece(choice.delta.content.as_deref().unwrap_or_default().as_bytes());
        if choice.finish_reason.is_some() {
            let usage = chunk.usage.context("the last chunk has no usage")?;
            return watch.end(usage.prompt_tokens, usage.completion_tokens);
        }
    }
    bail!("mistral.rs ended without a last chunk")
}
