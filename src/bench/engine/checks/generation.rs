//! Whether completions are what the plain steps draw, do not depend on what is generated beside them, and have the trainer's
//! log-probabilities.

use super::{Check, Shape};
use anyhow::Result;
use backend::Batch;
use burn_tensor::{DType, Device, Tensor};
use generate::{Completion, Generation, Prompt, SamplingParams};
use model::{Decoder, Targets};
use std::panic::resume_unwind;
use std::time::Duration;

/// Elements of the largest tensor that is made to have memory moved.
const MOST_MOVED: usize = 64 << 20;

/// Generation: against the plain steps in f32, whole and in part.
pub(super) fn checks(decoder: &Decoder, cpu: &Decoder, rows: &[Vec<u32>], bound: f64) -> Result<Vec<Check>> {
    let (dtype, device) = (decoder.dtype(), &decoder.backend.device);
    let (shape, width) = (Shape { family: decoder.config.family, heads: decoder.heads() }, decoder.config.hidden_size);
    let mut out = vec![];
    let mut note = |name: &str, error: f64, bound: f64| {
        out.push(Check { what: format!("{name}, {dtype:?}, {shape}, width {width}"), error, bound });
    };
    let params =
        SamplingParams { temperature: 1.0, top_k: 0, top_p: 1.0, max_new: 60, ends: &[1], prompt_cap: 200, rows: 16 };
    let generated = |decoder: &Decoder, rows: &[Vec<u32>], params: &SamplingParams| -> Result<Vec<Completion>> {
        Ok(generate::generate(decoder, &prompts_of(rows), params)?)
    };
    let twice: Vec<Vec<u32>> = rows.iter().flat_map(|r| [r.clone(), r.clone()]).chain(rows[..2].to_vec()).collect();
    let ways = [
        ("drawn", params),
        ("greedy", SamplingParams { temperature: 0.0, ..params }),
        ("top-k", SamplingParams { top_k: 20, temperature: 0.7, ..params }),
        ("top-p", SamplingParams { top_p: 0.8, ..params }),
        ("many lanes", SamplingParams { rows: 40, ..params }),
    ];
    let all = ways.iter().map(|(_, params)| generated(decoder, &twice, params)).collect::<Result<Vec<_>>>()?;
    for ((name, params), found) in ways.iter().zip(&all) {
        if dtype == DType::F32 {
            let expected = generated(cpu, &twice, params)?;
            let differ = found.iter().zip(&expected).filter(|(a, b)| a.tokens != b.tokens).count();
            // A token at the edge of the nucleus is in it or not by one rounding: seen once, for one row of ten, on an H100.
            let bound = if *name == "top-p" { 1.0 } else { 0.0 };
            note(&format!("rows that other steps draw otherwise, {name}"), differ as f64, bound);
        }
        let alone = generated(decoder, &twice[4..6], params)?;
        note(&format!("rows that depend on their neighbours, {name}"), differing(&found[4..6], &alone), 0.0);
        let full: Vec<Vec<u32>> = twice.iter().zip(found).map(|(p, c)| [&p[..], &c.tokens].concat()).collect();
        let tokens: Vec<&[u32]> = full.iter().map(|r| &r[..]).collect();
        let spans: Vec<(usize, usize)> = twice.iter().zip(&full).map(|(p, f)| (p.len(), f.len())).collect();
        let targets = Targets::completions(&spans, &tokens);
        let trainer = decoder.log_probs(&decoder.hidden(&Batch::new(&tokens, device)), &targets)?;
        let sampler: Vec<f32> = found.iter().flat_map(|c| c.logp.clone()).collect();
        // No number is the largest gap of all.
        let off =
            |(a, b): (&f32, &f32)| if a.is_nan() || b.is_nan() { f64::INFINITY } else { f64::from((a - b).abs()) };
        let gap = trainer.iter().zip(&sampler).map(off).fold(0.0, f64::max);
        // In bf16 not a bit: what is sampled is what is trained.
        let bound = if dtype == DType::BF16 { 0.0 } else { 5.0 * bound };
        note(&format!("largest gap of a log-probability to the trainer's, {name}"), gap, bound);
    }
    // Long enough for rows that end to be left out.
    let long = SamplingParams { max_new: 300, ..params };
    let (found, alone) = (generated(decoder, &twice, &long)?, generated(decoder, &twice[4..6], &long)?);
    note("rows that depend on how many go on", differing(&found[4..6], &alone), 0.0);
    // In f32 the library's algorithms add up in different orders, and lanes decide which it takes.
    for rows in [1, 5, 33, 128].into_iter().filter(|_| dtype == DType::BF16) {
        let found = generated(decoder, &twice, &SamplingParams { rows, ..params })?;
        note(&format!("rows that depend on how many lanes there are, {rows}"), differing(&all[0], &found), 0.0);
    }
    let other = decoder.with_projections(|_, _, weight| weight.clone().mul_scalar(0.5));
    let prompts = prompts_of(&twice);
    let generations = [decoder, &other, decoder].map(|decoder| Generation { decoder, prompts: &prompts });
    let mut each = vec![vec![Completion::default(); prompts.len()]; generations.len()];
    generate::generate_each(&generations, &params, |i, row, completion| -> generate::Result<()> {
        each[i][row] = completion;
        Ok(())
    })?;
    let off = differing(&all[0], &each[0]) + differing(&all[0], &each[2]);
    note("rows that depend on models that generate beside", off, 0.0);
    note("models beside that draw the same", if each[1] == all[0] { 1.0 } else { 0.0 }, 0.0);
    let beside = tidied(device, || generated(decoder, &twice, &params))?;
    note("rows that depend on memory that is tidied up meanwhile", differing(&all[0], &beside), 0.0);
    Ok(out)
}

fn prompts_of(rows: &[Vec<u32>]) -> Vec<Prompt<'_>> {
    let seed = |i: usize, tokens: &[u32]| 40 + tokens.len() as u64 * 7 + i as u64 % 2;
    rows.iter().enumerate().map(|(i, tokens)| Prompt { id: "p", tokens, seed: seed(i, tokens) }).collect()
}

/// How many rows of one generation are not those of the other.
fn differing(found: &[Completion], expected: &[Completion]) -> f64 {
    found.iter().zip(expected).filter(|(a, b)| a != b).count() as f64
}

/// What `work` does while the runtime gives memory back and moves the rest together, over and over.
fn tidied<T: Send>(device: &Device, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let worker = scope.spawn(work);
        for step in 1.. {
            if worker.is_finished() {
                break;
            }
            // What lies in pages smaller than the largest that was ever asked for is what moves.
            drop(Tensor::<1>::zeros([(step << 20).min(MOST_MOVED)], (device, DType::F32)));
            device.memory_cleanup();
            std::thread::sleep(Duration::from_millis(3));
        }
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
