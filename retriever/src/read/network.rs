//! The model itself: question and text into tokens, tokens into logits, logits back to places in the text.

use footnote_core::seam::{ReadToken, Reading};
use footnote_core::{Code, Error, Result, Span};
use ort::session::Session;
use ort::value::Tensor;
use tokenizers::{Encoding, Tokenizer, TruncationParams, TruncationStrategy};

use super::OnnxReaderOptions;
use crate::onnx::{files, runtime};

/// Which of a pair the text is.
const TEXT: usize = 1;

pub(super) struct Network {
    session: Session,
    tokenizer: Tokenizer,
    /// Models of BERT's kind want to be told which tokens are the question's.
    wants_types: bool,
}

impl Network {
    pub(super) fn load(options: &OnnxReaderOptions) -> Result<Self> {
        let OnnxReaderOptions { id, max_tokens, folder, runtime, threads, .. } = options;
        let (onnx, tokenizer) = files::read(folder, id)?;
        let damaged = |error: String| files::damaged(folder, id, &error);
        let tokenizer = tokenizer_of(&tokenizer.tokenizer_file, *max_tokens)
            .map_err(|error| damaged(format!("tokenizer.json: {error}")))?;
        let environment = runtime::environment(runtime)?;
        let session = runtime::guarded(|| -> ort::Result<Session> {
            // Threads that spin between runs would take the cores from the generation engine.
            let mut builder =
                Session::builder(&environment)?.with_config_entry("session.intra_op.allow_spinning", "0")?;
            if *threads > 0 {
                builder = builder.with_intra_threads(*threads)?;
            }
            builder.commit_from_memory(&onnx)
        })
        .map_err(damaged)?;
        let gives = |name: &str| session.outputs().iter().any(|output| output.name() == name);
        if !(gives("start_logits") && gives("end_logits")) {
            return Err(damaged("it gives no `start_logits` and `end_logits`".into()));
        }
        let wants_types = session.inputs().iter().any(|input| input.name() == "token_type_ids");
        Ok(Self { session, tokenizer, wants_types })
    }

    /// One run. What a text has beyond the model's length is not read.
    pub(super) fn read(&mut self, question: &str, text: &str) -> Result<Reading> {
        let failed = |reason: String| Error::new(Code::EngineFailed, format!("the reading model failed: {reason}"));
        let encoded = self.tokenizer.encode((question, text), true).map_err(|error| failed(error.to_string()))?;
        let (start, end) = runtime::guarded(|| self.logits(&encoded)).map_err(failed)?;
        let none = start.first().zip(end.first()).map(|(start, end)| start + end);
        let none = none.filter(|none| none.is_finite()).ok_or_else(|| failed("it gave no usable logits".into()))?;
        let of_text = |at: &usize| encoded.get_sequence_ids().get(*at) == Some(&Some(TEXT));
        let tokens = (0..encoded.len().min(start.len()).min(end.len())).filter(of_text).map(|at| {
            let (from, to) = encoded.get_offsets()[at];
            ReadToken { span: Span::new(from, to), start: start[at], end: end[at] }
        });
        Ok(Reading { none, tokens: tokens.collect() })
    }

    fn logits(&mut self, encoded: &Encoding) -> ort::Result<(Vec<f32>, Vec<f32>)> {
        let numbers = |of: &[u32]| of.iter().map(|&number| i64::from(number)).collect::<Vec<i64>>();
        let tensor = |of: &[u32]| Tensor::from_array(([1, of.len()], numbers(of)));
        let mut inputs = ort::inputs![
            "input_ids" => tensor(encoded.get_ids())?,
            "attention_mask" => tensor(encoded.get_attention_mask())?,
        ];
        if self.wants_types {
            inputs.extend(ort::inputs!["token_type_ids" => tensor(encoded.get_type_ids())?]);
        }
        let outputs = self.session.run(inputs)?;
        let row = |name: &str| outputs[name].try_extract_tensor::<f32>().map(|(_, logits)| logits.to_vec());
        Ok((row("start_logits")?, row("end_logits")?))
    }
}

fn tokenizer_of(file: &[u8], max_tokens: usize) -> tokenizers::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_bytes(file)?;
    let truncation = TruncationParams {
        max_length: max_tokens,
        // The longer of the two is cut: the text, but for questions of a page.
        strategy: TruncationStrategy::LongestFirst,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}
