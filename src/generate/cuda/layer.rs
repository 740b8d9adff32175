//! A layer's tensors as the kernels are told of them: by address.

use backend::cuda::dense;
use backend::ops::QkvStep;
use burn_cubecl::tensor::CubeTensor;
use model::block::DecoderLayer;

/// Where a layer's tensors lie.
pub(super) struct LayerPtrs {
    pub weights: [u64; 4],
    pub input_gain: u64,
    pub post_gain: u64,
    pub step: QkvStep<u64>,
}

impl LayerPtrs {
    /// From the addresses of this layer's [`parts`], which it takes.
    pub(super) fn of(layer: &DecoderLayer, addresses: &mut impl Iterator<Item = u64>) -> Self {
        let mut next = || addresses.next().expect("an address of every tensor");
        Self {
            weights: std::array::from_fn(|_| next()),
            input_gain: next(),
            post_gain: next(),
            step: layer.step.map(|_| next()),
        }
    }
}

/// A layer's weights, its gains, and what its step needs.
pub(super) fn parts(layer: &DecoderLayer) -> Vec<CubeTensor> {
    let vectors = [&layer.input_gain, &layer.post_gain].into_iter().chain(layer.step.tensors());
    layer.weights.iter().map(dense).chain(vectors.map(dense)).collect()
}
