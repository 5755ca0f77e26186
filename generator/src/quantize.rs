//! Makes a smaller GGUF file out of a larger one: its matrices in fewer bits, everything else as it is.
//!
//! The blocks are ggml's (<https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>), written by candle. What llama.cpp
//! does by default is kept to: vectors stay as they are, the output matrix gets at least six bits, and a matrix whose rows
//! are no multiple of 256 falls back from a K type to a plain one. Mixtures ("M") and importance matrices are not made.

use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use candle_core::quantized::gguf_file::{Content, TensorInfo};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Error as CandleError};
use footnote_core::{Code, Error, Result};
use fs_err::File;
use serde::Serialize;

use crate::engine::gguf::{self, GgufHeader};

/// What matrices become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantType {
    /// 8.5 bits a weight.
    Q8_0,
    /// 6.6 bits.
    Q6K,
    /// 5.5 bits.
    Q5K,
    /// 6 bits.
    Q5_1,
    /// 5.5 bits.
    Q5_0,
    /// 4.5 bits.
    Q4K,
    /// 5 bits.
    Q4_1,
    /// 4.5 bits.
    Q4_0,
}

impl QuantType {
    /// Each with its name, its ggml type and llama.cpp's number for files of it (`llama_ftype`).
    const ALL: [(Self, &str, GgmlDType, u32); 8] = [
        (Self::Q8_0, "q8_0", GgmlDType::Q8_0, 7),
        (Self::Q6K, "q6_k", GgmlDType::Q6K, 18),
        (Self::Q5K, "q5_k", GgmlDType::Q5K, 16),
        (Self::Q5_1, "q5_1", GgmlDType::Q5_1, 9),
        (Self::Q5_0, "q5_0", GgmlDType::Q5_0, 8),
        (Self::Q4K, "q4_k", GgmlDType::Q4K, 14),
        (Self::Q4_1, "q4_1", GgmlDType::Q4_1, 3),
        (Self::Q4_0, "q4_0", GgmlDType::Q4_0, 2),
    ];

    fn row(self) -> (Self, &'static str, GgmlDType, u32) {
        Self::ALL.into_iter().find(|row| row.0 == self).unwrap_or(Self::ALL[0])
    }

    /// Its name, as ggml writes it in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }
}

impl FromStr for QuantType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.to_lowercase();
        let name = match name.as_str() {
            "8" => "q8_0",
            "6" => "q6_k",
            "5" | "q5_k_s" => "q5_k",
            "4" | "q4_k_s" => "q4_k",
            name => name,
        };
        let known = Self::ALL.into_iter().find(|row| row.1 == name).map(|row| row.0);
        known.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|row| row.1).collect();
            format!("`{text}` is none of 8, 6, 5, 4, {}", names.join(", "))
        })
    }
}

/// What to make of what.
#[derive(Debug, Clone)]
pub struct QuantizeOptions {
    /// The larger file.
    pub input: PathBuf,
    /// The smaller one.
    pub output: PathBuf,
    /// What matrices become.
    pub to: QuantType,
    /// Whether a file that is quantized already may be quantized again, which costs quality twice.
    pub again: bool,
    /// Whether a file at `output` is replaced.
    pub replace: bool,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quantized {
    /// The file.
    pub output: PathBuf,
    /// Bytes of the input.
    pub bytes_before: u64,
    /// Bytes of the output.
    pub bytes_after: u64,
    /// How many tensors are of which type now.
    pub tensors: BTreeMap<String, usize>,
}

/// Makes `options.output`, whole or not at all. `progress` hears (tensors done, all).
///
/// # Errors
/// [`Code::ModelMissing`], [`Code::ModelDamaged`], [`Code::ModelUnsupported`], [`Code::BadRequest`] where the output exists or the
/// input is quantized already; I/O errors with the path.
pub fn quantize(options: &QuantizeOptions, progress: &dyn Fn(usize, usize)) -> Result<Quantized> {
    let header = gguf::inspect(&options.input)?;
    let file = File::open(&options.input).map_err(|error| Error::io(&options.input, error))?;
    let bytes_before = file.metadata().map_err(|error| Error::io(&options.input, error))?.len();
    let mut input = BufReader::new(file);
    let content = Content::read(&mut input).map_err(|error| unreadable(&options.input, error))?;
    let plan = plan(&content, options.to);
    refuse(options, &plan)?;

    // Not `.part`: that is a download's.
    let beside = options.output.with_extension("gguf.making");
    let written = write(options, &header, (&mut input, &content), &plan, (&beside, progress));
    let written = written
        .and_then(|()| gguf::inspect(&beside))
        .and_then(|_| fs_err::rename(&beside, &options.output).map_err(|error| Error::io(&options.output, error)));
    if let Err(error) = written {
        // Half a model is worth nothing, and may be what filled the disk.
        drop(fs_err::remove_file(&beside));
        return Err(error);
    }
    let bytes_after = fs_err::metadata(&options.output).map_err(|error| Error::io(&options.output, error))?.len();
    let mut tensors = BTreeMap::new();
    for step in &plan {
        *tensors.entry(format!("{:?}", step.to).to_lowercase()).or_default() += 1;
    }
    Ok(Quantized { output: options.output.clone(), bytes_before, bytes_after, tensors })
}

/// What becomes of a tensor.
struct Step<'a> {
    name: &'a str,
    info: &'a TensorInfo,
    to: GgmlDType,
}

