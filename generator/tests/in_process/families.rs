//! Each family's architecture, in small: files with random weights, its tokenizer's kind and its chat template, loaded and
//! made to write. What they write means nothing; that they load, read a chat and write tokens is what is shown.

use std::path::{Path, PathBuf};

use footnote_core::Code;
use footnote_core::seam::GenerationDone;
use footnote_generator::{EngineChoice, EngineOptions, load};

use super::support::{Gguf, options, request, run};

const WIDTH: u64 = 64;
const HEADS: u32 = 4;
const HEADS_KV: u32 = 2;
const HEAD: u64 = 16;
const INNER: u64 = 128;
const BLOCKS: u32 = 2;

/// A family as its model files have it.
struct Family {
    name: &'static str,
    /// `general.architecture`.
    architecture: &'static str,
    /// `tokenizer.ggml.pre`: how text is cut before byte pairs are merged.
    cut: &'static str,
    template: &'static str,
    /// The control tokens that the template writes, the one that ends a turn last.
    controls: &'static [&'static str],
    /// Whether mistral.rs 0.8.1 runs its GGUF files.
    in_mistralrs: bool,
}

pub(super) const CHATML: &str = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}\
                      {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const LLAMA: &str = "{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] }}<|eot_id|>\
                     {% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";
pub(super) const MISTRAL: &str = "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]\
                       {% elif m['role'] == 'assistant' %}{{ m['content'] }}</s>\
                       {% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}";
const GEMMA: &str = "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}\
                     <start_of_turn>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] }}<end_of_turn>\n\
                     {% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}";
const DEEPSEEK: &str = "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'] }}{% endif %}\
                        {% if m['role'] == 'user' %}<｜User｜>{{ m['content'] }}{% endif %}\
                        {% if m['role'] == 'assistant' %}<｜Assistant｜>{{ m['content'] }}<｜end▁of▁sentence｜>{% endif %}{% endfor %}\
                        {% if add_generation_prompt %}<｜Assistant｜>{% endif %}";

const FAMILIES: [Family; 8] = [
    family("SmolLM2", "llama", "smollm", CHATML, &["<|im_start|>", "<|im_end|>"], true),
    family("SmolLM3", "smollm3", "llama-bpe", CHATML, &["<|im_start|>", "<|im_end|>"], false),
    family("Llama 3", "llama", "llama-bpe", LLAMA, &["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], true),
    family("Mistral", "llama", "tekken", MISTRAL, &["[INST]", "[/INST]", "</s>"], true),
    family("Gemma 3", "gemma3", "default", GEMMA, &["<start_of_turn>", "<end_of_turn>"], false),
    family("Qwen 2.5", "qwen2", "qwen2", CHATML, &["<|im_start|>", "<|im_end|>"], true),
    family("Qwen 3", "qwen3", "qwen2", CHATML, &["<|im_start|>", "<|im_end|>"], true),
    family(
        "DeepSeek R1 distilled",
        "qwen2",
        "deepseek-r1-qwen",
        DEEPSEEK,
        &["<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"],
        true,
    ),
];

const fn family(
    name: &'static str,
    architecture: &'static str,
    cut: &'static str,
    template: &'static str,
    controls: &'static [&'static str],
    in_mistralrs: bool,
) -> Family {
    Family { name, architecture, cut, template, controls, in_mistralrs }
}

impl Family {
    fn write(&self, folder: &Path, context: u32) -> PathBuf {
        let file = folder.join("random.gguf");
        let mut gguf = self.tokenizer(self.settings(context));
        let vocabulary = vocabulary(self.controls).0.len() as u64;
        let (q, kv) = (u64::from(HEADS) * HEAD, u64::from(HEADS_KV) * HEAD);
        gguf = weights(gguf, "token_embd.weight", &[WIDTH, vocabulary]);
        // Only what can be read is ever written: of other tokens the logit is 0, which of many random ones the best is above.
        let readable = |i: usize| (0x21..0x7f).contains(&(i / WIDTH as usize));
        let random = random("output.weight");
        gguf = gguf.tensor("output.weight", &[WIDTH, vocabulary], |i| if readable(i) { random(i) } else { 0.0 });
        gguf = gguf.tensor("output_norm.weight", &[WIDTH], |_| 1.0);
        for block in 0..BLOCKS {
            let name = |part: &str| format!("blk.{block}.{part}");
            let norms: &[(&str, u64)] = match self.architecture {
                "gemma3" => &[
                    ("attn_q_norm", HEAD),
                    ("attn_k_norm", HEAD),
                    ("post_attention_norm", WIDTH),
                    ("post_ffw_norm", WIDTH),
                ],
                "qwen3" => &[("attn_q_norm", HEAD), ("attn_k_norm", HEAD)],
                _ => &[],
            };
            for (norm, width) in [("attn_norm", WIDTH), ("ffn_norm", WIDTH)].iter().chain(norms) {
                gguf = gguf.tensor(&name(&format!("{norm}.weight")), &[*width], |_| 1.0);
            }
            for (part, dims) in [
                ("attn_q", [WIDTH, q]),
                ("attn_k", [WIDTH, kv]),
                ("attn_v", [WIDTH, kv]),
                ("attn_output", [q, WIDTH]),
                ("ffn_gate", [WIDTH, INNER]),
                ("ffn_up", [WIDTH, INNER]),
                ("ffn_down", [INNER, WIDTH]),
            ] {
                gguf = weights(gguf, &name(&format!("{part}.weight")), &dims);
                if self.architecture == "qwen2" && matches!(part, "attn_q" | "attn_k" | "attn_v") {
                    gguf = weights(gguf, &name(&format!("{part}.bias")), &[dims[1]]);
                }
            }
        }
        gguf.write(&file);
        file
    }

    fn settings(&self, context: u32) -> Gguf {
        let key = |key: &str| format!("{}.{key}", self.architecture);
        let gguf = Gguf::new()
            .text("general.architecture", self.architecture)
            .text("general.name", self.name)
            .number(&key("context_length"), context)
            .number(&key("embedding_length"), WIDTH as u32)
            .number(&key("block_count"), BLOCKS)
            .number(&key("feed_forward_length"), INNER as u32)
            .number(&key("attention.head_count"), HEADS)
            .number(&key("attention.head_count_kv"), HEADS_KV)
            .number(&key("attention.key_length"), HEAD as u32)
            .number(&key("attention.value_length"), HEAD as u32)
            .number(&key("rope.dimension_count"), HEAD as u32)
            .float(&key("rope.freq_base"), 10_000.0)
            .float(&key("attention.layer_norm_rms_epsilon"), 1e-5);
        if self.architecture == "gemma3" { gguf.number(&key("attention.sliding_window"), 64) } else { gguf }
    }

    fn tokenizer(&self, gguf: Gguf) -> Gguf {
        let (tokens, kinds) = vocabulary(self.controls);
        let end = tokens.len() as u32 - 1;
        gguf.text("tokenizer.ggml.model", "gpt2")
            .text("tokenizer.ggml.pre", self.cut)
            .texts("tokenizer.ggml.tokens", &tokens)
            .numbers("tokenizer.ggml.token_type", &kinds)
            .texts("tokenizer.ggml.merges", &["t h".to_owned()])
            .number("tokenizer.ggml.bos_token_id", end)
            .number("tokenizer.ggml.eos_token_id", end)
            .flag("tokenizer.ggml.add_bos_token", false)
            .text("tokenizer.chat_template", self.template)
    }
}

/// A token for each byte, as GPT-2 writes bytes as characters; one merged pair; the control tokens. And their types.
pub(super) fn vocabulary(controls: &[&str]) -> (Vec<String>, Vec<i32>) {
    let shown = |byte: u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let hidden = (0..256).filter(|byte| !shown(*byte)).zip(256..);
    let mut bytes: Vec<(u32, u32)> =
        (0..256).filter(|byte| shown(*byte)).map(|byte| (byte, byte)).chain(hidden).collect();
    bytes.sort_unstable();
    let mut tokens: Vec<String> =
        bytes.into_iter().filter_map(|(_, letter)| char::from_u32(letter)).map(String::from).collect();
    tokens.push("th".into());
    let normal = tokens.len();
    tokens.extend(controls.iter().map(|control| (*control).to_owned()));
    let kinds = (0..tokens.len()).map(|at| if at < normal { 1 } else { 3 }).collect();
    (tokens, kinds)
}

fn weights(gguf: Gguf, name: &str, dims: &[u64]) -> Gguf {
    gguf.tensor(name, dims, random(name))
}

/// Random weights (`SplitMix64`, from the tensor's name), the same at each run.
pub(super) fn random(name: &str) -> impl Fn(usize) -> f32 + use<> {
    let seed = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    move |i| {
        let mut x = seed.wrapping_add((i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    }
}

fn small(family: &Family, file: PathBuf) -> EngineOptions {
    EngineOptions { model_id: family.name.into(), file, context: 512, parallel: 2, threads: 1, ..options() }
}

pub(super) async fn written(
    engine: EngineChoice,
    options: EngineOptions,
) -> footnote_core::Result<(String, GenerationDone)> {
    let engine = load(engine, options).await?;
    let (text, _, done) = run(&engine, request("When was the tower completed?", 24)).await?;
    Ok((text, done))
}

#[tokio::test]
async fn every_family_loads_reads_a_chat_and_writes_in_llama_cpp() {
    for family in &FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        let options = small(family, family.write(folder.path(), 4096));
        let (text, done) =
            written(EngineChoice::LlamaCpp, options.clone()).await.unwrap_or_else(|e| panic!("{}: {e}", family.name));
        assert_eq!((done.completion_tokens, text.chars().count()), (24, 24), "{}: {text}", family.name);
        // A byte is a token: the question is in the prompt, and so are the control tokens, a token each.
        assert!((50..140).contains(&done.prompt_tokens), "{}: {done:?}", family.name);
        let again = written(EngineChoice::LlamaCpp, options).await.unwrap().0;
        assert_eq!(text, again, "{}", family.name);
    }
}

#[tokio::test]
async fn every_family_that_mistral_rs_knows_writes_in_it_and_the_others_are_sent_to_llama_cpp() {
    for family in &FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        let options = small(family, family.write(folder.path(), 4096));
        match written(EngineChoice::MistralRs, options).await {
            Ok((text, done)) => {
                assert_eq!(text.chars().count(), 24, "{}: {text}", family.name);
                assert!(family.in_mistralrs, "{} runs in mistral.rs now: say so here", family.name);
                assert!((50..140).contains(&done.prompt_tokens), "{}: {done:?}", family.name);
            }
            Err(error) => {
                assert!(!family.in_mistralrs, "{}: {error:?}", family.name);
                assert_eq!(error.code(), Code::ModelUnsupported, "{}: {error}", family.name);
                assert!(error.message().contains(family.architecture), "{error}");
                assert!(error.hint_text().unwrap().contains("llama-cpp"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_model_trained_for_few_tokens_refuses_what_does_not_fit_and_answers_what_does() {
    let folder = tempfile::tempdir().unwrap();
    let family = &FAMILIES[0];
    let options = EngineOptions { context: 4096, ..small(family, family.write(folder.path(), 512)) };
    let engine = load(EngineChoice::LlamaCpp, options).await.unwrap();
    assert_eq!(engine.info().context, 512);
    let error = engine.generate(request(&"long ".repeat(120), 24)).await.err().unwrap();
    assert_eq!(error.code(), Code::BadRequest);
    assert!(error.message().contains("512"), "{error}");
    let (_, _, done) = run(&engine, request("Short?", 24)).await.unwrap();
    assert!(done.prompt_tokens + done.completion_tokens <= 512, "{done:?}");
}

#[tokio::test]
async fn a_tokenizer_with_fewer_words_than_the_model_has_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = Family { controls: &["<|im_start|>"], ..family("wrong", "llama", "smollm", CHATML, &[], true) };
    let file = folder.path().join("wrong.gguf");
    let gguf = wrong.tokenizer(wrong.settings(512));
    // Rows for other tokens than the tokenizer has.
    weights(gguf, "token_embd.weight", &[WIDTH, 1000]).write(&file);
    for engine in [EngineChoice::LlamaCpp, EngineChoice::MistralRs] {
        let error = load(engine, small(&wrong, file.clone())).await.err().unwrap();
        assert_eq!(error.code(), Code::ModelUnsupported, "{error}");
        assert!(error.message().contains("wrong.gguf"), "{error}");
    }
}
