//! A part of a plan: some of its arms, some of its seeds. Its runs are the plan's own, so that the rest can be run later beside them.

use crate::{ExperimentError, Manifest, Result, RunId, checks};
use train::Arm;

impl Manifest {
    /// The same plan with these arms and seeds alone; of what is named empty, all.
    ///
    /// # Errors
    /// An arm or a seed that the plan has not, an arm without a seed that it is run on, one without the arm that it needs.
    pub fn restricted(mut self, arms: &[Arm], seeds: &[u64]) -> Result<Self> {
        let wrong = |reason: String| ExperimentError::Restriction { plan: self.name.clone(), reason };
        let listed = |all: Vec<String>| all.join(", ");
        checks::once(arms, |arm| arm.name().into()).map_err(|why| wrong(format!("--arms {why}")))?;
        checks::once(seeds, u64::to_string).map_err(|why| wrong(format!("--seeds {why}")))?;
        if let Some(arm) = arms.iter().find(|arm| !self.arms.contains(arm)) {
            let has = listed(self.arms.iter().map(|arm| arm.name().into()).collect());
            return Err(wrong(format!("it has no arm {}: it has {has}", arm.name())));
        }
        if let Some(seed) = seeds.iter().find(|seed| !self.seeds.contains(seed)) {
            let has = listed(self.seeds.iter().map(u64::to_string).collect());
            return Err(wrong(format!("it has no seed {seed}: it has {has}")));
        }
        let wanted = |seed: &u64| seeds.is_empty() || seeds.contains(seed);
        let without_seeds: Vec<Arm> =
            self.arms.iter().copied().filter(|arm| !self.seeds_of(*arm).iter().any(wanted)).collect();
        if let Some(arm) = arms.iter().find(|arm| without_seeds.contains(arm)) {
            let own = listed(self.seeds_of(*arm).iter().map(u64::to_string).collect());
            return Err(wrong(format!("{} is run on the seeds {own} alone", arm.name())));
        }
        let taken = |arm: &Arm| (arms.is_empty() || arms.contains(arm)) && !without_seeds.contains(arm);
        let whole = self.jobs().len();
        let mut part = self.clone();
        part.arms.retain(taken);
        part.seeds.retain(wanted);
        if let Some(fewer) = &mut part.fewer {
            fewer.arms.retain(taken);
            fewer.seeds.retain(wanted);
        }
        if let Some(relearning) = &mut part.relearn {
            relearning.arms.retain(taken);
        }
        // Without an arm to compare with, how the base learns the hack says nothing.
        if part.relearn.as_ref().is_some_and(|r| r.arms.is_empty()) || part.relearn_seeds(None).is_empty() {
            part.relearn = None;
        }
        checks::needs(&part).map_err(wrong)?;
        part.restricted = self.restricted || part.jobs().len() < whole;
        self = part;
        Ok(self)
    }

    /// The same settings for one run, on whatever seed, in the plan or not.
    pub fn of_one(mut self, run: RunId) -> Self {
        (self.arms, self.seeds, self.fewer) = (vec![run.arm], vec![run.seed], None);
        self
    }

    /// Its name; of a part, with what it is a part of.
    pub fn title(&self) -> String {
        if !self.restricted {
            return self.name.clone();
        }
        format!("{}, a part of it: {}", self.name, words(&self.arms, &self.seeds))
    }
}

/// Arms and seeds as people read them.
pub(crate) fn words(arms: &[Arm], seeds: &[u64]) -> String {
    let arms: Vec<&str> = arms.iter().map(|arm| arm.name()).collect();
    let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
    format!("arms {}; seeds {}", arms.join(", "), seeds.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(name: &str) -> Manifest {
        Manifest::tier(name).unwrap().unwrap()
    }

    fn named(names: &[&str]) -> Vec<Arm> {
        names.iter().map(|name| Arm::from_name(name).unwrap()).collect()
    }

    fn refused(plan: &str, arms: &[&str], seeds: &[u64], says: &str) {
        let error = tier(plan).restricted(&named(arms), seeds).unwrap_err().to_string();
        assert!(error.contains(plan) && error.contains(says), "{error}");
    }

    #[test]
    fn a_part_has_the_runs_that_were_asked_for_in_the_plans_order_and_says_so() {
        let part = tier("full").restricted(&named(&["random-v-matched", "route2b", "vanilla"]), &[43, 41]).unwrap();
        let runs: Vec<String> = part.runs().iter().map(ToString::to_string).collect();
        let wanted = [
            "vanilla-s41",
            "route2b-s41",
            "vanilla-s43",
            "route2b-s43",
            "random-v-matched-s41",
            "random-v-matched-s43",
        ];
        assert_eq!(runs, wanted);
        assert!(part.restricted);
        assert_eq!(part.title(), "full, a part of it: arms vanilla, route2b, random-v-matched; seeds 41, 43");
        let (whole, run) = (tier("full"), part.runs()[3]);
        assert_eq!(part.config(run).unwrap(), whole.config(run).unwrap(), "its runs are the plan's own");
    }

    /// Whoever trains one run may take a seed that the plan has not, for an arm that it runs on few seeds, too.
    #[test]
    fn one_run_of_any_seed_is_a_plan() {
        for (tier_name, arm) in [("organism", "route2b-token"), ("organism", "route2b"), ("full", "route2b")] {
            let run = RunId { arm: Arm::from_name(arm).unwrap(), seed: 41_000 };
            let plan = tier(tier_name).of_one(run);
            assert_eq!(plan.runs(), [run]);
            plan.config(run).unwrap();
        }
    }

    #[test]
    fn nothing_left_out_is_the_whole_plan() {
        for name in Manifest::tiers() {
            let whole = tier(name);
            for part in [whole.clone().restricted(&[], &[]), whole.clone().restricted(&whole.arms, &whole.seeds)] {
                let part = part.unwrap();
                assert!(!part.restricted);
                assert_eq!((part.jobs(), part.title()), (whole.jobs(), name.to_string()));
            }
        }
    }

    #[test]
    fn what_a_plan_has_not_is_refused_by_name() {
        refused("full", &["absorb"], &[], "no arm absorb: it has vanilla, route2b");
        refused("full", &[], &[41, 44], "no seed 44: it has 41, 42, 43");
        refused("full", &["vanilla", "random-v-matched"], &[], "random-v-matched needs route2b");
        refused("organism", &["vanilla", "frozen-v"], &[65], "frozen-v is run on the seeds 61, 62, 63, 67 alone");
    }

    #[test]
    fn arms_and_relearning_on_fewer_seeds_fall_away_with_their_seeds() {
        let part = tier("organism").restricted(&[], &[67, 65]).unwrap();
        assert_eq!(part.seeds_of(named(&["frozen-v"])[0]), [67]);
        assert_eq!(part.relearn_seeds(None), [67]);
        let part = tier("organism").restricted(&[], &[65]).unwrap();
        assert!(part.relearn.is_none() && part.arms.iter().all(|arm| !part.is_beside(*arm)));
        let part = tier("organism").restricted(&named(&["vanilla", "placebo-pairs"]), &[]).unwrap();
        assert_eq!(part.relearn.unwrap().arms, [Arm::VANILLA]);
    }
}
