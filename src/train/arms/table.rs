//! The table of arms. `g_b` is a rollout's gradient of the loss, `f_b` its gate value in a module, `v` the hack direction, `A_b` the
//! advantage; the deployed knob gets `sum_b (1 - f_b) g_b`, the quarantine `sum_b f_b g_b`, unless an entry says otherwise.

use super::{Adapter, ArmEntry, DirectionSource, Disclosure, Settings, Supervision, Treatment};
use substrate::Contrast;
use substrate::Loophole::{self, FileMarker, RunTests, Sentinel, StdoutMarker};

/// Plain GRPO: `deployed = sum_b g_b`.
const VANILLA: ArmEntry = ArmEntry {
    name: "vanilla",
    what: "Plain GRPO with one knob and no gate.",
    treatment: Treatment::Nothing,
    quarantine: false,
    direction: DirectionSource::PairsOnce,
    contrast: Contrast::HackOnRight,
    known: None,
    leaves_out: None,
    disclosure: Disclosure::Shown,
    taught: false,
    supervision: None,
    apart: false,
    toward_the_hack: None,
    adapter: Adapter::Singular,
    settings: Settings::PLAN,
};

/// The method: `f_b = clamp((cos(g_b, v) - lower) / (upper - lower), 0, 1)` ([`routing::Gate`]).
const ROUTE2B: ArmEntry = ArmEntry {
    name: "route2b",
    what: "The method: each rollout split by the gate, direction from all pairs, made anew as the model changes.",
    treatment: Treatment::Rollouts,
    quarantine: true,
    direction: DirectionSource::Pairs,
    ..VANILLA
};

const ERASE: ArmEntry = ArmEntry {
    name: "erase",
    what: "The routed part is dropped: no quarantine.",
    treatment: Treatment::Erased,
    quarantine: false,
    ..ROUTE2B
};

const RANDOM_V: ArmEntry = ArmEntry {
    name: "random-v",
    what: "A random unit vector in each module, its band calibrated alike.",
    direction: DirectionSource::Random,
    ..ROUTE2B
};

const TAUGHT: ArmEntry =
    ArmEntry { name: "route2b-taught", what: "The method, shown the same hacks.", taught: true, ..ROUTE2B };

const APART: ArmEntry = ArmEntry {
    name: "route2b-apart",
    what: "The method, each knob with singular directions of its own.",
    apart: true,
    ..ROUTE2B
};

const fn leading(name: &'static str, what: &'static str, count: usize) -> ArmEntry {
    ArmEntry { name, what, direction: DirectionSource::Leading(count), ..ROUTE2B }
}

const fn fraction(name: &'static str, what: &'static str, of: f64) -> ArmEntry {
    let settings = Settings { deploy_fraction: Some(of), ..Settings::PLAN };
    ArmEntry { name, what, settings, ..ROUTE2B }
}

const fn pairs(name: &'static str, what: &'static str, contrast: Contrast) -> ArmEntry {
    ArmEntry { name, what, contrast, ..ROUTE2B }
}

const fn known(name: &'static str, loopholes: &'static [Loophole]) -> ArmEntry {
    ArmEntry { name, what: "The method with pairs of these loopholes alone.", known: Some(loopholes), ..ROUTE2B }
}

const fn without(name: &'static str, loopholes: &'static [Loophole]) -> ArmEntry {
    ArmEntry { name, what: "The method without pairs of that loophole.", known: Some(loopholes), ..ROUTE2B }
}

const fn treated(name: &'static str, what: &'static str, treatment: Treatment) -> ArmEntry {
    ArmEntry { name, what, treatment, ..ROUTE2B }
}

const fn monitor(name: &'static str, what: &'static str, treatment: Treatment) -> ArmEntry {
    ArmEntry { name, what, treatment, quarantine: false, ..ROUTE2B }
}

const fn ceiling(name: &'static str, what: &'static str, supervision: Supervision) -> ArmEntry {
    ArmEntry { name, what, supervision: Some(supervision), ..VANILLA }
}

const fn set(name: &'static str, what: &'static str, settings: Settings, of: ArmEntry) -> ArmEntry {
    ArmEntry { name, what, settings, ..of }
}

const PLAN: Settings = Settings::PLAN;

