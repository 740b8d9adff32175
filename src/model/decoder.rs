//! The whole decoder: embedding, blocks, final norm; one copy of the weights on one device.

use crate::block::{BlockTrace, Dims, Layer};
use crate::ops::{self, Normed, Rope};
use crate::weights::expected_tensors;
use crate::{Matrix, ModelConfig, Result, Weights, read};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use std::collections::BTreeMap;

/// The seven projections that carry knobs, in the order they appear in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proj {
    Q,
    K,
    V,
    O,
    Gate,
    Up,
    Down,
}

impl Proj {
    pub const ALL: [Proj; 7] = [Self::Q, Self::K, Self::V, Self::O, Self::Gate, Self::Up, Self::Down];

    pub fn hub_name(self) -> &'static str {
        match self {
            Self::Q => "self_attn.q_proj",
            Self::K => "self_attn.k_proj",
            Self::V => "self_attn.v_proj",
            Self::O => "self_attn.o_proj",
            Self::Gate => "mlp.gate_proj",
            Self::Up => "mlp.up_proj",
            Self::Down => "mlp.down_proj",
        }
    }

    /// `[out, in]`.
    pub fn shape(self, c: &ModelConfig) -> [usize; 2] {
        let (q, kv) = (c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim);
        match self {
            Self::Q => [q, c.hidden_size],
            Self::K | Self::V => [kv, c.hidden_size],
            Self::O => [c.hidden_size, q],
            Self::Gate | Self::Up => [c.intermediate_size, c.hidden_size],
            Self::Down => [c.hidden_size, c.intermediate_size],
        }
    }
}

/// One linear layer of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    pub layer: usize,
    pub proj: Proj,
}

impl Site {
    /// Every site, layer by layer: the fixed order of knobs, directions and bands.
    pub fn all(config: &ModelConfig) -> Vec<Site> {
        (0..config.num_hidden_layers).flat_map(|layer| Proj::ALL.map(|proj| Site { layer, proj })).collect()
    }

    /// Place of this site in [`Self::all`].
    pub fn module(self) -> usize {
        self.layer * Proj::ALL.len() + self.proj as usize
    }

    pub fn weight_name(self) -> String {
        format!("model.layers.{}.{}.weight", self.layer, self.proj.hub_name())
    }
}

/// The four RMSNorm gains of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gain {
    Input,
    Post,
    Q,
    K,
}

impl Gain {
    pub const ALL: [Gain; 4] = [Self::Input, Self::Post, Self::Q, Self::K];

    pub fn hub_name(self) -> &'static str {
        match self {
            Self::Input => "input_layernorm",
            Self::Post => "post_attention_layernorm",
            Self::Q => "self_attn.q_norm",
            Self::K => "self_attn.k_norm",
        }
    }
}

/// Any trainable tensor, for pre-training. Gains count as matrices with one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    Embed,
    Final,
    Linear(Site),
    Gain(usize, Gain),
}

/// Receives what the backward pass passes by. Only linear layers matter to knobs; pre-training takes the rest too.
pub trait Tap {
    /// A linear layer's input `[N, in]` and the loss gradient of its output `[N, out]`.
    fn linear(&mut self, site: Site, x: &Tensor<2>, dy: &Tensor<2>);
    /// A gain's output gradient and normalised input, `[rows, width]` each: its gradient is the row sum of the product.
    fn gain(&mut self, _layer: usize, _gain: Gain, _dy: &Tensor<2>, _unit: &Tensor<2>) {}
    /// The final norm's gain, likewise.
    fn final_gain(&mut self, _dy: &Tensor<2>, _unit: &Tensor<2>) {}
    /// The gradient that reaches the token embeddings, `[N, H]`, row for row with the batch's ids.
    fn embedded(&mut self, _ids: &Tensor<1, Int>, _dx: &Tensor<2>) {}
}

/// Token ids on the device, right-padded: `[B*T]`. Padding needs no mask, as attention is causal.
pub struct Batch {
    pub ids: Tensor<1, Int>,
    pub b: usize,
    pub t: usize,
}

