//! Folders of safetensors as Hugging Face has them, in small and with random weights, in mistral.rs: as they are, and quantized
//! while they are loaded.

use std::path::Path;

use footnote_core::Code;
use footnote_generator::engine::LoraOptions;
use footnote_generator::{EngineChoice, EngineOptions, load};
use serde_json::{Map, Value, json};

use super::families::{CHATML, MISTRAL, random, vocabulary, written};
use super::support::options;

const WIDTH: usize = 256;
const HEAD: usize = 64;
const HEADS: usize = 4;
const HEADS_KV: usize = 2;
const INNER: usize = 512;
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
struct Tensors {
    header: Map<String, Value>,
    data: Vec<u8>,
}

impl Tensors {
    fn add(&mut self, name: &str, shape: &[usize], value: impl Fn(usize) -> f32) {
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

    fn write(self, path: &Path) {
        let header = Value::Object(self.header).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(self.data);
        fs_err::write(path, bytes).expect("a test's folder can be written to");
    }
}

/// Writes the files of a model into `folder`.
fn model(folder: &Path, architecture: &str, kind: &str, template: &str) {
    changed_model(folder, architecture, kind, template, |_, _| 0.0);
}

/// The same with something added to the weights of linear layers, by module and place.
fn changed_model(folder: &Path, architecture: &str, kind: &str, template: &str, change: impl Fn(&str, usize) -> f32) {
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

fn small(folder: &Path) -> EngineOptions {
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

/// What the test's adapter changes: module, outputs, inputs. One layer's queries and both layers' ways down.
const ADAPTED: [(&str, usize, usize); 3] = [
    ("model.layers.1.self_attn.q_proj", HEADS * HEAD, WIDTH),
    ("model.layers.0.mlp.down_proj", WIDTH, INNER),
    ("model.layers.1.mlp.down_proj", WIDTH, INNER),
];
const RANK: usize = 2;
const ALPHA: f32 = 6.0;

/// An adapter's halves, before what they are multiplied with.
fn half(module: &str, which: char, at: usize) -> f32 {
    random(&format!("{module}.lora_{which}"))(at) * 0.3
}

/// Writes the adapter as PEFT does, with `more` in its configuration.
fn adapter(folder: &Path, more: Value) {
    let mut tensors = Tensors::default();
    for (module, out, into) in ADAPTED {
        tensors.add(&format!("base_model.model.{module}.lora_A.weight"), &[RANK, into], |i| half(module, 'A', i));
        tensors.add(&format!("base_model.model.{module}.lora_B.weight"), &[out, RANK], |i| half(module, 'B', i));
    }
    fs_err::create_dir_all(folder).unwrap();
    tensors.write(&folder.join("adapter_model.safetensors"));
    let mut config = json!({
        "peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "lora_dropout": 0.0, "bias": "none", "modules_to_save": null,
        "target_modules": ["q_proj", "down_proj"], "base_model_name_or_path": "someone/a-model", "task_type": "CAUSAL_LM",
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fs_err::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
}

/// What the adapter adds to a weight, `strength` times.
fn delta(module: &str, at: usize, strength: f32) -> f32 {
    let Some((_, _, into)) = ADAPTED.iter().find(|(name, ..)| *name == module) else { return 0.0 };
    let (row, column) = (at / into, at % into);
    (0..RANK).map(|r| half(module, 'B', row * RANK + r) * half(module, 'A', r * into + column)).sum::<f32>() * strength
}

#[tokio::test]
async fn an_adapter_changes_a_model_as_if_it_were_merged_and_leaves_the_next_one_alone() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| {
        let path = dir.path().join(name);
        fs_err::create_dir_all(&path).unwrap();
        path
    };
    let (plain, tuned) = (place("plain"), place("tuned"));
    model(&plain, "LlamaForCausalLM", "llama", CHATML);
    adapter(&tuned, json!({}));
    let with = |adapters: &[(&Path, f32)]| {
        let lora =
            adapters.iter().map(|(file, scale)| LoraOptions { file: file.to_path_buf(), scale: *scale }).collect();
        EngineOptions { lora, ..small(&plain) }
    };
    let says = async |options: EngineOptions| written(EngineChoice::Auto, options).await.unwrap().0;
    let before = says(small(&plain)).await;
    let strength = ALPHA / RANK as f32;
    for (adapters, strength) in [
        (vec![(tuned.as_path(), 1.0)], strength),
        (vec![(tuned.as_path(), 0.5)], strength * 0.5),
        (vec![(tuned.as_path(), 1.0), (tuned.as_path(), 0.25)], strength * 1.25),
    ] {
        let merged = place("merged");
        changed_model(&merged, "LlamaForCausalLM", "llama", CHATML, |module, at| delta(module, at, strength));
        let (merged, adapted) = (says(small(&merged)).await, says(with(&adapters)).await);
        assert_eq!(adapted, merged, "{adapters:?}");
        assert_ne!(adapted, before, "{adapters:?}");
    }
    // Rank-stabilized: divided by the root of the rank.
    let stabilized = place("stabilized");
    adapter(&stabilized, json!({ "use_rslora": true }));
    let root = (RANK as f32).sqrt();
    assert_eq!(says(with(&[(&stabilized, 1.0)])).await, says(with(&[(&tuned, root)])).await);
    assert_eq!(says(with(&[(&tuned, 0.0)])).await, before);
    assert_eq!(says(small(&plain)).await, before, "an adapter outlived its model");
    let laid = mistralrs::core::hf_hub_cache_dir().unwrap().read_dir().unwrap();
    let left: Vec<_> =
        laid.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("footnote")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn an_adapter_that_would_be_misread_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let (base, other) = (dir.path().join("base"), dir.path().join("adapter"));
    fs_err::create_dir_all(&base).unwrap();
    model(&base, "LlamaForCausalLM", "llama", CHATML);
    let refused = async |file: &Path| {
        let lora = vec![LoraOptions { file: file.into(), scale: 1.0 }];
        let error = load(EngineChoice::Auto, EngineOptions { lora, ..small(&base) }).await.err().unwrap();
        assert!(error.message().contains("generation.lora") && error.hint_text().is_some(), "{error}");
        (error.code(), error.to_string())
    };
    assert_eq!(refused(&other).await.0, Code::ModelMissing);
    for (more, what) in [
        (json!({ "use_dora": true }), "DoRA"),
        (json!({ "modules_to_save": ["lm_head"] }), "layers of its own"),
        (json!({ "bias": "all" }), "biases"),
        (json!({ "peft_type": "IA3" }), "another method"),
        (json!({ "rank_pattern": { "q_proj": 4 } }), "several ranks"),
        (json!({ "r": 3 }), "another model"),
        (json!({ "r": 0 }), "no LoRA adapter"),
    ] {
        adapter(&other, more);
        let (code, said) = refused(&other).await;
        assert!(code == Code::ModelUnsupported && said.contains(what), "{what}: {said}");
    }
    adapter(&other, json!({}));
    let weights = other.join("adapter_model.safetensors");
    let whole = fs_err::read(&weights).unwrap();
    fs_err::write(&weights, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(refused(&other).await.0, Code::ModelDamaged);
    let foreign = |name: &str, shape: &[usize]| {
        let mut tensors = Tensors::default();
        tensors.add(name, shape, |_| 0.0);
        tensors.write(&weights);
    };
    foreign("base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight", &[RANK, WIDTH]);
    let (code, said) = refused(&other).await;
    assert!(code == Code::ModelUnsupported && said.contains("no model.layers.9.self_attn.q_proj"), "{said}");
    foreign("base_model.model.model.embed_tokens.lora_embedding_A", &[RANK, 300]);
    assert!(refused(&other).await.1.contains("no place for its tensor"));
    let (code, said) = refused(&base.join("config.json")).await;
    assert!(code == Code::ModelUnsupported && said.contains("PEFT"), "{said}");
}

/// What the test's experts change: one part of attention and one of the MLP, in every layer.
const MIXED: [(&str, usize, usize); 4] = [
    ("model.layers.0.self_attn.q_proj", HEADS * HEAD, WIDTH),
    ("model.layers.0.mlp.down_proj", WIDTH, INNER),
    ("model.layers.1.self_attn.q_proj", HEADS * HEAD, WIDTH),
    ("model.layers.1.mlp.down_proj", WIDTH, INNER),
];
const EXPERTS: [&str; 2] = ["adapter_1", "adapter_10"];

fn expert(name: &str, module: &str, which: char, at: usize) -> f32 {
    random(&format!("{name}.{module}.{which}"))(at) * 0.3
}

/// Writes a mixture whose classifier likes the first expert by `first`, the second by `second`, whatever it reads.
fn mixture(folder: &Path, first: f32, second: f32) {
    fs_err::create_dir_all(folder).unwrap();
    for name in EXPERTS {
        let own = folder.join(name);
        adapter(&own, json!({}));
        let mut tensors = Tensors::default();
        for (module, out, into) in MIXED {
            let name_of = |half: char| format!("base_model.model.{module}.lora_{half}.weight");
            tensors.add(&name_of('A'), &[RANK, into], |i| expert(name, module, 'A', i));
            tensors.add(&name_of('B'), &[out, RANK], |i| expert(name, module, 'B', i));
        }
        tensors.write(&own.join("adapter_model.safetensors"));
    }
    let mut classifier = Tensors::default();
    classifier.add("last.weight", &[2 * MIXED.len(), WIDTH], |_| 0.0);
    classifier.add("last.bias", &[2 * MIXED.len()], |i| if i % 2 == 0 { first } else { second });
    classifier.write(&folder.join("xlora_classifier.safetensors"));
    let config = json!({
        "hidden_size": WIDTH, "base_model_id": "someone/a-model", "layerwise_scalings": true, "enable_softmax": false,
        "xlora_depth": 1, "adapters": { EXPERTS[0]: format!("someone/a-mixture/{}", EXPERTS[0]), EXPERTS[1]: "elsewhere" },
        "top_k_lora": null, "use_bias": true,
    });
    fs_err::write(folder.join("xlora_config.json"), config.to_string()).unwrap();
}

#[tokio::test]
async fn a_mixture_of_adapters_adds_each_as_much_as_its_classifier_says() {
    let (architecture, kind, template) = ("MistralForCausalLM", "mistral", MISTRAL);
    let dir = tempfile::tempdir().unwrap();
    let (plain, mixed, merged) = (dir.path().join("plain"), dir.path().join("mixed"), dir.path().join("merged"));
    [&plain, &merged].into_iter().for_each(|path| fs_err::create_dir_all(path).unwrap());
    model(&plain, architecture, kind, template);
    // The models of this test look back as far as they can.
    let far = |folder: &Path| {
        let path = folder.join("config.json");
        let mut config: Value = serde_json::from_slice(&fs_err::read(&path).unwrap()).unwrap();
        config["sliding_window"] = Value::Null;
        fs_err::write(&path, config.to_string()).unwrap();
    };
    let with = |scale: f32| {
        let lora = vec![LoraOptions { file: mixed.clone(), scale }];
        EngineOptions { lora, ..small(&plain) }
    };
    let says = async |options: EngineOptions| written(EngineChoice::Auto, options).await.unwrap().0;
    mixture(&mixed, 1.0, 0.0);
    let near = load(EngineChoice::Auto, with(1.0)).await.err().unwrap();
    assert!(near.message().contains("64 tokens") && near.hint_text().unwrap().contains("context"), "{near}");
    far(&plain);
    let before = says(small(&plain)).await;
    for (first, second) in [(1.0, 0.0), (0.0, 1.0), (0.5, 0.25)] {
        mixture(&mixed, first, second);
        let change = |module: &str, at: usize| {
            let Some((_, _, into)) = MIXED.iter().find(|(name, ..)| *name == module) else { return 0.0 };
            let product = |name: &str| -> f32 {
                let (row, column) = (at / into, at % into);
                let at =
                    |r: usize| expert(name, module, 'B', row * RANK + r) * expert(name, module, 'A', r * into + column);
                (0..RANK).map(at).sum()
            };
            (first * product(EXPERTS[0]) + second * product(EXPERTS[1])) * ALPHA / RANK as f32
        };
        changed_model(&merged, architecture, kind, template, change);
        far(&merged);
        let adapted = says(with(1.0)).await;
        assert_eq!(adapted, says(small(&merged)).await, "{first} and {second}");
        assert_ne!(adapted, before);
    }
    assert_eq!(says(with(0.0)).await, before);

    let refused = async || {
        let error = load(EngineChoice::Auto, with(1.0)).await.err().unwrap();
        assert!(error.code() == Code::ModelUnsupported && error.hint_text().is_some(), "{error:?}");
        error.to_string()
    };
    adapter(&mixed.join(EXPERTS[1]), json!({}));
    assert!(refused().await.contains("every layer"));
    fs_err::remove_dir_all(mixed.join(EXPERTS[1])).unwrap();
    assert!(refused().await.contains(EXPERTS[1]));
    fs_err::write(mixed.join("xlora_config.json"), "{}").unwrap();
    assert!(refused().await.contains("names no adapters"));
    model(&plain, "LlamaForCausalLM", "llama", CHATML);
    assert!(refused().await.contains("LlamaForCausalLM"));
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
