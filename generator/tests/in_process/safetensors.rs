//! Folders of safetensors as Hugging Face has them, in small and with random weights, in mistral.rs: as they are, and quantized
//! while they are loaded.

use std::path::Path;

use footnote_core::Code;
use footnote_generator::{EngineChoice, EngineOptions, load};
use serde_json::{Map, Value, json};

use super::families::{CHATML, MISTRAL, random, vocabulary, written};
use super::support::options;

pub(super) const WIDTH: usize = 256;
pub(super) const HEAD: usize = 64;
pub(super) const HEADS: usize = 4;
const HEADS_KV: usize = 2;
pub(super) const INNER: usize = 512;
const BLOCKS: usize = 2;
const CONTROLS: [&str; 2] = ["<|im_start|>", "<|im_end|>"];

/// Family, `architectures`, `model_type`, chat template.
const FAMILIES: [(&str, &str, &str, &str); 6] = [
    ("Llama", "LlamaForCausalLM", "llama", CHATML),
    ("Mistral", "MistralForCausalLM", "mistral", MISTRAL),
    ("Gemma 2", "Gemma2ForCausalLM", "gemma2", CHATML),
    ("Qwen 2.5, DeepSeek distilled", "Qwen2ForCausalLM", "qwen2", CHATML),
    ("Qwen 3", "Qwen3ForCausalLM", "qwen3", CHATML),
    ("SmolLM3", "SmolLM3ForCausalLM", "smollm3", CHATML),
];

/// A safetensors file in the making (<https://huggingface.co/docs/safetensors>), with tensors of F32.
#[derive(Default)]
pub(super) struct Tensors {
    header: Map<String, Value>,
    data: Vec<u8>,
}

impl Tensors {
    pub(super) fn add(&mut self, name: &str, shape: &[usize], value: impl Fn(usize) -> f32) {
        let start = self.data.len();
        (0..shape.iter().product()).for_each(|i| self.data.extend(value(i).to_le_bytes()));
        let place = json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, self.data.len()] });
        self.header.insert(name.into(), place);
    }

    fn random(&mut self, name: &str, shape: &[usize]) {
        self.changed(name, shape, |_| 0.0);
    }

    /// Random values, with `change` added.
    fn changed(&mut self, name: &str, shape: &[usize], change: impl Fn(usize) -> f32) {
        let random = random(name);
        self.add(name, shape, |i| random(i) * 0.2 + change(i));
    }

    pub(super) fn write(self, path: &Path) {
        let header = Value::Object(self.header).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(self.data);
        fs_err::write(path, bytes).expect("a test's folder can be written to");
    }
}

/// Writes the files of a model into `folder`.
pub(super) fn model(folder: &Path, architecture: &str, kind: &str, template: &str) {
    changed_model(folder, architecture, kind, template, |_, _| 0.0);
}

/// The same with something added to the weights of linear layers, by module and place.
pub(super) fn changed_model(
    folder: &Path,
    architecture: &str,
    kind: &str,
    template: &str,
    change: impl Fn(&str, usize) -> f32,
) {
    let (tokens, _) = vocabulary(&CONTROLS);
    let end = tokens.len() - 1;
    let vocab: Map<String, Value> =
        tokens[..end - 1].iter().enumerate().map(|(id, token)| (token.clone(), json!(id))).collect();
    let added: Vec<Value> = CONTROLS
        .iter()
        .zip(end - 1..)
        .map(|(content, id)| {
            json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": true })
        })
        .collect();
    let bytes = json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true });
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": bytes, "post_processor": null, "decoder": bytes,
        "model": { "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                   "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": ["t h"] },
    });
    let config = json!({
        "architectures": [architecture], "model_type": kind, "hidden_act": "silu", "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": WIDTH, "intermediate_size": INNER, "vocab_size": tokens.len(), "num_hidden_layers": BLOCKS,
        "num_attention_heads": HEADS, "num_key_value_heads": HEADS_KV, "head_dim": HEAD, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": 512, "tie_word_embeddings": kind == "gemma2",
        "attention_bias": false, "mlp_bias": false, "sliding_window": 64, "use_sliding_window": false, "max_window_layers": 2,
        "query_pre_attn_scalar": 64, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
        "no_rope_layers": [1, 0], "no_rope_layer_interval": 2, "bos_token_id": end, "eos_token_id": end,
        "torch_dtype": "float32",
    });
    let say = |name: &str, value: &Value| {
        fs_err::write(folder.join(name), value.to_string()).expect("a test's folder can be written to")
    };
    say("config.json", &config);
    say("tokenizer.json", &tokenizer);
    say("tokenizer_config.json", &json!({ "chat_template": template, "bos_token": null, "eos_token": CONTROLS[1] }));
    tensors(kind, tokens.len(), change).write(&folder.join("model.safetensors"));
}

