//! Which row is in which lane of the batch and which cache pages are whose. Pure bookkeeping: the same prompts give the same
//! schedule, and a row's tokens would be the same under any other.

use crate::draft::Drafts;
use crate::draw::Drawn;
use crate::engine::{DecodeEngine, DecodeTask, PAGE, Sequence, slot};
use crate::sampling::{Completion, Prompt, SamplingParams};
use crate::{GenerateError, Result};
use model::Decoder;
use std::collections::HashMap;

/// Prompts are padded to a power of two and at least to this.
const SHORTEST: usize = 64;

/// Memory that a cache leaves free on the device: activations of prompts, and what others take meanwhile.
const SPARE: usize = 3 << 30;

/// A prompt without its last token, which the first decode step feeds.
struct Prefix<'a> {
    tokens: &'a [u32],
    /// Where its keys and values lie, while some row needs them. A page that is not full is a template to copy from.
    pages: Vec<usize>,
    /// Rows that are not done with it.
    users: usize,
}

/// A row in a lane.
struct Active {
    row: usize,
    /// Pages that are its own.
    pages: Vec<usize>,
    /// What it was when it was put there.
    begun: Sequence,
    /// Guesses of what it draws next, and the lanes that look ahead from each.
    ahead: Vec<(u32, usize)>,
}

/// Lanes that look ahead for one row at most.
const MOST_AHEAD: usize = 7;

/// The rows that wait, those that are decoded and the pages of the cache, in one place.
pub struct Scheduler<'a> {
    decoder: &'a Decoder,
    prompts: &'a [Prompt<'a>],
    params: &'a SamplingParams<'a>,
    prefixes: Vec<Prefix<'a>>,
    /// The prefix of each row.
    owner: Vec<usize>,
    /// The next row that has no lane yet.
    next: usize,
    lanes: Vec<Option<Active>>,
    pages: usize,
    free: Vec<usize>,
    drafts: Drafts,
    out: Vec<Completion>,
    /// Rows that have ended and were not told yet.
    ended: Vec<usize>,
}

impl<'a> Scheduler<'a> {
    /// # Errors
    /// A device whose free memory does not hold the cache of a single row.
    pub fn new(decoder: &'a Decoder, prompts: &'a [Prompt<'a>], params: &'a SamplingParams<'a>) -> Result<Self> {
        let mut known: HashMap<&[u32], usize> = HashMap::new();
        let (mut prefixes, mut owner) = (vec![], vec![]);
        for prompt in prompts {
            let tokens = &prompt.tokens[..prompt.tokens.len() - 1];
            let prefix = *known.entry(tokens).or_insert_with(|| {
                prefixes.push(Prefix { tokens, pages: vec![], users: 0 });
                prefixes.len() - 1
            });
            prefixes[prefix].users += 1;
            owner.push(prefix);
        }
        let one = prompts.iter().map(|prompt| pages_of(prompt, params)).max().unwrap_or(0);
        let wanted = pages_wanted(prompts, params);
        let pages = room(decoder).map_or(wanted, |room| room.min(wanted));
        if pages < one + 1 {
            return Err(GenerateError::CacheTooSmall { pages, needed: one + 1 });
        }
        let last = prompts.iter().map(|prompt| prompt.tokens[prompt.tokens.len() - 1]);
        let drafts = Drafts::new(prefixes.iter().map(|prefix| prefix.tokens), owner.iter().copied().zip(last));
        Ok(Self {
            drafts,
            decoder,
            prompts,
            params,
            prefixes,
            owner,
            next: 0,
            lanes: (0..params.rows).map(|_| None).collect(),
            pages,
            free: (1..pages).rev().collect(),
            out: vec![Completion::default(); prompts.len()],
            ended: vec![],
        })
    }

    /// What an engine must hold.
    pub fn task(&self) -> DecodeTask<'a> {
        let block_table = (self.params.prompt_cap + self.params.max_new).div_ceil(PAGE);
        DecodeTask { decoder: self.decoder, params: self.params, pages: self.pages, block_table }
    }

