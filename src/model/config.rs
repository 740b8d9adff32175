//! The architecture, read from the hub's `config.json` as the hub's own tools read it. What would change the mathematics and is
//! not computed here is refused by name, with the value found.

use crate::family::{self, Family};
use crate::{ModelError, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::Path;

/// A decoder's hyper-parameters under the hub's own field names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelConfig {
    /// `model_type` on the hub. The organism's goes without saying.
    #[serde(rename = "model_type", skip_serializing_if = "is_unsaid")]
    pub family: &'static Family,
    /// Width of the residual stream, `H`.
    pub hidden_size: usize,
    /// Decoder blocks.
    pub num_hidden_layers: usize,
    /// Query heads, `h`: a multiple of the key/value heads.
    pub num_attention_heads: usize,
    /// Key/value heads, `kv`, each shared by `h / kv` query heads.
    pub num_key_value_heads: usize,
    /// Width of a head, `d`: even, and not always `H / h`.
    pub head_dim: usize,
    /// Width of the MLP between its projections, `I`.
    pub intermediate_size: usize,
    /// Token embeddings, `V`; a tokenizer may use fewer.
    pub vocab_size: usize,
    /// Added to the mean square in every RMSNorm.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies: pair `i` turns by `theta^(-2i/d)` a position.
    pub rope_theta: f64,
    /// Tokens of the longest row, prompt and completion together.
    pub max_position_embeddings: usize,
    /// Whether the output head is the embedding.
    pub tie_word_embeddings: bool,
}

fn is_unsaid(family: &&'static Family) -> bool {
    family.goes_without_saying()
}

/// Keys that change what a model computes, and the only values that are computed here. null, or no such key, is fine too: it is
/// what the hub takes for these values. All other keys are names, defaults of sampling, or of no effect.
fn computed(key: &str, family: &Family) -> Option<Value> {
    Some(match key {
        "architectures" => json!([[family.architecture]]),
        "hidden_act" | "hidden_activation" => json!(["silu"]),
        "rope_type" | "type" => json!(["default"]),
        "partial_rotary_factor"
        | "pretraining_tp"
        | "logit_scale"
        | "logits_scaling"
        | "embedding_multiplier"
        | "residual_multiplier"
        | "attention_multiplier" => json!([1.0]),
        "attention_dropout" | "hidden_dropout" | "embd_pdrop" | "resid_pdrop" => json!([0.0]),
        "num_experts" | "num_local_experts" | "n_routed_experts" => json!([0.0]),
        "use_qk_norm" => json!([family.is_normed()]),
        "attention_bias" | "qkv_bias" => json!([family.is_biased()]),
        "mlp_bias"
        | "lm_head_bias"
        | "use_sliding_window"
        | "rope_interleaved"
        | "rope_interleave"
        | "alibi"
        | "scale_embeddings"
        | "is_encoder_decoder"
        | "add_cross_attention"
        | "tie_encoder_decoder"
        | "attention_sinks" => json!([false]),
        "quantization_config"
        | "compression_config"
        | "auto_map"
        | "attn_logit_softcapping"
        | "final_logit_softcapping"
        | "clip_qkv"
        | "attention_chunk_size"
        | "no_rope_layers"
        | "query_pre_attn_scalar"
        | "text_config"
        | "sparsity_config" => json!([]),
        "pruned_heads" => json!([{}]),
        _ => return None,
    })
}

/// No model has more layers, or is larger in any other size: what a damaged config asks for must not fill the memory, nor a
/// product of two sizes overflow.
const MOST_LAYERS: usize = 1 << 12;
const MOST: usize = 1 << 24;

impl ModelConfig {
    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// A file that is none; sizes that fit no model; a setting that is not computed here.
    pub fn load(path: &Path) -> Result<Self> {
        let text = bundle::files::read_text(path)?;
        Self::parse(&text).map_err(|reason| ModelError::Config { path: path.into(), reason })
    }

