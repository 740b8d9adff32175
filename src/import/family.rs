//! The architectures that are known, what their keys mean, and what their tensors are called here and at the hub.

use crate::gguf::{Gguf, Tensor, Value};
use crate::head::Head;
use std::collections::BTreeSet;

/// What an architecture has and others have not.
pub(crate) struct Family {
    /// In GGUF and at the hub.
    pub(crate) name: &'static str,
    /// The reference library's class.
    pub(crate) class: &'static str,
    /// Whether q, k and v have a bias.
    bias: bool,
    /// Whether q and k have a norm for each head.
    head_norm: bool,
    /// Whether the two values that turn together lie side by side in GGUF's q and k; at the hub they are half a head apart.
    side_by_side: bool,
}

const FAMILIES: [Family; 3] = [
    Family { name: "qwen2", class: "Qwen2ForCausalLM", bias: true, head_norm: false, side_by_side: false },
    Family { name: "qwen3", class: "Qwen3ForCausalLM", bias: false, head_norm: true, side_by_side: false },
    Family { name: "llama", class: "LlamaForCausalLM", bias: false, head_norm: false, side_by_side: true },
];

impl Family {
    /// The one of this name, which stands under `key`.
    pub(crate) fn named(key: &str, name: &str) -> Result<&'static Self, String> {
        FAMILIES.iter().find(|family| family.name == name).ok_or_else(|| {
            let known: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
            format!("its {key} is {name:?}; known here are {}", known.join(", "))
        })
    }
}

/// Keys that are read; `*` is the architecture.
const READ: [&str; 22] = [
    "*.block_count",
    "*.context_length",
    "*.embedding_length",
    "*.feed_forward_length",
    "*.attention.head_count",
    "*.attention.head_count_kv",
    "*.attention.key_length",
    "*.attention.value_length",
    "*.attention.layer_norm_rms_epsilon",
    "*.rope.dimension_count",
    "*.rope.freq_base",
    "*.vocab_size",
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.token_type",
    "tokenizer.ggml.merges",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.chat_template",
];

/// Keys that would change what is computed, with the only value that is known here.
const FIXED: [(&str, Value); 6] = [
    ("*.rope.scaling.type", Value::Text("none")),
    ("general.quantization_version", Value::Whole(2)),
    ("general.type", Value::Text("model")),
    ("tokenizer.ggml.add_bos_token", Value::Flag(false)),
    ("tokenizer.ggml.add_eos_token", Value::Flag(false)),
    ("tokenizer.ggml.add_space_prefix", Value::Flag(false)),
];

/// How keys begin that say who made a file, and how, and nothing of what is computed.
const TELLING: [&str; 2] = ["general.", "quantize."];

/// The base of the rotary frequencies where no key says it.
const ROTARY: f64 = 10000.0;

/// A model's sizes.
pub(crate) struct Model {
    pub(crate) family: &'static Family,
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) mlp: usize,
    pub(crate) vocabulary: usize,
    pub(crate) context: usize,
    pub(crate) epsilon: f64,
    pub(crate) theta: f64,
}

/// A tensor by its names here and there.
pub(crate) struct Part {
    pub(crate) gguf: String,
    pub(crate) hub: String,
    pub(crate) shape: Vec<usize>,
    /// Of how many heads, where rows must be put back into the hub's order.
    heads: Option<usize>,
}

impl Part {
    /// Where the hub has what is this row of the file: the other way round than [`Named::row`].
    pub(crate) fn hub_row(&self, row: usize) -> usize {
        let Some(heads) = self.heads else { return row };
        let dim = self.shape[0] / heads;
        let (head, place, half) = (row / dim, row % dim / 2, row % 2);
        head * dim + half * (dim / 2) + place
    }
}

/// A tensor on its way to the hub's file.
pub(crate) struct Named<'a> {
    pub(crate) name: String,
    pub(crate) tensor: &'a Tensor<'a>,
    heads: Option<usize>,
}

