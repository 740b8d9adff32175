//! Damaged bytes, for tests alone: no crate of the program depends on this one but as a development dependency.
//!
//! [`damaged`] takes whole files and spoils one as disks, editors, stopped downloads and enemies do. It is a proptest
//! strategy, so what fails shrinks to its smallest damage, and its seed is kept in a `.proptest-regressions` beside the test. How many cases are
//! tried is `PROPTEST_CASES`, or what the test asks for: see [`cases`].

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;
use std::time::{Duration, Instant};

/// A whole file, and what became of it.
#[derive(Clone, Debug)]
pub struct Damaged {
    /// As it was.
    pub whole: Vec<u8>,
    /// As it is now; now and then the same.
    pub bytes: Vec<u8>,
}

/// One thing that happens to bytes.
#[derive(Clone, Debug)]
enum Blow {
    Flip {
        at: Index,
        bit: u8,
    },
    Truncate {
        at: Index,
    },
    Extend {
        by: Vec<u8>,
    },
    /// A stretch of another whole file, or of the same one, in the place of as many bytes.
    Splice {
        from: Index,
        start: Index,
        at: Index,
        length: usize,
    },
    Duplicate {
        at: Index,
        length: usize,
    },
    /// Another number where a number stands.
    Number {
        which: Index,
        to: Index,
    },
    /// A length or an offset of four bytes.
    Word {
        at: Index,
        to: u32,
    },
}

/// What is written in the place of a number.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "4294967295",
    "9223372036854775807",
    "18446744073709551616",
    "-9223372036854775809",
    "1e999",
    "0.1",
    "NaN",
];

/// No stretch is longer.
const STRETCH: usize = 64;

/// One of these files with one to four blows. An empty list of files is the test's own fault.
pub fn damaged(files: Vec<Vec<u8>>) -> impl Strategy<Value = Damaged> {
    (any::<Index>(), proptest::collection::vec(blow(), 1..=4)).prop_map(move |(which, blows)| {
        let whole = which.get(&files).clone();
        let bytes = blows.iter().fold(whole.clone(), |bytes, blow| blow.strike(bytes, &files));
        Damaged { whole, bytes }
    })
}

/// The same for files of text: what is no UTF-8 any longer is made so, since a reader of text never sees it.
pub fn damaged_text(files: Vec<String>) -> impl Strategy<Value = String> {
    let files = files.into_iter().map(String::into_bytes).collect();
    damaged(files).prop_map(|damaged| String::from_utf8_lossy(&damaged.bytes).into_owned())
}

fn blow() -> impl Strategy<Value = Blow> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0u8..8).prop_map(|(at, bit)| Blow::Flip { at, bit }),
        at().prop_map(|at| Blow::Truncate { at }),
        proptest::collection::vec(any::<u8>(), 1..STRETCH).prop_map(|by| Blow::Extend { by }),
        (at(), at(), at(), 1..STRETCH).prop_map(|(from, start, at, length)| Blow::Splice { from, start, at, length }),
        (at(), 1..STRETCH).prop_map(|(at, length)| Blow::Duplicate { at, length }),
        (at(), at()).prop_map(|(which, to)| Blow::Number { which, to }),
        (at(), prop_oneof![Just(0), Just(u32::MAX), Just(1 << 31), any::<u32>()])
            .prop_map(|(at, to)| Blow::Word { at, to }),
    ]
}

