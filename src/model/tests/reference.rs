//! The decoder against an independent implementation: logits, log-probabilities and every parameter's gradient of tiny
//! Qwen3 checkpoints, as the reference library computed them (`make_fixtures.py`, figures in `fixtures/`).

use burn::tensor::{Device, Int, Tensor};
use model::decoder::{Gain, Parameter};
use model::{Batch, Decoder, Objective, Site, Tap, Targets, Weights, read};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SPANS: [(usize, usize); 3] = [(3, 9), (5, 12), (1, 4)];
/// Relative to the largest entry of each tensor, in f32.
const BOUND: f32 = 1e-4;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

struct Expected(Vec<u8>);

impl Expected {
    fn load(name: &str) -> Self {
        Self(std::fs::read(fixture(name).join("expected.safetensors")).unwrap())
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        file.tensor(name).unwrap().data().chunks(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect()
    }

    fn rows(&self) -> Vec<Vec<u32>> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let ids: Vec<u32> =
            file.tensor("ids").unwrap().data().chunks(4).map(|c| u32::from_le_bytes(c.try_into().unwrap())).collect();
        ids.chunks(12).zip(SPANS).map(|(row, (_, n))| row[..n].to_vec()).collect()
    }
}

fn close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0f32, |m, x| m.max(x.abs())).max(1e-3);
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= BOUND * scale, "{what}: off by {worst}, scale {scale}");
}

/// Collects every gradient the way pre-training does, with the head kept apart.
#[derive(Default)]
struct Gradients(BTreeMap<Parameter, Tensor<2>>);

impl Tap for Gradients {
    fn linear(&mut self, site: Site, x: &Tensor<2>, dy: &Tensor<2>) {
        self.0.insert(Parameter::Linear(site), dy.clone().transpose().matmul(x.clone()));
    }
    fn gain(&mut self, layer: usize, gain: Gain, dy: &Tensor<2>, unit: &Tensor<2>) {
        self.0.insert(Parameter::Gain(layer, gain), (dy.clone() * unit.clone()).sum_dim(0));
    }
    fn final_gain(&mut self, dy: &Tensor<2>, unit: &Tensor<2>) {
        self.0.insert(Parameter::Final, (dy.clone() * unit.clone()).sum_dim(0));
    }
    fn embedded(&mut self, ids: &Tensor<1, Int>, dx: &Tensor<2>) {
        let onehot = ids.clone().one_hot::<2>(61).float();
        self.0.insert(Parameter::Embed, onehot.transpose().matmul(dx.clone()));
    }
}

fn check(name: &str) {
    let expected = Expected::load(name);
    let weights = Weights::load(&fixture(name)).unwrap();
    let decoder = Decoder::new(&weights, &Device::flex()).unwrap();
    let rows = expected.rows();
    let rows: Vec<&[u32]> = rows.iter().map(|r| &r[..]).collect();
    let batch = Batch::new(&rows, &decoder.device);

    let (hidden, trace) = decoder.forward(&batch);
    let logits = read(decoder.logits(hidden.clone())).unwrap();
    // Padding positions see only their own row's past, as in the reference, so all positions must agree.
    close("logits", &logits, &expected.floats("logits"));

    let targets = Targets::completions(&SPANS, &rows, batch.t);
    let weight = vec![-1.0 / targets.len() as f32; targets.len()];
    let mut gradients = Gradients::default();
    let mut head = None;
    let (logp, dhidden) = decoder
        .head_gradient(&hidden, &targets, &Objective::Linear(&weight), |h, d| {
            head = Some(d.clone().transpose().matmul(h.clone()));
        })
        .unwrap();
    close("logp", &logp, &expected.floats("logp"));
    decoder.backward(&trace, dhidden, &mut gradients);

    let head = head.unwrap();
    if weights.config.tie_word_embeddings {
        let embedding = gradients.0.remove(&Parameter::Embed).unwrap() + head;
        gradients.0.insert(Parameter::Embed, embedding);
    } else {
        close("lm_head", &read(head).unwrap(), &expected.floats("grad.lm_head.weight"));
    }
    let mut compared = 0;
    for (parameter, gradient) in gradients.0 {
        let name = match parameter {
            Parameter::Embed => "model.embed_tokens.weight".into(),
            Parameter::Final => "model.norm.weight".into(),
            Parameter::Linear(site) => site.weight_name(),
            Parameter::Gain(layer, gain) => format!("model.layers.{layer}.{}.weight", gain.hub_name()),
        };
        close(&name, &read(gradient).unwrap(), &expected.floats(&format!("grad.{name}")));
        compared += 1;
    }
    assert_eq!(compared, 2 + 2 * (7 + 4));
}

#[test]
fn a_tied_checkpoint_gives_the_reference_librarys_logits_and_gradients() {
    check("tied");
}

#[test]
fn an_untied_checkpoint_gives_the_reference_librarys_logits_and_gradients() {
    check("untied");
}
