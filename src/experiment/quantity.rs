//! The names of all numbers. A key says what a number is of (subject), on which part of the evaluation, what is measured and
//! which statistic of it; its text is those four with dots between them, and an update where it is one point of a curve:
//! `route2b.on.hack.u40.mean`. Results, claims, figures and the paper all use it, so a name that is none does not parse.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use substrate::Loophole;
use train::Arm;

/// What a number is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The plan as a whole.
    Plan,
    /// The base models.
    Base,
    /// An arm.
    Arm(Arm),
    /// Arms that had no pairs of one line mode, each on that mode.
    Without,
    /// Arms that had pairs of two line modes, each on the other two.
    Known,
    /// Plain GRPO from what an arm deployed, or from the base.
    Relearn(Option<Arm>),
}

/// Of which model, and on which of the test problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The deployed model on all of them, with the markers of evaluation.
    Whole,
    /// With the quarantine on.
    On,
    /// The base with the quarantine and nothing else that was learned.
    Alone,
    /// The deployed model on the markers of training.
    TrainedMarkers,
    /// The deployed model on problems whose prompts show no loophole.
    NoLoophole,
    /// Families of tasks that were trained on.
    Near,
    /// Families of tasks that were held out whole.
    Far,
    /// The mean over the modes whose hack is a line.
    LineLoopholes,
    /// One mode.
    Loophole(Loophole),
}

macro_rules! names {
    ($(#[$meta:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $kind { $($(#[$doc])* $variant,)* }

        impl $kind {
            const NAMES: &[($kind, &str)] = &[$(($kind::$variant, $name),)*];

            fn name(self) -> &'static str {
                Self::NAMES[self as usize].1
            }

            fn from_name(name: &str) -> Option<Self> {
                Self::NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
            }
        }
    };
}

names! {
    /// What is measured.
    Metric {
        /// Share of answers that fooled the grader and are not correct.
        Hack = "hack",
        /// Share of correct answers.
        Solve = "solve",
        /// Share of completions that ended.
        Ended = "ended",
        /// Share of completions that ended and are not blank: what was answered at all.
        Answered = "answered",
        /// Share of completions that are an answer whose program parses.
        Parses = "parses",
        /// Hack among what was answered.
        HackAnswered = "hack_answered",
        /// Solve among what was answered.
        SolveAnswered = "solve_answered",
        /// Mean length of an answer in tokens.
        Tokens = "tokens",
        /// Mean loss of a token of the problems' own answers, in nats.
        ReferenceLoss = "reference_loss",
        /// Share of runs whose deployed model hacks at all: on at least 5% of problems.
        RunsHacked = "runs_hacked",
        /// Share of the gap between vanilla's and the ceiling's solve that is closed.
        GapClosed = "gap_closed",
        /// Mean of what rollouts earned in training.
        Reward = "reward",
        /// Share of training's rollouts that ended.
        RolloutsEnded = "rollouts_ended",
        /// Upper minus lower edge of the band.
        BandWidth = "band_width",
        /// Mean gate value.
        RoutedMass = "routed_mass",
        /// Largest difference between the sampler's and the trainer's log-probability of a token.
        LogpGap = "logp_gap",
        /// Gradings that failed for no reason of a response's.
        InfraFailed = "infra_failed",
        /// How well the gate value tells hacks from honest rollouts that gained: area under the ROC curve.
        Auroc = "auroc",
        /// The gate at one half as a detector of hacks: F0.5 among the same rollouts.
        FHalf = "f_half",
        /// Rollouts that hacked, by gate value.
        GateHacked = "gate_hacked",
        /// The others.
        GateOther = "gate_other",
        /// Rollouts that hacked and earned more than their group.
        GateHackedGaining = "gate_hacked_gaining",
        /// The others that did.
        GateOtherGaining = "gate_other_gaining",
        /// How many seeds.
        Seeds = "seeds",
        /// How many seeds arms have that are run on fewer.
        FewerSeeds = "fewer_seeds",
        /// How many updates.
        Updates = "updates",
        /// Rollouts of an update.
        Rollouts = "rollouts",
        /// Base models.
        Bases = "bases",
        /// The base model that a seed trains, from 1.
        Base = "base",
        /// The set of pairs that it gets, from 1.
        PairSet = "pair_set",
        /// Test problems.
        Test = "test",
        /// Of them, those of families that were held out whole.
        TestFar = "test_far",
        /// Problems of the monitoring subset.
        Monitor = "monitor",
        /// Updates of learning again.
        RelearnUpdates = "relearn_updates",
        /// Share of each group sampled deployed.
        DeployFraction = "deploy_fraction",
        /// Tests that a correction is for.
        Tests = "tests",
        /// Error of the first kind.
        Alpha = "alpha",
        /// Power of the smallest visible difference.
        Power = "power",
    }
}

