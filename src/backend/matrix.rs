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

// Values in memory are bytes of a file as they are.
const _: () = assert!(cfg!(target_endian = "little"));

impl<'a> Raw<'a> {
    /// These values, rows of `cols` of them.
    pub fn floats(values: &'a [f32], cols: usize) -> Self {
        Raw { dtype: DType::F32, cols, bytes: Cow::Borrowed(bytemuck::cast_slice(values)) }
    }

    /// The same values in another type.
    pub fn to(self, dtype: DType) -> Self {
        match (self.dtype, dtype) {
            (a, b) if a == b => self,
            (DType::F32, DType::BF16) => {
                let mut bytes = vec![0; self.bytes.len() / 2];
                let values = self.bytes.par_chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]));
                let narrow = |(to, x): (&mut [u8], f32)| to.copy_from_slice(&bf16::from_f32(x).to_le_bytes());
                bytes.par_chunks_exact_mut(2).zip(values).for_each(narrow);
                Raw { dtype, cols: self.cols, bytes: Cow::Owned(bytes) }
            }
            _ => Raw::floats(&self.widen(), self.cols).into_owned(),
        }
    }
}

impl Raw<'_> {
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
}

impl From<Raw<'_>> for Matrix {
    fn from(raw: Raw) -> Self {
        let (data, cols) = (raw.widen(), raw.cols);
        Self { rows: data.len() / cols, cols, data }
    }
}

impl Matrix {
    /// As it would be stored.
    pub fn raw(&self) -> Raw<'_> {
        Raw::floats(&self.data, self.cols)
    }
}
