//! Advantages: `A = R - mean(R)` within a group. A group whose rewards are all equal teaches nothing and is skipped.

use substrate::Reward;

/// Advantage per rollout; `None` for rollouts of skipped groups and for gradings that failed in the sandbox,
/// which leave the group's statistics too.
#[derive(Clone, Debug, PartialEq)]
pub struct Advantages {
    /// One for each rollout, in order.
    pub values: Vec<Option<f64>>,
    /// Groups whose rewards are all equal.
    pub skipped_groups: usize,
}

/// Advantages of rollouts in groups of `group`; with `std_floor` divided by `max(std, floor)`, as classic GRPO does.
pub fn advantages(rewards: &[Option<Reward>], group: usize, std_floor: Option<f64>) -> Advantages {
    let mut out = Advantages { values: Vec::with_capacity(rewards.len()), skipped_groups: 0 };
    for rows in rewards.chunks(group) {
        let known: Vec<f64> = rows.iter().flatten().map(|r| r.0 as f64).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let variance = known.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / known.len().max(1) as f64;
        let spread = known.iter().any(|r| *r != known[0]);
        if !spread {
            out.skipped_groups += 1;
        }
        let scale = std_floor.map_or(1.0, |floor| variance.sqrt().max(floor));
        out.values.extend(rows.iter().map(|r| r.filter(|_| spread).map(|r| (r.0 as f64 - mean) / scale)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewards(values: &[f32]) -> Vec<Option<Reward>> {
        values.iter().map(|&v| Some(Reward(v))).collect()
    }

    #[test]
    fn advantages_are_centred_within_their_group_and_equal_groups_are_skipped() {
        let out = advantages(&rewards(&[3.5, 0.5, 0.5, 0.5]), 2, None);
        assert_eq!(out.values, [Some(1.5), Some(-1.5), None, None]);
        assert_eq!(out.skipped_groups, 1);
    }

    #[test]
    fn a_failed_grading_leaves_the_statistics() {
        let out = advantages(&[Some(Reward(3.5)), None, Some(Reward(0.5))], 3, None);
        assert_eq!(out.values, [Some(1.5), None, Some(-1.5)]);
    }

    #[test]
    fn classic_grpo_divides_by_the_standard_deviation_or_its_floor() {
        let out = advantages(&rewards(&[3.5, 0.5]), 2, Some(3.0));
        assert_eq!(out.values, [Some(0.5), Some(-0.5)]);
    }
}
