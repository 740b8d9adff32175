//! The whole decoder: embedding, blocks, final norm; one copy of the weights on one device.

use crate::Result;
use crate::block::{BackwardPass, BlockTrace, DecoderLayer, Pass};
use crate::config::ModelConfig;
use crate::names::{Group, LinearId, NormWeight, Parameter, Proj, expected_tensors};
use crate::tap::Tap;
use crate::weights::Weights;
use backend::ops::{Heads, QkvStep, Rope};
use backend::{Backend, Batch, Raw, Rows, read};
use burn_tensor::{DType, Int, Tensor};
use std::collections::BTreeMap;

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
    /// The architecture, which every shape follows from.
    pub config: ModelConfig,
    /// Where the weights lie, and what computes with them.
    pub backend: Backend,
    /// `[V, H]`.
    pub embed: Tensor<2>,
    /// `[V, H]`; the embedding itself where they are tied.
    pub head: Tensor<2>,
    /// The blocks, in the order in which they are computed.
    pub layers: Vec<DecoderLayer>,
    /// `[H]`.
    pub final_gain: Tensor<1>,
    /// Rotation tables for `max_position_embeddings` positions.
    pub rope: Rope,
}

/// What a caller promises who names a tensor.
const OF_THIS: &str = "a tensor of this architecture";

/// All of them, or the first error.
fn each<T, const N: usize>(results: [Result<T>; N]) -> Result<[T; N]> {
    let all: Vec<T> = results.into_iter().collect::<Result<_>>()?;
    Ok(all.try_into().unwrap_or_else(|_| unreachable!("as many as there were")))
}

impl Decoder {
    /// Puts a checkpoint on a device, in the type that the device's operations keep it in. Mapped files go there as they
    /// are; nothing is held in host memory.
    ///
    /// # Errors
    /// A tensor that cannot be read, or a device without room for it.
    pub fn new(weights: &Weights, backend: &Backend) -> Result<Self> {
        let c = &weights.config;
        let backend = backend.for_widths(&[c.hidden_size, c.intermediate_size], c.head_dim);
        let dtype = backend.dtype(weights.dtype());
        Self::with(weights, &backend, dtype)
    }

    /// The same with exactly this backend, in a type of one's choice.
    ///
    /// # Errors
    /// Likewise.
    pub fn with(weights: &Weights, backend: &Backend, dtype: DType) -> Result<Self> {
        let c = weights.config.clone();
        let stacked = |names: &[String]| -> Result<Tensor<2>> {
            let parts = names.iter().map(|name| weights.raw(name)).collect::<Result<Vec<_>>>()?;
            Ok(backend.upload(&parts, dtype)?)
        };
        let gain = |name: String| -> Result<Tensor<1>> { Ok(stacked(&[name])?.squeeze_dim::<1>(0)) };
        let biases = |layer: usize| -> Result<Tensor<1>> {
            let members = Group::Qkv.members().iter();
            // A column each: they have different lengths.
            let column = |&proj: &Proj| Ok(Raw { cols: 1, ..weights.raw(&LinearId { layer, proj }.bias_name())? });
            let parts = members.map(column).collect::<Result<Vec<_>>>()?;
            Ok(backend.upload(&parts, dtype)?.squeeze_dim::<1>(1))
        };
        let mut layers = Vec::with_capacity(c.num_hidden_layers);
        for layer in 0..c.num_hidden_layers {
            let weights = each(Group::ALL.map(|group| {
                let names: Vec<String> =
                    group.members().iter().map(|&proj| LinearId { layer, proj }.weight_name()).collect();
                stacked(&names)
            }))?;
            let of = |g: NormWeight| gain(format!("model.layers.{layer}.{}.weight", g.hub_name()));
            let step = match c.family.step {
                QkvStep::Normed { .. } => QkvStep::Normed { q: of(NormWeight::Q)?, k: of(NormWeight::K)? },
                QkvStep::Biased(()) => QkvStep::Biased(biases(layer)?),
                QkvStep::Plain => QkvStep::Plain,
            };
            let (input_gain, post_gain) = (of(NormWeight::Input)?, of(NormWeight::Post)?);
            layers.push(DecoderLayer { weights, input_gain, post_gain, step });
        }
        let embed = stacked(&["model.embed_tokens.weight".into()])?;
        let head = if c.tie_word_embeddings { embed.clone() } else { stacked(&["lm_head.weight".into()])? };
        let rope = Rope::new(c.max_position_embeddings, c.head_dim, c.rope_theta, &backend.device);
        let final_gain = gain("model.norm.weight".into())?;
        Ok(Self { config: c, backend: backend.clone(), embed, head, layers, final_gain, rope })
    }