impl Named<'_> {
    /// Where the file has what is this row at the hub.
    pub(crate) fn row(&self, row: usize) -> usize {
        let Some(heads) = self.heads else { return row };
        let dim = self.tensor.rows() / heads;
        let (head, half, place) = (row / dim, row % dim / (dim / 2), row % (dim / 2));
        head * dim + place * 2 + half
    }
}

impl Model {
    /// # Errors
    /// An architecture, a key or a tensor that is not known here, or one that is missing; a shape that does not fit.
    pub(crate) fn of(gguf: &Gguf) -> Result<Self, String> {
        let name = gguf.text("general.architecture")?;
        let family = Family::named("architecture", name)?;
        refuse_unknown_keys(gguf, family)?;
        let model = Self::sizes(gguf, family)?;
        model.check(gguf)?;
        Ok(model)
    }

    fn sizes(gguf: &Gguf, family: &'static Family) -> Result<Self, String> {
        let key = |key: &str| format!("{}.{key}", family.name);
        let size = |name: &str| gguf.size(&key(name));
        let or = |name: &str, other: usize| if gguf.keys.contains_key(&*key(name)) { size(name) } else { Ok(other) };
        let only = |name: &str, known: usize| match or(name, known)? {
            found if found == known => Ok(()),
            found => Err(format!("{} is {found}, and only {known} is computed here", key(name))),
        };
        let (hidden, heads) = (size("embedding_length")?, size("attention.head_count")?);
        let model = Self {
            family,
            layers: size("block_count")?,
            hidden,
            heads,
            kv_heads: or("attention.head_count_kv", heads)?,
            head_dim: or("attention.key_length", hidden / heads)?,
            mlp: size("feed_forward_length")?,
            vocabulary: gguf.tensors.get("token_embd.weight").map_or(0, Tensor::rows),
            context: size("context_length")?,
            epsilon: gguf.number(&key("attention.layer_norm_rms_epsilon"))?,
            theta: match gguf.keys.contains_key(&*key("rope.freq_base")) {
                true => gguf.number(&key("rope.freq_base"))?,
                false => ROTARY,
            },
        };
        only("attention.value_length", model.head_dim)?;
        only("rope.dimension_count", model.head_dim)?;
        only("vocab_size", model.vocabulary)?;
        if !model.head_dim.is_multiple_of(2) || model.head_dim == 0 {
            return Err(format!("its heads are {} wide, and what turns must come in pairs", model.head_dim));
        }
        if !heads.is_multiple_of(model.kv_heads) {
            return Err(format!("{heads} heads cannot share {} of keys and values", model.kv_heads));
        }
        Ok(model)
    }

    /// Every tensor that is expected is there in its shape, and no other.
    fn check(&self, gguf: &Gguf) -> Result<(), String> {
        // A damaged number of layers must not make names without end.
        if self.layers > gguf.tensors.len() {
            return Err(format!("it has {} layers and {} tensors", self.layers, gguf.tensors.len()));
        }
        let mut parts = self.parts();
        parts.extend(gguf.tensors.contains_key("output.weight").then(|| self.own_head()));
        for part in &parts {
            let name = &part.gguf;
            let tensor = gguf.tensors.get(&**name).ok_or_else(|| format!("it has no tensor {name}"))?;
            if tensor.shape != part.shape {
                return Err(format!("{name} has the shape {:?}, expected {:?}", tensor.shape, part.shape));
            }
        }
        let known: BTreeSet<&str> = parts.iter().map(|part| &*part.gguf).collect();
        match gguf.tensors.keys().find(|name| !known.contains(*name)) {
            Some(name) => {
                Err(format!("it has the tensor {name}, which a {} as it is known here has not", self.family.name))
            }
            None => Ok(()),
        }
    }

