//! Who watches a backward pass. The base weights are frozen: training needs only activation gradients and, at every linear
//! layer, the pair (input, output gradient).

use crate::names::{Group, NormWeight};
use burn_tensor::{Int, Tensor};

/// Receives what the backward pass passes by. Only linear layers matter to knobs; pre-training takes the rest too.
pub trait Tap {
    /// A group's input `[N, in]` and the loss gradient of its output `[N, out]`; where the group has a bias, the gradient of that is
    /// the sum over `N`.
    fn linear(&mut self, layer: usize, group: Group, x: &Tensor<2>, dy: &Tensor<2>);
    /// Whether [`Self::gain`] and the two below want to be told.
    fn takes_gains(&self) -> bool {
        false
    }
    /// The gradient of a norm's output and the norm's input, `[rows, width]` each.
    fn gain(&mut self, _layer: usize, _gain: NormWeight, _dy: &Tensor<2>, _x: &Tensor<2>, _eps: f64) {}
    /// The final norm, likewise.
    fn final_gain(&mut self, _dy: &Tensor<2>, _x: &Tensor<2>, _eps: f64) {}
    /// The gradient that reaches the token embeddings, `[N, H]`, row for row with the batch's ids.
    fn embedded(&mut self, _ids: &Tensor<1, Int>, _dx: &Tensor<2>) {}
}
