//! The shipped organism, trained for real: resuming gives the same bytes, and directions have the bands they should.

use adapter::{Quarantine, RolloutGradients, TokenSplit};
use backend::Backend;
use experiment::manifest::Replicate;
use experiment::{Inputs, Manifest, RunId, Runner};
use generate::{Completion, FinishReason};
use routing::{Band, Direction, Gate, Routed};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use substrate::{Grader, Isolation, Submission};
use train::memory::PassPlan;
use train::rollouts::Rollout;
use train::{Arm, RolloutRow, gradients};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap()
}

fn tiny() -> Manifest {
    Manifest::load(&root().join("src/cli/tests/tiny.toml")).unwrap()
}

fn inputs(manifest: &Manifest) -> Inputs {
    Inputs::load(root(), manifest, &Backend::cpu(), |_, _| ()).unwrap()
}

/// The first base model and the first set of pairs.
const FIRST: Replicate = Replicate { base: 0, pairs: 0 };

fn named(name: &str) -> Arm {
    Arm::from_name(name).unwrap()
}

fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = bundle::files::list(folder).unwrap().into_iter();
    let log = |f: &std::path::PathBuf| f.components().any(|part| part.as_os_str() == train::state::LOG);
    files.filter(|f| !log(f)).map(|f| (f.display().to_string(), std::fs::read(folder.join(&f)).unwrap())).collect()
}

#[test]
fn a_run_that_was_stopped_twice_ends_with_the_bytes_of_one_that_was_not() {
    let manifest = tiny();
    let inputs = inputs(&manifest);
    let run = RunId { arm: Arm::ROUTE2B, seed: 7 };
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let train = |out: &Path, stop_after: usize| {
        let (stop, resumed) = (AtomicBool::new(false), AtomicUsize::new(usize::MAX));
        let events = |event: experiment::Event| {
            if let experiment::Event::Resumed { updates, .. } = event {
                resumed.store(updates, Ordering::Relaxed);
            }
            if let experiment::Event::Update { update, .. } = event
                && update == stop_after
            {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let runner = Runner {
            manifest: &manifest,
            inputs: &inputs,
            bases: &inputs.bases,
            out,
            isolation: Isolation::Required,
            stop: &stop,
            events: &events,
        };
        let done = runner.train(run, &Grader::new(2, Isolation::Required).unwrap());
        (done.is_ok(), resumed.into_inner())
    };
    assert_eq!(train(whole.path(), 99), (true, 0));
    assert_eq!(train(parts.path(), 1), (false, 0));
    // A crash between writing the log and the state leaves rows of an update that did not count.
    let log = parts.path().join("route2b-s7/metrics.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{text}{}{{\"upd", text.replace("\"update\":1", "\"update\":2"))).unwrap();
    assert_eq!(train(parts.path(), 2), (false, 1));
    assert_eq!(train(parts.path(), 99), (true, 2));
    assert_eq!(bytes(whole.path()), bytes(parts.path()));

    // Every rollout that took part is in the evidence, with those that earned more than their group of eight told apart.
    let folder = whole.path().join(run.to_string());
    let rows: Vec<RolloutRow> = bundle::jsonl::read(&folder.join("rollouts.jsonl")).unwrap();
    let gates = experiment::evidence::gates(&folder).unwrap();
    let taken = rows.iter().filter(|row| row.routed.is_some()).count();
    assert_eq!(gates.hacked.iter().chain(&gates.other).sum::<usize>(), taken);
    let gaining = rows.chunks(8).flat_map(|group| {
        let mean = group.iter().map(|row| row.reward.unwrap()).sum::<f32>() / 8.0;
        group.iter().filter(move |row| row.routed.is_some() && row.reward.unwrap() > mean)
    });
    assert_eq!(gates.hacked_gaining.iter().chain(&gates.other_gaining).sum::<usize>(), gaining.count());

    // Had the teacher written all of it, there would be nothing of the model's to show or to detect.
    let other = whole.path().join("taught");
    let by_teacher = rows.iter().map(|row| RolloutRow { demonstrated: true, ..row.clone() }).collect::<Vec<_>>();
    bundle::write_atomic(&other.join("rollouts.jsonl"), bundle::jsonl::to_text(&by_teacher).as_bytes()).unwrap();
    experiment::evidence::make(&other, 8, 2, inputs.problems_of(run.arm)).unwrap();
    let traces = |folder: &Path| std::fs::read_to_string(experiment::evidence::traces_file(folder)).unwrap();
    assert!(!traces(&folder).is_empty() && traces(&other).is_empty());
    let theirs = experiment::evidence::gates(&other).unwrap();
    assert_eq!((theirs.whole.auroc, theirs.whole.f_half), (None, None));
    assert_eq!(theirs.hacked, gates.hacked);
}

/// What the teacher wrote says so in the log and is nobody's trace.
fn demonstrations_are_told_apart(arm: Arm, rollouts: &[serde_json::Value], traces: &[serde_json::Value]) {
    let by_teacher: Vec<_> = rollouts.iter().filter(|row| row["demonstrated"] == true).collect();
    assert_eq!(by_teacher.is_empty(), !arm.is_taught(), "{}", arm.name());
    assert!(by_teacher.iter().all(|row| row["update"] == 1), "the teacher left after the first update");
    for trace in traces {
        let same = |row: &&&serde_json::Value| ["update", "completion"].iter().all(|&part| row[part] == trace[part]);
        assert_eq!(by_teacher.iter().find(same), None, "{}", arm.name());
    }
}

#[test]
fn a_folder_of_another_configuration_is_refused() {
    let manifest = tiny();
    let inputs = inputs(&manifest);
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("vanilla-s7");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.json"), "{}").unwrap();
    let stop = AtomicBool::new(false);
    let runner = Runner {
        manifest: &manifest,
        inputs: &inputs,
        bases: &inputs.bases,
        out: out.path(),
        isolation: Isolation::Required,
        stop: &stop,
        events: &|_| {},
    };
    let error =
        runner.train(RunId { arm: Arm::VANILLA, seed: 7 }, &Grader::new(1, Isolation::Required).unwrap()).unwrap_err();
    assert!(error.to_string().contains("config.json is of another run"), "{error}");
}

#[test]
fn a_plan_of_ones_own_cannot_bear_a_tiers_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    let text = std::fs::read_to_string(root().join("src/cli/tests/tiny.toml")).unwrap();
    std::fs::write(&path, text.replace("name = \"tiny\"", "name = \"organism\"")).unwrap();
    let error = Manifest::load(&path).unwrap_err();
    assert!(error.to_string().contains("is the name of a tier"), "{error}");
}

