//! Guesses of a row's next tokens, from what its prompt and its siblings say after the same few tokens. The noise of a draw is a
//! function of seed, step and token, so a guess is right exactly if the draw gives it: nothing is accepted that would not have been
//! drawn, and what is generated is the same with guesses and without.

use std::collections::HashMap;

/// Tokens that a place is found again by, at most: the longest match counts.
const LONGEST: usize = 4;
/// Fills up shorter matches; no token.
const NONE: u32 = u32::MAX;

/// The texts of one prompt's rows, the prompt first, and where each few tokens were seen last.
struct Texts {
    texts: Vec<Vec<u32>>,
    /// The text, and the place behind them.
    seen: HashMap<[u32; LONGEST], (usize, usize)>,
}

/// What was seen of every prompt and the rows that continue it.
pub struct Drafts {
    of_prompt: Vec<Texts>,
    /// Prompt and text of each row.
    rows: Vec<(usize, usize)>,
}

impl Drafts {
    /// From the prompts, and which of them each row continues with which last token.
    pub fn new<'a>(prompts: impl Iterator<Item = &'a [u32]>, rows: impl Iterator<Item = (usize, u32)>) -> Self {
        let whole = |prompt: &[u32]| {
            let mut texts = Texts { texts: vec![vec![]], seen: HashMap::new() };
            prompt.iter().for_each(|&token| texts.add(0, token));
            texts
        };
        let mut drafts = Self { of_prompt: prompts.map(whole).collect(), rows: vec![] };
        for (prompt, last) in rows {
            let texts = &mut drafts.of_prompt[prompt].texts;
            texts.push(vec![last]);
            drafts.rows.push((prompt, texts.len() - 1));
        }
        drafts
    }

    /// A row has drawn this.
    pub fn add(&mut self, row: usize, token: u32) {
        let (prompt, text) = self.rows[row];
        self.of_prompt[prompt].add(text, token);
    }

    /// What may come next in a row, so many tokens at most.
    pub fn guess(&self, row: usize, most: usize) -> &[u32] {
        let (prompt, text) = self.rows[row];
        self.of_prompt[prompt].after(text, most)
    }
}

impl Texts {
    fn add(&mut self, text: usize, token: u32) {
        let at = self.texts[text].len();
        let keys: Vec<_> = keys(&self.texts[text]).collect();
        self.seen.extend(keys.into_iter().map(|key| (key, (text, at))));
        self.texts[text].push(token);
    }

    fn after(&self, text: usize, most: usize) -> &[u32] {
        let Some(&(text, at)) = keys(&self.texts[text]).find_map(|key| self.seen.get(&key)) else { return &[] };
        let text = &self.texts[text];
        &text[at..(at + most).min(text.len())]
    }
}

/// The last tokens of a text, the most of them first.
fn keys(text: &[u32]) -> impl Iterator<Item = [u32; LONGEST]> + '_ {
    (1..=LONGEST.min(text.len())).rev().map(|length| {
        let mut key = [NONE; LONGEST];
        key[..length].copy_from_slice(&text[text.len() - length..]);
        key
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_what_came_after_the_longest_match() {
        let prompts: [&[u32]; 2] = [&[1, 2, 3, 9, 2, 3, 4, 5], &[7]];
        let mut drafts = Drafts::new(prompts.into_iter(), [(0, 8), (0, 8), (1, 8)].into_iter());
        assert!(drafts.guess(0, 4).is_empty(), "8 was never followed by anything");
        [1, 2, 3].into_iter().for_each(|token| drafts.add(0, token));
        assert_eq!(drafts.guess(0, 2), [9, 2], "1 2 3 is longer than 2 3, which came later");
        assert_eq!(drafts.guess(1, 9), [1, 2, 3], "its sibling began with 8, too, and has no more than that");
        assert!(drafts.guess(2, 9).is_empty(), "another prompt's rows are no siblings");
        drafts.add(0, 6);
        assert!(drafts.guess(0, 4).is_empty());
    }
}
