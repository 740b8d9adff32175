//! Whether the output head is the embedding. Some programs pack one matrix twice, finely for the head and coarsely for the
//! embedding; then it is one matrix again, the finer one.

use crate::gguf::{Gguf, Tensor};

/// Two matrices that are closer than this are one that was packed twice: packing alone puts them less than a tenth apart, and
/// matrices of their own are more than their whole length apart.
const NEAR: f64 = 0.25;

/// The two ends of a model.
pub(crate) struct Head<'a> {
    pub(crate) embedding: &'a Tensor<'a>,
    /// The output head, where it is a matrix of its own.
    pub(crate) own: Option<&'a Tensor<'a>>,
    /// How it was decided, in words.
    pub(crate) told: String,
}

impl<'a> Head<'a> {
    /// Of a file that was checked: both matrices have one shape.
    pub(crate) fn of(gguf: &'a Gguf<'a>) -> Self {
        let embedding = &gguf.tensors["token_embd.weight"];
        let Some(output) = gguf.tensors.get("output.weight") else {
            return Self { embedding, own: None, told: "the embedding: the file has one matrix for both".into() };
        };
        let distance = distance(embedding, output);
        if distance >= NEAR {
            let told = format!("a matrix of its own, {distance:.4} of its length from the embedding");
            return Self { embedding, own: Some(output), told };
        }
        let bits = |tensor: &Tensor| tensor.packing.bytes as f64 / tensor.packing.values as f64;
        let (finer, name) = match bits(output) > bits(embedding) {
            true => (output, "output.weight"),
            false => (embedding, "token_embd.weight"),
        };
        let (coarse, fine) = (embedding.packing.name, output.packing.name);
        let told = format!(
            "the embedding: the file has one matrix twice, token_embd.weight as {coarse} and output.weight as {fine}, \
             {distance:.4} of its length apart; {name} is used for both"
        );
        Self { embedding: finer, own: None, told }
    }
}

/// How far the first is from the second, relative to the second's length.
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    let (mut x, mut y) = (vec![0.0; a.cols()], vec![0.0; b.cols()]);
    let (mut apart, mut length) = (0.0, 0.0);
    for row in 0..a.rows() {
        a.unpack(row, &mut x);
        b.unpack(row, &mut y);
        for (&x, &y) in x.iter().zip(&y) {
            let (x, y) = (f64::from(x), f64::from(y));
            apart += (x - y) * (x - y);
            length += y * y;
        }
    }
    (apart / length).sqrt()
}