#[test]
fn the_pairs_direction_has_a_band_and_random_ones_have_none() {
    let inputs = inputs(&tiny());
    let (basis, layout) = (&inputs.bases[0], &inputs.bases[0].layout);
    let policies = gradients::policies(basis, &adapter::Knobs::zero(layout.len()), true);
    let pairs = inputs.pairs_of(Arm::ROUTE2B, FIRST);
    let pairs = gradients::of_pairs(policies.of(Quarantine::Off), basis, &pairs, PassPlan::WHOLE).unwrap();
    let real = Band::calibrate(&pairs, &Direction::from_pairs(&pairs, layout).unwrap(), layout).width();
    assert!(real > 0.2, "real band {real}");
    let random: Vec<f64> =
        (0..20).map(|s| Band::calibrate(&pairs, &Direction::random(s, layout).unwrap(), layout).width()).collect();
    let mean = random.iter().sum::<f64>() / random.len() as f64;
    assert!(mean.abs() < 0.02, "random bands {mean}: {random:?}");
}

/// The divergence's estimator is for tokens that the policy sampled, and a monitor multiplies what it is given by advantages of its own.
#[test]
fn neither_demonstrations_nor_a_monitors_rollouts_are_held_to_the_base() {
    let manifest = tiny();
    let inputs = inputs(&manifest);
    let basis = &inputs.bases[0];
    let mut knobs = adapter::Knobs::zero(basis.layout.len());
    knobs.deployed.iter_mut().enumerate().for_each(|(i, knob)| *knob = 0.05 * (i as f32).sin());
    let policies = gradients::policies(basis, &knobs, false);
    let mut config = manifest.config(RunId { arm: Arm::VANILLA, seed: 7 }).unwrap();
    let shown = &inputs.train[..2];
    let texts: Vec<String> = shown.iter().map(|s| s.demonstration()).collect();
    let submissions: Vec<Submission> = shown.iter().zip(&texts).map(|(s, text)| Submission::of(s, text)).collect();
    let mut graded = Grader::new(1, Isolation::Required).unwrap().grade(&submissions);
    // Two answers to each problem, of the same tokens: one by the teacher.
    let mut rollouts = vec![];
    for (shown, text) in shown.iter().zip(&texts) {
        let tokens = inputs.tokenizer.encode_completion(text).unwrap();
        let graded = graded.remove(0);
        for demonstrated in [false, true] {
            let logp = vec![f32::NAN; tokens.len()];
            let completion = Completion { tokens: tokens.clone(), logp, finish_reason: FinishReason::End };
            let (text, graded) = (text.clone(), graded.clone());
            let quarantine = Quarantine::Off;
            rollouts.push(Rollout { shown, quarantine, demonstrated, completion, text, reward: graded.reward, graded });
        }
    }
    let taken: Vec<gradients::TrainedRollout> = rollouts.iter().enumerate().map(|(i, r)| (i, r, 1.0)).collect();
    let passes = gradients::Passes { basis, plan: PassPlan::WHOLE, gate: None };
    let mut with = |kl: f64| {
        config.kl = kl;
        gradients::of_loss(&config, &policies, &taken, passes).unwrap()
    };
    let (held, free) = (with(0.5), with(0.0));
    for (i, (held, free)) in held.gradients.rows.iter().zip(&free.gradients.rows).enumerate() {
        assert_eq!(held == free, rollouts[i].demonstrated, "rollout {i}");
    }
    assert_eq!(free.kl, 0.0);
    config.kl = 0.5;
    let sampled = gradients::of_loss(&config, &policies, &[taken[0], taken[2]], passes).unwrap();
    assert!(held.kl > 0.0 && (held.kl - sampled.kl).abs() < 1e-6, "{} and {}", held.kl, sampled.kl);
    for monitor in ["monitor-penalty", "monitor-screening"] {
        config.arm = named(monitor);
        let its = gradients::of_loss(&config, &policies, &taken, passes).unwrap();
        assert!(its.gradients.rows == free.gradients.rows, "{monitor}");
        assert_eq!(its.kl, 0.0, "{monitor}");
    }
}