    /// The type of the weights and of everything computed from them.
    pub fn dtype(&self) -> DType {
        self.embed.dtype()
    }

    /// The same model where the calling thread's work is queued (see [`Backend::copy_to_thread_stream`]).
    pub fn copy_to_thread_stream(&self) -> Self {
        let matrix = |tensor: &Tensor<2>| self.backend.copy_to_thread_stream(tensor);
        let vector = |tensor: &Tensor<1>| matrix(&tensor.clone().unsqueeze()).squeeze_dim(0);
        let embed = matrix(&self.embed);
        Self {
            head: if self.config.tie_word_embeddings { embed.clone() } else { matrix(&self.head) },
            embed,
            layers: self.layers.iter().map(|l| l.map(matrix, vector)).collect(),
            final_gain: vector(&self.final_gain),
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

    /// Attention's sizes.
    pub fn heads(&self) -> Heads {
        let c = &self.config;
        Heads { queries: c.num_attention_heads, kv: c.num_key_value_heads, d: c.head_dim }
    }

    fn pass<'a>(&'a self, positions: &'a Tensor<1, Int>) -> Pass<'a> {
        let (ops, eps) = (&*self.backend.ops, self.config.rms_norm_eps);
        Pass { ops, heads: self.heads(), rope: &self.rope, positions, eps }
    }

    fn embedded(&self, ids: &Tensor<1, Int>) -> Tensor<2> {
        self.embed.clone().select(0, ids.clone())
    }

    fn final_norm(&self, x: &Tensor<2>) -> Tensor<2> {
        self.backend.ops.rms_norm(x, &self.final_gain, self.config.rms_norm_eps)
    }

    /// Final hidden states `[N, H]`, after the last norm, and the trace for [`Self::backward`].
    pub fn forward(&self, batch: &Batch) -> (Tensor<2>, Trace) {
        self.forward_keeping(batch, self.layers.len())
    }

    /// The same, keeping the activations of the last `saved_activations` blocks only; those of the others are computed again on the way
    /// back, to the same bytes.
    pub fn forward_keeping(&self, batch: &Batch, saved_activations: usize) -> (Tensor<2>, Trace) {
        let pass = self.pass(&batch.rows.positions);
        let mut x = self.embedded(&batch.ids);
        let mut blocks = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            let (next, trace) =
                layer.forward(&pass, x.clone(), |rotated| pass.ops.attention(rotated, pass.heads, &batch.rows));
            blocks.push((x, (i.saturating_add(saved_activations) >= self.layers.len()).then_some(trace)));
            x = next;
        }
        (self.final_norm(&x), Trace { ids: batch.ids.clone(), rows: batch.rows.clone(), blocks, last: x })
    }

    /// Final hidden states without a trace: for reference passes.
    pub fn hidden(&self, batch: &Batch) -> Tensor<2> {
        self.final_norm(&self.encode(batch, |_, _| ()))
    }

    /// The last block's output; `seen` is shown each layer's rotated queries and keys, and values `[N, width]`: what a
    /// cache stores.
    pub fn encode(&self, batch: &Batch, mut seen: impl FnMut(usize, &Tensor<2>)) -> Tensor<2> {
        let pass = self.pass(&batch.rows.positions);
        let mut x = self.embedded(&batch.ids);
        for (i, layer) in self.layers.iter().enumerate() {
            let attend = |rotated: &Tensor<2>| {
                seen(i, rotated);
                pass.ops.attention(rotated, pass.heads, &batch.rows)
            };
            x = layer.forward(&pass, x, attend).0;
        }
        x
    }

    /// Logits `[N, V]` of one token a row, `ids` at `positions`, `[N]` each. `attend` is given each layer's rotated queries
    /// and keys, and values, and looks back into a cache.
    pub fn decode_step(
        &self,
        ids: &Tensor<1, Int>,
        positions: &Tensor<1, Int>,
        mut attend: impl FnMut(usize, &Tensor<2>) -> Tensor<2>,
    ) -> Tensor<2> {
        let pass = self.pass(positions);
        let mut x = self.embedded(ids);
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&pass, x, |rotated| (attend(i, rotated), ())).0;
        }
        self.logits(&self.final_norm(&x))
    }

    /// Runs the backward pass from the gradient of the hidden states, showing every layer to `tap`.
    pub fn backward(&self, trace: Trace, dhidden: Tensor<2>, tap: &mut dyn Tap) {
        let Trace { ids, rows, mut blocks, last } = trace;
        let (ops, eps) = (&self.backend.ops, self.config.rms_norm_eps);
        tap.final_gain(&dhidden, &last, eps);
        let mut dx = ops.rms_norm_backward(dhidden.zeros_like(), &dhidden, &last, &self.final_gain, eps);
        for (layer, block) in self.layers.iter().enumerate().rev() {
            let (x, trace) = blocks.pop().expect("a trace of every block");
            let at = BackwardPass { pass: self.pass(&rows.positions), rows: &rows, layer };
            let attend = |rotated: &Tensor<2>| ops.attention(rotated, at.pass.heads, &rows);
            let trace = trace.unwrap_or_else(|| block.trace(&at.pass, x.clone(), attend));
            dx = block.backward(&at, &x, dx, trace, tap);
        }
        tap.embedded(&ids, &dx);
    }

    /// `x [N, H] -> logits [N, V]`, f32.
    pub fn logits(&self, hidden: &Tensor<2>) -> Tensor<2> {
        self.backend.ops.logits(hidden, &self.head)
    }

    /// A parameter of this architecture as a matrix.
    pub fn parameter(&self, which: Parameter) -> Tensor<2> {
        match which {
            Parameter::Embed => self.embed.clone(),
            Parameter::Final => self.final_gain.clone().unsqueeze(),
            Parameter::Linear(layer, group) => self.layers[layer].weight(group).clone(),
            Parameter::Gain(layer, gain) => self.layers[layer].gain(gain).expect(OF_THIS).clone().unsqueeze(),
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
            Parameter::Gain(layer, gain) => {
                *self.layers[layer].gain_mut(gain).expect(OF_THIS) = value.squeeze_dim(0);
            }
        }
    }

    /// One linear layer's weight, `[out, in]`.
    pub fn weight(&self, LinearId { layer, proj }: LinearId) -> Tensor<2> {
        let rows = proj.rows(&self.config);
        self.layers[layer].weight(proj.group()).clone().narrow(0, rows.start, rows.len())
    }

    /// One linear layer's bias, if it has one.
    fn bias(&self, LinearId { layer, proj }: LinearId) -> Option<Tensor<1>> {
        match &self.layers[layer].step {
            QkvStep::Biased(all) if proj.group() == Group::Qkv => {
                let rows = proj.rows(&self.config);
                Some(all.clone().narrow(0, rows.start, rows.len()))
            }
            QkvStep::Biased(_) | QkvStep::Normed { .. } | QkvStep::Plain => None,
        }
    }

    /// A tensor under its hub name, if the model has one of that name.
    fn named(&self, name: &str) -> Option<Tensor<2>> {
        match name {
            "model.embed_tokens.weight" => return Some(self.embed.clone()),
            "lm_head.weight" => return Some(self.head.clone()),
            "model.norm.weight" => return Some(self.parameter(Parameter::Final)),
            _ => {}
        }
        let (layer, part) = name.strip_prefix("model.layers.")?.split_once('.')?;
        let layer = layer.parse().ok().filter(|&layer| layer < self.layers.len())?;
        let (part, kind) = part.rsplit_once('.')?;
        let proj = Proj::ALL.into_iter().find(|p| p.hub_name() == part);
        let gain = NormWeight::ALL.into_iter().find(|g| g.hub_name() == part);
        match (kind, proj, gain) {
            ("weight", Some(proj), _) => Some(self.weight(LinearId { layer, proj })),
            ("weight", None, Some(gain)) => Some(self.layers[layer].gain(gain)?.clone().unsqueeze()),
            ("bias", Some(proj), _) => Some(self.bias(LinearId { layer, proj })?.unsqueeze()),
            _ => None,
        }
    }

    /// Copies one of the [`expected_tensors`] back to the host.
    pub fn tensor(&self, name: &str) -> Result<Vec<f32>> {
        Ok(read(self.named(name).expect(OF_THIS))?)
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