    /// Every row's completion, in order.
    pub fn run(&mut self, engine: &mut dyn DecodeEngine) -> Result<Vec<Completion>> {
        while !self.is_done() {
            self.start(engine)?;
            self.finish(engine)?;
        }
        self.ended.clear();
        Ok(std::mem::take(&mut self.out))
    }

    /// Whether every row has ended.
    pub fn is_done(&self) -> bool {
        self.next == self.prompts.len() && self.lanes.iter().all(Option::is_none)
    }

    /// Rows that have ended since this was asked last, each with its completion.
    pub fn ended(&mut self) -> Vec<(usize, Completion)> {
        self.ended.drain(..).map(|row| (row, std::mem::take(&mut self.out[row]))).collect()
    }

    /// Gives free lanes to waiting rows and begins the next steps.
    pub fn start(&mut self, engine: &mut dyn DecodeEngine) -> Result<()> {
        self.admit(engine)?;
        if engine.looks_ahead() && self.next == self.prompts.len() {
            self.look_ahead(engine);
        }
        engine.start()
    }

    /// Notes what was drawn in the steps that were begun; rows that have ended leave.
    pub fn finish(&mut self, engine: &mut dyn DecodeEngine) -> Result<()> {
        for drawn in engine.finish()? {
            for lane in 0..self.lanes.len() {
                if self.lanes[lane].is_some() {
                    self.take(engine, lane, &drawn);
                }
            }
        }
        Ok(())
    }

    /// What a row has drawn in one step: its own lane's token, and those of the lanes ahead as far as their guesses were right.
    fn take(&mut self, engine: &mut dyn DecodeEngine, lane: usize, drawn: &[Drawn]) {
        let Some(active) = &mut self.lanes[lane] else { return };
        let (row, ahead) = (active.row, std::mem::take(&mut active.ahead));
        let completion = &mut self.out[row];
        let mut last = drawn[lane];
        let mut ended = completion.add(last, self.params);
        self.drafts.add(row, last.token);
        let mut right = 0;
        for &(guess, lane) in &ahead {
            if ended || guess != last.token {
                break;
            }
            last = drawn[lane];
            ended = completion.add(last, self.params);
            self.drafts.add(row, last.token);
            right += 1;
        }
        ahead.iter().for_each(|&(_, lane)| engine.assign(lane, Sequence::default()));
        if ended {
            self.leave(lane);
            engine.assign(lane, Sequence::default());
        } else if right > 0 {
            let (begun, drawn) = (&active.begun, completion.tokens.len());
            engine.assign(lane, Sequence { token: last.token, drawn, ..begun.after(drawn) });
        }
    }

    /// Has idle lanes feed what rows may draw, each at the place where it would be: keys and values behind a wrong guess are
    /// written again before anything looks at them.
    fn look_ahead(&mut self, engine: &mut dyn DecodeEngine) {
        let mut idle: Vec<usize> = (0..self.lanes.len()).filter(|&lane| self.lanes[lane].is_none()).collect();
        let rows = self.lanes.iter().flatten().count();
        let each = (idle.len() / rows.max(1)).min(MOST_AHEAD);
        for active in self.lanes.iter_mut().flatten() {
            let drawn = self.out[active.row].tokens.len();
            // The last token that may be drawn is fed to nobody.
            let most = each.min(self.params.max_new - drawn - 1);
            for (i, &token) in self.drafts.guess(active.row, most).iter().enumerate() {
                let Some(lane) = idle.pop() else { return };
                let at = drawn + 1 + i;
                engine.assign(lane, Sequence { token, drawn: at, ..active.begun.after(at) });
                active.ahead.push((token, lane));
            }
        }
    }

