//! The way back: a folder as the hub has it becomes a GGUF file, for programs that run models from those. Matrices in bf16, each value
//! rounded to the nearest; vectors in f32. What an import makes of it again is the folder, rounded.

use crate::blocks::PACKINGS;
use crate::family::{Family, Model, Part};
use crate::vocabulary::Vocabulary;
use crate::{ImportError, Result, WEIGHTS, map};
use bundle::{Staged, files};
use half::bf16;
use memmap2::Mmap;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Tensors begin at multiples of so many bytes.
const ALIGNMENT: usize = 32;
/// How a file says that most of its matrices are in bf16, and how a tensor says what it is in.
const MOSTLY_BF16: usize = 32;
const F32: u32 = 0;
const BF16: u32 = 30;

/// What of `config.json` a file's keys have.
#[derive(Deserialize)]
struct Config {
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    rms_norm_eps: f64,
    rope_theta: f64,
    vocab_size: usize,
    #[serde(default)]
    tie_word_embeddings: bool,
    bos_token_id: Option<u32>,
    eos_token_id: Ends,
}

/// What of `generation_config.json` is read.
#[derive(Default, Deserialize)]
struct Generation {
    pad_token_id: Option<u32>,
    eos_token_id: Option<Ends>,
}

/// One token that ends an answer, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Ends {
    One(u32),
    Several(Vec<u32>),
}

impl Ends {
    fn first(&self) -> Option<u32> {
        match self {
            Self::One(id) => Some(*id),
            Self::Several(ids) => ids.first().copied(),
        }
    }
}

/// Writes the model of a folder into the file `out`. `about` is what it has to say of itself.
///
/// # Errors
/// A family or a tokenizer that is not known here; a tensor that is missing or has another shape; a file that cannot be written.
pub fn export(folder: &Path, about: &str, out: &Path) -> Result<()> {
    let of = |name: &str| folder.join(name);
    // By its name in the folder, which may be one in passing.
    let no = |path: &Path, reason: String| {
        let file = path.file_name().unwrap_or_default().into();
        ImportError::NoGguf { file, reason }
    };
    let text = files::read_text(&of("config.json"))?;
    let config: Config = serde_json::from_str(&text).map_err(|e| no(&of("config.json"), e.to_string()))?;
    let model = model(&config).map_err(|reason| no(&of("config.json"), reason))?;
    let tokenizer = files::read_text(&of("tokenizer.json"))?;
    let vocabulary =
        Vocabulary::of(&tokenizer, config.vocab_size).map_err(|reason| no(&of("tokenizer.json"), reason))?;
    let template = files::read_text(&of("chat_template.jinja"))?;
    let generation = match of("generation_config.json") {
        path if path.exists() => {
            serde_json::from_str(&files::read_text(&path)?).map_err(|e| no(&path, e.to_string()))?
        }
        _ => Generation::default(),
    };
    let mut keys = Keys::default();
    keys.of_model(&model, about);
    keys.of_tokens(&vocabulary, &template);
    keys.of_special(&config, &generation);

    let mapped = weights(folder)?;
    let mut tensors = vec![];
    for (path, map) in &mapped {
        tensors.push(SafeTensors::deserialize(map).map_err(|e| no(path, e.to_string()))?);
    }
    let parts = model.all_parts(!config.tie_word_embeddings);
    let mut staged = Staged::new(out)?;
    staged.write(&head(&keys, &parts))?;
    for part in &parts {
        staged.write(&values(&tensors, part).map_err(|reason| no(Path::new(WEIGHTS), reason))?)?;
    }
    Ok(staged.commit()?)
}

/// The weights' one file, or its shards.
fn weights(folder: &Path) -> Result<Vec<(PathBuf, Mmap)>> {
    let is_one = |name: &PathBuf| name.extension().is_some_and(|extension| extension == "safetensors");
    let names = files::list(folder)?.into_iter().filter(is_one);
    names.map(|name| folder.join(name)).map(|path| map(&path).map(|map| (path, map))).collect()
}

fn model(config: &Config) -> std::result::Result<Model, String> {
    let family = Family::named("model_type", &config.model_type)?;
    let heads = config.num_attention_heads;
    Ok(Model {
        family,
        layers: config.num_hidden_layers,
        hidden: config.hidden_size,
        heads,
        kv_heads: config.num_key_value_heads.unwrap_or(heads),
        head_dim: config.head_dim.unwrap_or(config.hidden_size / heads.max(1)),
        mlp: config.intermediate_size,
        vocabulary: config.vocab_size,
        context: config.max_position_embeddings,
        epsilon: config.rms_norm_eps,
        theta: config.rope_theta,
    })
}

/// Keys with values, as the file has them.
#[derive(Default)]
struct Keys {
    count: u64,
    bytes: Vec<u8>,
}

impl Keys {
    fn put(&mut self, key: &str, kind: u32, value: &[u8]) {
        self.count += 1;
        self.bytes.extend(text(key));
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend(value);
    }

    fn whole(&mut self, key: &str, value: usize) {
        self.put(key, 4, &(value as u32).to_le_bytes());
    }

    fn number(&mut self, key: &str, value: f64) {
        self.put(key, 6, &(value as f32).to_le_bytes());
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.put(key, 7, &[value.into()]);
    }

    fn text(&mut self, key: &str, value: &str) {
        self.put(key, 8, &text(value));
    }

