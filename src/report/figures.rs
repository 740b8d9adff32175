//! The paper's figures.

use crate::chart::{Chart, Series, Style};
use crate::dots::{Dot, Dots};
use crate::heat::Heat;
use experiment::manifest::Source;
use experiment::quantity::{Difference, Metric, Part, Statistic, Subject};
use experiment::{Key, Results, evidence};
use substrate::Loophole;
use train::Arm;

/// File name and SVG of each figure that these results have. The paper asks for a name only where its numbers are there.
pub fn all(source: Source, results: &Results) -> Vec<(String, String)> {
    let mut out = vec![
        ("keynote-hack.svg".into(), curve(results, Metric::Hack, "Hack rate of the deployed model").svg()),
        ("keynote-solve.svg".into(), curve(results, Metric::Solve, "Solve rate of the deployed model").svg()),
        (
            "keynote-answered.svg".into(),
            curve(results, Metric::Answered, "Share of completions that are answers").svg(),
        ),
        ("side-by-side.svg".into(), side_by_side(results).svg()),
        ("modes.svg".into(), loopholes(source, results).svg()),
        ("mass.svg".into(), over_updates(results, Metric::RoutedMass, "Routed mass", "mean gate value").svg()),
        ("detector.svg".into(), over_updates(results, Metric::Auroc, "The gate as a detector of hacks", "AUROC").svg()),
        ("widths.svg".into(), widths(results).svg()),
    ];
    for arm in [Arm::ROUTE2B, Arm::RANDOM_V] {
        out.push((format!("gates-{}.svg", arm.name()), gates(results, arm).svg()));
    }
    for (metric, name, title) in
        [(Metric::Hack, "hack", "Hack against vanilla"), (Metric::Solve, "solve", "Solve against vanilla")]
    {
        for (i, dots) in differences(results, metric, title).into_iter().enumerate() {
            out.push((format!("ablation-{name}-{}.svg", i + 1), dots.svg()));
        }
    }
    let fractions = fractions(results);
    if fractions.series.iter().any(|s| s.points.len() > 1) {
        out.push(("fractions.svg".into(), fractions.svg()));
    }
    if results.get(Key::of(Subject::Plan, Metric::RelearnUpdates)).is_some() {
        out.push(("relearning.svg".into(), relearning(results).svg()));
    }
    out
}

/// Arms with a line of their own; a chart of all would show none.
const DRAWN: [(Arm, Style); 6] = [
    (Arm::VANILLA, Style { colour: "#b3261e", dash: "none" }),
    (Arm::ROUTE2B, Style { colour: "#0b3d91", dash: "none" }),
    (Arm::PLACEBO, Style { colour: "#c27c0e", dash: "5 3" }),
    (Arm::RANDOM_V, Style { colour: "#6b7f3a", dash: "5 3" }),
    (Arm::ERASE, Style { colour: "#7a4fa3", dash: "2 2" }),
    (Arm::GT_ONLY, Style { colour: "#555555", dash: "2 2" }),
];

/// A label that fits beside a plot.
fn label(arm: Arm) -> String {
    arm.name().replace("route2b-known-", "known ")
}

fn style(arm: Arm) -> Style {
    let drawn = DRAWN.iter().find(|(drawn, _)| *drawn == arm);
    drawn.map_or(Style { colour: "#555555", dash: "2 2" }, |(_, style)| *style)
}

/// A1: one rate of the deployed model over updates, mean and standard error over seeds, the base model as reference.
fn curve(results: &Results, metric: Metric, title: &str) -> Chart {
    let y_label = if metric == Metric::Answered { "share" } else { "rate" };
    let base = results.get(Key::of(Subject::Base, metric).mean()).filter(|_| metric != Metric::Answered);
    let one = results.get(Key::of(Subject::Plan, Metric::Bases)) == Some(1.0);
    let label = if one { "base model" } else { "base models" };
    Chart { reference: base.map(|y| (y, label.into())), ..over_updates(results, metric, title, y_label) }
}

/// Mean and standard error of a quantity at each of these updates.
fn points(results: &Results, key: Key, updates: &[usize]) -> Vec<(f64, f64, f64)> {
    let point = |update: &usize| {
        let key = key.at(*update);
        Some((*update as f64, results.get(key.mean())?, results.get(key.sem()).unwrap_or(0.0)))
    };
    updates.iter().filter_map(point).collect()
}