impl Step<'_> {
    fn bytes(&self) -> usize {
        self.info.shape.elem_count() / self.to.block_size() * self.to.type_size()
    }
}

fn plan(content: &Content, to: QuantType) -> Vec<Step<'_>> {
    let tied = !content.tensor_infos.contains_key("output.weight");
    let mut steps: Vec<Step<'_>> =
        content.tensor_infos.iter().map(|(name, info)| Step { name, info, to: target(name, info, to, tied) }).collect();
    steps.sort_by_key(|step| step.info.offset);
    steps
}

fn target(name: &str, info: &TensorInfo, to: QuantType, tied: bool) -> GgmlDType {
    let dims = info.shape.dims();
    let stays = dims.len() < 2 || name.contains("norm") || name.contains("ffn_gate_inp") || name.ends_with(".bias");
    if stays {
        return info.ggml_dtype;
    }
    let wanted = to.row().2;
    let is_output = name == "output.weight" || (tied && name == "token_embd.weight");
    let wanted = if is_output && wanted != GgmlDType::Q8_0 { GgmlDType::Q6K } else { wanted };
    let row = dims.last().copied().unwrap_or(1);
    let fits = |kind: GgmlDType| row % kind.block_size() == 0;
    let plain = match wanted {
        GgmlDType::Q4K => GgmlDType::Q5_0,
        GgmlDType::Q5K => GgmlDType::Q5_1,
        GgmlDType::Q6K => GgmlDType::Q8_0,
        other => other,
    };
    [wanted, plain].into_iter().find(|kind| fits(*kind)).unwrap_or(info.ggml_dtype)
}

fn is_plain(kind: GgmlDType) -> bool {
    matches!(kind, GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16)
}

