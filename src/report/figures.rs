//! The paper's figures.

use crate::chart::{Chart, Series, Style};
use experiment::Results;
use train::Arm;

/// File name and SVG of each figure.
pub fn all(results: &Results) -> Vec<(String, String)> {
    vec![
        ("keynote-hack.svg".into(), curve(results, "hack", "Hack rate of the deployed model").svg()),
        ("keynote-solve.svg".into(), curve(results, "solve", "Solve rate of the deployed model").svg()),
    ]
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

/// A1: one rate over updates, every arm, mean and standard error over seeds, the base model as reference.
fn curve(results: &Results, what: &str, title: &str) -> Chart {
    let series: Vec<Series> = results
        .arms
        .iter()
        .filter(|arm| DRAWN.contains(arm))
        .map(|arm| {
            let point = |update: &usize| {
                let key = format!("{}.curve.{what}.u{update}", arm.name());
                let mean = results.get(&format!("{key}.mean"))?;
                Some((*update as f64, mean, results.get(&format!("{key}.sem")).unwrap_or(0.0)))
            };
            Series {
                label: arm.name().into(),
                points: results.updates.iter().filter_map(point).collect(),
                style: style(*arm),
            }
        })
        .collect();
    let top = series.iter().flat_map(|s| &s.points).map(|p| p.1 + p.2).fold(0.1, f64::max);
    Chart {
        title: title.into(),
        x_label: "updates completed".into(),
        y_label: format!("{what} rate"),
        y_max: (top * 10.0).ceil() / 10.0,
        series,
        reference: results.get(&format!("base.{what}")).map(|y| (y, "base model".into())),
    }
}
