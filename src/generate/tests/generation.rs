//! Generation: rows do not see each other, and the sampler's log-probabilities are the trainer's.

use backend::{Backend, Batch};
use generate::draw::Drawn;
use generate::engine::{DecodeEngine, Sequence};
use generate::scheduler::Scheduler;
use generate::{Completion, GenerateError, Generation, Prompt, SamplingParams};
use model::{Decoder, Targets, Weights};
use std::path::Path;

const HOW: SamplingParams =
    SamplingParams { temperature: 1.0, top_k: 0, top_p: 1.0, max_new: 12, ends: &[1], prompt_cap: 8, rows: 8 };

fn decoder() -> Decoder {
    decoder_of("tied")
}

fn decoder_of(fixture: &str) -> Decoder {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures").join(fixture);
    Decoder::new(&Weights::load(&folder).unwrap(), &Backend::cpu()).unwrap()
}

fn prompts() -> Vec<Vec<u32>> {
    (0..11u32).map(|i| (0..=i % 7).map(|j| 2 + (i * 5 + j * 3) % 55).collect()).collect()
}

fn generate(decoder: &Decoder, rows: &[Vec<u32>], seeds: &[u64], params: &SamplingParams) -> Vec<Completion> {
    let prompts: Vec<Prompt> = rows.iter().zip(seeds).map(|(tokens, &seed)| Prompt { id: "p", tokens, seed }).collect();
    generate::generate(decoder, &prompts, params).unwrap()
}

#[test]
fn a_rows_tokens_and_log_probabilities_do_not_depend_on_its_batch() {
    let (decoder, rows) = (decoder(), prompts());
    let seeds: Vec<u64> = (0..11).map(|i| 100 + i).collect();
    let together = generate(&decoder, &rows, &seeds, &HOW);
    for i in 0..rows.len() {
        let alone = generate(&decoder, &rows[i..=i], &seeds[i..=i], &HOW);
        assert_eq!(alone[0], together[i], "row {i}");
    }
    let backwards: Vec<Vec<u32>> = rows.iter().rev().cloned().collect();
    let back_seeds: Vec<u64> = seeds.iter().rev().copied().collect();
    let mut reversed = generate(&decoder, &backwards, &back_seeds, &HOW);
    reversed.reverse();
    assert_eq!(reversed, together);
}

#[test]
fn the_seed_decides_the_tokens() {
    let (decoder, rows) = (decoder(), vec![vec![5, 6, 7]; 4]);
    let out = generate(&decoder, &rows, &[1, 1, 2, 3], &HOW);
    assert_eq!(out[0], out[1]);
    assert!(out[0] != out[2] || out[0] != out[3]);
}

#[test]
fn the_samplers_log_probabilities_are_the_trainers() {
    ["tied", "qwen2-tied", "qwen2-untied", "llama-tied"].iter().for_each(|fixture| samples_as_it_trains(fixture));
}

fn samples_as_it_trains(fixture: &str) {
    let (decoder, rows) = (decoder_of(fixture), prompts());
    let seeds: Vec<u64> = (0..11).collect();
    let out = generate(&decoder, &rows, &seeds, &HOW);
    let full: Vec<Vec<u32>> = rows.iter().zip(&out).map(|(p, c)| [&p[..], &c.tokens].concat()).collect();
    let tokens: Vec<&[u32]> = full.iter().map(|r| &r[..]).collect();
    let spans: Vec<(usize, usize)> = rows.iter().zip(&full).map(|(p, f)| (p.len(), f.len())).collect();
    let batch = Batch::new(&tokens, &decoder.backend.device);
    let targets = Targets::completions(&spans, &tokens);
    let trainer = decoder.log_probs(&decoder.hidden(&batch), &targets).unwrap();
    let sampler: Vec<f32> = out.iter().flat_map(|c| c.logp.clone()).collect();
    assert_eq!(trainer.len(), sampler.len());
    for (a, b) in trainer.iter().zip(&sampler) {
        assert!((a - b).abs() < 2e-5, "{fixture}: {a} and {b}");
    }
}

#[test]
fn greedy_top_k_and_top_p_keep_what_they_promise() {
    let (decoder, rows) = (decoder(), prompts());
    let seeds: Vec<u64> = (0..11).collect();
    let greedy = generate(&decoder, &rows, &seeds, &SamplingParams { temperature: 0.0, ..HOW });
    // One candidate left means the greedy choice, whatever the seed.
    assert_eq!(generate(&decoder, &rows, &seeds, &SamplingParams { top_k: 1, ..HOW }), greedy);
    assert_eq!(generate(&decoder, &rows, &seeds, &SamplingParams { top_p: 1e-9, ..HOW }), greedy);
}

#[test]
fn a_prompt_over_the_cap_is_an_error_that_names_it() {
    let tokens = vec![3; 9];
    let error =
        generate::generate(&decoder(), &[Prompt { id: "train-0007", tokens: &tokens, seed: 0 }], &HOW).unwrap_err();
    assert!(matches!(error, GenerateError::PromptTooLong { tokens: 9, cap: 8, .. }));
    assert!(error.to_string().contains("train-0007"));
}