    /// All tensors in the order of the hub's names.
    pub(crate) fn tensors<'a>(&self, gguf: &'a Gguf<'a>, head: &Head<'a>) -> Vec<Named<'a>> {
        let mut parts = self.parts();
        parts.extend(head.own.map(|_| self.own_head()));
        parts.sort_by(|a, b| a.hub.cmp(&b.hub));
        let named = |Part { gguf: name, hub, heads, .. }: Part| {
            let tensor = if name == "token_embd.weight" { head.embedding } else { &gguf.tensors[&*name] };
            Named { name: hub, tensor, heads }
        };
        parts.into_iter().map(named).collect()
    }

    /// All parts in the file's own order; the head where it is a matrix of its own.
    pub(crate) fn all_parts(&self, own_head: bool) -> Vec<Part> {
        let mut parts = self.parts();
        parts.extend(own_head.then(|| self.own_head()));
        parts
    }

    fn own_head(&self) -> Part {
        part("output.weight", "lm_head.weight", &[self.vocabulary, self.hidden])
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            part("token_embd.weight", "model.embed_tokens.weight", &[self.vocabulary, self.hidden]),
            part("output_norm.weight", "model.norm.weight", &[self.hidden]),
        ];
        for layer in 0..self.layers {
            parts.extend(self.layer().into_iter().map(|part| Part {
                gguf: format!("blk.{layer}.{}", part.gguf),
                hub: format!("model.layers.{layer}.{}", part.hub),
                ..part
            }));
        }
        parts
    }

    fn layer(&self) -> Vec<Part> {
        let (hidden, mlp, dim) = (self.hidden, self.mlp, self.head_dim);
        let (q, kv) = (self.heads * dim, self.kv_heads * dim);
        let turned = |heads: usize, part: Part| Part { heads: self.family.side_by_side.then_some(heads), ..part };
        let mut parts = vec![
            part("attn_norm.weight", "input_layernorm.weight", &[hidden]),
            turned(self.heads, part("attn_q.weight", "self_attn.q_proj.weight", &[q, hidden])),
            turned(self.kv_heads, part("attn_k.weight", "self_attn.k_proj.weight", &[kv, hidden])),
            part("attn_v.weight", "self_attn.v_proj.weight", &[kv, hidden]),
            part("attn_output.weight", "self_attn.o_proj.weight", &[hidden, q]),
            part("ffn_norm.weight", "post_attention_layernorm.weight", &[hidden]),
            part("ffn_gate.weight", "mlp.gate_proj.weight", &[mlp, hidden]),
            part("ffn_up.weight", "mlp.up_proj.weight", &[mlp, hidden]),
            part("ffn_down.weight", "mlp.down_proj.weight", &[hidden, mlp]),
        ];
        if self.family.bias {
            parts.push(part("attn_q.bias", "self_attn.q_proj.bias", &[q]));
            parts.push(part("attn_k.bias", "self_attn.k_proj.bias", &[kv]));
            parts.push(part("attn_v.bias", "self_attn.v_proj.bias", &[kv]));
        }
        if self.family.head_norm {
            parts.push(part("attn_q_norm.weight", "self_attn.q_norm.weight", &[dim]));
            parts.push(part("attn_k_norm.weight", "self_attn.k_norm.weight", &[dim]));
        }
        parts
    }
}

fn part(gguf: &str, hub: &str, shape: &[usize]) -> Part {
    Part { gguf: gguf.into(), hub: hub.into(), shape: shape.into(), heads: None }
}

fn refuse_unknown_keys(gguf: &Gguf, family: &Family) -> Result<(), String> {
    for (key, value) in &gguf.keys {
        let name = match key.strip_prefix(family.name) {
            Some(rest) if rest.starts_with('.') => format!("*{rest}"),
            _ => key.to_string(),
        };
        match FIXED.iter().find(|(fixed, _)| *fixed == name) {
            Some((_, known)) if known == value => {}
            Some((_, known)) => return Err(format!("{key} is {value}, and only {known} is known here")),
            None if READ.contains(&&*name) || TELLING.iter().any(|telling| name.starts_with(telling)) => {}
            None => {
                return Err(format!("{key} is {value}, and no such key is known here: it may change what is computed"));
            }
        }
    }
    Ok(())
}
