//! The deployed model for other programs: a hub-layout folder with the knobs merged, or a LoRA of the largest knobs. The
//! quarantine is in neither.

use crate::{AdapterError, Basis, Knobs, Quarantine, Result};
use backend::tensor_file::{Named, to_bytes};
use backend::{Raw, read};
use bundle::{files, write_atomic};
use model::names::expected_tensors;
use model::{Family, Proj, hub};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;

/// Bytes of a weight file at most, as the hub's own tools split them.
const SHARD_BYTES: usize = 4 << 30;

/// The hub's tools read from the header what wrote a file.
fn header() -> Option<HashMap<String, String>> {
    Some([("format".to_string(), "pt".to_string())].into())
}

/// Writes `W + U diag(d) Vh` for every module, and all else of `base` as it is, as f32.
pub fn hub(basis: &Basis, knobs: &Knobs, base: &Path, out: &Path) -> Result<()> {
    hub_in_shards(basis, knobs, base, out, SHARD_BYTES)
}

fn hub_in_shards(basis: &Basis, knobs: &Knobs, base: &Path, out: &Path, most: usize) -> Result<()> {
    let merged = basis.merge(knobs, Quarantine::Off);
    let mut shards: Vec<Vec<(String, Vec<usize>)>> = vec![vec![]];
    let mut bytes = 0;
    for (name, shape) in expected_tensors(&merged.config) {
        let size = shape.iter().product::<usize>() * 4;
        if bytes + size > most && bytes > 0 {
            shards.push(vec![]);
            bytes = 0;
        }
        bytes += size;
        shards.last_mut().expect("at least one").push((name, shape));
    }
    let (count, mut index) = (shards.len(), Map::new());
    for (i, tensors) in shards.into_iter().enumerate() {
        let file = if count == 1 {
            "model.safetensors".into()
        } else {
            format!("model-{:05}-of-{count:05}.safetensors", i + 1)
        };
        let mut values: Vec<Named> = vec![];
        for (name, shape) in tensors {
            index.insert(name.clone(), file.clone().into());
            let data = merged.tensor(&name)?;
            let cols = shape[shape.len() - 1];
            values.push((name, shape, Raw::floats(&data, cols).into_owned()));
        }
        write_atomic(&out.join(file), &to_bytes(&values, header()))?;
    }
    if count > 1 {
        write_json(&out.join("model.safetensors.index.json"), &json!({ "metadata": {}, "weight_map": index }))?;
    }
    tokenizer(base, out)?;
    write_json(&out.join("config.json"), &config(merged.config.family, base, out)?)
}

/// The base model's own config, completed with what the reference library needs to know.
fn config(family: &Family, base: &Path, out: &Path) -> Result<Value> {
    let path = base.join("config.json");
    let damaged = |e: serde_json::Error| AdapterError::Damaged { path: path.clone(), reason: e.to_string() };
    let mut config: Map<String, Value> = serde_json::from_str(&files::read_text(&path)?).map_err(damaged)?;
    forget_places(&mut config);
    let theta = config.get("rope_theta").cloned();
    let defaults = json!({
        "architectures": [family.architecture], "model_type": family.name, "hidden_act": "silu",
        "attention_bias": family.is_biased(), "attention_dropout": 0.0, "use_sliding_window": false, "use_cache": true,
        "rope_parameters": { "rope_theta": theta, "rope_type": "default" },
    });
    for (key, value) in defaults.as_object().into_iter().flatten() {
        if config.get(key).is_none_or(Value::is_null) {
            config.insert(key.clone(), value.clone());
        }
    }
    if let (None, Some(end)) = (config.get("eos_token_id"), end_token(out)?) {
        config.insert("eos_token_id".into(), end.into());
    }
    for key in ["dtype", "torch_dtype"] {
        config.insert(key.into(), "float32".into());
    }
    Ok(config.into())
}

/// The id of the token that a small tokenizer calls `<end>`.
fn end_token(folder: &Path) -> Result<Option<u64>> {
    let path = folder.join("tokenizer.json");
    if !path.exists() {
        return Ok(None);
    }
    let damaged = |e: serde_json::Error| AdapterError::Damaged { path: path.clone(), reason: e.to_string() };
    let file: Value = serde_json::from_str(&files::read_text(&path)?).map_err(damaged)?;
    let added = file["added_tokens"].as_array().into_iter().flatten();
    Ok(added.filter(|t| t["content"] == "<end>").find_map(|t| t["id"].as_u64()))
}