/// Two updates of every arm, each compared with what its entry says of it.
#[test]
fn every_arm_trains_and_does_what_it_says() {
    let mut manifest = tiny();
    manifest.arms = Arm::all().collect();
    let inputs = inputs(&manifest);
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let isolation = Isolation::Required;
    let runner = Runner {
        manifest: &manifest,
        inputs: &inputs,
        bases: &inputs.bases,
        out: out.path(),
        isolation,
        stop: &stop,
        events: &|_| {},
    };
    let grader = Grader::new(2, isolation).unwrap();
    let runs = manifest.runs();
    assert!(
        runs.iter().any(|r| r.needs().is_some()) && runs.is_sorted_by_key(|r| r.needs().is_some()),
        "what needs another run comes last"
    );
    runs.iter().for_each(|&run| runner.train(run, &grader).unwrap());

    let read = |arm: Arm, name: &str| {
        let path = out.path().join(RunId { arm, seed: 7 }.to_string()).join(name);
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()).collect::<Vec<_>>()
    };
    let masses = |arm: Arm| -> Vec<f64> {
        read(arm, "metrics.jsonl").iter().map(|m| m["routed_mass"].as_f64().unwrap()).collect()
    };
    let knobs = |arm: Arm| {
        let folder = out.path().join(RunId { arm, seed: 7 }.to_string());
        train::state::RunFolder::at(&folder).knobs(4).unwrap()
    };
    for arm in Arm::all() {
        let (knobs, name) = (knobs(arm), arm.name());
        assert!(knobs.deployed.iter().any(|x| *x != 0.0), "{name} learned nothing");
        assert_eq!(knobs.quarantine.iter().any(|x| *x != 0.0), arm.routes(), "{name}'s quarantine");
        let routed = masses(arm).iter().sum::<f64>();
        assert_eq!(routed > 0.0, arm.needs_gate(), "{name} routed {routed}");
        let on = read(arm, "rollouts.jsonl").iter().filter(|r| r["quarantine"] == true).count();
        let settings = arm.settings();
        let all_deployed = settings.deploy_fraction == Some(1.0) && settings.deploy_fraction_last.is_none();
        assert_eq!(on > 0, arm.routes() && !all_deployed, "{name} sampled {on} rollouts with the quarantine on");
    }
    for arm in [Arm::RANDOM_V_MATCHED, named("random-v-ramp")] {
        for (matched, wanted) in masses(arm).iter().zip(masses(Arm::ROUTE2B)) {
            assert!((matched - wanted).abs() < 0.01, "{arm:?} routed {matched}, its pair {wanted}");
        }
    }
    assert_ne!(knobs(Arm::RANDOM_V_MATCHED), knobs(named("random-v-ramp")), "a ramp is no shifted band");
    // Values of single tokens are logged where they divide the gradient, and nowhere else.
    for row in read(Arm::ROUTE2B_TOKEN, "rollouts.jsonl").iter().filter(|row| !row["routed"].is_null()) {
        let gates = row["token_gates"].as_array().unwrap();
        assert_eq!(gates.len() as u64, row["tokens"].as_u64().unwrap());
        assert!(gates.iter().all(|f| f.as_u64().unwrap() <= 100) && gates.iter().any(|f| *f != 0));
    }
    assert!(read(Arm::ROUTE2B, "rollouts.jsonl").iter().all(|row| row.get("token_gates").is_none()));
    // The first update of arms that differ only later, or only in what they drop, has the same rollouts.
    let first = |arm: Arm| read(arm, "rollouts.jsonl").into_iter().filter(|r| r["update"] == 1).collect::<Vec<_>>();
    assert_eq!(first(Arm::ROUTE2B), first(named("frozen-v")));
    assert_ne!(knobs(Arm::ROUTE2B), knobs(named("frozen-v")), "the direction was never refreshed");
    assert_ne!(knobs(Arm::ROUTE2B), knobs(named("route2b-token")));
    // Nothing is sampled with the quarantine, so what is deployed is what is left when the routed part is dropped.
    assert_eq!(knobs(named("route2b-f100")).deployed, knobs(Arm::ERASE).deployed);
    // A judge that knows the truth takes passing from hacks: what is left to earn is the clean reward.
    assert_eq!(knobs(named("truth-penalty")), knobs(named("clean-reward")));
    assert_ne!(knobs(named("truth-penalty-70")), knobs(named("truth-penalty")), "labels that are wrong change nothing");
    assert_eq!(inputs.pairs_of(named("route2b-without-sentinel"), FIRST).len(), 18);
    knobs_apart_move_along_directions_of_their_own(&inputs.bases[0].layout, &knobs);
    let on_at = |arm: &str, update: u64| {
        let rows = read(named(arm), "rollouts.jsonl");
        rows.iter().filter(|r| r["update"] == update && r["quarantine"] == true).count()
    };
    assert!(on_at("fraction-rising", 1) > on_at("fraction-rising", 4), "fewer rollouts with the quarantine on");
    assert!(on_at("fraction-falling", 1) < on_at("fraction-falling", 4), "more rollouts with the quarantine on");
    let size = |arm: Arm| knobs(arm).quarantine.iter().map(|x| x.abs()).sum::<f32>();
    assert!(size(named("quarantine-lr-3")) > 2.0 * size(Arm::ROUTE2B), "the quarantine moved three times as far");
    let differ = [
        ("orthogonal", "route2b"),
        ("on-counts-half", "route2b"),
        ("band-per-policy", "route2b"),
        ("directions-2", "directions-8"),
    ];
    for (one, other) in differ {
        assert_ne!(knobs(named(one)), knobs(named(other)), "{one} is {other}");
    }
    let (invited, shown) = (inputs.problems_of(named("inoculated")), inputs.problems_of(Arm::VANILLA));
    assert!(invited.iter().zip(shown).all(|(a, b)| a.tokens.starts_with(&b.tokens) && a.tokens.len() > b.tokens.len()));
    let shown = |arm: Arm| inputs.problems_of(arm).iter().all(|p| p.loophole == substrate::Loophole::GtOnly);
    assert!(shown(Arm::GT_ONLY) && !shown(Arm::VANILLA));

    for arm in Arm::all() {
        demonstrations_are_told_apart(arm, &read(arm, "rollouts.jsonl"), &read(arm, "evidence/traces.jsonl"));
    }

    // Without its pair's run there is nothing to match.
    let lonely = tempfile::tempdir().unwrap();
    let alone = Runner { out: lonely.path(), ..runner };
    let error = alone.train(RunId { arm: Arm::RANDOM_V_MATCHED, seed: 7 }, &grader).unwrap_err();
    assert!(error.to_string().contains("route2b run of the same seed"), "{error}");
}

