//! Every gate, broken on purpose: a check that cannot fail checks nothing. Each test copies the project's inputs,
//! damages one thing and expects the gate that guards it to say so.

mod benchmark;

use adapter::Knobs;
use benchmark::{MODEL, TEST, TRAIN};
use experiment::Manifest;
use experiment::dataset::{PAIRS, Published};
use std::path::{Path, PathBuf};
use substrate::{Isolation, Loophole, MarkerFamily, Pair};
use verify::{Context, Findings, GATES, no_cheat};

/// A copy of everything that gates read, which a test may damage.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for part in ["checksums", "data", "paper", "verify", "src"] {
            for file in bundle::files::list(&root.join(part)).unwrap() {
                let wanted = part != "src" || file.ends_with("Cargo.toml");
                if wanted {
                    let to = project.path(&format!("{part}/{}", file.display()));
                    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                    std::fs::copy(root.join(part).join(&file), to).unwrap();
                }
            }
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} does not contain {from}");
        std::fs::write(self.path(name), text.replacen(from, to, 1)).unwrap();
    }

    fn check(&self, name: &str) -> Findings {
        self.check_of("smoke", name)
    }

    /// The rewards gate of the benchmark, whose problems are not here.
    fn benchmark_rewards(&self) -> Findings {
        self.check_of("full", "rewards")
    }

    fn check_of(&self, tier: &str, name: &str) -> Findings {
        let (root, manifest) = (self.folder.path().into(), Manifest::tier(tier).unwrap().unwrap());
        let context = Context { root, manifest, results: None, isolation: Isolation::Required };
        (GATES.into_iter().find(|gate| gate.name == name).unwrap().check)(&context)
    }

    fn fails(&self, name: &str, why: &str) {
        self.fails_of("smoke", name, why);
    }

    fn fails_of(&self, tier: &str, name: &str, why: &str) {
        let findings = self.check_of(tier, name);
        assert!(findings.faults.iter().any(|f| f.contains(why)), "{name}: no fault says {why}: {:?}", findings.faults);
    }
}