/// As two states of one run are sampled: what one draws does not depend on the other, nor on when it is stepped.
#[test]
fn models_that_take_turns_draw_what_each_draws_alone() {
    let (model, rows) = (decoder(), prompts());
    let other = model.with_projections(|_, _, weight| weight.clone().mul_scalar(0.5));
    let seeded: Vec<Prompt> =
        rows.iter().enumerate().map(|(i, t)| Prompt { id: "p", tokens: t, seed: i as u64 }).collect();
    let halves =
        [Generation { decoder: &model, prompts: &seeded[..6] }, Generation { decoder: &other, prompts: &seeded[6..] }];
    let alone = halves.map(|g| generate::generate(g.decoder, g.prompts, &HOW).unwrap());
    assert_ne!(alone[1], generate::generate(&model, halves[1].prompts, &HOW).unwrap(), "they are two models");

    let mut running = halves.map(|g| {
        let scheduler = Scheduler::new(g.decoder, g.prompts, &HOW).unwrap();
        let engine = generate::engine_for(scheduler.task()).unwrap();
        (scheduler, engine)
    });
    let (mut found, mut times) = (halves.map(|g| vec![Completion::default(); g.prompts.len()]), 0);
    while running.iter().any(|(scheduler, _)| !scheduler.is_done()) {
        running.iter_mut().for_each(|(scheduler, engine)| scheduler.start(&mut **engine).unwrap());
        running.iter_mut().for_each(|(scheduler, engine)| scheduler.finish(&mut **engine).unwrap());
        for ((scheduler, _), found) in running.iter_mut().zip(&mut found) {
            let ended = scheduler.ended();
            times += usize::from(!ended.is_empty());
            ended.into_iter().for_each(|(row, completion)| found[row] = completion);
        }
    }
    assert_eq!(found, alone);
    assert!(times > 2, "each is told when it has ended, and not when all have");

    // Of whoever has nothing to write there is nothing to tell.
    let mut told = vec![];
    let with_none = [halves[0], Generation { decoder: &other, prompts: &[] }, halves[1]];
    let tell = |i, row, completion| -> generate::Result<()> {
        told.push((i, row, completion));
        Ok(())
    };
    generate::generate_each(&with_none, &HOW, tell).unwrap();
    told.sort_by_key(|(i, row, _)| (*i, *row));
    let expected = [0, 2]
        .into_iter()
        .zip(alone)
        .flat_map(|(i, all)| all.into_iter().enumerate().map(move |(row, completion)| (i, row, completion)));
    assert_eq!(told, expected.collect::<Vec<_>>());
}

/// An engine that looks ahead or does not, and counts its steps.
struct Counted<'a> {
    inner: Box<dyn DecodeEngine + 'a>,
    ahead: bool,
    steps: usize,
}

impl DecodeEngine for Counted<'_> {
    fn prefill_tokens(&self) -> usize {
        self.inner.prefill_tokens()
    }

    fn prefill(&mut self, rows: &[&[u32]], slots: &[(usize, usize)]) -> generate::Result<()> {
        self.inner.prefill(rows, slots)
    }

    fn copy(&mut self, slots: &[(usize, usize)]) -> generate::Result<()> {
        self.inner.copy(slots)
    }

    fn looks_ahead(&self) -> bool {
        self.ahead
    }

    fn assign(&mut self, lane: usize, sequence: Sequence) {
        self.inner.assign(lane, sequence);
    }

    fn start(&mut self) -> generate::Result<()> {
        self.steps += 1;
        self.inner.start()
    }

    fn finish(&mut self) -> generate::Result<Vec<Vec<Drawn>>> {
        self.inner.finish()
    }
}

/// Idle lanes that feed guesses change no byte of what is generated, log-probabilities included; they save steps where texts repeat.
#[test]
fn looking_ahead_changes_nothing_but_the_number_of_steps() {
    let rows = prompts();
    let seeded: Vec<Prompt> =
        rows.iter().enumerate().map(|(i, t)| Prompt { id: "p", tokens: t, seed: i as u64 % 3 }).collect();
    for fixture in ["tied", "qwen2-tied", "llama-tied"] {
        let decoder = decoder_of(fixture);
        for (temperature, lanes) in [(0.0, 90), (0.3, 24), (1.0, 12), (1.0, 90)] {
            let params = SamplingParams { temperature, rows: lanes, max_new: 40, ..HOW };
            let [plain, ahead] = [false, true].map(|ahead| {
                let mut scheduler = Scheduler::new(&decoder, &seeded, &params).unwrap();
                let inner = generate::engine_for(scheduler.task()).unwrap();
                let mut engine = Counted { inner, ahead, steps: 0 };
                (scheduler.run(&mut engine).unwrap(), engine.steps)
            });
            assert_eq!(plain.0, ahead.0, "{fixture} at {temperature} in {lanes} lanes");
            let most = if temperature == 0.0 { plain.1 * 9 / 10 } else { plain.1 };
            assert!(ahead.1 <= most, "{fixture} at {temperature}: {} steps of {}", ahead.1, plain.1);
        }
    }
}