impl Batch {
    /// Pads every row to the longest with token 0.
    pub fn new(rows: &[&[u32]], device: &Device) -> Self {
        let t = rows.iter().map(|r| r.len()).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(rows.len() * t);
        for row in rows {
            ids.extend(row.iter().map(|&id| id as i32));
            ids.resize(ids.len() + t - row.len(), 0);
        }
        let n = ids.len();
        Self { ids: Tensor::from_data(TensorData::new(ids, [n]), device), b: rows.len(), t }
    }
}

/// What a backward pass needs of one forward pass.
pub struct Trace {
    ids: Tensor<1, Int>,
    dims: Dims,
    blocks: Vec<BlockTrace>,
    last: Normed,
}

/// Weights on a device. Cloning is cheap: tensors are reference-counted.
#[derive(Clone)]
pub struct Decoder {
    pub config: ModelConfig,
    pub device: Device,
    pub(crate) embed: Tensor<2>,
    pub(crate) head: Tensor<2>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_gain: Tensor<1>,
    pub(crate) rope: Rope,
}

/// Copies a host matrix to the device.
pub fn upload(m: &Matrix, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(m.data.clone(), [m.rows, m.cols]), device)
}

/// All of them, or the first error.
fn each<T, const N: usize>(results: [Result<T>; N]) -> Result<[T; N]> {
    let all: Vec<T> = results.into_iter().collect::<Result<_>>()?;
    Ok(all.try_into().unwrap_or_else(|_| unreachable!("as many as there were")))
}

impl Decoder {
    /// Puts a checkpoint on a device, one tensor after the other: the host holds one at a time. Positions beyond
    /// `max_position_embeddings` are an error of the caller.
    pub fn new(weights: &Weights, device: &Device) -> Result<Self> {
        let c = weights.config.clone();
        let matrix = |name: &str| -> Result<Tensor<2>> { Ok(upload(&*weights.get(name)?, device)) };
        let gain = |name: String| -> Result<Tensor<1>> { Ok(matrix(&name)?.squeeze_dim::<1>(0)) };
        let mut layers = Vec::with_capacity(c.num_hidden_layers);
        for layer in 0..c.num_hidden_layers {
            let proj = each(Proj::ALL.map(|proj| matrix(&Site { layer, proj }.weight_name())))?;
            let gains = each(Gain::ALL.map(|g| gain(format!("model.layers.{layer}.{}.weight", g.hub_name()))))?;
            layers.push(Layer { proj, gains });
        }
        let embed = matrix("model.embed_tokens.weight")?;
        let head = if c.tie_word_embeddings { embed.clone() } else { matrix("lm_head.weight")? };
        let rope = Rope::new(c.max_position_embeddings, c.head_dim, c.rope_theta, device);
        let final_gain = gain("model.norm.weight".into())?;
        Ok(Self { config: c, device: device.clone(), embed, head, layers, final_gain, rope })
    }

    /// The same model with other projections, as when knobs are merged. Everything else is shared.
    pub fn with_projections(&self, mut make: impl FnMut(Site, &Tensor<2>) -> Tensor<2>) -> Self {
        let mut merged = self.clone();
        for (layer, block) in merged.layers.iter_mut().enumerate() {
            for proj in Proj::ALL {
                block.proj[proj as usize] = make(Site { layer, proj }, &self.layers[layer].proj[proj as usize]);
            }
        }
        merged
    }

    pub(crate) fn dims(&self, b: usize, t: usize) -> Dims {
        let c = &self.config;
        Dims { b, t, kv: c.num_key_value_heads, group: c.group(), d: c.head_dim, eps: c.rms_norm_eps }
    }

    pub(crate) fn embed(&self, ids: &Tensor<1, Int>) -> Tensor<2> {
        self.embed.clone().select(0, ids.clone())
    }

    pub(crate) fn causal(&self, t: usize) -> Tensor<3, Bool> {
        ops::causal_mask(t, self.config.group(), &self.device)
    }

