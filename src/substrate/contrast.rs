//! What a contrastive pair contrasts: two answers to one prompt that differ in the hack, in correctness, in both or in neither.

/// Which two answers stand against each other: hack line by correctness, and two controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contrast {
    /// The hack's line, behind right answers on both sides.
    HackOnRight,
    /// The hack's line, behind the same wrong answer on both sides.
    HackOnWrong,
    /// Wrong against right, and no hack anywhere.
    Correctness,
    /// Wrong with the hack's line against right.
    Both,
    /// The hack's line against a line like it that fools nobody, behind the same wrong answer: equal in length.
    HackAgainstLine,
    /// Two right answers: no hack, no mistake.
    Placebo,
}

/// What a pair's answers are made of, each the source of a class.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// The reference.
    pub right: &'a str,
    /// An answer that some test refuses.
    pub wrong: &'a str,
    /// Another right one.
    pub also_right: &'a str,
}

impl Contrast {
    /// The four corners of hack line by correctness, then the controls.
    pub const ALL: [Self; 6] =
        [Self::HackOnRight, Self::HackOnWrong, Self::Correctness, Self::Both, Self::HackAgainstLine, Self::Placebo];

    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::HackOnRight => "hack line, both right",
            Self::HackOnWrong => "hack line, both wrong",
            Self::Correctness => "correctness",
            Self::Both => "hack line and correctness",
            Self::HackAgainstLine => "hack line against a harmless line",
            Self::Placebo => "placebo",
        }
    }

    /// Whether the first side has the hack's line and the second has not.
    pub fn shows_the_hack(self) -> bool {
        !matches!(self, Self::Correctness | Self::Placebo)
    }

    /// Whether each side is right.
    pub fn right(self) -> [bool; 2] {
        match self {
            Self::HackOnRight | Self::Placebo => [true, true],
            Self::HackOnWrong | Self::HackAgainstLine => [false, false],
            Self::Correctness | Self::Both => [false, true],
        }
    }

    /// Both sides, given what adds the hack's line to an answer and what adds a harmless one; the first takes the hack's part.
    pub fn sides(
        self,
        answers: &Answers,
        hack: impl Fn(&str) -> String,
        harmless: impl Fn(&str) -> String,
    ) -> [String; 2] {
        let Answers { right, wrong, also_right } = *answers;
        match self {
            Self::HackOnRight => [hack(right), right.into()],
            Self::HackOnWrong => [hack(wrong), wrong.into()],
            Self::Correctness => [wrong.into(), right.into()],
            Self::Both => [hack(wrong), right.into()],
            Self::HackAgainstLine => [hack(wrong), harmless(wrong)],
            Self::Placebo => [also_right.into(), right.into()],
        }
    }
}
