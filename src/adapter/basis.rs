//! Singular bases and merging. A merged model is a plain dense model: sampling, evaluation and training's forward pass
//! pay nothing for the adapter.

use crate::{AdapterError, Knobs, Layout, Quarantine, Result};
use burn::tensor::{DType, Tensor, TensorData};
use model::weights::Raw;
use model::{Decoder, Group, Matrix, Proj, Site, Weights};

/// `U [out, r]` of every projection and `Vh [r, in]` of every group, stacked, on the device, with the base model they
/// belong to.
pub struct Basis {
    pub base: Decoder,
    pub layout: Layout,
    u: Vec<Tensor<2>>,
    vh: Vec<Tensor<2>>,
}

/// The singular factors of one group of projections: `U [out, r]` of each, `Vh [sum of r, in]` of all.
pub struct Factors<'a> {
    pub u: &'a [Tensor<2>],
    pub vh: &'a Tensor<2>,
}

impl Basis {
    /// Computes every SVD in f64 on the host.
    pub fn new(base: Decoder, weights: &Weights) -> Result<Self> {
        Self::from_factors(base, |site| {
            let name = site.weight_name();
            let (left, right) = svd(&*weights.get(&name)?).ok_or(AdapterError::Svd(name))?;
            Ok((left.raw(), right.raw()))
        })
    }

    /// Random factors of the right shapes, to measure time and memory with.
    pub fn stand_in(base: Decoder, seed: u64) -> Result<Self> {
        let config = base.config.clone();
        Self::from_factors(base, |site| {
            let [out, input] = site.proj.shape(&config);
            let (r, seed) = (out.min(input), seed ^ (site.layer * Proj::ALL.len() + site.proj as usize) as u64);
            let random = |shape: [usize; 2]| Raw::random(shape, 0.0, (shape[0].max(shape[1]) as f32).powf(-0.5), seed);
            Ok((random([out, r]), random([r, input])))
        })
    }

    fn from_factors(base: Decoder, mut of: impl FnMut(Site) -> Result<(Raw<'static>, Raw<'static>)>) -> Result<Self> {
        let layout = Layout::new(&base.config);
        let (mut u, mut vh) = (vec![], vec![]);
        for layer in 0..base.config.num_hidden_layers {
            for group in Group::ALL {
                let mut right = vec![];
                for &proj in group.members() {
                    let (left, rows) = of(Site { layer, proj })?;
                    u.push(base.ops.upload(&[left], base.dtype(), &base.device)?);
                    right.push(rows);
                }
                vh.push(base.ops.upload(&right, base.dtype(), &base.device)?);
            }
        }
        Ok(Self { base, layout, u, vh })
    }

    /// The factors of one group.
    pub fn group(&self, layer: usize, group: Group) -> Factors<'_> {
        let first = layer * Proj::ALL.len() + group.members()[0] as usize;
        let vh = &self.vh[layer * Group::ALL.len() + group as usize];
        Factors { u: &self.u[first..first + group.members().len()], vh }
    }

    /// `U [out, r]` and `Vh [r, in]` of one projection.
    pub fn factors(&self, Site { layer, proj }: Site) -> (Tensor<2>, Tensor<2>) {
        let Factors { u, vh } = self.group(layer, proj.group());
        let index = proj as usize - proj.group().members()[0] as usize;
        let start = u[..index].iter().map(|u| u.dims()[1]).sum();
        (u[index].clone(), vh.clone().narrow(0, start, u[index].dims()[1]))
    }

    /// The dense model `W + U diag(d + m h) Vh`. A group whose knobs are all zero keeps the base weight, bit for bit.
    pub fn merge(&self, knobs: &Knobs, quarantine: Quarantine) -> Decoder {
        let effective = knobs.effective(quarantine);
        let base = &self.base;
        let mut rest = &effective[..];
        base.with_projections(|layer, group, weight| {
            let mut parts = vec![];
            let mut zero = true;
            for &proj in group.members() {
                let site = Site { layer, proj };
                let (u, vh) = self.factors(site);
                let (knob, behind) = rest.split_at(u.dims()[1]);
                rest = behind;
                zero &= knob.iter().all(|&x| x == 0.0);
                parts.push((site, u, knob, vh));
            }
            if zero {
                return weight.clone();
            }
            let merged = parts.into_iter().map(|(site, u, knob, vh)| {
                let knob = TensorData::new(knob.to_vec(), [knob.len()]);
                let knob = Tensor::<1>::from_data(knob, (&base.device, DType::F32));
                base.ops.merge(&base.weight(site), &u, &knob, &vh)
            });
            Tensor::cat(merged.collect(), 0)
        })
    }
}

/// Thin SVD of a host matrix: `U [rows, r]` and `Vh [r, cols]`. Signs are fixed (the largest entry of each left vector
/// is positive), so that the basis does not depend on the library's choice.
fn svd(m: &Matrix) -> Option<(Matrix, Matrix)> {
    let dense = faer::Mat::from_fn(m.rows, m.cols, |i, j| m.data[i * m.cols + j] as f64);
    let svd = dense.thin_svd().ok()?;
    let (u, v) = (svd.U(), svd.V());
    let r = m.rows.min(m.cols);
    let sign: Vec<f64> = (0..r)
        .map(|k| {
            let largest = (0..m.rows).max_by(|&a, &b| u[(a, k)].abs().total_cmp(&u[(b, k)].abs())).unwrap_or(0);
            u[(largest, k)].signum()
        })
        .collect();
    let left = (0..m.rows).flat_map(|i| (0..r).map(move |k| (i, k))).map(|(i, k)| (u[(i, k)] * sign[k]) as f32);
    let right = (0..r).flat_map(|k| (0..m.cols).map(move |j| (k, j))).map(|(k, j)| (v[(j, k)] * sign[k]) as f32);
    Some((
        Matrix { rows: m.rows, cols: r, data: left.collect() },
        Matrix { rows: r, cols: m.cols, data: right.collect() },
    ))
}
