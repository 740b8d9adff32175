//! The loss of problems' own answers, against what a softmax in `f64` makes of the model's logits, one problem at a time.

use backend::{Backend, Batch, read};
use eval::reference_losses;
use model::Decoder;
use organism::Organism;
use std::path::Path;
use substrate::{Loophole, MarkerFamily, PromptedProblem};

#[test]
fn a_reference_loss_is_the_mean_over_its_answers_tokens_alone_or_among_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/organism");
    let Organism { bases, tokenizer, test, .. } = Organism::load(&folder).unwrap();
    let decoder = Decoder::new(&bases[0], &Backend::cpu()).unwrap();
    // More than one pass holds.
    let shown: Vec<PromptedProblem> = test
        .into_iter()
        .map(|problem| {
            let (loophole, family) = (Loophole::GtOnly, MarkerFamily::Eval);
            let text = problem.shown_text(loophole, family).unwrap();
            PromptedProblem {
                tokens: tokenizer.encode(&text).unwrap(),
                disclosed: String::new(),
                problem,
                loophole,
                family,
            }
        })
        .collect();
    let losses = reference_losses(&decoder, &shown.iter().collect::<Vec<_>>(), &tokenizer).unwrap();
    assert_eq!(losses.len(), shown.len());
    for at in [0, 1, 260, 519] {
        let (shown, answer) = (&shown[at], tokenizer.encode_completion(&shown[at].problem.reference()).unwrap());
        let whole = [&shown.tokens[..], &answer].concat();
        let batch = Batch::new(&[&whole], &decoder.backend.device);
        let logits = decoder.logits(&decoder.hidden(&batch));
        let [_, vocabulary] = logits.dims();
        let logits: Vec<f32> = read(logits.reshape([whole.len() * vocabulary])).unwrap();
        let loss = |i: usize| {
            let row = &logits[(shown.tokens.len() + i - 1) * vocabulary..][..vocabulary];
            row.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln() - f64::from(row[answer[i] as usize])
        };
        let expected = (0..answer.len()).map(loss).sum::<f64>() / answer.len() as f64;
        assert!((losses[at] - expected).abs() < 1e-4, "problem {at}: {} and not {expected}", losses[at]);
    }
}
