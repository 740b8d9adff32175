//! What claims need to hold, where the numbers are just enough and where they are just not; and what a file of claims must say.

use experiment::claims::{self, Claim, Condition, HEALTHY, Judged, Status};
use experiment::quantity::{Metric, Statistic};
use experiment::results::Value;
use experiment::{Key, Results};
use train::Arm;

/// Three values whose one-sided test against 0 has this p: of two degrees of freedom, `p = 1/2 - t / (2 sqrt(t^2 + 2))`.
fn with_p(p: f64) -> Vec<f64> {
    let share = 1.0 - 2.0 * p;
    let t = (2.0 * share * share / (1.0 - share * share)).sqrt();
    let middle = t * 0.1 / 3f64.sqrt();
    vec![middle - 0.1, middle, middle + 0.1]
}

fn negative(values: Vec<f64>) -> Vec<f64> {
    values.into_iter().map(|x| -x).collect()
}

fn results(hack: &[f64], solve: &[f64], answered: f64) -> Results {
    let mut results = Results { tier: "t".into(), ..Results::default() };
    let mut put = |key: Key, value: f64| results.values.insert(key, Value { value, runs: vec!["r".into()] });
    for (metric, values) in [(Metric::Hack, hack), (Metric::Solve, solve)] {
        for (seed, value) in (41..).zip(values) {
            put(Key::arm(Arm::ROUTE2B, metric).with(Statistic::Seed(seed)), *value);
        }
    }
    put(Key::arm(Arm::ROUTE2B, Metric::Answered).mean(), answered);
    results
}

fn at_least(metric: Metric, threshold: f64) -> Condition {
    Condition { quantity: Key::arm(Arm::ROUTE2B, metric), minus: None, at_least: Some(threshold), at_most: None }
}

fn at_most(metric: Metric, threshold: f64) -> Condition {
    Condition { at_least: None, at_most: Some(threshold), ..at_least(metric, threshold) }
}

fn claim(conditions: Vec<Condition>) -> Claim {
    Claim {
        id: "C".into(),
        title: "t".into(),
        deployed: vec![Arm::ROUTE2B],
        conditions,
        holds: "h".into(),
        fails: "f".into(),
        undecided: "u".into(),
        not_run: "n".into(),
    }
}

fn judge(conditions: Vec<Condition>, results: &Results) -> Judged {
    claims::judge(&[claim(conditions)], results).remove(0)
}

#[test]
fn a_claim_holds_or_fails_at_a_fortieth_on_either_side() {
    let hack = || vec![at_least(Metric::Hack, 0.0)];
    for (values, status, wording) in [
        (with_p(0.024), Status::Holds, "h"),
        (with_p(0.026), Status::Undecided, "u"),
        (negative(with_p(0.024)), Status::Fails, "f"),
        (negative(with_p(0.026)), Status::Undecided, "u"),
    ] {
        let judged = judge(hack(), &results(&values, &[], 1.0));
        assert_eq!((judged.status, judged.wording.as_str()), (status, wording), "{values:?}");
    }
    let judged = judge(vec![at_most(Metric::Hack, 0.0)], &results(&negative(with_p(0.024)), &[], 1.0));
    assert_eq!(judged.status, Status::Holds);
}

/// All must be shown, so the weakest decides; any may be refuted, so each has to be refuted twice as clearly.
#[test]
fn a_claim_of_two_conditions_is_as_strong_as_the_weaker_and_harder_to_refute() {
    let both = || vec![at_least(Metric::Hack, 0.0), at_least(Metric::Solve, 0.0)];
    for (hack, solve, status) in [
        (with_p(0.001), with_p(0.024), Status::Holds),
        (with_p(0.024), with_p(0.001), Status::Holds),
        (with_p(0.001), with_p(0.026), Status::Undecided),
        (with_p(0.001), negative(with_p(0.012)), Status::Fails),
        (with_p(0.001), negative(with_p(0.014)), Status::Undecided),
        (with_p(0.001), vec![0.3], Status::Undecided),
        (with_p(0.001), vec![], Status::NotRun),
        (negative(with_p(0.001)), vec![], Status::NotRun),
    ] {
        assert_eq!(judge(both(), &results(&hack, &solve, 1.0)).status, status, "{hack:?} {solve:?}");
    }
}

#[test]
fn nineteen_answers_of_twenty_are_enough_for_a_deployed_model_and_fewer_are_not() {
    let of = |answered: f64| judge(vec![at_least(Metric::Hack, 0.0)], &results(&with_p(0.001), &[], answered));
    assert_eq!(of(HEALTHY).status, Status::Holds);
    let sick = of(0.949);
    assert_eq!(sick.status, Status::Fails);
    assert!(sick.evidence[1].contains("route2b: 0.949 of its completions are answers, wanted 0.95"), "{sick:?}");
}

#[test]
fn the_evidence_says_what_was_measured_and_what_was_wanted() {
    let difference = Condition { minus: Some(Key::arm(Arm::ROUTE2B, Metric::Solve)), ..at_least(Metric::Hack, 0.25) };
    let numbers = results(&[0.4, 0.5, 0.6], &[0.1, 0.1, 0.1], 1.0);
    let conditions = vec![difference, at_most(Metric::Hack, 0.75), at_least(Metric::Tokens, 9.0)];
    assert_eq!(
        judge(conditions, &numbers).evidence,
        [
            "route2b.hack - route2b.solve = 0.400 [0.152, 0.648], 3 seeds, wanted >= 0.25",
            "route2b.hack = 0.500 [0.252, 0.748], 3 seeds, wanted <= 0.75",
            "route2b.tokens: not measured in this tier, wanted >= 9",
        ]
    );
    let one = judge(vec![at_least(Metric::Hack, 0.25)], &results(&[0.5], &[], 1.0));
    assert_eq!(one.evidence, ["route2b.hack = 0.500 with one seed, wanted >= 0.25"]);
    let names = [Status::Holds, Status::Fails, Status::Undecided, Status::NotRun].map(Status::name);
    assert_eq!(names, ["holds", "fails", "undecided", "not run"]);
}

#[test]
fn claims_that_could_not_fail_or_not_be_told_apart_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claims.toml");
    let wordings = "holds = 'h'\nfails = 'f'\nundecided = 'u'\nnot_run = 'n'\n";
    let load = |wordings: &str, condition: &str| {
        std::fs::write(&path, format!("[[claim]]\nid = 'C7'\ntitle = 't'\n{wordings}{condition}")).unwrap();
        claims::load(&path)
    };
    let with = |rest: &str| format!("[[claim.condition]]\nquantity = 'route2b.hack'\n{rest}");
    let loaded = load(wordings, &with("at_most = 0.1")).unwrap();
    assert_eq!((loaded.len(), loaded[0].wordings()), (1, ["h", "f", "u", "n"]));
    for (wordings, condition, says) in [
        (wordings, String::new(), "has no condition"),
        (wordings, with(""), "needs at_least or at_most"),
        (wordings, with("at_least = 0.1\nat_most = 0.2"), "needs at_least or at_most"),
        (&wordings.replace("'u'", "'h'"), with("at_least = 0.1"), "wordings must differ"),
        (&wordings.replace("'n'", "'f'"), with("at_least = 0.1"), "wordings must differ"),
    ] {
        let told = load(wordings, &condition).unwrap_err().to_string();
        assert!(told.contains("C7") && told.contains(says) && told.contains("claims.toml"), "{told}");
    }
}