impl Blow {
    fn strike(&self, mut bytes: Vec<u8>, files: &[Vec<u8>]) -> Vec<u8> {
        match self {
            Self::Extend { by } => bytes.extend(by),
            // The others have nothing to strike in an empty file.
            _ if bytes.is_empty() => {}
            Self::Flip { at, bit } => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Truncate { at } => bytes.truncate(at.index(bytes.len())),
            Self::Splice { from, start, at, length } => {
                let other = from.get(files);
                let taken = if other.is_empty() { &[] } else { stretch(other, *start, *length) };
                let at = at.index(bytes.len());
                bytes.splice(at..(at + length).min(bytes.len()), taken.iter().copied());
            }
            Self::Duplicate { at, length } => {
                let again = stretch(&bytes, *at, *length).to_vec();
                let at = at.index(bytes.len());
                bytes.splice(at..at, again);
            }
            Self::Number { which, to } => {
                let numbers = numbers(&bytes);
                if !numbers.is_empty() {
                    let range = which.get(&numbers).clone();
                    bytes.splice(range, to.get(&NUMBERS).bytes());
                }
            }
            Self::Word { at, to } => {
                let at = at.index(bytes.len());
                bytes.iter_mut().skip(at).zip(to.to_le_bytes()).for_each(|(byte, new)| *byte = new);
            }
        }
        bytes
    }
}

fn stretch(bytes: &[u8], at: Index, length: usize) -> &[u8] {
    let start = at.index(bytes.len());
    &bytes[start..(start + length).min(bytes.len())]
}

/// Where digits stand.
fn numbers(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = vec![];
    for at in (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

/// Settings for a test: so many cases, or as many as `PROPTEST_CASES` says. Seeds of what fails lie beside the test's file: a
/// folder of them, as is usual, would look like a crate of the workspace.
pub fn cases(few: u32) -> ProptestConfig {
    let kept = Box::new(FileFailurePersistence::WithSource("proptest-regressions"));
    let config = ProptestConfig { failure_persistence: Some(kept), ..ProptestConfig::default() };
    let asked = std::env::var("PROPTEST_CASES").is_ok();
    if asked { config } else { ProptestConfig { cases: few, ..config } }
}

/// What reads damaged bytes may take so long at most, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(10);
/// And have so much address space in its process: what asks for more is ended by the failed allocation.
const MEMORY: u64 = 16 << 30;

/// Reads damaged bytes: a panic, a wait or a request for more memory than the machine should give fails the test.
pub fn survive<T>(read: impl FnOnce() -> T) -> T {
    static LIMITED: std::sync::Once = std::sync::Once::new();
    LIMITED.call_once(limit_memory);
    let start = Instant::now();
    let read = read();
    let took = start.elapsed();
    // An interpreter of tests has all the time that it takes.
    assert!(took < PATIENCE || cfg!(miri), "it took {took:?} to read");
    read
}

fn limit_memory() {
    // Miri knows no such limit.
    if cfg!(miri) {
        return;
    }
    let limit = libc::rlimit { rlim_cur: MEMORY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the kernel reads the struct that it is given, and nothing else. A refusal leaves the test without this limit.
    unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    const FILES: [&str; 2] = ["{\"rows\": 12, \"cols\": 3}", "another file of letters"];

    fn draw(count: usize) -> Vec<Damaged> {
        let strategy = damaged(FILES.map(|file| file.as_bytes().to_vec()).into());
        let mut runner = TestRunner::deterministic();
        (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
    }

    #[test]
    fn damage_makes_files_shorter_longer_and_other_and_swaps_numbers() {
        let drawn = draw(500);
        let any = |holds: &dyn Fn(&Damaged) -> bool| assert!(drawn.iter().any(holds));
        any(&|d| d.bytes.len() < d.whole.len());
        any(&|d| d.bytes.len() > d.whole.len());
        any(&|d| d.bytes.len() == d.whole.len() && d.bytes != d.whole);
        any(&|d| String::from_utf8_lossy(&d.bytes).contains("\"rows\": 18446744073709551616"));
        let changed = drawn.iter().filter(|d| d.bytes != d.whole).count();
        assert!(changed > 480, "{changed} of 500 are damaged");
    }

    #[test]
    fn numbers_are_found_where_they_stand() {
        assert_eq!(numbers(b"12, x3 and 456"), [0..2, 5..6, 11..14]);
        assert!(numbers(b"none").is_empty());
    }

    #[test]
    #[should_panic(expected = "boom")]
    fn a_panic_is_not_survived() {
        survive(|| panic!("boom"));
    }
}
