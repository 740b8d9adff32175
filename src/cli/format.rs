//! What a command prints: lines for people, or an object a line for programs. `docs/json.md` has the objects.

use serde_json::{Value, json};

/// For whom it is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Format {
    /// As `--json` chooses it.
    pub(crate) fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }

    /// Prints one thing, in either form; `event` is what kind of thing it is.
    pub(crate) fn say(self, text: impl FnOnce() -> String, event: &str, object: impl FnOnce() -> Value) {
        match self {
            Self::Text => println!("{}", text()),
            Self::Json => emit(event, object()),
        }
    }

    /// Prints what is for people alone.
    pub(crate) fn remark(self, text: impl FnOnce() -> String) {
        if self == Self::Text {
            println!("{}", text());
        }
    }
}

/// One object as a line.
pub(crate) fn emit(event: &str, mut object: Value) {
    object["event"] = json!(event);
    println!("{object}");
}