/// Copies the tokenizer's files; one that has no config of its own gets the plainest.
fn tokenizer(base: &Path, out: &Path) -> Result<()> {
    for name in [
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "chat_template.jinja",
        "chat_template.json",
        "generation_config.json",
        "vocab.json",
        "merges.txt",
    ] {
        let from = base.join(name);
        if from.exists() {
            write_atomic(&out.join(name), &without_places(&from)?)?;
        }
    }
    let path = out.join("tokenizer_config.json");
    if !path.exists() && out.join("tokenizer.json").exists() {
        let plain = json!({
            "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>", "pad_token": "<pad>",
            "clean_up_tokenization_spaces": false,
        });
        write_json(&path, &plain)?;
    }
    Ok(())
}

/// Drops the folders of whoever wrote some settings; whether there were any.
fn forget_places(settings: &mut Map<String, Value>) -> bool {
    const PLACES: [&str; 4] = ["name_or_path", "_name_or_path", "special_tokens_map_file", "tokenizer_file"];
    let before = settings.len();
    settings.retain(|key, value| !PLACES.contains(&key.as_str()) || !value.as_str().is_some_and(hub::is_local));
    settings.len() < before
}

/// A file's bytes, without such folders.
fn without_places(path: &Path) -> Result<Vec<u8>> {
    let bytes = files::read(path)?;
    let Ok(Value::Object(mut settings)) = serde_json::from_slice(&bytes) else { return Ok(bytes) };
    if !forget_places(&mut settings) {
        return Ok(bytes);
    }
    Ok((serde_json::to_string_pretty(&settings).expect("a value serialises") + "\n").into_bytes())
}

fn write_json(path: &Path, value: &Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value).expect("a value serialises") + "\n";
    Ok(write_atomic(path, text.as_bytes())?)
}

/// What a low-rank export leaves out, as Frobenius norms: `U` and `Vh` are orthonormal, so it is the norm of the knobs left
/// out, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Truncation {
    /// Knobs that each module keeps.
    pub rank: usize,
    /// Of the whole delta `U diag(d) Vh`, over all modules.
    pub whole: f64,
    /// Of what was left out, likewise.
    pub left_out: f64,
    /// The module that loses the largest share of its own delta, and that share.
    pub worst: Option<(String, f64)>,
}

