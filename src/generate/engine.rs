//! Decode steps as an interface. The scheduler says which row is in which lane of the batch and which pages of the cache are
//! whose; an engine computes.

use crate::Result;
use crate::draw::Drawn;
use crate::sampling::SamplingParams;
use model::Decoder;

/// Tokens whose keys and values a page of the cache holds.
pub const PAGE: usize = 32;

/// The cache slot of position `i` of a row with these pages.
pub fn slot(pages: &[usize], i: usize) -> usize {
    pages[i / PAGE] * PAGE + i % PAGE
}

/// What a [`DecodeEngine`] is made for.
#[derive(Clone, Copy)]
pub struct DecodeTask<'a> {
    /// The model that computes the steps.
    pub decoder: &'a Decoder,
    /// How tokens are drawn, and how many rows a step has.
    pub params: &'a SamplingParams<'a>,
    /// Pages of the whole cache; page 0 takes what nobody reads.
    pub pages: usize,
    /// Pages of one row.
    pub block_table: usize,
}

/// A row about to be decoded: `token` is fed at `position`, and what it attends to lies in `pages`.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// The last token of the row so far.
    pub token: u32,
    /// Its place in the row, from 0.
    pub position: usize,
    /// The seed of the row's noise.
    pub seed: u64,
    /// Tokens that it has drawn: which of the seed's noise comes next.
    pub drawn: usize,
    /// The row's cache pages, in the order of its positions; none in a lane without a row.
    pub pages: Vec<usize>,
}

impl Sequence {
    /// The same row's place after so many tokens more.
    pub fn after(&self, tokens: usize) -> Self {
        Self { position: self.position + tokens, ..self.clone() }
    }
}

/// Decode steps on a device.
pub trait DecodeEngine {
    /// Tokens of one prefill call. A shorter prompt shares it with others of its size, a longer one has it alone.
    fn prefill_tokens(&self) -> usize;

    /// Encodes rows and stores the keys and values of packed token `from` at cache slot `to`, for each `(from, to)`.
    fn prefill(&mut self, rows: &[&[u32]], slots: &[(usize, usize)]) -> Result<()>;

    /// Copies cache slots, `(from, to)`.
    fn copy(&mut self, slots: &[(usize, usize)]) -> Result<()>;

    /// Whether steps are begun one by one and idle lanes cost as much as others, so that they may as well look ahead: lanes that share
    /// their pages are then one row at successive positions.
    fn looks_ahead(&self) -> bool;

    /// Puts a row into a lane of the batch.
    fn assign(&mut self, lane: usize, sequence: Sequence);

    /// Begins one or more steps. A device with a queue is given them and not waited for.
    fn start(&mut self) -> Result<()>;

    /// For each step that was begun what every lane drew. Lanes without a row draw anything.
    fn finish(&mut self) -> Result<Vec<Vec<Drawn>>>;

    /// Begins steps and waits for them.
    fn run(&mut self) -> Result<Vec<Vec<Drawn>>> {
        self.start()?;
        self.finish()
    }
}