fn tensors(kind: &str, vocabulary: usize, change: impl Fn(&str, usize) -> f32) -> Tensors {
    let mut made = Tensors::default();
    // Only what can be read is ever written: see `families`.
    let readable = |i: usize| (0x21..0x7f).contains(&(i / WIDTH));
    for name in ["model.embed_tokens.weight", "lm_head.weight"] {
        let random = random(name);
        made.add(name, &[vocabulary, WIDTH], |i| if readable(i) { random(i) } else { 0.0 });
    }
    made.add("model.norm.weight", &[WIDTH], |_| 1.0);
    let (q, kv) = (HEADS * HEAD, HEADS_KV * HEAD);
    for block in 0..BLOCKS {
        let name = |part: &str| format!("model.layers.{block}.{part}.weight");
        let norms =
            ["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"];
        for norm in &norms[..if kind == "gemma2" { 4 } else { 2 }] {
            made.add(&name(norm), &[WIDTH], |_| 1.0);
        }
        if kind == "qwen3" {
            made.add(&name("self_attn.q_norm"), &[HEAD], |_| 1.0);
            made.add(&name("self_attn.k_norm"), &[HEAD], |_| 1.0);
        }
        for (part, shape) in [
            ("self_attn.q_proj", [q, WIDTH]),
            ("self_attn.k_proj", [kv, WIDTH]),
            ("self_attn.v_proj", [kv, WIDTH]),
            ("self_attn.o_proj", [WIDTH, q]),
            ("mlp.gate_proj", [INNER, WIDTH]),
            ("mlp.up_proj", [INNER, WIDTH]),
            ("mlp.down_proj", [WIDTH, INNER]),
        ] {
            let module = format!("model.layers.{block}.{part}");
            made.changed(&name(part), &shape, |i| change(&module, i));
            if kind == "qwen2" && matches!(part, "self_attn.q_proj" | "self_attn.k_proj" | "self_attn.v_proj") {
                made.random(&format!("model.layers.{block}.{part}.bias"), &shape[..1]);
            }
        }
    }
    made
}

pub(super) fn small(folder: &Path) -> EngineOptions {
    EngineOptions { model_id: "random".into(), file: folder.into(), context: 512, threads: 1, ..options() }
}

#[tokio::test]
async fn a_folder_of_each_family_is_read_and_writes() {
    for (family, architecture, kind, template) in FAMILIES {
        let folder = tempfile::tempdir().unwrap();
        model(folder.path(), architecture, kind, template);
        let (text, done) = written(EngineChoice::Auto, small(folder.path())).await.unwrap_or_else(|error| {
            panic!("{family}: {error:?}");
        });
        assert_eq!(text.chars().count(), 24, "{family}: {text}");
        assert!((50..140).contains(&done.prompt_tokens), "{family}: {done:?}");
    }
}

#[tokio::test]
async fn a_folder_of_a_newer_library_answers_as_the_older_form_does() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path(), "LlamaForCausalLM", "llama", CHATML);
    let path = folder.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs_err::read(&path).unwrap()).unwrap();
    let mut texts = Vec::new();
    for theta in [10_000.0, 100.0] {
        config["rope_theta"] = json!(theta);
        fs_err::write(&path, config.to_string()).unwrap();
        let older = written(EngineChoice::MistralRs, small(folder.path())).await.unwrap().0;
        let mut newer = config.clone();
        newer.as_object_mut().unwrap().remove("rope_theta");
        newer["rope_parameters"] = json!({ "rope_theta": theta, "rope_type": "default" });
        fs_err::write(&path, newer.to_string()).unwrap();
        let newer = written(EngineChoice::MistralRs, small(folder.path())).await.unwrap().0;
        assert_eq!(newer, older, "{theta}");
        texts.push(older);
    }
    assert_ne!(texts[0], texts[1], "rope_theta leaves no trace");
}

#[tokio::test]
async fn a_folder_is_quantized_while_it_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path(), "LlamaForCausalLM", "llama", CHATML);
    let plain = written(EngineChoice::MistralRs, small(folder.path())).await.unwrap().0;
    let mut differ = false;
    for bits in [8, 4, 2] {
        let options = EngineOptions { isq: Some(bits), ..small(folder.path()) };
        let (text, _) =
            written(EngineChoice::MistralRs, options).await.unwrap_or_else(|error| panic!("{bits}: {error:?}"));
        assert_eq!(text.chars().count(), 24, "{bits}: {text}");
        differ |= text != plain;
    }
    assert!(differ, "two bits per weight leave no trace");
}

#[tokio::test]
async fn a_folder_that_lacks_a_file_or_has_half_of_one_is_refused_by_name() {
    let whole = tempfile::tempdir().unwrap();
    model(whole.path(), "LlamaForCausalLM", "llama", CHATML);
    let refused = async |name: &str, content: Option<&[u8]>| {
        let path = whole.path().join(name);
        let kept = fs_err::read(&path).unwrap();
        content.map_or_else(|| fs_err::remove_file(&path), |bytes| fs_err::write(&path, bytes)).unwrap();
        let error = load(EngineChoice::Auto, small(whole.path())).await.err().unwrap();
        fs_err::write(&path, kept).unwrap();
        assert!(error.message().contains(path.file_name().unwrap().to_str().unwrap()), "{name}: {error}");
        assert!(error.hint_text().is_some(), "{error}");
        error.code()
    };
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
        assert_eq!(refused(name, None).await, Code::ModelMissing, "{name}");
    }
    let weights = fs_err::read(whole.path().join("model.safetensors")).unwrap();
    for cut in [0, 7, 100, weights.len() / 2, weights.len() - 1] {
        assert_eq!(refused("model.safetensors", Some(&weights[..cut])).await, Code::ModelDamaged, "{cut} bytes");
    }
    assert_eq!(refused("config.json", Some(b"{")).await, Code::ModelDamaged);
    let error = load(EngineChoice::LlamaCpp, small(whole.path())).await.err().unwrap();
    assert_eq!(error.code(), Code::ModelUnsupported);
    assert!(error.hint_text().unwrap().contains("mistralrs"), "{error}");
}

#[tokio::test]
async fn a_folder_without_a_template_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    model(folder.path(), "LlamaForCausalLM", "llama", CHATML);
    fs_err::write(folder.path().join("tokenizer_config.json"), "{}").unwrap();
    let error = load(EngineChoice::Auto, small(folder.path())).await.err().unwrap();
    assert!(error.message().contains("chat template"), "{error}");
}
