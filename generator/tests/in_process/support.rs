//! The bundle's model file and how it is asked, and small GGUF files of the tests' own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use footnote_core::Result;
use footnote_core::seam::{GenerationDone, GenerationEvent, GenerationRequest, Generator, Message, Role};
use footnote_generator::EngineOptions;
use futures::StreamExt;

/// The bundle's model.
pub(crate) fn model_file() -> PathBuf {
    let folder = std::env::var_os("FOOTNOTE_MODELS").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
        Some(cache.join("footnote/models"))
    });
    let file =
        folder.expect("HOME or FOOTNOTE_MODELS is set").join("smollm2-135m-instruct/SmolLM2-135M-Instruct-Q8_0.gguf");
    assert!(file.exists(), "{} is missing: run `make models`", file.display());
    file
}

/// Several readers of the bundle's model.
pub(crate) fn options() -> EngineOptions {
    EngineOptions {
        model_id: "smollm2".into(),
        file: model_file(),
        context: 2048,
        threads: 2,
        queue: 8,
        parallel: 4,
        isq: None,
        lora: vec![],
    }
}

pub(crate) fn request(content: &str, max_tokens: usize) -> GenerationRequest {
    let message = |role, content: &str| Message { role, content: content.into() };
    GenerationRequest {
        messages: vec![message(Role::System, "Answer in one short sentence."), message(Role::User, content)],
        max_tokens,
        deadline: Duration::from_secs(300),
        temperature: 0.0,
        grammar: None,
        asker: None,
    }
}

/// Runs a request to its end: the text, its pieces, the end.
pub(crate) async fn run(
    engine: &Arc<dyn Generator>,
    request: GenerationRequest,
) -> Result<(String, usize, GenerationDone)> {
    let mut stream = engine.generate(request).await?;
    let (mut text, mut tokens) = (String::new(), 0);
    while let Some(event) = stream.next().await {
        match event? {
            GenerationEvent::Token(piece) => {
                text.push_str(&piece);
                tokens += 1;
            }
            GenerationEvent::Done(done) => return Ok((text, tokens, done)),
        }
    }
    panic!("the stream ended without an end");
}

/// A GGUF file in the making (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>), with tensors of F32.
#[derive(Default)]
pub(crate) struct Gguf {
    pairs: Vec<u8>,
    pair_count: u64,
    infos: Vec<u8>,
    data: Vec<u8>,
    tensor_count: u64,
}

const ALIGNMENT: usize = 32;

impl Gguf {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key, 8);
        string(&mut self.pairs, value);
        self
    }

    pub(crate) fn float(mut self, key: &str, value: f32) -> Self {
        self.key(key, 6);
        self.pairs.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn number(mut self, key: &str, value: u32) -> Self {
        self.key(key, 4);
        self.pairs.extend(value.to_le_bytes());
        self
    }

    pub(crate) fn flag(mut self, key: &str, value: bool) -> Self {
        self.key(key, 7);
        self.pairs.push(u8::from(value));
        self
    }

    pub(crate) fn texts(mut self, key: &str, values: &[String]) -> Self {
        self.array(key, 8, values.len());
        values.iter().for_each(|value| string(&mut self.pairs, value));
        self
    }

    pub(crate) fn numbers(mut self, key: &str, values: &[i32]) -> Self {
        self.array(key, 5, values.len());
        values.iter().for_each(|value| self.pairs.extend(value.to_le_bytes()));
        self
    }

    /// `dims` as ggml has them: the row's length first.
    pub(crate) fn tensor(mut self, name: &str, dims: &[u64], value: impl Fn(usize) -> f32) -> Self {
        self.tensor_count += 1;
        string(&mut self.infos, name);
        self.infos.extend((dims.len() as u32).to_le_bytes());
        dims.iter().for_each(|dim| self.infos.extend(dim.to_le_bytes()));
        self.infos.extend(0u32.to_le_bytes());
        self.infos.extend((self.data.len() as u64).to_le_bytes());
        let elements = dims.iter().product::<u64>() as usize;
        (0..elements).for_each(|i| self.data.extend(value(i).to_le_bytes()));
        self.data.resize(self.data.len().next_multiple_of(ALIGNMENT), 0);
        self
    }

    pub(crate) fn write(self, file: &Path) {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend(self.tensor_count.to_le_bytes());
        bytes.extend(self.pair_count.to_le_bytes());
        bytes.extend(self.pairs);
        bytes.extend(self.infos);
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        bytes.extend(self.data);
        fs_err::write(file, bytes).expect("a test's folder can be written to");
    }

    fn array(&mut self, key: &str, kind: u32, length: usize) {
        self.key(key, 9);
        self.pairs.extend(kind.to_le_bytes());
        self.pairs.extend((length as u64).to_le_bytes());
    }

    fn key(&mut self, key: &str, kind: u32) {
        self.pair_count += 1;
        string(&mut self.pairs, key);
        self.pairs.extend(kind.to_le_bytes());
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}