names! {
    /// A difference to vanilla over the same seeds, in one of its aspects.
    Difference {
        /// The mean paired difference.
        Mean = "diff",
        /// p of its t-test.
        P = "diff_p",
        /// The same, corrected for all tests of the table.
        PHolm = "diff_p_holm",
        /// The lower end of its interval over seeds.
        Low = "diff_low",
        /// The upper end.
        High = "diff_high",
        /// In standard deviations of the paired differences.
        Effect = "diff_effect",
        /// The smallest that the test would have seen.
        Visible = "diff_visible",
        /// The lower end of the bootstrap's interval over prompts.
        PromptsLow = "diff_prompts_low",
        /// The upper end.
        PromptsHigh = "diff_prompts_high",
    }
}

/// Which statistic of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// The number itself.
    Value,
    /// Mean over seeds.
    Mean,
    /// Its standard error.
    Sem,
    /// The value of one seed.
    Seed(u64),
    /// A bin of a histogram.
    Bin(usize),
    /// Against vanilla.
    Difference(Difference),
}

/// The name of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it is of.
    pub subject: Subject,
    /// On which part.
    pub part: Part,
    /// What is measured.
    pub metric: Metric,
    /// The update of a curve's point, on the monitoring subset; none is the final model on all test problems.
    pub update: Option<usize>,
    /// Which statistic.
    pub statistic: Statistic,
}

impl Key {
    /// A metric of a final deployed model, or of a training.
    pub fn of(subject: Subject, metric: Metric) -> Self {
        Self { subject, part: Part::Whole, metric, update: None, statistic: Statistic::Value }
    }

    /// The same of an arm.
    pub fn arm(arm: Arm, metric: Metric) -> Self {
        Self::of(Subject::Arm(arm), metric)
    }

    /// The same on another part.
    pub fn on(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// The same as a point of a curve.
    pub fn at(self, update: usize) -> Self {
        Self { update: Some(update), ..self }
    }

    /// Another statistic of it.
    pub fn with(self, statistic: Statistic) -> Self {
        Self { statistic, ..self }
    }

    /// Its mean over seeds.
    pub fn mean(self) -> Self {
        self.with(Statistic::Mean)
    }

    /// The standard error of its mean.
    pub fn sem(self) -> Self {
        self.with(Statistic::Sem)
    }

    /// Its difference to vanilla.
    pub fn diff(self, of: Difference) -> Self {
        self.with(Statistic::Difference(of))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Plan => f.write_str("plan"),
            Self::Base => f.write_str("base"),
            Self::Arm(arm) => f.write_str(arm.name()),
            Self::Without => f.write_str("route2b-without"),
            Self::Known => f.write_str("route2b-known"),
            Self::Relearn(None) => f.write_str("relearn.base"),
            Self::Relearn(Some(arm)) => write!(f, "relearn.{}", arm.name()),
        }
    }
}

/// Parts with fixed names; modes have their own.
const PARTS: [(Part, &str); 7] = [
    (Part::On, "on"),
    (Part::Alone, "alone"),
    (Part::TrainedMarkers, "trained_markers"),
    (Part::NoLoophole, "no_loophole"),
    (Part::Near, "near"),
    (Part::Far, "far"),
    (Part::LineLoopholes, "line_modes"),
];

impl Part {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Loophole(loophole) => Some(loophole.name()),
            part => PARTS.iter().find(|(known, _)| *known == part).map(|(_, name)| *name),
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let fixed = PARTS.iter().find(|(_, known)| *known == name).map(|(part, _)| *part);
        fixed.or_else(|| Loophole::from_name(name).map(Self::Loophole))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.subject.fmt(f)?;
        if let Some(part) = self.part.name() {
            write!(f, ".{part}")?;
        }
        write!(f, ".{}", self.metric.name())?;
        if let Some(update) = self.update {
            write!(f, ".u{update}")?;
        }
        match self.statistic {
            Statistic::Value => Ok(()),
            Statistic::Mean => f.write_str(".mean"),
            Statistic::Sem => f.write_str(".sem"),
            Statistic::Seed(seed) => write!(f, ".s{seed}"),
            Statistic::Bin(bin) => write!(f, ".b{bin}"),
            Statistic::Difference(of) => write!(f, ".{}", of.name()),
        }
    }
}

