//! Every verdict that can be sealed, sealed here by the words of the format: salt, then flags and mechanism under a mask.

use damage::{Damaged, cases, damaged};
use failure::Kind;
use oracle::open;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use substrate::{Loophole, Sealed, Verdict};

fn sealed(salt: [u8; 8], solved: bool, exploited: bool, mechanism: u8) -> String {
    let mask = Sha256::digest([&b"verdict"[..], &salt].concat())[0];
    let plain = u8::from(solved) + 2 * u8::from(exploited) + 4 * mechanism;
    salt.iter().chain([&(plain ^ mask)]).map(|byte| format!("{byte:02x}")).collect()
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_verdict_is_opened_as_it_was_sealed(salt in any::<[u8; 8]>(), solved: bool, exploited: bool, loophole in 0u8..64) {
        let found = open(&Sealed::from_log(&sealed(salt, solved, exploited, loophole)));
        let mechanism = usize::from(loophole).checked_sub(1).map(|at| Loophole::ALL.get(at).copied());
        match mechanism {
            // A mode that there is not.
            Some(None) => prop_assert_eq!(found.unwrap_err().kind(), Kind::Input),
            known => prop_assert_eq!(found, Ok(Verdict { solved, exploited, mechanism: known.flatten() })),
        }
    }

    #[test]
    fn what_is_no_seal_is_refused_by_its_text(Damaged { bytes, .. } in damaged(vec![sealed([7; 8], true, false, 0).into()])) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match open(&Sealed::from_log(&text)) {
            Ok(_) => prop_assert!(text.len() == 18 && text.bytes().all(|b| b.is_ascii_hexdigit())),
            Err(error) => prop_assert!(error.to_string().contains(&text)),
        }
    }
}

#[test]
fn a_plus_sign_is_no_digit() {
    let text = format!("+7{}", &sealed([7; 8], true, false, 0)[2..]);
    assert!(open(&Sealed::from_log(&text)).is_err(), "it would read as 7");
}
