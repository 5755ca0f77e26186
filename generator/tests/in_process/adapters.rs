//! LoRA adapters and X-LoRA mixtures beside folders of safetensors, in mistral.rs: a model with them writes what the same model
//! writes with the adapters added to its weights.

use std::path::Path;

use footnote_core::Code;
use footnote_generator::engine::LoraOptions;
use footnote_generator::{EngineChoice, EngineOptions, load};
use serde_json::{Value, json};

use super::families::{CHATML, MISTRAL, random, written};
use super::safetensors::{HEAD, HEADS, INNER, Tensors, WIDTH, changed_model, model, small};

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
    fs_err::create_dir_all(folder).expect("a test's folder");
    tensors.write(&folder.join("adapter_model.safetensors"));
    let mut config = json!({
        "peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "lora_dropout": 0.0, "bias": "none", "modules_to_save": null,
        "target_modules": ["q_proj", "down_proj"], "base_model_name_or_path": "someone/a-model", "task_type": "CAUSAL_LM",
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    fs_err::write(folder.join("adapter_config.json"), config.to_string()).expect("a test's folder");
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
    // No other test lays adapters down under this name: they share the cache.
    let laid = mistralrs::core::hf_hub_cache_dir().unwrap().read_dir().unwrap();
    let names = laid.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let left: Vec<_> = names.filter(|name| name.starts_with("models--footnote--")).collect();
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
    fs_err::create_dir_all(folder).expect("a test's folder");
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
    fs_err::write(folder.join("xlora_config.json"), config.to_string()).expect("a test's folder");
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