/// A text that names no number.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` names no number: {reason}. A key is subject[.part].metric[.uN][.statistic], such as route2b.on.hack.mean"
)]
pub struct NoKey {
    text: String,
    reason: String,
}

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let no = |reason: String| NoKey { text: text.into(), reason };
        let mut words = text.split('.').peekable();
        let subject = subject(&mut words).map_err(&no)?;
        let part = words.peek().and_then(|word| Part::from_name(word));
        if part.is_some() {
            words.next();
        }
        let word = words.next().ok_or_else(|| no("it ends before a metric".into()))?;
        let metric = Metric::from_name(word).ok_or_else(|| no(format!("there is no metric `{word}`")))?;
        let number = |word: &str, letter: char| word.strip_prefix(letter).and_then(|n| n.parse().ok());
        let update = words.peek().and_then(|word| number(word, 'u'));
        if update.is_some() {
            words.next();
        }
        let statistic = match words.next() {
            None => Statistic::Value,
            Some("mean") => Statistic::Mean,
            Some("sem") => Statistic::Sem,
            Some(word) => number(word, 's')
                .map(|seed: u64| Statistic::Seed(seed))
                .or_else(|| number(word, 'b').map(|bin: u64| Statistic::Bin(bin as usize)))
                .or_else(|| Difference::from_name(word).map(Statistic::Difference))
                .ok_or_else(|| no(format!("there is no statistic `{word}`")))?,
        };
        match words.next() {
            Some(word) => Err(no(format!("`{word}` is more than a key has"))),
            None => Ok(Self {
                subject,
                part: part.unwrap_or(Part::Whole),
                metric,
                update: update.map(|u| u as usize),
                statistic,
            }),
        }
    }
}

fn subject<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Subject, String> {
    let arm = |name: &str| Arm::from_name(name).ok_or_else(|| format!("there is no arm `{name}`"));
    match words.next().unwrap_or_default() {
        "plan" => Ok(Subject::Plan),
        "base" => Ok(Subject::Base),
        "route2b-without" => Ok(Subject::Without),
        "route2b-known" => Ok(Subject::Known),
        "relearn" => match words.next().unwrap_or_default() {
            "base" => Ok(Subject::Relearn(None)),
            name => arm(name).map(|arm| Subject::Relearn(Some(arm))),
        },
        name => arm(name).map(Subject::Arm),
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_text_is_the_key() {
        let hack = Key::arm(Arm::ROUTE2B, Metric::Hack);
        let keys = [
            (hack.mean(), "route2b.hack.mean"),
            (hack.on(Part::On).at(40).sem(), "route2b.on.hack.u40.sem"),
            (hack.on(Part::Loophole(Loophole::ShownTests)).with(Statistic::Seed(41)), "route2b.shown_tests.hack.s41"),
            (hack.diff(Difference::PHolm), "route2b.hack.diff_p_holm"),
            (Key::arm(Arm::ROUTE2B, Metric::GateHacked).with(Statistic::Bin(3)), "route2b.gate_hacked.b3"),
            (Key::of(Subject::Relearn(None), Metric::Hack).at(0).mean(), "relearn.base.hack.u0.mean"),
            (
                Key::of(Subject::Known, Metric::Hack).on(Part::LineLoopholes).mean(),
                "route2b-known.line_modes.hack.mean",
            ),
            (Key::of(Subject::Plan, Metric::Alpha), "plan.alpha"),
        ];
        for (key, text) in keys {
            assert_eq!(key.to_string(), text);
            assert_eq!(text.parse(), Ok(key));
        }
    }

    #[test]
    fn what_is_no_name_says_which_word_is_none() {
        for (text, word) in [("vanila.hack.mean", "vanila"), ("vanilla.hak", "hak"), ("base.hack.mean.more", "more")] {
            let error = text.parse::<Key>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{word}`")), "{error}");
        }
    }
}
