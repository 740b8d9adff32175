//! A model in GGUF, as programs for inference have it, becomes the folder that the hub's tools and this program read: bf16
//! weights, config, tokenizer, chat template. The same file gives the same bytes, always; what is not known is refused by its
//! name.
//!
//! | module | what it holds |
//! |---|---|
//! | [`gguf`] | the file: keys and tensors, each checked against the file's size before anything is made of it |
//! | [`blocks`] | the ten ways in which values are packed, and what they are unpacked |
//! | `cursor` | the next number or text of bytes that nobody vouches for |
//! | `family` | which architectures there are, which keys mean what, what a model's tensors are called here and there |
//! | `head` | whether the output head is the embedding |
//! | `weights` | `model.safetensors` |
//! | `config` | `config.json`, `generation_config.json` |
//! | `tokenizer` | `tokenizer.json`, `tokenizer_config.json`, `chat_template.jinja` |
//! | `record` | `import.json`: what the folder was made of, and how |
//! | [`back`] | the way back: such a folder as a GGUF file |
//! | `vocabulary` | on that way, the tokenizer's keys |
//!
//! ```
//! use import::gguf::Gguf;
//!
//! // A file of one key and no tensor.
//! let mut file = b"GGUF\x03\0\0\0".to_vec();
//! file.extend([0u64, 1].into_iter().flat_map(u64::to_le_bytes)); // so many tensors, so many keys
//! file.extend([9u64.to_le_bytes().as_slice(), b"qwen2.pet", &4u32.to_le_bytes(), &7u32.to_le_bytes()].concat());
//! assert_eq!(Gguf::parse(&file)?.size("qwen2.pet")?, 7);
//!
//! file[8] = 1; // now it claims a tensor that is not there
//! assert_eq!(Gguf::parse(&file).unwrap_err(), "it ends inside the name of a tensor");
//! # Ok::<(), String>(())
//! ```

pub mod back;
pub mod blocks;
mod config;
mod cursor;
mod family;
pub mod gguf;
mod head;
mod record;
mod tokenizer;
mod vocabulary;
mod weights;

pub use record::Record;

use bundle::{BundleError, Sha256, Staged, files, write_atomic};
use failure::Kind;
use family::Model;
use gguf::Gguf;
use head::Head;
use memmap2::Mmap;
use serde::Serialize;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Why a file was not imported.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum ImportError {
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("{path} is no whole GGUF file: {reason}; fetch it again")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} cannot be imported: {reason}")]
    Unknown { path: PathBuf, reason: String },
    #[error("this model cannot be written as GGUF: {file}: {reason}")]
    NoGguf { file: PathBuf, reason: String },
    #[error("{folder} has {file}, which no import writes: choose another --out")]
    Occupied { folder: PathBuf, file: PathBuf },
}

impl ImportError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Bundle(e) => e.kind(),
            Self::Damaged { .. } | Self::Unknown { .. } | Self::NoGguf { .. } => Kind::Input,
            Self::Occupied { .. } => Kind::Usage,
        }
    }
}

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, ImportError>;

/// The weights' file.
pub const WEIGHTS: &str = "model.safetensors";

/// What an import writes, in this order: a folder with a config is whole.
pub const FILES: [&str; 7] = [
    WEIGHTS,
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "generation_config.json",
    "import.json",
    "config.json",
];

/// Writes the model of `file` into the folder `out`, new or of an earlier import. `told` hears how many values of how many
/// are written.
///
/// # Errors
/// A file that is damaged, or has anything that is not known here; a folder that is somebody's.
pub fn import(file: &Path, out: &Path, told: &dyn Fn(u64, u64)) -> Result<Record> {
    claim(out)?;
    let map = map(file)?;
    let damaged = |reason| ImportError::Damaged { path: file.into(), reason };
    let unknown = |reason| ImportError::Unknown { path: file.into(), reason };
    let gguf = Gguf::parse(&map).map_err(damaged)?;
    let model = Model::of(&gguf).map_err(unknown)?;
    let tokens = tokenizer::Tokens::of(&gguf, model.vocabulary).map_err(unknown)?;
    let head = Head::of(&gguf);
    let record = Record::of(&gguf, &head, Sha256::of(&map), map.len() as u64);

    let mut staged = Staged::new(&out.join(WEIGHTS))?;
    weights::write(&model.tensors(&gguf, &head), &record.provenance, &mut staged, told).map_err(|e| match e {
        weights::Trouble::Values(reason) => unknown(reason),
        weights::Trouble::Writing(e) => e.into(),
    })?;
    staged.commit()?;
    let write = |name: &str, bytes: &[u8]| write_atomic(&out.join(name), bytes);
    write("tokenizer.json", &json(&tokens.tokenizer()))?;
    write("tokenizer_config.json", &json(&tokens.config(model.context)))?;
    write("chat_template.jinja", tokens.template.as_bytes())?;
    write("generation_config.json", &json(&config::Generation::of(&tokens)))?;
    write("import.json", &json(&record))?;
    write("config.json", &json(&config::Config::of(&model, &head, &tokens)))?;
    Ok(record)
}

/// Refuses a folder that holds anything that an import does not write.
fn claim(out: &Path) -> Result<()> {
    let there = if out.exists() { files::list(out)? } else { vec![] };
    match there.into_iter().find(|file| !FILES.iter().any(|name| file == Path::new(name))) {
        Some(file) => Err(ImportError::Occupied { folder: out.into(), file }),
        None => Ok(()),
    }
}

fn map(path: &Path) -> Result<Mmap> {
    let fail = |source| BundleError::Read { path: path.into(), source };
    let file = File::open(path).map_err(fail)?;
    // SAFETY: the file is an input, which nobody writes to while the program runs.
    let map = unsafe { Mmap::map(&file) }.map_err(fail)?;
    files::refuse_pointer(path, &map)?;
    Ok(map)
}

fn json(value: &impl Serialize) -> Vec<u8> {
    (serde_json::to_string_pretty(value).expect("a struct of texts and numbers serialises") + "\n").into_bytes()
}
