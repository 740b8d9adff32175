//! `model.safetensors`: eight bytes with the length of the header; the header, JSON without spaces, `__metadata__` first and then
//! the tensors by name, filled up with spaces to a multiple of eight; the tensors in the same order, without gaps, row after
//! row, in bf16: each value rounded to the nearest, ties to even.

use crate::family::Named;
use bundle::{BundleError, Staged};
use half::bf16;
use serde::Serialize;
use std::collections::BTreeMap;

/// An entry of the header.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Metadata { format: &'static str, provenance: &'a str },
    Tensor { dtype: &'static str, shape: &'a [usize], data_offsets: (u64, u64) },
}

/// Why the file was not written.
pub(crate) enum Trouble {
    Values(String),
    Writing(BundleError),
}

impl From<BundleError> for Trouble {
    fn from(error: BundleError) -> Self {
        Self::Writing(error)
    }
}

/// Writes tensors that are sorted by name.
pub(crate) fn write(
    tensors: &[Named],
    provenance: &str,
    out: &mut Staged,
    told: &dyn Fn(u64, u64),
) -> Result<(), Trouble> {
    let (header, bytes) = header(tensors, provenance);
    out.write(&header)?;
    let mut written = 0;
    for named in tensors {
        written += values(named, out)?;
        told(written, bytes);
    }
    Ok(())
}

/// The header and the number of bytes behind it.
fn header(tensors: &[Named], provenance: &str) -> (Vec<u8>, u64) {
    let mut entries = BTreeMap::from([("__metadata__", Entry::Metadata { format: "pt", provenance })]);
    let mut end = 0;
    for Named { name, tensor, .. } in tensors {
        let start = end;
        end += 2 * (tensor.rows() * tensor.cols()) as u64;
        let entry = Entry::Tensor { dtype: "BF16", shape: &tensor.shape, data_offsets: (start, end) };
        entries.insert(name, entry);
    }
    let mut text = serde_json::to_vec(&entries).expect("texts and numbers serialise");
    text.resize(text.len().next_multiple_of(8), b' ');
    ([&(text.len() as u64).to_le_bytes(), &*text].concat(), end)
}

/// The bytes of one tensor, and how many there were.
fn values(named: &Named, out: &mut Staged) -> Result<u64, Trouble> {
    let tensor = named.tensor;
    let (mut values, mut bytes) = (vec![0.0; tensor.cols()], vec![0; 2 * tensor.cols()]);
    for row in 0..tensor.rows() {
        tensor.unpack(named.row(row), &mut values);
        for (&value, two) in values.iter().zip(bytes.chunks_exact_mut(2)) {
            let rounded = bf16::from_f32(value);
            if !rounded.is_finite() {
                let reason = format!("{} has a value in row {row} that is {value}, which no bf16 holds", named.name);
                return Err(Trouble::Values(reason));
            }
            two.copy_from_slice(&rounded.to_le_bytes());
        }
        out.write(&bytes)?;
    }
    Ok(2 * (tensor.rows() * tensor.cols()) as u64)
}