    /// Final hidden states `[B*T, H]`, after the last norm, and the trace for [`Self::backward`].
    pub fn forward(&self, batch: &Batch) -> (Tensor<2>, Trace) {
        let dims = self.dims(batch.b, batch.t);
        let (rope, mask) = (self.rope.first(batch.t), self.causal(batch.t));
        let mut x = self.embed(&batch.ids);
        let mut blocks = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (next, trace) = layer.forward(x, dims, &rope, &mask);
            x = next;
            blocks.push(trace);
        }
        let (hidden, last) = ops::rms_norm(x, &self.final_gain, dims.eps);
        (hidden, Trace { ids: batch.ids.clone(), dims, blocks, last })
    }

    /// Final hidden states without a trace: for reference passes.
    pub fn hidden(&self, batch: &Batch) -> Tensor<2> {
        let dims = self.dims(batch.b, batch.t);
        let (rope, mask) = (self.rope.first(batch.t), self.causal(batch.t));
        let mut x = self.embed(&batch.ids);
        for layer in &self.layers {
            x = layer.forward(x, dims, &rope, &mask).0;
        }
        ops::rms_norm(x, &self.final_gain, dims.eps).0
    }

    /// Runs the backward pass from the gradient of the hidden states, showing every layer to `tap`.
    pub fn backward(&self, trace: &Trace, dhidden: Tensor<2>, tap: &mut dyn Tap) {
        let rope = self.rope.first(trace.dims.t);
        tap.final_gain(&dhidden, &trace.last.unit);
        let mut dx = ops::rms_norm_backward(dhidden, &self.final_gain, &trace.last);
        for (layer, block) in self.layers.iter().enumerate().rev() {
            dx = block.backward(layer, dx, &trace.blocks[layer], trace.dims, &rope, tap);
        }
        tap.embedded(&trace.ids, &dx);
    }

    /// `x [N, H] -> logits [N, V]`.
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        hidden.matmul(self.head.clone().transpose())
    }

    /// A parameter as a matrix.
    pub fn parameter(&self, which: Parameter) -> Tensor<2> {
        match which {
            Parameter::Embed => self.embed.clone(),
            Parameter::Final => self.final_gain.clone().unsqueeze(),
            Parameter::Linear(Site { layer, proj }) => self.layers[layer].proj[proj as usize].clone(),
            Parameter::Gain(layer, gain) => self.layers[layer].gains[gain as usize].clone().unsqueeze(),
        }
    }

    /// Replaces a parameter. A tied head follows the embedding.
    pub fn set_parameter(&mut self, which: Parameter, value: Tensor<2>) {
        match which {
            Parameter::Embed => {
                if self.config.tie_word_embeddings {
                    self.head = value.clone();
                }
                self.embed = value;
            }
            Parameter::Final => self.final_gain = value.squeeze_dim(0),
            Parameter::Linear(Site { layer, proj }) => self.layers[layer].proj[proj as usize] = value,
            Parameter::Gain(layer, gain) => self.layers[layer].gains[gain as usize] = value.squeeze_dim(0),
        }
    }

    /// A weight under its hub name, if the model has one of that name.
    fn named(&self, name: &str) -> Option<Tensor<2>> {
        match name {
            "model.embed_tokens.weight" => return Some(self.embed.clone()),
            "lm_head.weight" => return Some(self.head.clone()),
            "model.norm.weight" => return Some(self.parameter(Parameter::Final)),
            _ => {}
        }
        let (layer, part) = name.strip_prefix("model.layers.")?.strip_suffix(".weight")?.split_once('.')?;
        let layer = layer.parse().ok().filter(|&layer| layer < self.layers.len())?;
        let proj = Proj::ALL.into_iter().find(|p| p.hub_name() == part);
        let gain = Gain::ALL.into_iter().find(|g| g.hub_name() == part);
        let which = match (proj, gain) {
            (Some(proj), _) => Parameter::Linear(Site { layer, proj }),
            (None, Some(gain)) => Parameter::Gain(layer, gain),
            (None, None) => return None,
        };
        Some(self.parameter(which))
    }

    /// Copies one of the [`expected_tensors`](crate::weights::expected_tensors) back to the host.
    pub fn tensor(&self, name: &str) -> Result<Vec<f32>> {
        read(self.named(name).expect("a tensor of this architecture"))
    }

    /// Copies every weight back to the host.
    pub fn download(&self) -> Result<Weights> {
        let mut all = BTreeMap::new();
        for (name, _) in expected_tensors(&self.config) {
            let values = self.tensor(&name)?;
            all.insert(name, values);
        }
        Ok(Weights::from_fn(self.config.clone(), |name, _| all.remove(name).unwrap_or_default()))
    }
}
