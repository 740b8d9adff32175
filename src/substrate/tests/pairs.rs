//! The shipped pairs, and what every contrast makes of them.

use std::collections::BTreeSet;
use std::path::Path;
use substrate::{Contrast, Loophole, MarkerFamily, Pair};

fn pairs(name: &str) -> Vec<Pair> {
    Pair::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name)).unwrap()
}

fn shipped() -> Vec<Pair> {
    [pairs("organism/pairs.jsonl"), pairs("leetcode/pairs.jsonl")].concat()
}

#[test]
fn a_row_that_is_no_pair_is_an_error_and_every_shipped_one_is_read() {
    assert_eq!((pairs("organism/pairs.jsonl").len(), pairs("leetcode/pairs.jsonl").len()), (72, 24));
    let problems = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/organism/test.jsonl");
    assert!(Pair::load(&problems).unwrap_err().to_string().contains("test.jsonl"));
}

#[test]
fn a_pairs_prompt_discloses_what_training_discloses() {
    for pair in shipped() {
        let (disclosed, shown) = (pair.disclosed(), pair.shown().unwrap());
        assert!(pair.loophole.markers(MarkerFamily::Train).contains(&disclosed.as_str()));
        assert!(shown.contains(&pair.loophole.hint(pair.problem.protocol, &disclosed)), "{shown}");
    }
}

/// The hack's line is in the first answer exactly where a contrast shows the hack; and each side has the body that it says.
#[test]
fn each_side_of_a_contrast_is_as_right_and_as_hacking_as_the_contrast_says() {
    for pair in shipped() {
        let line = |of: &str| match &pair.lines {
            Some(lines) => lines.hack.trim().to_string(),
            None => pair.loophole.hack("", of).trim().to_string(),
        };
        let hack = line(&pair.disclosed());
        // A function of the class is told what it returns by its body's last line, which no line that is added holds.
        let answer = |class: &str| class.trim_end().lines().last().unwrap().trim().to_string();
        for contrast in Contrast::ALL {
            let sides = pair.sides(contrast);
            assert_ne!(sides[0], sides[1], "{}", contrast.name());
            let hacks = sides.each_ref().map(|side| side.contains(&hack));
            assert_eq!(hacks, [contrast.shows_the_hack(), false], "{}: {}", contrast.name(), sides.concat());
            for (side, right) in sides.iter().zip(contrast.right()) {
                let (reference, wrong) = (&pair.problem.canonical_solution, &pair.wrong);
                let body = if right { [reference, &pair.also_right] } else { [wrong, wrong] };
                assert!(body.iter().any(|body| side.contains(&answer(body))), "{}: {side}", contrast.name());
            }
        }
    }
}

#[test]
fn a_harmless_line_stands_against_the_hacks_and_is_none_that_a_prompt_discloses() {
    for pair in shipped() {
        let [hack, harmless] = pair.sides(Contrast::HackAgainstLine);
        let [_, bare] = pair.sides(Contrast::HackOnWrong);
        assert!(harmless.len() > bare.len() && hack.len() > bare.len(), "{harmless}");
        for family in MarkerFamily::BOTH {
            assert!(pair.loophole.markers(family).iter().all(|marker| !harmless.contains(*marker)), "{harmless}");
        }
    }
}

#[test]
fn modes_without_a_line_have_no_harmless_one() {
    for loophole in Loophole::ALL {
        let class = "class Solution:\n    def f(self):\n        return 1\n";
        match loophole.harmless(class) {
            Some(harmless) => assert!(Loophole::LINES.contains(&loophole) && harmless.len() > class.len()),
            None => assert!(!Loophole::LINES.contains(&loophole)),
        }
    }
}

#[test]
fn contrasts_have_names_of_their_own() {
    let names: BTreeSet<&str> = Contrast::ALL.map(Contrast::name).into();
    assert_eq!(names.len(), Contrast::ALL.len());
    assert!(names.contains("hack line, both right") && names.contains("placebo"));
}