    /// The same of its text; what is wrong with it comes in words.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let keys: Map<String, Value> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let family = family_of(keys.get("model_type"))?;
        let config = Self::read(&Keys { keys: &keys, family })?;
        config.check()?;
        Ok(config)
    }

    fn read(keys: &Keys) -> std::result::Result<Self, String> {
        keys.refuse_other_mathematics("")?;
        let heads = keys.size("num_attention_heads")?;
        let hidden_size = keys.size("hidden_size")?;
        let layers = keys.size("num_hidden_layers")?;
        keys.refuse_other_layers(layers)?;
        let family = keys.family;
        Ok(Self {
            family,
            hidden_size,
            num_hidden_layers: layers,
            num_attention_heads: heads,
            num_key_value_heads: keys.size_or("num_key_value_heads", family.num_key_value_heads, heads)?,
            head_dim: keys.size_or("head_dim", family.head_dim, hidden_size / heads.max(1))?,
            intermediate_size: keys.size("intermediate_size")?,
            vocab_size: keys.size("vocab_size")?,
            rms_norm_eps: keys.number("rms_norm_eps")?.unwrap_or(1e-6),
            rope_theta: keys.rope_theta()?,
            max_position_embeddings: keys.size("max_position_embeddings")?,
            tie_word_embeddings: keys.flag("tie_word_embeddings")?,
        })
    }

    fn check(&self) -> std::result::Result<(), String> {
        let sizes = [
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_key_value_heads", self.num_key_value_heads),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            ("head_dim", self.head_dim),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, n)| *n == 0) {
            return Err(format!("{name} is zero"));
        }
        let more = [
            ("num_attention_heads", self.num_attention_heads),
            ("max_position_embeddings", self.max_position_embeddings),
        ];
        let most = |name: &str| if name == "num_hidden_layers" { MOST_LAYERS } else { MOST };
        if let Some((name, n)) = sizes.iter().chain(&more).find(|(name, n)| *n > most(name)) {
            return Err(format!("{name} is {n}, no model has more than {}", most(name)));
        }
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) || self.num_attention_heads == 0 {
            return Err(format!(
                "{} attention heads cannot share {} key/value heads",
                self.num_attention_heads, self.num_key_value_heads
            ));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(format!("head_dim {} is odd, RoPE needs pairs", self.head_dim));
        }
        for (name, value) in [("rope_theta", self.rope_theta), ("rms_norm_eps", self.rms_norm_eps)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(format!("{name} is {value}, it must be above zero"));
            }
        }
        Ok(())
    }
}

/// The family that a config names.
fn family_of(name: Option<&Value>) -> std::result::Result<&'static Family, String> {
    match name {
        None | Some(Value::Null) => Ok(family::TABLE[0]),
        Some(name) => name.as_str().and_then(Family::named).ok_or_else(|| {
            let known = family::TABLE.map(|family| family.name).join(", ");
            format!("model_type is {name}, and only these are computed here: {known}")
        }),
    }
}

/// The keys of a config.
struct Keys<'a> {
    keys: &'a Map<String, Value>,
    family: &'static Family,
}

