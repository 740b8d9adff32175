//! The whole decoder: embedding, blocks, final norm; one copy of the weights on one device.

use crate::batch::{Batch, Rows};
use crate::block::{BlockTrace, Layer, Pass};
use crate::ops::{self, Heads, Ops, Rope};
use crate::site::{Gain, Group, Parameter, Proj, Site};
use crate::weights::expected_tensors;
use crate::{ModelConfig, Result, Weights, read};
use burn::tensor::{DType, Device, Int, Tensor};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Receives what the backward pass passes by. Only linear layers matter to knobs; pre-training takes the rest too.
pub trait Tap {
    /// A group's input `[N, in]` and the loss gradient of its output `[N, out]`.
    fn linear(&mut self, layer: usize, group: Group, x: &Tensor<2>, dy: &Tensor<2>);
    /// Whether [`Self::gain`] and the two below want to be told.
    fn takes_gains(&self) -> bool {
        false
    }
    /// The gradient of a norm's output and the norm's input, `[rows, width]` each.
    fn gain(&mut self, _layer: usize, _gain: Gain, _dy: &Tensor<2>, _x: &Tensor<2>, _eps: f64) {}
    /// The final norm, likewise.
    fn final_gain(&mut self, _dy: &Tensor<2>, _x: &Tensor<2>, _eps: f64) {}
    /// The gradient that reaches the token embeddings, `[N, H]`, row for row with the batch's ids.
    fn embedded(&mut self, _ids: &Tensor<1, Int>, _dx: &Tensor<2>) {}
}

/// What a backward pass needs of one forward pass.
pub struct Trace {
    ids: Tensor<1, Int>,
    rows: Rows,
    /// Each block's input, and what else was kept of it.
    blocks: Vec<(Tensor<2>, Option<BlockTrace>)>,
    last: Tensor<2>,
}

/// Weights on a device. Cloning is cheap: tensors are reference-counted.
#[derive(Clone)]
pub struct Decoder {
    pub config: ModelConfig,
    pub device: Device,
    pub ops: Arc<dyn Ops>,
    pub(crate) embed: Tensor<2>,
    pub(crate) head: Tensor<2>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) final_gain: Tensor<1>,
    pub(crate) rope: Rope,
}

/// All of them, or the first error.
fn each<T, const N: usize>(results: [Result<T>; N]) -> Result<[T; N]> {
    let all: Vec<T> = results.into_iter().collect::<Result<_>>()?;
    Ok(all.try_into().unwrap_or_else(|_| unreachable!("as many as there were")))
}

impl Decoder {
    /// Puts a checkpoint on a device, in the type that the device's operations keep it in. Mapped files go there as they
    /// are; nothing is held in host memory.
    pub fn new(weights: &Weights, device: &Device) -> Result<Self> {
        let ops = ops::for_model(device, &weights.config);
        let dtype = ops.dtype(weights.dtype());
        Self::with(weights, device, ops, dtype)
    }

    /// The same with a choice of operations and type.
    pub fn with(weights: &Weights, device: &Device, ops: Arc<dyn Ops>, dtype: DType) -> Result<Self> {
        let c = weights.config.clone();
        let stacked = |names: &[String]| -> Result<Tensor<2>> {
            let parts = names.iter().map(|name| weights.raw(name)).collect::<Result<Vec<_>>>()?;
            ops.upload(&parts, dtype, device)
        };
        let gain = |name: String| -> Result<Tensor<1>> { Ok(stacked(&[name])?.squeeze_dim::<1>(0)) };
        let mut layers = Vec::with_capacity(c.num_hidden_layers);
        for layer in 0..c.num_hidden_layers {
            let weights = each(Group::ALL.map(|group| {
                let names: Vec<String> =
                    group.members().iter().map(|&proj| Site { layer, proj }.weight_name()).collect();
                stacked(&names)
            }))?;
            let gains = each(Gain::ALL.map(|g| gain(format!("model.layers.{layer}.{}.weight", g.hub_name()))))?;
            layers.push(Layer { weights, gains });
        }
        let embed = stacked(&["model.embed_tokens.weight".into()])?;
        let head = if c.tie_word_embeddings { embed.clone() } else { stacked(&["lm_head.weight".into()])? };
        let rope = Rope::new(c.max_position_embeddings, c.head_dim, c.rope_theta, device);
        let final_gain = gain("model.norm.weight".into())?;
        Ok(Self { config: c, device: device.clone(), ops, embed, head, layers, final_gain, rope })
    }

    /// The type of the weights and of everything computed from them.
    pub fn dtype(&self) -> DType {
        self.embed.dtype()
    }

    /// The same model where the calling thread's work is queued (see [`Ops::own`]).
    pub fn own(&self) -> Self {
        let matrix = |tensor: &Tensor<2>| self.ops.own(tensor);
        let gain = |tensor: &Tensor<1>| matrix(&tensor.clone().unsqueeze()).squeeze_dim(0);
        let embed = matrix(&self.embed);
        Self {
            head: if self.config.tie_word_embeddings { embed.clone() } else { matrix(&self.head) },
            embed,
            layers: self.layers.iter().map(|l| l.map(matrix, gain)).collect(),
            final_gain: gain(&self.final_gain),
            rope: Rope { cos: matrix(&self.rope.cos), sin: matrix(&self.rope.sin) },
            ..self.clone()
        }
    }