    /// Values of one kind, each as it is written.
    fn list(&mut self, key: &str, kind: u32, values: impl ExactSizeIterator<Item = Vec<u8>>) {
        let head = [&kind.to_le_bytes()[..], &(values.len() as u64).to_le_bytes()].concat();
        let values: Vec<u8> = head.into_iter().chain(values.flatten()).collect();
        self.put(key, 9, &values);
    }

    fn of_model(&mut self, model: &Model, about: &str) {
        let name = model.family.name;
        self.text("general.architecture", name);
        self.text("general.type", "model");
        self.text("general.description", about);
        self.whole("general.file_type", MOSTLY_BF16);
        self.whole("general.quantization_version", 2);
        for (key, value) in [
            ("block_count", model.layers),
            ("context_length", model.context),
            ("embedding_length", model.hidden),
            ("feed_forward_length", model.mlp),
            ("attention.head_count", model.heads),
            ("attention.head_count_kv", model.kv_heads),
            ("attention.key_length", model.head_dim),
            ("attention.value_length", model.head_dim),
            ("vocab_size", model.vocabulary),
        ] {
            self.whole(&format!("{name}.{key}"), value);
        }
        self.number(&format!("{name}.attention.layer_norm_rms_epsilon"), model.epsilon);
        self.number(&format!("{name}.rope.freq_base"), model.theta);
    }

    fn of_tokens(&mut self, vocabulary: &Vocabulary, template: &str) {
        let texts = |texts: &[String]| texts.iter().map(|token| text(token)).collect::<Vec<_>>().into_iter();
        self.text("tokenizer.ggml.model", "gpt2");
        self.text("tokenizer.ggml.pre", "qwen2");
        self.list("tokenizer.ggml.tokens", 8, texts(&vocabulary.tokens));
        self.list("tokenizer.ggml.token_type", 5, vocabulary.types.iter().map(|kind| kind.to_le_bytes().to_vec()));
        self.list("tokenizer.ggml.merges", 8, texts(&vocabulary.merges));
        self.text("tokenizer.chat_template", template);
    }

    fn of_special(&mut self, config: &Config, generation: &Generation) {
        let ends = generation.eos_token_id.as_ref().unwrap_or(&config.eos_token_id);
        let ids = [("bos", config.bos_token_id), ("eos", ends.first()), ("padding", generation.pad_token_id)];
        for (name, id) in ids {
            if let Some(id) = id {
                self.whole(&format!("tokenizer.ggml.{name}_token_id"), id as usize);
            }
        }
        self.flag("tokenizer.ggml.add_bos_token", false);
    }
}

/// A text behind its length.
fn text(value: &str) -> Vec<u8> {
    [&(value.len() as u64).to_le_bytes(), value.as_bytes()].concat()
}

/// What stands before the tensors' values, filled up to where these begin.
fn head(keys: &Keys, parts: &[Part]) -> Vec<u8> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend((parts.len() as u64).to_le_bytes());
    out.extend(keys.count.to_le_bytes());
    out.extend(&keys.bytes);
    let mut offset = 0u64;
    for part in parts {
        out.extend(text(&part.gguf));
        out.extend((part.shape.len() as u32).to_le_bytes());
        part.shape.iter().rev().for_each(|&size| out.extend((size as u64).to_le_bytes()));
        out.extend(if is_matrix(part) { BF16 } else { F32 }.to_le_bytes());
        out.extend(offset.to_le_bytes());
        offset += bytes_of(part).next_multiple_of(ALIGNMENT) as u64;
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    out
}

fn is_matrix(part: &Part) -> bool {
    part.shape.len() > 1
}

fn bytes_of(part: &Part) -> usize {
    part.shape.iter().product::<usize>() * if is_matrix(part) { 2 } else { 4 }
}

/// The bytes of one tensor, filled up to where the next begins.
fn values(files: &[SafeTensors], part: &Part) -> std::result::Result<Vec<u8>, String> {
    let found = files.iter().find_map(|file| file.tensor(&part.hub).ok());
    let tensor = found.ok_or_else(|| format!("its weights have no tensor {}", part.hub))?;
    if tensor.shape() != part.shape {
        return Err(format!("{} has the shape {:?}, expected {:?}", part.hub, tensor.shape(), part.shape));
    }
    let values = widened(&tensor).ok_or_else(|| format!("{} is in {:?}", part.hub, tensor.dtype()))?;
    let cols = if is_matrix(part) { part.shape[1] } else { values.len() };
    let mut out = Vec::with_capacity(bytes_of(part) + ALIGNMENT);
    for row in 0..values.len() / cols {
        for &value in &values[part.hub_row(row) * cols..][..cols] {
            match is_matrix(part) {
                true => out.extend(bf16::from_f32(value).to_le_bytes()),
                false => out.extend(value.to_le_bytes()),
            }
        }
    }
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    Ok(out)
}

/// In f32. What the hub's file calls a type, GGUF calls so too.
fn widened(tensor: &TensorView) -> Option<Vec<f32>> {
    let name = tensor.dtype().to_string();
    let packing = PACKINGS.iter().find(|packing| packing.values == 1 && packing.name == name)?;
    let mut values = vec![0.0; tensor.data().len() / packing.bytes];
    let each = values.chunks_exact_mut(1).zip(tensor.data().chunks_exact(packing.bytes));
    each.for_each(|(value, bytes)| (packing.unpack)(bytes, value));
    Some(values)
}
