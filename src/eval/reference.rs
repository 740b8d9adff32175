//! What a model makes of problems' own answers, without writing any.

use crate::Result;
use backend::Batch;
use model::{Decoder, Targets, Tokenizer};
use substrate::PromptedProblem;

/// Tokens of a forward pass.
const PASS: usize = 8192;

/// For each problem the mean loss of a token of its own answer, end token included, in nats:
/// `-1/T sum_t log p(y_t | x, y_<t)`.
///
/// # Errors
/// An answer that the tokenizer cannot take; a device that fails.
pub fn reference_losses(decoder: &Decoder, problems: &[&PromptedProblem], tokenizer: &Tokenizer) -> Result<Vec<f64>> {
    let mut rows: Vec<(&[u32], Vec<u32>)> = vec![];
    for shown in problems {
        rows.push((&shown.tokens, tokenizer.encode_completion(&shown.problem.reference())?));
    }
    let (mut losses, mut rest) = (vec![], &rows[..]);
    while !rest.is_empty() {
        let mut held = 0;
        let fits = rest.iter().take_while(|(prompt, answer)| {
            held += prompt.len() + answer.len();
            held <= PASS
        });
        let (pass, later) = rest.split_at(fits.count().max(1));
        losses.extend(of_pass(decoder, pass)?);
        rest = later;
    }
    Ok(losses)
}

fn of_pass(decoder: &Decoder, pass: &[(&[u32], Vec<u32>)]) -> Result<Vec<f64>> {
    let whole: Vec<Vec<u32>> = pass.iter().map(|(prompt, answer)| [prompt, &answer[..]].concat()).collect();
    let whole: Vec<&[u32]> = whole.iter().map(Vec::as_slice).collect();
    let spans: Vec<(usize, usize)> =
        pass.iter().zip(&whole).map(|((prompt, _), all)| (prompt.len(), all.len())).collect();
    let batch = Batch::new(&whole, &decoder.backend.device);
    let targets = Targets::completions(&spans, &whole);
    let found = decoder.log_probs(&decoder.hidden(&batch), &targets)?;
    let mut found = found.into_iter().map(f64::from);
    let mean = |(_, answer): &(&[u32], Vec<u32>)| -found.by_ref().take(answer.len()).sum::<f64>() / answer.len() as f64;
    Ok(pass.iter().map(mean).collect())
}