    /// Gives lanes to as many waiting rows as there are lanes and pages for, encoding prompts that no row has needed yet.
    fn admit(&mut self, engine: &mut dyn DecodeEngine) -> Result<()> {
        let (mut fresh, mut copies, mut assigned) = (vec![], vec![], vec![]);
        let lanes: Vec<usize> = (0..self.lanes.len()).filter(|&lane| self.lanes[lane].is_none()).collect();
        for lane in lanes {
            let row = self.next;
            let Some(prompt) = self.prompts.get(row) else { break };
            let prefix = self.owner[row];
            let length = self.prefixes[prefix].tokens.len();
            let shared = length.div_ceil(PAGE);
            let own = (length + self.params.max_new).div_ceil(PAGE) - length / PAGE;
            let missing = self.prefixes[prefix].pages.is_empty() && length > 0;
            if self.free.len() < own + if missing { shared } else { 0 } {
                break;
            }
            if missing {
                self.prefixes[prefix].pages = self.pages(shared);
                fresh.push(prefix);
            }
            let pages = self.pages(own);
            let template = &self.prefixes[prefix].pages;
            copies.extend((length / PAGE * PAGE..length).map(|i| (slot(template, i), pages[0] * PAGE + i % PAGE)));
            let all = [&template[..length / PAGE], &pages].concat();
            let token = prompt.tokens[length];
            let begun = Sequence { token, position: length, seed: prompt.seed, drawn: 0, pages: all };
            assigned.push((lane, begun.clone()));
            self.lanes[lane] = Some(Active { row, pages, begun, ahead: vec![] });
            self.next += 1;
        }
        self.prefill(engine, fresh)?;
        if !copies.is_empty() {
            engine.copy(&copies)?;
        }
        assigned.into_iter().for_each(|(lane, sequence)| engine.assign(lane, sequence));
        Ok(())
    }

    fn pages(&mut self, count: usize) -> Vec<usize> {
        self.free.split_off(self.free.len() - count)
    }

    /// A row is done: its pages, and its prompt's if it was the last to need them, are free again.
    fn leave(&mut self, lane: usize) {
        let Some(Active { row, pages, .. }) = self.lanes[lane].take() else { return };
        self.ended.push(row);
        self.free.extend(pages);
        let prefix = &mut self.prefixes[self.owner[row]];
        prefix.users -= 1;
        if prefix.users == 0 {
            self.free.append(&mut prefix.pages);
        }
    }

    /// Encodes prefixes in calls of a fixed shape for each size, so that what a prompt becomes depends on it alone: rounding
    /// may change with the number of rows of a product, and with nothing else.
    fn prefill(&self, engine: &mut dyn DecodeEngine, prefixes: Vec<usize>) -> Result<()> {
        let size = |prefix: &usize| self.prefixes[*prefix].tokens.len().next_power_of_two().max(SHORTEST);
        let mut order = prefixes;
        order.sort_by_key(|prefix| (size(prefix), *prefix));
        for same in order.chunk_by(|a, b| size(a) == size(b)) {
            let total = engine.prefill_tokens().max(size(&same[0]));
            for call in same.chunks(total / size(&same[0])) {
                let (mut rows, mut slots, mut at) = (vec![], vec![], 0);
                for &prefix in call {
                    let Prefix { tokens, pages, .. } = &self.prefixes[prefix];
                    slots.extend((0..tokens.len()).map(|i| (at + i, slot(pages, i))));
                    rows.push(*tokens);
                    at += tokens.len();
                }
                let filler = vec![0; total - at];
                // Short rows: a long one could outgrow the positions that the model knows.
                rows.extend(filler.chunks(SHORTEST));
                engine.prefill(&rows, &slots)?;
            }
        }
        Ok(())
    }
}

/// Pages of a row and of its prompt, which it may have to itself.
fn pages_of(prompt: &Prompt, params: &SamplingParams) -> usize {
    2 * (prompt.tokens.len() + params.max_new).div_ceil(PAGE)
}

/// Cache pages with which no row waits for memory.
pub(crate) fn pages_wanted(prompts: &[Prompt], params: &SamplingParams) -> usize {
    let one = prompts.iter().map(|prompt| pages_of(prompt, params)).max().unwrap_or(0);
    params.rows.min(prompts.len()) * one + 1
}

/// Cache pages that the device has room for beside what it holds now; `None` where nobody can tell.
pub(crate) fn room(decoder: &Decoder) -> Option<usize> {
    let (c, free) = (&decoder.config, decoder.backend.free_memory()?);
    let page = 2 * c.num_hidden_layers * PAGE * c.num_key_value_heads * c.head_dim * decoder.dtype().size();
    Some(free.saturating_sub(SPARE) / page)
}
