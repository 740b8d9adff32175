//! What is given away of a finished tier.

use super::{Benchmark, PartArgs};
use crate::values::tier;
use clap::Args;
use std::path::PathBuf;

/// Receipts that the project has.
#[derive(Args)]
pub(crate) struct OfReceipts {
    /// The tier whose receipts, below receipts/, are meant.
    #[arg(long, value_name = "TIER", value_parser = tier(), default_value = "organism")]
    pub receipts: String,
    /// A plan of your own, whose receipts are there under its name.
    #[arg(long, value_name = "TOML", conflicts_with = "receipts")]
    pub plan: Option<PathBuf>,
    #[command(flatten)]
    pub part: PartArgs,
    #[command(flatten)]
    pub benchmark: Benchmark,
}

#[derive(Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    pub of: OfReceipts,
    /// A new folder to write into.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Sign it with the keys in this folder.
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// When it is published, such as 2026-11-26; otherwise when the commit was made that the ledger names.
    #[arg(long)]
    pub date: Option<String>,
}

#[derive(Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub of: OfReceipts,
    /// A new folder to write the page into.
    #[arg(long, value_name = "DIR")]
    pub html: PathBuf,
}

#[derive(Args)]
pub(crate) struct Sign {
    /// The folder.
    #[arg(required_unless_present = "new_keys")]
    pub folder: Option<PathBuf>,
    /// Where both keys lie. Nobody else may be able to read them.
    #[arg(long, value_name = "DIR", required_unless_present = "new_keys")]
    pub keys: Option<PathBuf>,
    /// What is signed, as the statement calls it; otherwise the folder's name.
    #[arg(long)]
    pub name: Option<String>,
    /// Make an ed25519 and a P-256 key with their public halves in this new folder.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["folder", "keys", "name"])]
    pub new_keys: Option<PathBuf>,
}