/// Writes the `rank` largest deployed knobs of every module as a LoRA: `B = U_k diag(d_k)`, `A = Vh_k`, scale 1. A module
/// with fewer is filled up with zeros.
pub fn lora(basis: &Basis, knobs: &Knobs, rank: usize, base: &str, out: &Path) -> Result<Truncation> {
    let mut truncation = Truncation { rank, whole: 0.0, left_out: 0.0, worst: None };
    let mut tensors: Vec<Named> = vec![];
    for (id, range) in basis.layout.iter() {
        let knob = &knobs.deployed[range];
        let mut order: Vec<usize> = (0..knob.len()).collect();
        order.sort_by(|&a, &b| knob[b].abs().total_cmp(&knob[a].abs()).then(a.cmp(&b)));
        let (kept, dropped) = order.split_at(rank.min(order.len()));
        let square = |picked: &[usize]| picked.iter().fold(0.0, |sum, &i| sum + f64::from(knob[i]).powi(2));
        let (all, lost) = (square(&order), square(dropped));
        truncation.whole += all;
        truncation.left_out += lost;
        let share = if all > 0.0 { (lost / all).sqrt() } else { 0.0 };
        if truncation.worst.as_ref().is_none_or(|(_, worst)| share > *worst) {
            truncation.worst = Some((id.weight_name(), share));
        }
        let (u, vh) = basis.factors(id);
        let ([rows, r], cols) = (u.dims(), vh.dims()[1]);
        let (u, vh) = (read(u)?, read(vh)?);
        let (mut a, mut b) = (vec![0.0; rank * cols], vec![0.0; rows * rank]);
        for (k, &i) in kept.iter().enumerate() {
            a[k * cols..(k + 1) * cols].copy_from_slice(&vh[i * cols..(i + 1) * cols]);
            (0..rows).for_each(|row| b[row * rank + k] = u[row * r + i] * knob[i]);
        }
        let stem = id.weight_name();
        let stem = format!("base_model.model.{}", stem.trim_end_matches(".weight"));
        tensors.push((format!("{stem}.lora_A.weight"), vec![rank, cols], Raw::floats(&a, cols).into_owned()));
        tensors.push((format!("{stem}.lora_B.weight"), vec![rows, rank], Raw::floats(&b, rank).into_owned()));
    }
    (truncation.whole, truncation.left_out) = (truncation.whole.sqrt(), truncation.left_out.sqrt());
    let modules = Proj::ALL.map(|p| p.hub_name().rsplit('.').next().unwrap_or_default());
    let config = json!({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": rank, "lora_alpha": rank,
        "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": false, "inference_mode": true, "target_modules": modules,
    });
    write_atomic(&out.join("adapter_model.safetensors"), &to_bytes(&tensors, header()))?;
    write_json(&out.join("adapter_config.json"), &config)?;
    Ok(truncation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backend::{Backend, Batch};
    use model::{Decoder, Weights};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use safetensors::SafeTensors;
    use std::path::PathBuf;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures").join(name)
    }

    fn setup(name: &str) -> (Basis, Knobs) {
        let weights = Weights::load(&fixture(name)).unwrap();
        let basis = Basis::new(Decoder::new(&weights, &Backend::cpu()).unwrap(), &weights).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut draw = || (0..basis.layout.len()).map(|_| rng.random_range(-0.5..0.5)).collect();
        let knobs = Knobs { deployed: draw(), quarantine: draw() };
        (basis, knobs)
    }

    fn logits(decoder: &Decoder) -> Vec<f32> {
        let batch = Batch::new(&[&[4, 9, 17, 3, 22, 8]], &decoder.backend.device);
        read(decoder.logits(&decoder.hidden(&batch))).unwrap()
    }

    #[test]
    fn the_exported_folder_is_the_deployed_model_whatever_the_quarantine_holds() {
        for (name, most) in
            [("untied", usize::MAX), ("untied", 4_000), ("qwen2-untied", 4_000), ("llama-tied", usize::MAX)]
        {
            let (basis, knobs) = setup(name);
            let expected = logits(&basis.merge(&knobs, Quarantine::Off));
            let out = tempfile::tempdir().unwrap();
            hub_in_shards(&basis, &knobs, &fixture(name), out.path(), most).unwrap();
            assert_eq!(out.path().join("model.safetensors.index.json").exists(), most < usize::MAX);
            let weights = Weights::load(out.path()).unwrap();
            assert_eq!(weights.config.family, basis.base.config.family);
            assert_eq!(logits(&Decoder::new(&weights, &Backend::cpu()).unwrap()), expected, "{name}");
            let without = Knobs { quarantine: vec![0.0; knobs.quarantine.len()], ..knobs.clone() };
            assert_eq!(logits(&basis.merge(&without, Quarantine::Off)), expected);
        }
    }

    /// `B A` of every module from the written file.
    fn deltas(folder: &Path, basis: &Basis) -> Vec<Vec<f64>> {
        let bytes = std::fs::read(folder.join("adapter_model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensor = |name: String| -> (Vec<usize>, Vec<f64>) {
            let view = file.tensor(&name).unwrap();
            let values =
                view.data().chunks_exact(4).map(|c| f32::from_le_bytes(c.try_into().unwrap()).into()).collect();
            (view.shape().to_vec(), values)
        };
        let product = |stem: String| {
            let ((a_shape, a), (b_shape, b)) =
                (tensor(format!("{stem}.lora_A.weight")), tensor(format!("{stem}.lora_B.weight")));
            let (rank, cols, rows) = (a_shape[0], a_shape[1], b_shape[0]);
            let entry = |i: usize| (0..rank).map(|k| b[i / cols * rank + k] * a[k * cols + i % cols]).sum();
            (0..rows * cols).map(entry).collect()
        };
        let stem = |name: String| format!("base_model.model.{}", name.trim_end_matches(".weight"));
        basis.layout.iter().map(|(id, _)| product(stem(id.weight_name()))).collect()
    }

    #[test]
    fn a_lora_of_every_knob_is_the_whole_delta_and_the_error_of_fewer_is_the_one_that_is_stated() {
        let (basis, knobs) = setup("untied");
        let whole = tempfile::tempdir().unwrap();
        let most = basis.layout.ranges().map(|r| r.len()).max().unwrap();
        let full = lora(&basis, &knobs, most, "base", whole.path()).unwrap();
        assert_eq!(full.left_out, 0.0);
        let merged = basis.merge(&knobs, Quarantine::Off);
        let exact = deltas(whole.path(), &basis);
        for ((id, _), delta) in basis.layout.iter().zip(&exact) {
            let (with, without) =
                (merged.tensor(&id.weight_name()).unwrap(), basis.base.tensor(&id.weight_name()).unwrap());
            for ((w, b), d) in with.iter().zip(&without).zip(delta) {
                assert!((f64::from(*w) - f64::from(*b) - d).abs() < 1e-6, "{}", id.weight_name());
            }
        }
        let some = tempfile::tempdir().unwrap();
        let truncation = lora(&basis, &knobs, 3, "base", some.path()).unwrap();
        let norm = |difference: &mut dyn Iterator<Item = f64>| difference.map(|x| x * x).sum::<f64>().sqrt();
        let few = deltas(some.path(), &basis);
        let lost = norm(&mut exact.iter().flatten().zip(few.iter().flatten()).map(|(a, b)| a - b));
        assert!((lost - truncation.left_out).abs() < 1e-5 * lost, "{lost} but {truncation:?}");
        let all = norm(&mut exact.iter().flatten().copied());
        assert!((all - truncation.whole).abs() < 1e-5 * all, "{all} but {truncation:?}");
    }
}
