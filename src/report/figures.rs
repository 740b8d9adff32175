//! The paper's figures.

use crate::chart::{Chart, Series, Style};
use crate::dots::{Dot, Dots};
use crate::heat::Heat;
use experiment::{Results, evidence};
use substrate::Mode;
use train::Arm;

/// File name and SVG of each figure that these results have. The paper asks for a name only where its numbers are there.
pub fn all(results: &Results) -> Vec<(String, String)> {
    let mut out = vec![
        ("keynote-hack.svg".into(), curve(results, "hack", "Hack rate of the deployed model").svg()),
        ("keynote-solve.svg".into(), curve(results, "solve", "Solve rate of the deployed model").svg()),
        ("side-by-side.svg".into(), side_by_side(results).svg()),
        ("modes.svg".into(), modes(results).svg()),
        ("mass.svg".into(), over_updates(results, "mass", "Routed mass", "mean gate value").svg()),
        ("widths.svg".into(), widths(results).svg()),
    ];
    for arm in [Arm::Route2b, Arm::RandomV] {
        out.push((format!("gates-{}.svg", arm.name()), gates(results, arm).svg()));
    }
    for (what, title) in [("hack", "Hack against vanilla"), ("solve", "Solve against vanilla")] {
        let dots = ablations(results, what, title);
        if !dots.rows.is_empty() {
            out.push((format!("ablation-{what}.svg"), dots.svg()));
        }
    }
    if results.get("n.relearn_updates").is_some() {
        out.push(("relearning.svg".into(), relearning(results).svg()));
    }
    out
}

/// Arms with a line of their own; a chart of all would show none.
const DRAWN: [Arm; 5] = [Arm::Vanilla, Arm::Route2b, Arm::RandomV, Arm::RandomVMatched, Arm::GtOnly];

fn style(arm: Arm) -> Style {
    match arm {
        Arm::Vanilla => Style { colour: "#b3261e", dash: "none" },
        Arm::Route2b => Style { colour: "#0b3d91", dash: "none" },
        Arm::RandomV => Style { colour: "#6b7f3a", dash: "5 3" },
        Arm::RandomVMatched => Style { colour: "#7a4fa3", dash: "5 3" },
        _ => Style { colour: "#555555", dash: "2 2" },
    }
}

/// A1: one rate of the deployed model over updates, mean and standard error over seeds, the base model as reference.
fn curve(results: &Results, what: &str, title: &str) -> Chart {
    let chart = over_updates(results, &format!("curve.{what}"), title, &format!("{what} rate"));
    Chart { reference: base(results, what), ..chart }
}

fn base(results: &Results, what: &str) -> Option<(f64, String)> {
    results.get(&format!("base.{what}")).map(|y| (y, "base model".into()))
}

/// Mean and standard error under `key.uN` for each of these updates.
fn points(results: &Results, key: &str, updates: &[usize]) -> Vec<(f64, f64, f64)> {
    let point = |update: &usize| {
        let key = format!("{key}.u{update}");
        let mean = results.get(&format!("{key}.mean"))?;
        Some((*update as f64, mean, results.get(&format!("{key}.sem")).unwrap_or(0.0)))
    };
    updates.iter().filter_map(point).collect()
}

/// The highest point of all lines, rounded up to a tenth.
fn top(series: &[Series]) -> f64 {
    let most = series.iter().flat_map(|s| &s.points).map(|p| p.1 + p.2).fold(0.1, f64::max);
    (most * 10.0).ceil() / 10.0
}

/// A4: the method's deployed model and the same weights with the quarantine on.
fn side_by_side(results: &Results) -> Chart {
    let lines = [
        ("hack, deployed", "curve.hack", "#0b3d91", "none"),
        ("hack, on", "curve_on.hack", "#b3261e", "none"),
        ("solve, deployed", "curve.solve", "#0b3d91", "5 3"),
        ("solve, on", "curve_on.solve", "#b3261e", "5 3"),
    ];
    let series: Vec<Series> = lines
        .into_iter()
        .map(|(label, key, colour, dash)| Series {
            label: label.into(),
            points: points(results, &format!("route2b.{key}"), &results.updates),
            style: Style { colour, dash },
        })
        .filter(|s| !s.points.is_empty())
        .collect();
    Chart {
        title: "route2b with the quarantine off and on".into(),
        x_label: "updates completed".into(),
        y_label: "rate".into(),
        y_max: top(&series),
        series,
        reference: None,
    }
}

/// A quantity of training over updates, for the arms that are drawn.
fn over_updates(results: &Results, key: &str, title: &str, y_label: &str) -> Chart {
    let lines = |arm: &Arm| Series {
        label: arm.name().into(),
        points: points(results, &format!("{}.{key}", arm.name()), &results.updates),
        style: style(*arm),
    };
    let drawn = results.arms.iter().filter(|arm| DRAWN.contains(arm));
    let series: Vec<Series> = drawn.map(lines).filter(|s| !s.points.is_empty()).collect();
    Chart {
        title: title.into(),
        x_label: "updates completed".into(),
        y_label: y_label.into(),
        y_max: top(&series),
        series,
        reference: None,
    }
}

