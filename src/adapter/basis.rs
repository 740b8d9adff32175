//! Singular bases and merging. A merged model is a plain dense model: sampling, evaluation and training's forward pass
//! pay nothing for the adapter.

use crate::{AdapterError, Knobs, Layout, Quarantine, Result};
use backend::svd::{self, Svd};
use backend::tensor_file::{self, Said, TensorFile};
use backend::{Backend, BackendError, Matrix, Raw};
use bundle::digest::Hasher;
use burn_tensor::{DType, Tensor, TensorData};
use model::{Decoder, Group, LinearId, Proj, Weights};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// `U [out, r]` of every projection and `Vh [r, in]` of every group, stacked, on the device, with the base model they
/// belong to.
pub struct Basis {
    /// The frozen model.
    pub base: Decoder,
    /// Where each module's knob lies.
    pub layout: Layout,
    u: Vec<Tensor<2>>,
    vh: Vec<Tensor<2>>,
}

/// The singular factors of one group of projections: `U [out, r]` of each, `Vh [sum of r, in]` of all.
pub struct Factors<'a> {
    /// Left vectors of each projection, in the group's order.
    pub u: &'a [Tensor<2>],
    /// Right vectors of all of them, the projections' one behind the other.
    pub vh: &'a Tensor<2>,
}

impl Basis {
    /// The SVD of every projection, by the device where it has a way, in f64 on the host else.
    pub fn new(base: Decoder, weights: &Weights) -> Result<Self> {
        let backend = base.backend.clone();
        Self::from_factors(base, |id| {
            let matrix = weights.get(&id.weight_name())?;
            let Svd { u, vh, .. } = factors(&backend, id, &matrix)?;
            Ok((u.raw().into_owned(), vh.raw().into_owned()))
        })
    }

    /// The same, each matrix's factors kept in `cache` under the digest of its bytes: they are computed once. `told` hears how
    /// many of how many are there. Every process has an order of its own, so that those that begin together, one a device, share the work.
    pub fn cached(base: Decoder, weights: &Weights, cache: &Path, told: impl Fn(usize, usize) + Sync) -> Result<Self> {
        let (backend, dtype) = (base.backend.clone(), base.dtype());
        bundle::files::remove_cut_off(cache);
        let keep = |id: LinearId| -> Result<PathBuf> {
            let raw = weights.raw(&id.weight_name())?;
            let path = cache.join(cache_name(&raw, dtype));
            if !path.exists() {
                let Svd { u, vh, .. } = factors(&backend, id, &raw.into())?;
                let stored =
                    |name: &str, m: &Matrix| (name.into(), vec![m.rows, m.cols], m.raw().to(dtype).into_owned());
                let tensors = [stored("u", &u), stored("vh", &vh)];
                bundle::write_atomic(&path, &tensor_file::checked(&tensors, &said_of(&path)))?;
            }
            Ok(path)
        };
        let mut ids = LinearId::all(&base.config);
        ids.shuffle(&mut ChaCha8Rng::seed_from_u64(std::process::id().into()));
        let done = AtomicUsize::new(0);
        let kept = several_at_a_time(&ids, |id| {
            let path = keep(id)?;
            told(done.fetch_add(1, Ordering::Relaxed) + 1, ids.len());
            Ok(path)
        })?;
        Self::from_factors(base, |id| {
            let damaged = |error| match error {
                BackendError::Damaged { path, reason } => AdapterError::Cache { path, reason },
                other => other.into(),
            };
            let path = &kept[&id];
            let (file, said) = TensorFile::read_checked(path).map_err(damaged)?;
            if said != said_of(path) {
                return Err(AdapterError::Cache { path: path.clone(), reason: "it is of another matrix".into() });
            }
            let taken = |name: &str| file.raw(name).map(Raw::into_owned).map_err(damaged);
            Ok((taken("u")?, taken("vh")?))
        })
    }

    /// Another adapter in the same form: a LoRA of rank one with `B` frozen at random, `W + b a^T`, whose knobs are the entries of
    /// `a`. With `U = [b b .. b]` and `Vh = I` that is `U diag(a) Vh`. A projection with more inputs than outputs has fewer knobs than
    /// inputs, and its `a` lies in a random subspace of theirs.
    pub fn frozen_b(&self, seed: u64) -> Result<Self> {
        let config = self.base.config.clone();
        Self::from_factors(self.base.clone(), |id| {
            let [out, input] = id.proj.shape(&config);
            let (r, seed) = (out.min(input), seed_of(seed, id));
            // Vectors of about unit length, as singular vectors are.
            let normal = |shape, length: usize, seed| Raw::random(shape, 0.0, (length as f32).powf(-0.5), seed).widen();
            let left: Vec<f32> = normal([out, 1], out, seed).into_iter().flat_map(|x| vec![x; r]).collect();
            let one = |i: usize| f32::from(u8::from(i / r == i % r));
            let right = if r == input { (0..r * r).map(one).collect() } else { normal([r, input], input, !seed) };
            Ok((Raw::floats(&left, r).into_owned(), Raw::floats(&right, input).into_owned()))
        })
    }

    /// Random factors of the right shapes, to measure time and memory with.
    pub fn stand_in(base: Decoder, seed: u64) -> Result<Self> {
        let config = base.config.clone();
        Self::from_factors(base, |id| {
            let [out, input] = id.proj.shape(&config);
            let (r, seed) = (out.min(input), seed_of(seed, id));
            let random = |shape: [usize; 2]| Raw::random(shape, 0.0, (shape[0].max(shape[1]) as f32).powf(-0.5), seed);
            Ok((random([out, r]), random([r, input])))
        })
    }