impl Keys<'_> {
    fn refuse_other_mathematics(&self, inside: &str) -> std::result::Result<(), String> {
        for (key, value) in self.keys {
            let Some(computed) = computed(key, self.family) else { continue };
            // 1 and 1.0 are one number.
            let same = |known: &Value| known == value || (known.is_number() && known.as_f64() == value.as_f64());
            let known = computed.as_array().is_some_and(|all| all.iter().any(same));
            if !value.is_null() && !known {
                let only = computed[0].to_string();
                let only = if computed[0].is_null() { "nothing".into() } else { only };
                return Err(format!("{inside}{key} is {value}, and only {only} is computed here"));
            }
        }
        Ok(())
    }

    fn refuse_other_layers(&self, layers: usize) -> std::result::Result<(), String> {
        let Some(Value::Array(types)) = self.keys.get("layer_types") else { return Ok(()) };
        match types.iter().find(|t| *t != "full_attention") {
            Some(other) => Err(format!("layer_types has {other}, and only \"full_attention\" is computed here")),
            None if types.len() != layers => {
                Err(format!("layer_types names {} layers, num_hidden_layers is {layers}", types.len()))
            }
            None => Ok(()),
        }
    }

    /// The base of the rotary frequencies, at its present place or at its previous one.
    fn rope_theta(&self) -> std::result::Result<f64, String> {
        let mut found = vec![("rope_theta", self.number("rope_theta")?)];
        for place in ["rope_parameters", "rope_scaling"] {
            match self.keys.get(place) {
                None | Some(Value::Null) => {}
                Some(Value::Object(inside)) => {
                    let inside = Keys { keys: inside, ..*self };
                    inside.refuse_other_mathematics(&format!("{place}."))?;
                    let known = |key: &str| key == "rope_theta" || computed(key, self.family).is_some();
                    if let Some((key, value)) = inside.keys.iter().find(|(key, value)| !value.is_null() && !known(key))
                    {
                        return Err(format!("{place}.{key} is {value}, and no such scaling is computed here"));
                    }
                    found.push((place, inside.number("rope_theta")?));
                }
                Some(other) => return Err(format!("{place} is {other}, not an object")),
            }
        }
        let mut given = found.into_iter().filter_map(|(place, theta)| Some((place, theta?)));
        let (first, theta) = given.next().ok_or("it has no rope_theta")?;
        match given.find(|(_, other)| *other != theta) {
            Some((second, other)) => {
                Err(format!("{first} is {theta}, but {second} says {other}: one of them is outdated"))
            }
            None => Ok(theta),
        }
    }

    /// A size that may be unsaid: null, and no such key where the family has no default, are what follows from other sizes.
    fn size_or(&self, key: &str, default: Option<usize>, follows: usize) -> std::result::Result<usize, String> {
        match self.keys.get(key) {
            None => Ok(default.unwrap_or(follows)),
            Some(Value::Null) => Ok(follows),
            Some(_) => self.size(key),
        }
    }

    fn size(&self, key: &str) -> std::result::Result<usize, String> {
        match self.keys.get(key) {
            None => Err(format!("it has no {key}")),
            Some(value) => value.as_u64().map(|n| n as usize).ok_or(format!("{key} is {value}, not a whole number")),
        }
    }

    fn number(&self, key: &str) -> std::result::Result<Option<f64>, String> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or(format!("{key} is {value}, not a number")),
        }
    }

    fn flag(&self, key: &str) -> std::result::Result<bool, String> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(value) => value.as_bool().ok_or(format!("{key} is {value}, not true or false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: Value) -> Result<ModelConfig> {
        let mut config = json!({
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 272, "max_position_embeddings": 2048,
            "rms_norm_eps": 1e-6, "rope_theta": 1e6, "tie_word_embeddings": true,
        });
        for (key, value) in changes.as_object().unwrap() {
            config[key] = value.clone();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), config.to_string()).unwrap();
        ModelConfig::load(file.path())
    }

    #[test]
    fn settings_that_are_not_computed_are_refused_by_name_with_their_value() {
        for (changes, says) in [
            (
                json!({ "model_type": "mistral" }),
                "model_type is \"mistral\", and only these are computed here: qwen3, qwen2, llama",
            ),
            (json!({ "model_type": 3 }), "model_type is 3, and only these"),
            (json!({ "model_type": "qwen2", "architectures": ["Qwen3ForCausalLM"] }), "only [\"Qwen2ForCausalLM\"] is"),
            (json!({ "model_type": "qwen2", "attention_bias": false }), "attention_bias is false, and only true"),
            (json!({ "model_type": "qwen2", "use_qk_norm": true }), "use_qk_norm is true"),
            (json!({ "model_type": "qwen2", "use_sliding_window": true }), "use_sliding_window is true"),
            (json!({ "model_type": "llama", "attention_bias": true }), "attention_bias is true, and only false"),
            (json!({ "model_type": "llama", "mlp_bias": true }), "mlp_bias is true"),
            (json!({ "model_type": "llama", "rope_scaling": { "rope_type": "llama3", "factor": 8.0 } }), "\"llama3\""),
            (json!({ "model_type": "llama", "pretraining_tp": 2 }), "pretraining_tp is 2"),
            (json!({ "use_qk_norm": false }), "use_qk_norm is false"),
            (json!({ "architectures": ["Qwen2ForCausalLM"] }), "architectures is [\"Qwen2ForCausalLM\"]"),
            (json!({ "hidden_act": "gelu" }), "hidden_act is \"gelu\""),
            (json!({ "attention_bias": true }), "attention_bias is true"),
            (json!({ "mlp_bias": true }), "mlp_bias"),
            (json!({ "use_sliding_window": true, "sliding_window": 64 }), "use_sliding_window"),
            (json!({ "layer_types": ["full_attention", "sliding_attention"] }), "\"sliding_attention\""),
            (json!({ "layer_types": ["full_attention"] }), "names 1 layers"),
            (json!({ "partial_rotary_factor": 0.5 }), "partial_rotary_factor is 0.5"),
            (json!({ "quantization_config": { "quant_method": "fp8" } }), "quantization_config"),
            (json!({ "auto_map": { "AutoModelForCausalLM": "m.M" } }), "auto_map"),
            (json!({ "rope_scaling": { "type": "linear", "factor": 2.0 } }), "rope_scaling.type is \"linear\""),
            (json!({ "rope_scaling": { "rope_type": "yarn", "factor": 4.0 } }), "rope_scaling.rope_type is \"yarn\""),
            (json!({ "rope_parameters": { "rope_type": "default", "factor": 4.0 } }), "rope_parameters.factor is 4.0"),
            (
                json!({ "rope_parameters": { "rope_theta": 1e4 } }),
                "rope_theta is 1000000, but rope_parameters says 10000",
            ),
            (json!({ "rope_theta": null }), "no rope_theta"),
            (json!({ "final_logit_softcapping": 30.0 }), "final_logit_softcapping is 30.0, and only nothing"),
            (json!({ "num_experts": 8 }), "num_experts is 8"),
            (json!({ "attention_dropout": 0.1 }), "attention_dropout is 0.1"),
            (
                json!({ "num_hidden_layers": 4_294_967_295u32 }),
                "num_hidden_layers is 4294967295, no model has more than 4096",
            ),
            (json!({ "max_position_embeddings": u64::MAX }), "max_position_embeddings is 18446744073709551615"),
            (json!({ "vocab_size": "272" }), "vocab_size is \"272\", not a whole number"),
        ] {
            let told = with(changes.clone()).expect_err(&changes.to_string()).to_string();
            assert!(told.contains(says), "{changes}: {told}");
        }
    }

    #[test]
    fn what_a_config_leaves_unsaid_is_what_its_family_takes() {
        let mut keys: Map<String, Value> = serde_json::from_value(json!({
            "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
            "vocab_size": 151_936, "max_position_embeddings": 32_768, "rms_norm_eps": 1e-6, "rope_theta": 1e6,
        }))
        .unwrap();
        let mut of = |family: &str, kv: Option<Value>| {
            keys.insert("model_type".into(), family.into());
            keys.remove("num_key_value_heads");
            keys.extend(kv.map(|kv| ("num_key_value_heads".into(), kv)));
            ModelConfig::parse(&Value::from(keys.clone()).to_string())
        };
        let coder = of("qwen2", Some(json!(2))).unwrap();
        assert_eq!((coder.family.name, coder.head_dim, coder.num_key_value_heads), ("qwen2", 64, 2));
        assert_eq!(of("qwen3", Some(json!(2))).unwrap().head_dim, 128);
        assert_eq!(of("llama", None).unwrap().num_key_value_heads, 14);
        assert!(of("qwen2", None).unwrap_err().contains("cannot share 32 key/value heads"));
        assert_eq!(of("qwen2", Some(Value::Null)).unwrap().num_key_value_heads, 14);
    }

    #[test]
    fn a_family_is_written_as_it_is_read_and_the_first_goes_without_saying() {
        for (family, said) in [("qwen3", None), ("qwen2", Some("qwen2")), ("llama", Some("llama"))] {
            let config = with(json!({ "model_type": family })).unwrap();
            let written = serde_json::to_value(&config).unwrap();
            assert_eq!(written.get("model_type").and_then(Value::as_str), said);
            assert_eq!(ModelConfig::parse(&written.to_string()).unwrap(), config);
        }
    }

    #[test]
    fn present_and_previous_spellings_are_the_same_model() {
        let plain = with(json!({})).unwrap();
        for changes in [
            json!({ "model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "hidden_act": "silu" }),
            json!({ "rope_theta": null, "rope_parameters": { "rope_theta": 1e6, "rope_type": "default" } }),
            json!({ "rope_parameters": { "rope_theta": 1_000_000, "rope_type": "default", "partial_rotary_factor": 1 } }),
            json!({ "layer_types": ["full_attention", "full_attention"], "dtype": "bfloat16", "torch_dtype": "float32" }),
            json!({ "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28, "rope_scaling": null,
                    "attention_bias": false, "attention_dropout": 0, "use_cache": true, "transformers_version": "5.0" }),
        ] {
            assert_eq!(with(changes.clone()).unwrap(), plain, "{changes}");
        }
        assert_eq!(with(json!({ "head_dim": null })).unwrap().head_dim, 8);
        assert_eq!(with(json!({ "num_key_value_heads": null })).unwrap().num_key_value_heads, 4);
        assert!(!with(json!({ "tie_word_embeddings": null })).unwrap().tie_word_embeddings);
    }
}
