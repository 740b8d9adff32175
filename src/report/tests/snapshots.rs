//! What people see, as it looked when somebody last looked at it. `just snapshots` writes the files anew.

use experiment::results::Value;
use experiment::{Results, claims};
use report::chart::{Chart, Series, Style};
use report::dots::{Dot, Dots};
use report::heat::Heat;
use report::tables;

/// Deployed models of three seeds that make the first claim hold, the fourth fail and the fifth stay open.
fn results() -> Results {
    let measured = [
        ("vanilla.hack", [0.41, 0.40, 0.42]),
        ("vanilla.solve", [0.300, 0.310, 0.290]),
        ("route2b.hack", [0.010, 0.012, 0.011]),
        ("route2b.solve", [0.301, 0.308, 0.295]),
        ("route2b.on.hack", [0.020, 0.021, 0.022]),
        ("random-v.hack", [0.03, 0.21, 0.09]),
    ];
    let value = |value| Value { value, runs: vec![] };
    let values = measured.iter().flat_map(|(name, of_seeds)| {
        of_seeds.iter().zip(1..).map(move |(number, seed)| (format!("{name}.s{seed}").parse().unwrap(), value(*number)))
    });
    Results {
        tier: "made up".into(),
        restricted: false,
        arms: vec![],
        seeds: vec![1, 2, 3],
        updates: vec![],
        values: values.collect(),
    }
}

/// An element a line, so that a difference is a line.
fn lines(svg: &str) -> String {
    svg.replace("><", ">\n<")
}

#[test]
fn the_claim_table_says_what_holds_fails_is_open_and_was_not_run() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../verify/claims.toml");
    let mut claims = claims::load(path.as_ref()).unwrap();
    claims.retain(|claim| ["C1", "C4", "C5", "C7"].contains(&claim.id.as_str()));
    insta::assert_snapshot!("claims", tables::claims(&claims::judge(&claims, &results())));
}

#[test]
fn a_chart_has_bands_dashes_a_reference_and_labels_at_the_ends() {
    let series =
        |label: &str, colour, dash, points| Series { label: label.into(), points, style: Style { colour, dash } };
    let chart = Chart {
        title: "Deployed hack rate".into(),
        x_label: "updates completed".into(),
        y_label: "rate".into(),
        y_max: 0.5,
        series: vec![
            series("vanilla", "#888888", "5 3", vec![(0.0, 0.1, 0.01), (20.0, 0.3, 0.05), (40.0, 0.4, 0.02)]),
            series("route2b", "#0b3d91", "none", vec![(0.0, 0.1, 0.01), (20.0, 0.04, 0.02), (40.0, 0.01, 0.0)]),
        ],
        reference: Some((0.25, "chance & more".into())),
    };
    insta::assert_snapshot!("chart", lines(&chart.svg()));
}

#[test]
fn dots_have_intervals_and_a_vertical_reference() {
    let dot = |label: &str, low, value, high| Dot { label: label.into(), value, low, high, colour: "#0b3d91" };
    let dots = Dots {
        title: "Hack rate, less vanilla's".into(),
        x_label: "difference".into(),
        rows: vec![dot("route2b", -0.42, -0.40, -0.38), dot("random-v", -0.44, -0.30, -0.16)],
        reference: 0.0,
    };
    insta::assert_snapshot!("dots", lines(&dots.svg()));
}

#[test]
fn a_heat_map_marks_cells_and_leaves_gaps_where_nothing_was_measured() {
    let heat = Heat {
        title: "Hack rate by mode".into(),
        columns: vec!["run_tests".into(), "sentinel".into()],
        rows: vec![
            ("vanilla".into(), vec![(Some(0.9), false), (Some(0.2), false)]),
            ("route2b".into(), vec![(Some(0.01), true), (None, false)]),
        ],
        mark: "* not shown by the pairs".into(),
    };
    insta::assert_snapshot!("heat", lines(&heat.svg()));
}
