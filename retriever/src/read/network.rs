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
/// The share of the longest text's length that one has at least that is read beside it.
const ALIKE: f32 = 0.75;

const UNUSABLE: &str = "it gave no usable logits";

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

    /// A reading of each text, in order. What a text has beyond the model's length is not read.
    pub(super) fn read(&mut self, question: &str, texts: &[String]) -> Result<Vec<Reading>> {
        let encode = |text: &String| self.tokenizer.encode((question, text.as_str()), true);
        let encoded = texts.iter().map(encode).collect::<tokenizers::Result<Vec<Encoding>>>();
        let encoded = encoded.map_err(|error| failed(&error.to_string()))?;
        let mut readings = vec![Reading::default(); texts.len()];
        for run in runs(&encoded) {
            let texts: Vec<&Encoding> = run.iter().map(|at| &encoded[*at]).collect();
            let (start, end) = runtime::guarded(|| self.logits(&texts)).map_err(|reason| failed(&reason))?;
            let width = texts[0].len();
            if start.len() != texts.len() * width || end.len() != start.len() {
                return Err(failed(UNUSABLE));
            }
            let rows = start.chunks(width).zip(end.chunks(width));
            for ((at, text), (start, end)) in run.into_iter().zip(texts).zip(rows) {
                readings[at] = reading(text, start, end)?;
            }
        }
        Ok(readings)
    }

    /// Start and end logits of the texts' tokens, a row for each text; the first is the longest.
    fn logits(&mut self, texts: &[&Encoding]) -> ort::Result<(Vec<f32>, Vec<f32>)> {
        let width = texts[0].len();
        let tensor = |of: fn(&Encoding) -> &[u32]| {
            let padded = |text| of(text).iter().copied().map(i64::from).chain(std::iter::repeat(0)).take(width);
            Tensor::from_array(([texts.len(), width], texts.iter().copied().flat_map(padded).collect::<Vec<i64>>()))
        };
        let mut inputs = ort::inputs![
            "input_ids" => tensor(Encoding::get_ids)?,
            "attention_mask" => tensor(Encoding::get_attention_mask)?,
        ];
        if self.wants_types {
            inputs.extend(ort::inputs!["token_type_ids" => tensor(Encoding::get_type_ids)?]);
        }
        let outputs = self.session.run(inputs)?;
        let rows = |name: &str| outputs[name].try_extract_tensor::<f32>().map(|(_, logits)| logits.to_vec());
        Ok((rows("start_logits")?, rows("end_logits")?))
    }
}

/// The texts that are read in one run, longest first: those of about one length, so that little is padding. (Three long ones
/// together take four fifths of the time that they take one after the other, six short ones seven tenths: two threads.)
fn runs(encoded: &[Encoding]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..encoded.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(encoded[*at].len()));
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let fits = |run: &&mut Vec<usize>| encoded[at].len() as f32 >= ALIKE * encoded[run[0]].len() as f32;
        match runs.last_mut().filter(fits) {
            Some(run) => run.push(at),
            None => runs.push(vec![at]),
        }
    }
    runs
}

fn reading(text: &Encoding, start: &[f32], end: &[f32]) -> Result<Reading> {
    let none = start.first().zip(end.first()).map(|(start, end)| start + end);
    let none = none.filter(|none| none.is_finite()).ok_or_else(|| failed(UNUSABLE))?;
    let of_text = |at: &usize| text.get_sequence_ids().get(*at) == Some(&Some(TEXT));
    let tokens = (0..text.len()).filter(of_text).map(|at| {
        let (from, to) = text.get_offsets()[at];
        ReadToken { span: Span::new(from, to), start: start[at], end: end[at] }
    });
    Ok(Reading { none, tokens: tokens.collect() })
}

fn failed(reason: &str) -> Error {
    Error::new(Code::EngineFailed, format!("the reading model failed: {reason}"))
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