    /// The same model with other projections, as when knobs are merged. Everything else is shared.
    pub fn with_projections(&self, mut make: impl FnMut(usize, Group, &Tensor<2>) -> Tensor<2>) -> Self {
        let mut merged = self.clone();
        for (layer, block) in merged.layers.iter_mut().enumerate() {
            for group in Group::ALL {
                block.weights[group as usize] = make(layer, group, self.layers[layer].weight(group));
            }
        }
        merged
    }

    pub(crate) fn heads(&self) -> Heads {
        let c = &self.config;
        Heads { queries: c.num_attention_heads, kv: c.num_key_value_heads, d: c.head_dim }
    }

    fn pass<'a>(&'a self, rows: &'a Rows) -> Pass<'a> {
        Pass { ops: &*self.ops, heads: self.heads(), rope: &self.rope, rows, eps: self.config.rms_norm_eps }
    }

    pub(crate) fn embed(&self, ids: &Tensor<1, Int>) -> Tensor<2> {
        self.embed.clone().select(0, ids.clone())
    }

    pub(crate) fn final_norm(&self, x: &Tensor<2>) -> Tensor<2> {
        self.ops.rms_norm(x, &self.final_gain, self.config.rms_norm_eps)
    }

    /// Final hidden states `[N, H]`, after the last norm, and the trace for [`Self::backward`].
    pub fn forward(&self, batch: &Batch) -> (Tensor<2>, Trace) {
        self.forward_keeping(batch, self.layers.len())
    }

    /// The same, keeping the activations of the last `kept` blocks only; those of the others are computed again on the way
    /// back, to the same bytes.
    pub fn forward_keeping(&self, batch: &Batch, kept: usize) -> (Tensor<2>, Trace) {
        let pass = self.pass(&batch.rows);
        let mut x = self.embed(&batch.ids);
        let mut blocks = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            let (next, trace) = layer.forward(&pass, x.clone(), |_| ());
            blocks.push((x, (i.saturating_add(kept) >= self.layers.len()).then_some(trace)));
            x = next;
        }
        (self.final_norm(&x), Trace { ids: batch.ids.clone(), rows: batch.rows.clone(), blocks, last: x })
    }

    /// Final hidden states without a trace: for reference passes.
    pub fn hidden(&self, batch: &Batch) -> Tensor<2> {
        self.final_norm(&self.blocks(batch, |_, _| ()))
    }

    /// The last block's output; `seen` is shown each layer's turned queries, keys and values.
    pub(crate) fn blocks(&self, batch: &Batch, mut seen: impl FnMut(usize, &Tensor<2>)) -> Tensor<2> {
        let pass = self.pass(&batch.rows);
        let mut x = self.embed(&batch.ids);
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&pass, x, |turned| seen(i, turned)).0;
        }
        x
    }

    /// Runs the backward pass from the gradient of the hidden states, showing every layer to `tap`.
    pub fn backward(&self, trace: Trace, dhidden: Tensor<2>, tap: &mut dyn Tap) {
        let Trace { ids, rows, mut blocks, last } = trace;
        let (pass, eps) = (self.pass(&rows), self.config.rms_norm_eps);
        tap.final_gain(&dhidden, &last, eps);
        let mut dx = self.ops.rms_norm_back(dhidden.zeros_like(), &dhidden, &last, &self.final_gain, eps);
        for (layer, block) in self.layers.iter().enumerate().rev() {
            let (x, trace) = blocks.pop().expect("a trace of every block");
            let trace = trace.unwrap_or_else(|| block.trace(&pass, x.clone(), |_| ()));
            dx = block.backward(layer, &pass, &x, dx, trace, tap);
        }
        tap.embedded(&ids, &dx);
    }

    /// `x [N, H] -> logits [N, V]`, f32.
    pub fn logits(&self, hidden: &Tensor<2>) -> Tensor<2> {
        self.ops.logits(hidden, &self.head)
    }

    /// A parameter as a matrix.
    pub fn parameter(&self, which: Parameter) -> Tensor<2> {
        match which {
            Parameter::Embed => self.embed.clone(),
            Parameter::Final => self.final_gain.clone().unsqueeze(),
            Parameter::Linear(layer, group) => self.layers[layer].weight(group).clone(),
            Parameter::Gain(layer, gain) => self.layers[layer].gain(gain).clone().unsqueeze(),
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
            Parameter::Linear(layer, group) => self.layers[layer].weights[group as usize] = value,
            Parameter::Gain(layer, gain) => self.layers[layer].gains[gain as usize] = value.squeeze_dim(0),
        }
    }

    /// One linear layer's weight, `[out, in]`.
    pub fn weight(&self, Site { layer, proj }: Site) -> Tensor<2> {
        let rows = proj.rows(&self.config);
        self.layers[layer].weight(proj.group()).clone().narrow(0, rows.start, rows.len())
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
        match (proj, gain) {
            (Some(proj), _) => Some(self.weight(Site { layer, proj })),
            (None, Some(gain)) => Some(self.parameter(Parameter::Gain(layer, gain))),
            (None, None) => None,
        }
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
