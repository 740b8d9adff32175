//! Matrices on the host: as numbers, and as they are stored.

use burn_tensor::{DType, bf16};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use std::borrow::Cow;

/// Bytes that one random stream fills.
const RANDOM_STRETCH: usize = 1 << 17;

/// A row-major f32 matrix on the host; vectors have one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// How many rows `data` has.
    pub rows: usize,
    /// Values in a row.
    pub cols: usize,
    /// `rows * cols` values, row after row.
    pub data: Vec<f32>,
}

/// A matrix as it is stored: little-endian f32 or bf16, row-major; vectors have one row.
pub struct Raw<'a> {
    /// F32 or BF16.
    pub dtype: DType,
    /// Values in a row; how many rows there are follows from the bytes.
    pub cols: usize,
    /// The values, often borrowed from a mapped file.
    pub bytes: Cow<'a, [u8]>,
}

impl Raw<'_> {
    /// A copy of these values, rows of `cols` of them.
    pub fn floats(values: &[f32], cols: usize) -> Raw<'static> {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        Raw { dtype: DType::F32, cols, bytes: Cow::Owned(bytes) }
    }

    /// Normal values in bf16: the same for a seed, however many threads share the work.
    pub fn random([rows, cols]: [usize; 2], mean: f32, spread: f32, seed: u64) -> Raw<'static> {
        let mut bytes = vec![0; rows * cols * 2];
        bytes.par_chunks_mut(RANDOM_STRETCH).enumerate().for_each(|(stretch, bytes)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stretch as u64);
            for value in bytes.chunks_exact_mut(2) {
                let normal: f32 = StandardNormal.sample(&mut rng);
                value.copy_from_slice(&bf16::from_f32(mean + normal * spread).to_le_bytes());
            }
        });
        Raw { dtype: DType::BF16, cols, bytes: Cow::Owned(bytes) }
    }

    /// The same bytes, no longer borrowed.
    pub fn into_owned(self) -> Raw<'static> {
        Raw { dtype: self.dtype, cols: self.cols, bytes: Cow::Owned(self.bytes.into_owned()) }
    }

    /// The values in f32.
    pub fn widen(&self) -> Vec<f32> {
        match self.dtype {
            DType::BF16 => {
                let wide = |c: &[u8]| f32::from_bits(u32::from(u16::from_le_bytes([c[0], c[1]])) << 16);
                self.bytes.par_chunks_exact(2).map(wide).collect()
            }
            _ => self.bytes.par_chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect(),
        }
    }

    /// The same values in another type.
    pub fn to(self, dtype: DType) -> Raw<'static> {
        let Self { cols, .. } = self;
        let bytes = match (self.dtype, dtype) {
            (a, b) if a == b => self.bytes.into_owned(),
            (_, DType::BF16) => self.widen().par_iter().flat_map_iter(|&x| bf16::from_f32(x).to_le_bytes()).collect(),
            _ => self.widen().par_iter().flat_map_iter(|x| x.to_le_bytes()).collect(),
        };
        Raw { dtype, cols, bytes: Cow::Owned(bytes) }
    }
}

impl Matrix {
    /// A copy, as it would be stored.
    pub fn raw(&self) -> Raw<'static> {
        Raw::floats(&self.data, self.cols)
    }
}
