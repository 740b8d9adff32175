//! Every gate, broken on purpose: a check that cannot fail checks nothing. Each test copies the project's inputs,
//! damages one thing and expects the gate that guards it to say so.

use adapter::Knobs;
use experiment::dataset::PAIRS;
use experiment::manifest::Source;
use std::path::{Path, PathBuf};
use substrate::{Isolation, Loophole, MarkerFamily};
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
        self.check_of(Source::Organism, "data/organism", name)
    }

    /// The rewards gate of the benchmark, whose problems are not here.
    fn benchmark_rewards(&self) -> Findings {
        self.check_of(Source::Leetcode, "fetched/leetcode", "rewards")
    }

    fn check_of(&self, source: Source, data: &str, name: &str) -> Findings {
        let root = self.folder.path().into();
        let context = Context { root, source, data: data.into(), results: None, isolation: Isolation::Required };
        (GATES.into_iter().find(|gate| gate.name == name).unwrap().check)(&context)
    }

    fn fails(&self, name: &str, why: &str) {
        let findings = self.check(name);
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
    project.replace("data/organism/pairs.jsonl", "if x >= 3)", "if x > 3)");
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
