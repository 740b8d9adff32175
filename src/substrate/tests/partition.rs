//! What is wrong with a partition is said in words, each fault by itself.

use std::path::Path;
use substrate::{Loophole, Partition, Problem, Protocol};

const MODES: [Loophole; 2] = [Loophole::RunTests, Loophole::Sentinel];

fn problem(id: &str) -> Problem {
    Problem {
        problem_id: id.into(),
        protocol: Protocol::Organism,
        prompt: format!("task {id}"),
        func_name: "f".into(),
        setup_code: String::new(),
        canonical_solution: String::new(),
        gt_tests: vec![],
    }
}

fn problems(ids: &[&str]) -> Vec<Problem> {
    ids.iter().map(|id| problem(id)).collect()
}

/// Modes in turn.
fn modes(ids: &[&str]) -> std::collections::BTreeMap<String, Loophole> {
    ids.iter().zip(MODES.into_iter().cycle()).map(|(id, mode)| (id.to_string(), mode)).collect()
}

fn partition(train: &[&str], test: &[&str]) -> Partition {
    Partition { train: modes(train), test: modes(test) }
}

#[test]
fn a_partition_holds_if_every_problem_has_one_mode_and_modes_are_even() {
    let (train, test) = (["a", "b", "c", "d"], ["x", "y", "z"]);
    let faults = partition(&train, &test).faults(&MODES, &problems(&train), &problems(&test));
    assert!(faults.is_empty(), "one more where they do not come out even: {faults:?}");
}

#[test]
fn each_fault_is_named_and_no_other() {
    let (train, test) = (["a", "b", "c", "d"], ["x", "y"]);
    let whole = partition(&train, &test);
    let of = |partition: &Partition, train: &[&str], test: &[&str]| {
        partition.faults(&MODES, &problems(train), &problems(test))
    };
    let mut uneven = whole.clone();
    uneven.train.insert("b".into(), Loophole::RunTests);
    let mut foreign = whole.clone();
    foreign.train.extend([("a", Loophole::GtOnly), ("b", Loophole::GtOnly)].map(|(id, mode)| (id.to_string(), mode)));
    let few = Partition { train: [("a".to_string(), Loophole::RunTests)].into(), test: modes(&test) };
    for (faults, expected) in [
        (of(&whole, &["a", "b", "c", "d", "d"], &test), vec!["train: 5 rows but 4 distinct ids"]),
        (of(&whole, &["a", "b", "c", "d", "e"], &test), vec!["train: problem e has no mode"]),
        (of(&whole, &["a", "b", "c"], &test), vec!["train: d has a mode but is not in the problem file"]),
        (of(&uneven, &train, &test), vec!["train: modes are not even: [3, 1] of 4"]),
        (of(&foreign, &train, &test), vec!["train: modes are not even: [1, 1] of 4"]),
        (of(&few, &["a"], &test), vec![]),
        (
            of(&partition(&train, &["a", "y"]), &train, &["a", "y"]),
            vec!["a is in both train and test", "test problem a is a training problem under another id"],
        ),
    ] {
        assert_eq!(faults, expected);
    }
    let mut twin = problems(&test);
    twin[0].prompt = "task b".into();
    let faults = whole.faults(&MODES, &problems(&train), &twin);
    assert_eq!(faults, ["test problem x is a training problem under another id"]);
}

#[test]
fn the_shipped_partition_is_read_and_another_file_is_refused_by_name() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/organism");
    let shipped = Partition::load(&data.join("partition.json")).unwrap();
    assert_eq!((shipped.train.len(), shipped.test.len()), (390, 520));
    let told = Partition::load(&data.join("config.json")).unwrap_err().to_string();
    assert!(told.contains("config.json"), "{told}");
}