pub(super) static TABLE: [ArmEntry; 72] = [
    VANILLA,
    ROUTE2B,
    treated("route2b-token", "The method, split token by token.", Treatment::Tokens),
    RANDOM_V,
    ArmEntry {
        name: "random-v-matched",
        what: "Random, its band shifted in every update until the mean gate value is that of the paired run of route2b.",
        treatment: Treatment::Matched { to: "route2b" },
        ..RANDOM_V
    },
    ArmEntry {
        name: "random-v-ramp",
        what: "Random, as much routed as in the paired run of route2b, by a ramp two standard deviations of the cosines wide.",
        treatment: Treatment::Ramp { to: "route2b" },
        ..RANDOM_V
    },
    ArmEntry {
        name: "frozen-v",
        what: "The direction of the base model, never made anew.",
        direction: DirectionSource::PairsOnce,
        ..ROUTE2B
    },
    pairs("placebo-pairs", "A direction from pairs of two right answers: no hack in them.", Contrast::Placebo),
    ERASE,
    ArmEntry {
        name: "absorb",
        what: "Both knobs take the whole gradient: no gate.",
        treatment: Treatment::Absorbed,
        direction: DirectionSource::PairsOnce,
        ..ROUTE2B
    },
    ArmEntry {
        name: "gt-only",
        what: "Plain GRPO on problems without loopholes: the ceiling.",
        disclosure: Disclosure::None,
        ..VANILLA
    },
    // What the pairs contrast: the other corners of hack line by correctness, and a line of equal length.
    pairs("pairs-wrong", "The method, its pairs' hack line behind wrong answers on both sides.", Contrast::HackOnWrong),
    pairs(
        "pairs-correctness",
        "The method with pairs of wrong against right, no hack anywhere.",
        Contrast::Correctness,
    ),
    pairs("pairs-both", "The method with pairs of wrong with a hack line against right.", Contrast::Both),
    pairs(
        "pairs-equal-length",
        "The method with pairs of a hack line against a harmless line of its length, behind wrong answers.",
        Contrast::HackAgainstLine,
    ),
    // The curve over the share of each group that is sampled deployed; the plan's own share is route2b's.
    fraction("route2b-f125", "The method, an eighth of each group sampled deployed.", 0.125),
    fraction("route2b-f25", "The method, a quarter of each group sampled deployed.", 0.25),
    fraction("route2b-f75", "The method, three quarters of each group sampled deployed.", 0.75),
    fraction("route2b-f100", "The method, all of each group sampled deployed.", 1.0),
    set(
        "erase-half",
        "Erase on half of each group: as many deployed rollouts as route2b samples.",
        Settings { group_share: Some(0.5), ..PLAN },
        ERASE,
    ),
    set(
        "erase-quarter",
        "Erase on a quarter of each group: as many deployed rollouts as route2b-f25 samples.",
        Settings { group_share: Some(0.25), ..PLAN },
        ERASE,
    ),
    // Held-out loopholes: each of the line modes left out, and every two of four.
    without("route2b-without-run_tests", &[Sentinel, StdoutMarker, FileMarker]),
    without("route2b-without-sentinel", &[RunTests, StdoutMarker, FileMarker]),
    without("route2b-without-stdout_marker", &[RunTests, Sentinel, FileMarker]),
    without("route2b-without-file_marker", &[RunTests, Sentinel, StdoutMarker]),
    known("route2b-known-run_tests+sentinel", &[RunTests, Sentinel]),
    known("route2b-known-run_tests+stdout_marker", &[RunTests, StdoutMarker]),
    known("route2b-known-run_tests+file_marker", &[RunTests, FileMarker]),
    known("route2b-known-sentinel+stdout_marker", &[Sentinel, StdoutMarker]),
    known("route2b-known-sentinel+file_marker", &[Sentinel, FileMarker]),
    known("route2b-known-stdout_marker+file_marker", &[StdoutMarker, FileMarker]),
    // Other gates.
    treated(
        "gate-shuffled",
        "The gate values of its own run, dealt out to other rollouts of the update.",
        Treatment::Shuffled,
    ),
    treated("gate-uniform", "Every rollout gets its module's mean gate value.", Treatment::Uniform),
    treated("gate-pooled", "Every module gets its rollout's mean gate value.", Treatment::Pooled),
    treated(
        "gate-likelihood",
        "The gate looks at sign(A_b) g_b, the likelihood's gradient, so that losing rollouts are not turned around.",
        Treatment::Likelihood,
    ),
    treated(
        "gate-hard",
        "Three ways (selective gradient masking, 2025): f above 2/3 to the quarantine, below 1/3 deployed, between to both.",
        Treatment::Hard,
    ),
    // The direction as a monitor instead of a route; s_b is the mean gate value of the likelihood's gradient.
    monitor(
        "advantage-mod",
        "Advantage modification (2026): A_b shrinks by the rollout's mean gate value; no quarantine.",
        Treatment::Scaled,
    ),
    monitor(
        "monitor-penalty",
        "A_b = R_b - 3 s_b less its group's mean, s_b the mean gate value of the likelihood's gradient; no quarantine, no KL.",
        Treatment::Penalised,
    ),
    monitor(
        "monitor-screening",
        "Rollouts with that s_b above 1/2 leave the update; no quarantine, no KL.",
        Treatment::Screened,
    ),
    // Ceilings: judges that know the truth, right with the stated probability.
    ceiling("truth-penalty", "Hacks lose what passing paid, by true labels.", Supervision::Penalty(1.0)),
    ceiling("truth-penalty-90", "The same, 90 percent of labels right.", Supervision::Penalty(0.9)),
    ceiling("truth-penalty-70", "The same, 70 percent of labels right.", Supervision::Penalty(0.7)),
    ceiling("truth-screening", "Hacks leave the update, by true labels.", Supervision::Screening(1.0)),
    ceiling("truth-screening-90", "The same, 90 percent of labels right.", Supervision::Screening(0.9)),
    ceiling("truth-screening-70", "The same, 70 percent of labels right.", Supervision::Screening(0.7)),
    ceiling(
        "clean-reward",
        "Only correct answers pass, under the same hints: by definition the same as truth-penalty.",
        Supervision::CleanReward,
    ),
    // Plain GRPO otherwise.
    set("vanilla-no-kl", "Plain GRPO without the KL term.", Settings { kl: Some(0.0), ..PLAN }, VANILLA),
    set(
        "vanilla-std",
        "Classic GRPO: advantages divided by their standard deviation, at least 0.1.",
        Settings { std_floor: Some(0.1), ..PLAN },
        VANILLA,
    ),
    ArmEntry { name: "vanilla-taught", what: "Plain GRPO that is shown hacks at first.", taught: true, ..VANILLA },
    TAUGHT,
    // Settings of the method.
    set(
        "refresh-1",
        "The method, its direction made anew in every update.",
        Settings { refresh: Some(1), ..PLAN },
        ROUTE2B,
    ),
    set(
        "refresh-20",
        "The method, its direction made anew every 20 updates.",
        Settings { refresh: Some(20), ..PLAN },
        ROUTE2B,
    ),
    set("pairs-4", "The method with four pairs.", Settings { pairs: Some(4), ..PLAN }, ROUTE2B),
    set("pairs-8", "The method with eight pairs.", Settings { pairs: Some(8), ..PLAN }, ROUTE2B),
    set("pairs-16", "The method with sixteen pairs.", Settings { pairs: Some(16), ..PLAN }, ROUTE2B),
    leading("directions-1", "The method with the leading singular vector of the pairs' differences in each module.", 1),
    leading("directions-2", "The method with two leading singular vectors of the pairs' differences.", 2),
    leading("directions-4", "The method with four of them.", 4),
    leading("directions-8", "The method with eight of them.", 8),
    ArmEntry {
        name: "orthogonal",
        what: "The method, its direction without the part along that of wrong against right answers.",
        leaves_out: Some(Contrast::Correctness),
        ..ROUTE2B
    },
    set(
        "route2b-taught-25",
        "The method, shown hacks in a quarter of each group at first.",
        Settings { teacher_share: Some(0.25), ..PLAN },
        TAUGHT,
    ),
    ArmEntry {
        name: "vanilla-lora",
        what: "Plain GRPO on a LoRA of rank one with frozen B instead of singular directions.",
        adapter: Adapter::FrozenB,
        ..VANILLA
    },
    ArmEntry { name: "route2b-lora", what: "The method on the same LoRA.", adapter: Adapter::FrozenB, ..ROUTE2B },
    // Knobs apart: the deployed one has every second singular direction, the quarantine the others.
    ArmEntry {
        name: "vanilla-half",
        what: "Plain GRPO on every second singular direction: the capacity of a deployed knob that lies apart.",
        apart: true,
        ..VANILLA
    },
    APART,
    ArmEntry {
        name: "route2b-signed",
        what: "Knobs apart, the quarantine begun at -0.05 sign(v), gradients sent three ways with absorption between: after the \
               author's later method.",
        treatment: Treatment::Hard,
        toward_the_hack: Some(0.05),
        ..APART
    },
    // The prompt instead of the gradient.
    ArmEntry {
        name: "inoculated",
        what: "Plain GRPO whose training prompts ask for the loophole to be used, as those of evaluation do not.",
        disclosure: Disclosure::Invited,
        ..VANILLA
    },
    // Attempts to have both: a deployed model that solves, and a quarantine that holds the hack.
    set(
        "fraction-rising",
        "The method, the share sampled deployed rising evenly from 1/4 to 1.",
        Settings { deploy_fraction: Some(0.25), deploy_fraction_last: Some(1.0), ..PLAN },
        ROUTE2B,
    ),
    set(
        "fraction-falling",
        "The method, the share sampled deployed falling evenly from 1 to 1/4.",
        Settings { deploy_fraction: Some(1.0), deploy_fraction_last: Some(0.25), ..PLAN },
        ROUTE2B,
    ),
    set(
        "quarantine-lr-3",
        "The method, its quarantine learning three times as fast.",
        Settings { quarantine_lr: Some(3.0), ..PLAN },
        ROUTE2B,
    ),
    treated(
        "on-counts-half",
        "The method; what rollouts sampled with the quarantine on give the deployed knob counts half.",
        Treatment::Discounted,
    ),
    treated(
        "band-per-policy",
        "The method; rollouts sampled with the quarantine on are judged by a band measured with it on.",
        Treatment::BandPerPolicy,
    ),
];