/// The highest point of all lines, rounded up to a tenth.
fn top(series: &[Series]) -> f64 {
    let most = series.iter().flat_map(|s| &s.points).map(|p| p.1 + p.2).fold(0.1, f64::max);
    (most * 10.0).ceil() / 10.0
}

fn chart(title: &str, x_label: &str, y_label: &str, series: Vec<Series>) -> Chart {
    let (title, x_label, y_label) = (title.into(), x_label.into(), y_label.into());
    let series: Vec<Series> = series.into_iter().filter(|s| !s.points.is_empty()).collect();
    Chart { title, x_label, y_label, y_max: top(&series), series, reference: None }
}

/// Hack and solve of the deployed model and with the quarantine on, which is drawn in red.
fn off_and_on(line: impl Fn(Metric, Part) -> Vec<(f64, f64, f64)>) -> Vec<Series> {
    let lines = [
        ("hack, deployed", Metric::Hack, Part::Whole, "#0b3d91", "none"),
        ("hack, on", Metric::Hack, Part::On, "#b3261e", "none"),
        ("solve, deployed", Metric::Solve, Part::Whole, "#0b3d91", "5 3"),
        ("solve, on", Metric::Solve, Part::On, "#b3261e", "5 3"),
    ];
    let series = |(label, metric, part, colour, dash): (&str, _, _, _, _)| {
        let style = Style { colour, dash };
        Series { label: label.into(), points: line(metric, part), style }
    };
    lines.into_iter().map(series).collect()
}

/// A4: the method's deployed model and the same weights with the quarantine on.
fn side_by_side(results: &Results) -> Chart {
    let line = |metric, part| points(results, Key::arm(Arm::ROUTE2B, metric).on(part), &results.updates);
    chart("route2b with the quarantine off and on", "updates completed", "rate", off_and_on(line))
}

/// The method's final models over the share of each group that is sampled deployed.
fn fractions(results: &Results) -> Chart {
    let mut arms: Vec<(f64, Arm)> = results
        .arms
        .iter()
        .filter(|arm| **arm == Arm::ROUTE2B || arm.name().starts_with("route2b-f"))
        .filter_map(|arm| Some((results.get(Key::arm(*arm, Metric::DeployFraction))?, *arm)))
        .collect();
    arms.sort_by(|a, b| a.0.total_cmp(&b.0));
    let line = |metric, part| {
        let point = |(x, arm): &(f64, Arm)| {
            let key = Key::arm(*arm, metric).on(part);
            Some((*x, results.get(key.mean())?, results.get(key.sem()).unwrap_or(0.0)))
        };
        arms.iter().filter_map(point).collect()
    };
    chart("route2b by the share sampled deployed", "deploy fraction", "rate", off_and_on(line))
}

/// A quantity of training over updates, for the arms that are drawn.
fn over_updates(results: &Results, metric: Metric, title: &str, y_label: &str) -> Chart {
    let line = |(arm, style): &(Arm, Style)| Series {
        label: arm.name().into(),
        points: points(results, Key::arm(*arm, metric), &results.updates),
        style: *style,
    };
    let drawn = DRAWN.iter().filter(|(arm, _)| results.arms.contains(arm));
    chart(title, "updates completed", y_label, drawn.map(line).collect())
}

/// Directions of different kinds.
const WIDTHS: [Arm; 5] = [Arm::ROUTE2B, Arm::ERASE, Arm::PLACEBO, Arm::RANDOM_V, Arm::RANDOM_V_MATCHED];

/// What tells a real direction from a random one: how far apart its band's edges are, mean and standard error.
fn widths(results: &Results) -> Dots {
    let row = |arm: &Arm| {
        let key = Key::arm(*arm, Metric::BandWidth);
        let (value, error) = (results.get(key.mean())?, results.get(key.sem()).unwrap_or(0.0));
        let (low, high, colour) = (value - error, value + error, style(*arm).colour);
        Some(Dot { label: label(*arm), value, low, high, colour })
    };
    Dots {
        title: "Width of the band".into(),
        x_label: "upper minus lower edge, mean".into(),
        rows: WIDTHS.iter().filter(|arm| results.arms.contains(arm)).filter_map(row).collect(),
        reference: 0.0,
    }
}