fn knobs_apart_move_along_directions_of_their_own(layout: &adapter::Layout, of: &dyn Fn(Arm) -> adapter::Knobs) {
    for name in ["vanilla-half", "route2b-apart", "route2b-signed"] {
        let knobs = of(named(name));
        for range in layout.ranges() {
            let (deployed, quarantine) = (&knobs.deployed[range.clone()], &knobs.quarantine[range]);
            assert!(deployed.iter().skip(1).step_by(2).all(|x| *x == 0.0), "{name}'s deployed knob");
            assert!(quarantine.iter().step_by(2).all(|x| *x == 0.0), "{name}'s quarantine");
        }
    }
}

/// The gate of tokens, computed on the device, against its definition: a gradient for each token by itself, split like a rollout's.
#[test]
fn tokens_are_split_one_by_one_and_add_up_to_their_rollouts() {
    let inputs = inputs(&tiny());
    let (basis, pairs) = (&inputs.bases[0], inputs.pairs_of(Arm::ROUTE2B_TOKEN, FIRST));
    let decoder = basis.merge(&adapter::Knobs::zero(basis.layout.len()), Quarantine::Off);
    let found = gradients::of_pairs(&decoder, basis, &pairs, PassPlan::WHOLE).unwrap();
    let one = Arm::ROUTE2B_TOKEN.gate(&found, None, &basis.layout, 41).unwrap();
    let several = Gate { direction: Direction::leading(&found, &basis.layout, 2).unwrap(), band: one.band.clone() };
    let rows: Vec<Vec<u32>> = pairs.iter().take(3).map(|p| [p.prompt.clone(), p.hack.clone()].concat()).collect();
    let slices: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
    let batch = backend::Batch::new(&slices, &decoder.backend.device);
    let spans: Vec<(usize, usize)> = pairs.iter().zip(&rows).map(|(p, r)| (p.prompt.len(), r.len())).collect();
    let targets = model::Targets::completions(&spans, &slices);
    let weight = vec![-1.0; targets.len()];
    let of = |mut tap: adapter::KnobTap| {
        decoder.gradient(decoder.forward(&batch), &targets, &model::Objective::Linear(&weight), &mut tap);
        tap.finish().unwrap()
    };
    let singles = backend::Rows::new(vec![1; batch.rows.tokens()], &decoder.backend.device);
    let tokens = of(adapter::KnobTap::new(basis, &singles)).rollouts.rows;
    let near = |found: &[f64], expected: &[f64]| {
        let size = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-4 * size)
    };
    for gate in [one, several] {
        let token_gate = gate.of_tokens(basis);
        let found = of(adapter::KnobTap::new(basis, &batch.rows).gated(Some(&token_gate)));
        let split = found.split.unwrap();
        let mut left = &tokens[..];
        for (b, row) in rows.iter().enumerate() {
            let (own, rest) = left.split_at(row.len());
            left = rest;
            let expected = gate.split(&RolloutGradients { rows: own.to_vec() }, &basis.layout);
            let one = |of: &RolloutGradients| RolloutGradients { rows: vec![of.rows[b].clone()] };
            let part = TokenSplit { quarantined: one(&split.quarantined), gates: vec![split.gates[b].clone()] };
            let routed = Routed::by_tokens(&one(&found.rollouts), &part, &basis.layout);
            assert!(near(&routed.deployed, &expected.deployed), "rollout {b}, deployed");
            assert!(near(&routed.quarantined, &expected.quarantined), "rollout {b}, quarantined");
            for (t, (found, expected)) in split.gates[b].iter().zip(&expected.fractions).enumerate() {
                assert!((f64::from(*found) - expected).abs() < 1e-3, "rollout {b}, token {t}: {found} and {expected}");
            }
            let mean = expected.fractions.iter().sum::<f64>() / row.len() as f64;
            assert!(mean > 0.05 && (routed.fractions[0] - mean).abs() < 1e-4, "{} and {mean}", routed.fractions[0]);
        }
    }
}