fn refuse(options: &QuantizeOptions, plan: &[Step<'_>]) -> Result<()> {
    let bad = |message: String| Error::new(Code::BadRequest, message);
    let same = fs_err::canonicalize(&options.output).ok();
    if same.is_some() && same == fs_err::canonicalize(&options.input).ok() {
        return Err(bad(format!("{}: a file cannot be quantized into itself", options.input.display()))
            .hint("name another file with --out"));
    }
    if same.is_some() && !options.replace {
        return Err(bad(format!("{}: there is a file already", options.output.display()))
            .hint("name another file with --out, or replace it with --force"));
    }
    let again = plan.iter().any(|step| step.to != step.info.ggml_dtype && !is_plain(step.info.ggml_dtype));
    if again && !options.again {
        return Err(bad(format!("{}: it is quantized already", options.input.display())).hint(
            "quantize the model's F16, BF16 or F32 file instead; --allow-requantize does it all the same, at a loss twice over",
        ));
    }
    Ok(())
}

type Input<'a> = (&'a mut BufReader<File>, &'a Content);

fn write(
    options: &QuantizeOptions,
    header: &GgufHeader,
    (input, content): Input<'_>,
    plan: &[Step<'_>],
    (beside, progress): (&Path, &dyn Fn(usize, usize)),
) -> Result<()> {
    let at = |error| Error::io(beside, error);
    let mut output = BufWriter::new(File::create(beside).map_err(at)?);
    let start = head(options, header, input, plan).map_err(|error| Error::io(&options.input, error))?;
    output.write_all(&start).map_err(at)?;
    for (done, step) in plan.iter().enumerate() {
        progress(done, plan.len());
        let tensor = content
            .tensor(input, step.name, &Device::Cpu)
            .and_then(|tensor| converted(tensor, step))
            .map_err(|error| unreadable(&options.input, error).context(step.name))?;
        let bytes = tensor.data().map_err(|error| unreadable(&options.input, error))?;
        output.write_all(&bytes).map_err(at)?;
        output.write_all(&vec![0; padding(bytes.len(), header.alignment)]).map_err(at)?;
    }
    progress(plan.len(), plan.len());
    output.flush().map_err(at)?;
    output.get_ref().sync_all().map_err(at)
}

fn converted(tensor: QTensor, step: &Step<'_>) -> Result<QTensor, CandleError> {
    if step.to == step.info.ggml_dtype {
        return Ok(tensor);
    }
    QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, step.to)
}

/// Everything before the tensors' data: the metadata byte for byte, but for the number that says how the file is quantized.
fn head(
    options: &QuantizeOptions,
    header: &GgufHeader,
    input: &mut BufReader<File>,
    plan: &[Step<'_>],
) -> std::io::Result<Vec<u8>> {
    let mut pairs = vec![0; usize::try_from(header.pairs.end - header.pairs.start).unwrap_or(0)];
    input.seek(SeekFrom::Start(header.pairs.start))?;
    input.read_exact(&mut pairs)?;
    if let Some(place) = header.file_type {
        let place = usize::try_from(place - header.pairs.start).unwrap_or(usize::MAX);
        if let Some(number) = pairs.get_mut(place..place.saturating_add(4)) {
            number.copy_from_slice(&options.to.row().3.to_le_bytes());
        }
    }
    let mut out = Vec::with_capacity(pairs.len() + plan.len() * 96);
    out.extend_from_slice(b"GGUF");
    out.extend_from_slice(&3u32.to_le_bytes());
    out.extend_from_slice(&(plan.len() as u64).to_le_bytes());
    out.extend_from_slice(&header.pair_count.to_le_bytes());
    out.extend_from_slice(&pairs);
    let mut offset = 0;
    for step in plan {
        out.extend_from_slice(&(step.name.len() as u64).to_le_bytes());
        out.extend_from_slice(step.name.as_bytes());
        let dims = step.info.shape.dims();
        out.extend_from_slice(&u32::try_from(dims.len()).unwrap_or(0).to_le_bytes());
        for dim in dims.iter().rev() {
            out.extend_from_slice(&(*dim as u64).to_le_bytes());
        }
        out.extend_from_slice(&number(step.to).to_le_bytes());
        out.extend_from_slice(&(offset as u64).to_le_bytes());
        offset += step.bytes() + padding(step.bytes(), header.alignment);
    }
    out.resize(out.len() + padding(out.len(), header.alignment), 0);
    Ok(out)
}

fn padding(length: usize, alignment: u64) -> usize {
    let alignment = usize::try_from(alignment).unwrap_or(32).max(1);
    length.next_multiple_of(alignment) - length
}

/// ggml's number for a type (`ggml_type`); candle keeps its own to itself.
fn number(kind: GgmlDType) -> u32 {
    match kind {
        GgmlDType::F32 => 0,
        GgmlDType::F16 => 1,
        GgmlDType::Q4_0 => 2,
        GgmlDType::Q4_1 => 3,
        GgmlDType::Q5_0 => 6,
        GgmlDType::Q5_1 => 7,
        GgmlDType::Q8_0 => 8,
        GgmlDType::Q8_1 => 9,
        GgmlDType::Q2K => 10,
        GgmlDType::Q3K => 11,
        GgmlDType::Q4K => 12,
        GgmlDType::Q5K => 13,
        GgmlDType::Q6K => 14,
        GgmlDType::Q8K => 15,
        GgmlDType::BF16 => 30,
    }
}

fn unreadable(path: &Path, error: CandleError) -> Error {
    Error::new(Code::ModelUnsupported, format!("{}: its tensors cannot be read: {error}", path.display()))
        .hint("files with F32, F16, BF16, Q4_0 to Q8_0 and K types can be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_names_are_understood_and_others_are_listed() {
        for (text, kind) in
            [("8", QuantType::Q8_0), ("5", QuantType::Q5K), ("4", QuantType::Q4K), ("Q4_1", QuantType::Q4_1)]
        {
            assert_eq!(text.parse(), Ok(kind));
        }
        let said = "q4_k_m".parse::<QuantType>().unwrap_err();
        assert!(said.contains("q4_k_m") && said.contains("q5_1"), "{said}");
    }

    #[test]
    fn a_tensor_gets_the_type_that_its_rows_allow() {
        let info = |dims: &[usize]| TensorInfo { ggml_dtype: GgmlDType::F16, shape: dims.into(), offset: 0 };
        for (name, dims, tied, expected) in [
            ("blk.0.attn_q.weight", &[576, 512][..], true, GgmlDType::Q4K),
            ("blk.0.attn_q.weight", &[512, 576], true, GgmlDType::Q5_0),
            ("blk.0.attn_q.weight", &[512, 100], true, GgmlDType::F16),
            ("blk.0.attn_norm.weight", &[576], true, GgmlDType::F16),
            ("token_embd.weight", &[100, 512], true, GgmlDType::Q6K),
            ("token_embd.weight", &[100, 512], false, GgmlDType::Q4K),
            ("output.weight", &[100, 576], false, GgmlDType::Q8_0),
        ] {
            assert_eq!(target(name, &info(dims), QuantType::Q4K, tied), expected, "{name} {dims:?} {tied}");
        }
    }
}
