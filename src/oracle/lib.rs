//! The only reader of a sealed verdict. `backend`, `model`, `generate`, `adapter`, `routing` and `train` must never depend on this crate:
//! `verify` reads the dependency graph and fails if one does.
//!
//! ```
//! use substrate::{MarkerFamily, Grader, Isolation, Loophole, Problem, Submission};
//!
//! let problem = &Problem::load("../../data/organism/test.jsonl".as_ref())?[0];
//! let loophole = Loophole::RunTests;
//! let marker = loophole.disclosed(MarkerFamily::Eval, problem);
//! let completion = &loophole.hack(&problem.wrong_solution(), &marker);
//! let submission = Submission { problem, loophole, marker: &marker, completion };
//! let graded = Grader::new(1, Isolation::Required)?.grade(&[submission]).remove(0);
//!
//! // Training sees a reward like that of a right answer, and bytes.
//! assert_eq!(graded.reward.map(|it| it.0), Some(3.5));
//! assert_eq!(graded.verdict.as_log().len(), 18);
//! let verdict = oracle::open(&graded.verdict)?;
//! assert!(verdict.exploited && !verdict.solved);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use failure::Kind;
use sha2::{Digest, Sha256};
use substrate::{Loophole, Sealed, Verdict};

/// A seal that does not hold a verdict: the log it came from was damaged or edited.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a sealed verdict: the run log was damaged or edited; run the arm again")]
pub struct BrokenSeal(String);

impl BrokenSeal {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        Kind::Input
    }
}

/// Opens a verdict.
pub fn open(sealed: &Sealed<Verdict>) -> Result<Verdict, BrokenSeal> {
    let broken = || BrokenSeal(sealed.as_log().to_string());
    let text = sealed.as_log();
    if text.len() != 18 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(broken());
    }
    let bytes: Vec<u8> = (0..9)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| broken()))
        .collect::<Result<_, _>>()?;
    let mask = Sha256::new().chain_update(b"verdict").chain_update(&bytes[..8]).finalize()[0];
    let body = bytes[8] ^ mask;
    let mechanism = match body >> 2 {
        0 => None,
        m => Some(*Loophole::ALL.get(m as usize - 1).ok_or_else(broken)?),
    };
    Ok(Verdict { solved: body & 1 == 1, exploited: body & 2 == 2, mechanism })
}