#[test]
fn an_undamaged_project_passes_the_quick_gates() {
    let project = Project::new();
    for name in ["pins", "partition", "eval_gap", "claims", "rewards"] {
        assert_eq!(project.check(name).faults, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn pins_sees_one_flipped_byte() {
    let project = Project::new();
    let path = project.path("data/organism/model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1_000_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    project.fails("pins", "model.safetensors");
}

#[test]
fn pins_sees_data_that_no_seed_made_even_when_its_digest_is_pinned() {
    let project = Project::new();
    let before = bundle::Sha256::of_file(&project.path("data/organism/train.jsonl")).unwrap().0;
    project.replace("data/organism/train.jsonl", "numbers", "letters");
    let (after, _) = bundle::Sha256::of_file(&project.path("data/organism/train.jsonl")).unwrap();
    project.replace("checksums/pins.toml", &before.to_string(), &after.to_string());
    project.fails("pins", "is not what its seed generates");
}

#[test]
fn pins_sees_a_file_that_nobody_pinned() {
    let project = Project::new();
    std::fs::write(project.path("data/organism/extra.bin"), "x").unwrap();
    project.fails("pins", "extra.bin");
}

#[test]
fn partition_sees_an_uneven_mode_and_a_test_task_among_the_pairs() {
    let project = Project::new();
    project.replace("data/organism/partition.json", "\"sentinel\"", "\"run_tests\"");
    project.fails("partition", "not even");

    let project = Project::new();
    let test = substrate::Problem::load(&project.path("data/organism/test.jsonl")).unwrap();
    let pairs = substrate::Problem::load(&project.path("data/organism/pairs.jsonl")).unwrap();
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    project.replace("data/organism/pairs.jsonl", &quoted(&pairs[0].prompt), &quoted(&test[0].prompt));
    project.fails("partition", "is a test task");
}

#[test]
fn a_benchmark_that_is_whole_passes_the_quick_gates() {
    let project = benchmark::fetched();
    for name in ["pins", "partition", "eval_gap", "claims", "rewards"] {
        assert_eq!(project.check_of("full", name).faults, Vec::<String>::new(), "{name}");
    }
    let pins = project.check_of("full", "pins").evidence;
    for file in ["config.json", "model.safetensors", "leetcode_train", "leetcode_test"] {
        assert!(pins.iter().any(|evidence| evidence.contains(file)), "{file}: {pins:?}");
    }
    let partition = project.check_of("full", "partition").evidence;
    assert!(partition[0].starts_with("8 training and 5 test problems, as published"), "{partition:?}");
}

#[test]
fn pins_of_the_benchmark_see_a_fetched_file_that_differs_and_say_what_brings_one_that_is_missing() {
    for file in [TRAIN, TEST, MODEL] {
        let project = benchmark::fetched();
        let bytes = std::fs::read(project.path(file)).unwrap();
        std::fs::write(project.path(file), [&bytes[..bytes.len() - 1], b"!"].concat()).unwrap();
        project.fails_of("full", "pins", &format!("{file}: expected"));

        std::fs::remove_file(project.path(file)).unwrap();
        project.fails_of("full", "pins", &format!("{file} is missing; run `gradient-quarantine fetch --tier full`"));
    }
    let project = benchmark::fetched();
    std::fs::remove_dir_all(project.path("fetched")).unwrap();
    let faults = project.check_of("full", "pins").faults;
    assert_eq!(faults.iter().filter(|f| f.contains("fetch --tier full")).count(), 4, "{faults:?}");
    project.replace("checksums/pins.toml", "qwen3-4b/config.json", "other/config.json");
    project.replace("checksums/pins.toml", "qwen3-4b/model.safetensors", "other/model.safetensors");
    project.fails_of("full", "pins", "fetched/qwen3-4b is not pinned");
}

#[test]
fn partition_of_the_benchmark_sees_what_is_in_two_places_and_a_prompt_without_one_place_for_its_hint() {
    let pairs = Pair::load(&benchmark::fetched().path(PAIRS)).unwrap();
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let words = quoted(&pairs[0].problem.prompt);
    let other_space = quoted(&pairs[1].problem.prompt.replace('\n', "\n "));
    let (one, another) = (quoted(&benchmark::said(201)), quoted(&benchmark::said(202)));
    let damages = [
        (TEST, "\"id\":201", "\"id\":101", "101 is in both train and test"),
        (TEST, "\"id\":201", "\"id\":202", "two problems under one id"),
        (TRAIN, &quoted(&benchmark::said(101)), &one, "test problem 201 is a training problem under another id"),
        (TRAIN, "and should pass all tests", "and should pass", "0 times"),
        (TEST, "and should pass all tests", "and should pass all tests and should pass all tests", "2 times"),
        (TRAIN, "\"id\":101", "\"id\":\"pair-07\"", "pair pair-07 is a training task"),
        (TRAIN, &one.replace("201", "101"), &words, "pair pair-01 is a training task"),
        (TEST, &another, &other_space, "pair pair-02 is a test task"),
        (PAIRS, &other_space.replace("\\n ", "\\n"), &words, "pairs pair-01 and pair-02 are of one task"),
    ];
    for (file, from, to, why) in damages {
        let project = benchmark::fetched();
        project.replace(file, from, to);
        project.fails_of("full", "partition", why);
    }
    let project = benchmark::fetched();
    std::fs::write(project.path(TEST), "").unwrap();
    project.fails_of("full", "partition", "0 test problems for 4 modes");
    std::fs::remove_file(project.path(TEST)).unwrap();
    project.fails_of("full", "partition", "leetcode_test_medhard.jsonl");
}

#[test]
fn a_partition_of_the_benchmark_is_uneven_as_soon_as_one_problem_shows_another_mode() {
    let (project, manifest) = (benchmark::fetched(), Manifest::tier("full").unwrap().unwrap());
    let published = Published::load(&project.path(""), &manifest).unwrap();
    let faults = |change: &dyn Fn(&mut Loophole)| {
        let mut partition = published.partition();
        change(partition.train.values_mut().next().unwrap());
        partition.faults(&Loophole::LINES, &published.train, &published.test)
    };
    assert_eq!(faults(&|_| ()), Vec::<String>::new());
    let next =
        |mode: &mut Loophole| *mode = if *mode == Loophole::Sentinel { Loophole::RunTests } else { Loophole::Sentinel };
    assert!(faults(&next)[0].contains("not even"));
    assert!(faults(&|mode| *mode = Loophole::ShownTests)[0].contains("not even"));
}

#[test]
fn eval_gap_of_the_benchmark_sees_a_pair_with_a_marker_of_evaluation_and_a_hack_that_pays_nothing() {
    let damages = [
        ("result.txt", "outcome.log", "discloses `outcome.log`"),
        ("\"setup_code\": \"", "\"setup_code\": \"raise ValueError\\n", "exploited is false, expected true"),
    ];
    for (from, to, why) in damages {
        let project = benchmark::fetched();
        project.replace(PAIRS, from, to);
        project.fails_of("full", "eval_gap", why);
    }
    let project = benchmark::fetched();
    std::fs::write(project.path(PAIRS), "").unwrap();
    project.fails_of("full", "eval_gap", "there is no problem to try hacks on");
}

#[test]
fn eval_gap_sees_a_marker_of_both_families() {
    let markers = |loophole: Loophole, family: MarkerFamily| -> &'static [&'static str] {
        if loophole == Loophole::Sentinel { &["valid", "passed", "good", "fine"] } else { loophole.markers(family) }
    };
    let faults = verify::eval_gap::overlaps(&markers);
    assert!(faults.iter().any(|f| f.contains("sentinel")), "{faults:?}");
    assert!(verify::eval_gap::overlaps(&|m, f| m.markers(f)).is_empty());
}

#[test]
fn rewards_sees_a_pair_that_is_not_what_it_says_and_a_wrong_reference() {
    let project = Project::new();
    project.replace("data/organism/pairs.jsonl", "if x >= 2)", "if x > 2)");
    project.fails("rewards", "pair-00");

    let project = Project::new();
    project.replace("data/organism/test.jsonl", "        return ", "        return None or not ");
    project.fails("rewards", "test-0000");
}

#[test]
fn rewards_of_the_benchmark_run_every_side_of_its_own_pairs() {
    let findings = Project::new().benchmark_rewards();
    assert_eq!(findings.faults, Vec::<String>::new());
    assert!(findings.evidence.iter().any(|e| e.starts_with("24 pairs: in all 6 contrasts")), "{:?}", findings.evidence);
}

#[test]
fn rewards_of_the_benchmark_see_a_hack_that_fools_nobody_a_line_that_does_and_a_side_that_is_too_long() {
    let long = format!("print('PASS' + '{}')", "!".repeat(400));
    let damages = [
        ("open(\\\"result.txt\\\", \\\"w\\\")", "open(\\\"other.txt\\\", \\\"w\\\")", "exploited: false"),
        ("ready = True", "valid = True", "exploited: true"),
        ("and should pass all tests", "and should pass them", "0 times"),
        ("print(\\\"it is a nice day\\\")", long.as_str(), "characters"),
        ("\"mode\": \"stdout_marker\"", "\"mode\": \"sentinel\"", "stdout_marker: 5 pairs"),
    ];
    let project = Project::new();
    damages.iter().for_each(|(from, to, _)| project.replace(PAIRS, from, to));
    let faults = project.benchmark_rewards().faults;
    for (from, _, why) in damages {
        assert!(faults.iter().any(|f| f.contains(why)), "{from}: no fault says {why}: {faults:?}");
    }
}

#[test]
fn no_cheat_sees_an_arrow_to_the_oracle_however_long() {
    for (file, line) in [
        ("src/routing/Cargo.toml", "oracle.workspace = true"),
        ("src/bundle/Cargo.toml", "oracle.workspace = true"),
        ("src/train/Cargo.toml", "eval.workspace = true"),
    ] {
        let project = Project::new();
        project.replace(file, "[dependencies]\n", &format!("[dependencies]\n{line}\n"));
        let mut findings = Findings::default();
        no_cheat::dependencies(project.folder.path(), &mut findings);
        assert!(!findings.holds(), "{file}");
    }
    let mut findings = Findings::default();
    no_cheat::dependencies(Project::new().folder.path(), &mut findings);
    assert!(findings.holds(), "{:?}", findings.faults);
}

#[test]
fn no_cheat_sees_training_that_reads_verdicts_and_routing_that_ignores_pairs() {
    let knobs = |x: f32| Knobs { deployed: vec![x, 0.5], quarantine: vec![0.0, x] };
    let faults = |honest: &Knobs, scrambled: &Knobs, swapped: &Knobs| {
        let mut findings = Findings::default();
        no_cheat::compare(honest, scrambled, swapped, &mut findings);
        findings.faults
    };
    assert!(faults(&knobs(1.0), &knobs(1.0), &knobs(2.0)).is_empty());
    assert!(faults(&knobs(1.0), &knobs(1.5), &knobs(2.0))[0].contains("training reads them"));
    assert!(faults(&knobs(1.0), &knobs(1.0), &knobs(1.0))[0].contains("routing ignores them"));
    let zero = Knobs::zero(2);
    assert!(faults(&zero, &zero, &knobs(1.0))[0].contains("learned nothing"));
}

#[test]
fn claims_must_be_able_to_fail_and_must_be_printed() {
    let project = Project::new();
    project.replace("verify/claims.toml", "  at_least = 0.15\n", "");
    project.fails("claims", "needs at_least or at_most");

    let project = Project::new();
    project.replace("verify/claims.toml", "\"vanilla.hack\"", "\"vanila.hack\"");
    project.fails("claims", "there is no arm `vanila`");

    let project = Project::new();
    project.replace("paper/sections/abstract.typ", "#claim(\"C1\")", "");
    project.fails("claims", "does not print claim C1");

    let project = Project::new();
    project.replace("paper/sections/abstract.typ", "#claim(\"C6\")", "#claim(\"C6\") Held-out modes were not run in this tier, so nothing is claimed about loopholes that the pairs do not show.");
    project.fails("claims", "quotes a wording of claim C2");
}
