//! Names for the parts of a decoder: projections, the groups that share an input, gains.

use crate::config::ModelConfig;
use std::ops::Range;

/// The seven projections that carry knobs, in the order they appear in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proj {
    /// Queries, `[h d, H]`.
    Q,
    /// Keys, `[kv d, H]`.
    K,
    /// Values, `[kv d, H]`.
    V,
    /// From attention's output back to the residual stream, `[H, h d]`.
    O,
    /// The MLP's gate, which goes through SiLU, `[I, H]`.
    Gate,
    /// What the gate is multiplied with, `[I, H]`.
    Up,
    /// From the MLP back to the residual stream, `[H, I]`.
    Down,
}

impl Proj {
    /// In the order of a block.
    pub const ALL: [Proj; 7] = [Self::Q, Self::K, Self::V, Self::O, Self::Gate, Self::Up, Self::Down];

    /// As the hub names it within a layer, such as `self_attn.q_proj`.
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

    /// The group whose matrix it is a part of.
    pub fn group(self) -> Group {
        match self {
            Self::Q | Self::K | Self::V => Group::Qkv,
            Self::O => Group::O,
            Self::Gate | Self::Up => Group::GateUp,
            Self::Down => Group::Down,
        }
    }

    /// The rows of the group's matrix that are this projection's.
    pub fn rows(self, c: &ModelConfig) -> Range<usize> {
        let before = self.group().members().iter().take_while(|p| **p != self).map(|p| p.shape(c)[0]).sum();
        before..before + self.shape(c)[0]
    }
}

/// Projections that read the same input are one matrix, stacked by rows: one product instead of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Queries, keys and values, which read attention's normed input.
    Qkv,
    /// Attention's output projection, alone.
    O,
    /// The MLP's gate and up projections, which read its normed input.
    GateUp,
    /// The MLP's down projection, alone.
    Down,
}

impl Group {
    /// In the order of a block, by which tensors of groups are indexed.
    pub const ALL: [Group; 4] = [Self::Qkv, Self::O, Self::GateUp, Self::Down];

    /// Its projections, in the order in which they are stacked.
    pub fn members(self) -> &'static [Proj] {
        match self {
            Self::Qkv => &[Proj::Q, Proj::K, Proj::V],
            Self::O => &[Proj::O],
            Self::GateUp => &[Proj::Gate, Proj::Up],
            Self::Down => &[Proj::Down],
        }
    }
}

/// One linear layer of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinearId {
    /// The block, from 0.
    pub layer: usize,
    /// Which of its projections.
    pub proj: Proj,
}

impl LinearId {
    /// Every linear layer, layer by layer: the fixed order of knobs, directions and bands.
    pub fn all(config: &ModelConfig) -> Vec<LinearId> {
        (0..config.num_hidden_layers).flat_map(|layer| Proj::ALL.map(|proj| LinearId { layer, proj })).collect()
    }

    /// Its weight's name on the hub, such as `model.layers.0.self_attn.q_proj.weight`.
    pub fn weight_name(self) -> String {
        format!("model.layers.{}.{}.weight", self.layer, self.proj.hub_name())
    }

    /// Its bias's name on the hub, if the family has one there.
    pub fn bias_name(self) -> String {
        format!("model.layers.{}.{}.bias", self.layer, self.proj.hub_name())
    }
}

/// The RMSNorm gains of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NormWeight {
    /// Before attention, `[H]`.
    Input,
    /// Before the MLP, `[H]`.
    Post,
    /// Of every query head, `[d]`, where the family norms heads.
    Q,
    /// Of every key head, `[d]`, likewise.
    K,
}

impl NormWeight {
    /// In the order in which a checkpoint lists them; not every family norms heads.
    pub const ALL: [NormWeight; 4] = [Self::Input, Self::Post, Self::Q, Self::K];

    /// Those that this model has.
    pub fn of(c: &ModelConfig) -> impl Iterator<Item = NormWeight> + use<> {
        let normed = c.family.is_normed();
        Self::ALL.into_iter().filter(move |gain| normed || matches!(gain, Self::Input | Self::Post))
    }

    /// As the hub names it within a layer, such as `input_layernorm`.
    pub fn hub_name(self) -> &'static str {
        match self {
            Self::Input => "input_layernorm",
            Self::Post => "post_attention_layernorm",
            Self::Q => "self_attn.q_norm",
            Self::K => "self_attn.k_norm",
        }
    }
}

/// Any trainable tensor of a family without biases, for pre-training. Gains count as matrices with one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    /// The token embeddings, `[V, H]`, and with them a tied head.
    Embed,
    /// The gain of the last norm, `[1, H]`.
    Final,
    /// The stacked matrix of a group in this layer, `[out, in]`.
    Linear(usize, Group),
    /// A gain of this layer, `[1, width]`.
    Gain(usize, NormWeight),
}

/// Hub names and shapes: `[rows, cols]`, gains and biases as vectors.
pub fn expected_tensors(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let c = config;
    let mut out = vec![
        ("model.embed_tokens.weight".into(), vec![c.vocab_size, c.hidden_size]),
        ("model.norm.weight".into(), vec![c.hidden_size]),
    ];
    if !c.tie_word_embeddings {
        out.push(("lm_head.weight".into(), vec![c.vocab_size, c.hidden_size]));
    }
    for layer in 0..c.num_hidden_layers {
        let p = format!("model.layers.{layer}");
        for proj in Proj::ALL {
            out.push((format!("{p}.{}.weight", proj.hub_name()), proj.shape(c).to_vec()));
        }
        if c.family.is_biased() {
            let biases =
                Group::Qkv.members().iter().map(|&proj| (LinearId { layer, proj }.bias_name(), proj.shape(c)[0]));
            out.extend(biases.map(|(name, width)| (name, vec![width])));
        }
        for gain in NormWeight::of(c) {
            let size = if matches!(gain, NormWeight::Q | NormWeight::K) { c.head_dim } else { c.hidden_size };
            out.push((format!("{p}.{}.weight", gain.hub_name()), vec![size]));
        }
    }
    out
}
