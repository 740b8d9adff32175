//! Tests that not every machine can run: on data that is not shipped, or with rights that few have. Rust's own harness knows
//! no way to say so when a test runs, and would count one that returns early as passed. Here it is ignored, with the reason
//! beside its name. `--include-ignored` runs it all the same, and what is missing fails it.
//!
//! A file of such tests has `harness = false` in its `Cargo.toml` and ends with [`main!`]:
//!
//! ```no_run
//! // Not run here: it is the whole of a test program.
//! fn the_model_has_a_chat_template() {
//!     assert!(trials::data("qwen3_tokenizer_config.json").exists());
//! }
//!
//! trials::main!(trials::no_data(); the_model_has_a_chat_template);
//! ```

use flate2::read::GzDecoder;
use libtest_mimic::{Arguments, Trial};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The environment variable that names the folder of data that is not shipped.
pub const DATA: &str = "GRADIENT_QUARANTINE_TEST_DATA";

/// Why no test on that data can run, if so.
pub fn no_data() -> Option<String> {
    std::env::var_os(DATA).is_none().then(|| format!("{DATA} names no folder"))
}

/// A file of the data.
///
/// # Panics
/// The variable is not set, or names a folder without this file.
pub fn data(name: &str) -> PathBuf {
    let folder = std::env::var_os(DATA).unwrap_or_else(|| panic!("set {DATA} to the folder that holds {name}"));
    let path = Path::new(&folder).join(name);
    assert!(path.exists(), "{DATA}: there is no {}; name the folder by its absolute path", path.display());
    path
}

/// The text of a gzip file of the data.
///
/// # Panics
/// As [`data`] does, and if it is no gzip of a text.
pub fn unpacked(name: &str) -> String {
    let path = data(name);
    let (mut text, file) = (String::new(), File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text
}

/// Runs tests as Rust's own harness does, by name, and ignores all if something is missing.
pub fn run(missing: Option<String>, tests: &[(&str, fn())]) -> ExitCode {
    let trial = |(name, test): &(&str, fn())| {
        let test = *test;
        let trial = Trial::test(*name, move || {
            test();
            Ok(())
        });
        trial.with_ignored_flag(missing.is_some()).with_kind(missing.clone().unwrap_or_default())
    };
    libtest_mimic::run(&Arguments::from_args(), tests.iter().map(trial).collect()).exit_code()
}

/// The `main` of a test program: what is missing, if anything, and its tests. One that is forgotten here is dead code, which is
/// a warning.
#[macro_export]
macro_rules! main {
    ($missing:expr; $($test:ident),+ $(,)?) => {
        fn main() -> std::process::ExitCode {
            $crate::run($missing, &[$((stringify!($test), $test as fn())),+])
        }
    };
}