    fn from_factors(
        base: Decoder,
        of: impl Fn(LinearId) -> Result<(Raw<'static>, Raw<'static>)> + Sync,
    ) -> Result<Self> {
        let layout = Layout::new(&base.config);
        let (mut u, mut vh) = (vec![], vec![]);
        for layer in 0..base.config.num_hidden_layers {
            let mut found = several_at_a_time(&Proj::ALL.map(|proj| LinearId { layer, proj }), &of)?;
            for group in Group::ALL {
                let mut right = vec![];
                for &proj in group.members() {
                    let (left, rows) = found.remove(&LinearId { layer, proj }).expect("each was asked for");
                    u.push(base.backend.upload(&[left], base.dtype())?);
                    right.push(rows);
                }
                vh.push(base.backend.upload(&right, base.dtype())?);
            }
        }
        Ok(Self { base, layout, u, vh })
    }

    /// The same basis where the calling thread's work is queued (see [`Backend::copy_to_thread_stream`]).
    pub fn copy_to_thread_stream(&self) -> Self {
        let all = |tensors: &[Tensor<2>]| tensors.iter().map(|t| self.base.backend.copy_to_thread_stream(t)).collect();
        Self {
            base: self.base.copy_to_thread_stream(),
            layout: self.layout.clone(),
            u: all(&self.u),
            vh: all(&self.vh),
        }
    }

    /// The factors of one group.
    pub fn group(&self, layer: usize, group: Group) -> Factors<'_> {
        let first = layer * Proj::ALL.len() + group.members()[0] as usize;
        let vh = &self.vh[layer * Group::ALL.len() + group as usize];
        Factors { u: &self.u[first..first + group.members().len()], vh }
    }

    /// `U [out, r]` and `Vh [r, in]` of one projection.
    pub fn factors(&self, LinearId { layer, proj }: LinearId) -> (Tensor<2>, Tensor<2>) {
        let Factors { u, vh } = self.group(layer, proj.group());
        let index = proj as usize - proj.group().members()[0] as usize;
        let start = u[..index].iter().map(|u| u.dims()[1]).sum();
        (u[index].clone(), vh.clone().narrow(0, start, u[index].dims()[1]))
    }

    /// The dense model `W + U diag(d + m h) Vh`. A group whose knobs are all zero keeps the base weight, bit for bit.
    pub fn merge(&self, knobs: &Knobs, quarantine: Quarantine) -> Decoder {
        let effective = knobs.effective(quarantine);
        let base = &self.base;
        // One upload for all knobs: each upload costs time, however small it is.
        let data = TensorData::new(effective.clone(), [effective.len()]);
        let all = Tensor::<1>::from_data(data, (&base.backend.device, DType::F32));
        let mut at = 0;
        base.with_projections(|layer, group, weight| {
            let mut parts = vec![];
            let mut zero = true;
            for &proj in group.members() {
                let id = LinearId { layer, proj };
                let (u, vh) = self.factors(id);
                let knob = at..at + u.dims()[1];
                at = knob.end;
                zero &= effective[knob.clone()].iter().all(|&x| x == 0.0);
                parts.push((id, u, knob, vh));
            }
            if zero {
                return weight.clone();
            }
            let merged = parts.into_iter().map(|(id, u, knob, vh)| {
                let knob = all.clone().narrow(0, knob.start, knob.len());
                base.backend.ops.merge(&base.weight(id), &u, &knob, &vh)
            });
            Tensor::cat(merged.collect(), 0)
        })
    }
}

/// Projections that are worked on at once. While the device is at one, the host reads, tries and writes others.
const AT_ONCE: usize = 6;

/// What `of` makes of each.
fn several_at_a_time<T: Send>(
    ids: &[LinearId],
    of: impl Fn(LinearId) -> Result<T> + Sync,
) -> Result<BTreeMap<LinearId, T>> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut made = vec![];
        while let Some(&id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
            // After a failure nobody begins another.
            made.push((id, of(id).inspect_err(|_| next.store(ids.len(), Ordering::Relaxed))?));
        }
        Ok(made)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(some)).collect();
        let made = threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        made.collect::<Result<Vec<_>>>().map(|made| made.into_iter().flatten().collect())
    })
}

/// What the random factors of one projection are drawn from.
fn seed_of(seed: u64, LinearId { layer, proj }: LinearId) -> u64 {
    seed ^ (layer * Proj::ALL.len() + proj as usize) as u64
}

/// A file's name for the factors of a matrix, by what the matrix holds and what type they are wanted in.
fn cache_name(raw: &Raw, dtype: DType) -> String {
    let mut hash = Hasher::default();
    hash.update(format!("{:?} {} as {dtype:?}, checked, probed, named\n", raw.dtype, raw.cols).as_bytes());
    hash.update(&raw.bytes);
    format!("{}.safetensors", hash.digest())
}

/// What kept factors say of themselves: whose they are. A file's checksum alone holds under any name.
fn said_of(path: &Path) -> Said {
    let digest = path.file_stem().unwrap_or_default().to_string_lossy();
    Said::from([("matrix".into(), digest.into_owned())])
}

/// Thin SVD of a projection: `U [out, r]` and `Vh [r, in]`, signs fixed so that the basis does not depend on the library's choice.
fn factors(backend: &Backend, id: LinearId, matrix: &Matrix) -> Result<Svd> {
    let right = |found: &Svd| svd::holds(matrix, found);
    // A device's method may fail and not say so.
    let found = backend.ops.svd(matrix)?.filter(right).or_else(|| svd::on_the_host(matrix).filter(right));
    found.map(Svd::with_signs_fixed).ok_or_else(|| AdapterError::Svd(id.weight_name()))
}