/// What tells a real direction from a random one: how far apart its band's edges are, mean and standard error.
fn widths(results: &Results) -> Dots {
    let row = |arm: &Arm| {
        let key = format!("{}.band_width", arm.name());
        let value = results.get(&format!("{key}.mean"))?;
        let error = results.get(&format!("{key}.sem")).unwrap_or(0.0);
        let (low, high, colour) = (value - error, value + error, style(*arm).colour);
        Some(Dot { label: arm.name().into(), value, low, high, colour })
    };
    Dots {
        title: "Width of the band".into(),
        x_label: "upper minus lower edge, mean over modules and updates".into(),
        rows: results.arms.iter().filter_map(row).collect(),
        reference: 0.0,
    }
}

/// Shares of an arm's rollouts by their mean gate value: hacks, and the rest by whether they earned more than their group, where
/// the evidence tells.
fn gates(results: &Results, arm: Arm) -> Chart {
    let count = |kind: &str, bin: usize| results.get(&format!("{}.gate.{kind}.b{bin}", arm.name()));
    let line = |label: &str, colour: &'static str, dash: &'static str, of: &dyn Fn(usize) -> f64| {
        let all: f64 = (0..evidence::BINS).map(of).sum();
        let at = |bin: usize| (bin as f64 + 0.5) / evidence::BINS as f64;
        let points = (0..evidence::BINS).map(|b| (at(b), of(b) / all.max(1.0), 0.0)).collect();
        Series { label: label.into(), points, style: Style { colour, dash } }
    };
    let counted = |kind: &str, bin: usize| count(kind, bin).unwrap_or(0.0);
    let mut series = vec![line("hacks", "#b3261e", "none", &|b| counted("hacked", b))];
    if count("other_gaining", 0).is_some() {
        let losing = |b: usize| counted("other", b) - counted("other_gaining", b);
        series.push(line("others, above", "#0b3d91", "none", &|b| counted("other_gaining", b)));
        series.push(line("others, below", "#0b3d91", "5 3", &losing));
    } else {
        series.push(line("others", "#0b3d91", "none", &|b| counted("other", b)));
    }
    Chart {
        title: format!("What {}'s gate saw", arm.name()),
        x_label: "mean gate value of a rollout".into(),
        y_label: "share of rollouts".into(),
        y_max: top(&series),
        series,
        reference: None,
    }
}

/// A3: each arm's difference to vanilla with its interval over seeds.
fn ablations(results: &Results, what: &str, title: &str) -> Dots {
    let row = |arm: &Arm| {
        let key = format!("{}.{what}.diff", arm.name());
        let value = results.get(&key)?;
        let end = |part: &str| results.get(&format!("{key}.{part}")).unwrap_or(value);
        let colour = style(*arm).colour;
        Some(Dot { label: arm.name().into(), value, low: end("seeds_low"), high: end("seeds_high"), colour })
    };
    Dots {
        title: title.into(),
        x_label: format!("difference in {what} rate, interval over seeds"),
        rows: results.arms.iter().filter_map(row).collect(),
        reference: 0.0,
    }
}

/// A5: the hack rate by loophole; marked are those that an arm had no pairs of.
fn modes(results: &Results) -> Heat {
    let row = |arm: &Arm| {
        let cell = |mode: Mode| {
            let value = results.get(&format!("{}.{}.hack.mean", arm.name(), mode.name()));
            (value, arm.held_out().contains(&mode))
        };
        (arm.name().to_string(), Mode::LOOPHOLES.map(cell).to_vec())
    };
    Heat {
        title: "Hack rate of the deployed model by loophole".into(),
        columns: Mode::LOOPHOLES.map(|m| m.name().to_string()).to_vec(),
        rows: results.arms.iter().map(row).collect(),
        mark: "* the arm had no pairs of this loophole".into(),
    }
}

/// How fast the hack returns under plain GRPO.
fn relearning(results: &Results) -> Chart {
    let last = results.get("n.relearn_updates").unwrap_or(0.0) as usize;
    let updates: Vec<usize> = (0..=last).collect();
    let line = |name: &str, style: Style| Series {
        label: name.into(),
        points: points(results, &format!("relearn.{name}.hack"), &updates),
        style,
    };
    let mut series = vec![line("base", Style { colour: "#222222", dash: "1 2" })];
    series.extend(results.arms.iter().map(|arm| line(arm.name(), style(*arm))).filter(|s| !s.points.is_empty()));
    Chart {
        title: "Hack rate under plain GRPO, from what was deployed".into(),
        x_label: "further updates".into(),
        y_label: "hack rate".into(),
        y_max: top(&series),
        series,
        reference: None,
    }
}
