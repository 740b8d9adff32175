//! The shipped organism, trained for real: resuming gives the same bytes, and directions have the bands they should.

use adapter::Quarantine;
use experiment::{Bench, Manifest, RunId, Runner};
use model::DeviceChoice;
use routing::{Band, Direction};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use substrate::{Grader, Isolation};
use train::{Arm, gradients};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap()
}

fn tiny() -> Manifest {
    Manifest::load(&root().join("src/cli/tests/tiny.toml")).unwrap()
}

fn bench(manifest: &Manifest) -> Bench {
    Bench::load(root(), manifest, &DeviceChoice::Cpu.open().unwrap().0).unwrap()
}

fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = bundle::files::list(folder).unwrap();
    files.into_iter().map(|f| (f.display().to_string(), std::fs::read(folder.join(&f)).unwrap())).collect()
}

#[test]
fn a_run_that_was_stopped_twice_ends_with_the_bytes_of_one_that_was_not() {
    let manifest = tiny();
    let bench = bench(&manifest);
    let run = RunId { arm: Arm::Route2b, seed: 7 };
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let train = |out: &Path, stop_after: usize| {
        let stop = AtomicBool::new(false);
        let events = |event: experiment::Event| {
            if let experiment::Event::Update { metrics, .. } = event
                && metrics.update == stop_after
            {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let runner = Runner {
            manifest: &manifest,
            bench: &bench,
            out,
            isolation: Isolation::Required,
            stop: &stop,
            events: &events,
        };
        runner.train(run, &Grader::new(2, Isolation::Required).unwrap())
    };
    train(whole.path(), 99).unwrap();
    assert!(train(parts.path(), 1).is_err());
    // A crash between writing the log and the state leaves rows of an update that did not count.
    let log = parts.path().join("route2b-s7/metrics.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{text}{}{{\"upd", text.replace("\"update\":1", "\"update\":2"))).unwrap();
    assert!(train(parts.path(), 2).is_err());
    train(parts.path(), 99).unwrap();
    assert_eq!(bytes(whole.path()), bytes(parts.path()));
}

#[test]
fn a_folder_of_another_configuration_is_refused() {
    let manifest = tiny();
    let bench = bench(&manifest);
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("vanilla-s7");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.json"), "{}").unwrap();
    let stop = AtomicBool::new(false);
    let runner = Runner {
        manifest: &manifest,
        bench: &bench,
        out: out.path(),
        isolation: Isolation::Required,
        stop: &stop,
        events: &|_| {},
    };
    let error =
        runner.train(RunId { arm: Arm::Vanilla, seed: 7 }, &Grader::new(1, Isolation::Required).unwrap()).unwrap_err();
    assert!(error.to_string().contains("another configuration"), "{error}");
}

#[test]
fn the_pairs_direction_has_a_band_and_random_ones_have_none() {
    let bench = bench(&tiny());
    let (basis, layout) = (&bench.basis, &bench.basis.layout);
    let policies = gradients::policies(basis, &adapter::Knobs::zero(layout.len()), true);
    let pairs = gradients::of_pairs(policies.of(Quarantine::Off), basis, &bench.pairs).unwrap();
    let real = Band::calibrate(&pairs, &Direction::from_pairs(&pairs, layout).unwrap(), layout).width();
    assert!(real > 0.2, "real band {real}");
    let random: Vec<f64> =
        (0..20).map(|s| Band::calibrate(&pairs, &Direction::random(s, layout).unwrap(), layout).width()).collect();
    let mean = random.iter().sum::<f64>() / random.len() as f64;
    assert!(mean.abs() < 0.02, "random bands {mean}: {random:?}");
}
