//! `import.json`: what a folder was made of, and how. It holds no time, no name and no path of a machine: the same file gives the
//! same record wherever it lies.

use crate::gguf::{Gguf, Value};
use crate::head::Head;
use bundle::Sha256;
use serde::Serialize;
use std::collections::BTreeMap;

/// How whole files are packed, by the number that they state: most of their matrices in this way, some finer.
const FILE_TYPES: [(i128, &str); 12] = [
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (7, "Q8_0"),
    (8, "Q5_0"),
    (14, "Q4_K_S"),
    (15, "Q4_K_M"),
    (16, "Q5_K_S"),
    (17, "Q5_K_M"),
    (18, "Q6_K"),
    (32, "BF16"),
];

/// What is told of an import.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// What has to be told wherever the weights are used, such as `dequantised from Q4_K_M`.
    pub provenance: String,
    /// The file that it was made of.
    pub source: Source,
    /// How many of its tensors are packed in which way.
    pub tensors: BTreeMap<&'static str, usize>,
    /// What became of the values.
    pub values: &'static str,
    /// What the output head is.
    pub head: String,
    /// Where the tokenizer is from.
    pub tokenizer: &'static str,
}

/// A file, by what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// What it calls itself.
    pub name: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
}

impl Record {
    pub(crate) fn of(gguf: &Gguf, head: &Head, sha256: Sha256, bytes: u64) -> Self {
        let mut tensors = BTreeMap::new();
        gguf.tensors.values().for_each(|tensor| *tensors.entry(tensor.packing.name).or_default() += 1);
        let name = match gguf.keys.get("general.name") {
            Some(Value::Text(name)) => Some(name.to_string()),
            _ => None,
        };
        Self {
            provenance: provenance(gguf.keys.get("general.file_type"), &tensors),
            source: Source { name, bytes, sha256 },
            tensors,
            values: "unpacked in f32 as the reference unpacks them, then rounded to bf16: to the nearest, ties to even",
            head: head.told.clone(),
            tokenizer: "rebuilt from the file's tokens and merges, with the pattern of Qwen2 and NFC",
        }
    }
}

/// What the file calls its packing; where it does not say, the packings of its tensors.
fn provenance(stated: Option<&Value>, tensors: &BTreeMap<&str, usize>) -> String {
    let known = FILE_TYPES.iter().find(|(number, _)| stated == Some(&Value::Whole(*number)));
    let packed =
        known.map_or_else(|| tensors.keys().copied().collect::<Vec<_>>().join(", "), |(_, name)| name.to_string());
    match packed.contains('Q') {
        true => format!("dequantised from {packed}"),
        false => format!("rounded from {packed}"),
    }
}