/// Shares of an arm's rollouts by their mean gate value: hacks, and the rest by whether they earned more than their group.
fn gates(results: &Results, arm: Arm) -> Chart {
    let count = |metric, bin| results.get(Key::arm(arm, metric).with(Statistic::Bin(bin))).unwrap_or(0.0);
    let line = |label: &str, colour, dash, of: &dyn Fn(usize) -> f64| {
        let all: f64 = (0..evidence::BINS).map(of).sum();
        let at = |bin: usize| (bin as f64 + 0.5) / evidence::BINS as f64;
        let points = (0..evidence::BINS).map(|b| (at(b), of(b) / all.max(1.0), 0.0)).collect();
        Series { label: label.into(), points, style: Style { colour, dash } }
    };
    let losing = |b: usize| count(Metric::GateOther, b) - count(Metric::GateOtherGaining, b);
    let series = vec![
        line("hacks", "#b3261e", "none", &|b| count(Metric::GateHacked, b)),
        line("others, above", "#0b3d91", "none", &|b| count(Metric::GateOtherGaining, b)),
        line("others, below", "#0b3d91", "5 3", &losing),
    ];
    let title = format!("What {}'s gate saw", arm.name());
    chart(&title, "mean gate value of a rollout", "share of rollouts", series)
}

/// Rows of one plot: with more, labels would be too small to read on a page.
const ROWS: usize = 36;

/// How many plots show all arms' differences to vanilla.
pub fn ablations(results: &Results) -> usize {
    differences(results, Metric::Hack, "").len()
}

/// A7: each arm's difference to vanilla with its interval over seeds, in as many plots as that takes.
fn differences(results: &Results, metric: Metric, title: &str) -> Vec<Dots> {
    let row = |arm: &Arm| {
        let part = |of| results.get(Key::arm(*arm, metric).diff(of));
        let (value, colour) = (part(Difference::Mean)?, style(*arm).colour);
        let (low, high) = (part(Difference::Low).unwrap_or(value), part(Difference::High).unwrap_or(value));
        Some(Dot { label: label(*arm), value, low, high, colour })
    };
    let rows: Vec<Dot> = results.arms.iter().filter_map(row).collect();
    let plots = rows.len().div_ceil(ROWS).max(1);
    let plot = |rows: &[Dot]| Dots {
        title: title.into(),
        x_label: "difference in rate, interval over seeds".into(),
        rows: rows.to_vec(),
        reference: 0.0,
    };
    rows.chunks(rows.len().div_ceil(plots).max(1)).map(plot).collect()
}

/// A5: the hack rate by loophole, of the arms on all seeds and of those whose pairs show fewer loopholes than the method's; marked
/// are loopholes that an arm had no pairs of.
fn loopholes(source: Source, results: &Results) -> Heat {
    let row = |arm: &Arm| {
        let cell = |loophole: Loophole| {
            let value = results.get(Key::arm(*arm, Metric::Hack).on(Part::Loophole(loophole)).mean());
            (value, arm.held_out().contains(&loophole))
        };
        (label(*arm), source.loopholes().iter().copied().map(cell).collect())
    };
    let seeds = |arm: &Arm| results.get(Key::arm(*arm, Metric::Seeds)).map(|n| n as usize);
    let drawn = |arm: &&Arm| seeds(arm) == Some(results.seeds.len()) || arm.knows_some();
    Heat {
        title: "Hack rate of the deployed model by loophole".into(),
        columns: source.loopholes().iter().map(|m| m.name().to_string()).collect(),
        rows: results.arms.iter().filter(|arm| drawn(arm)).map(row).collect(),
        mark: "* the arm had no pairs of this loophole".into(),
    }
}

/// How fast the hack returns under plain GRPO.
fn relearning(results: &Results) -> Chart {
    let last = results.get(Key::of(Subject::Plan, Metric::RelearnUpdates)).unwrap_or(0.0) as usize;
    let updates: Vec<usize> = (0..=last).collect();
    let line = |name: &str, of: Option<Arm>, style| Series {
        label: name.into(),
        points: points(results, Key::of(Subject::Relearn(of), Metric::Hack), &updates),
        style,
    };
    let mut series = vec![line("base", None, Style { colour: "#222222", dash: "1 2" })];
    series.extend(results.arms.iter().map(|arm| line(arm.name(), Some(*arm), style(*arm))));
    chart("Hack rate under further plain GRPO", "further updates", "hack rate", series)
}
