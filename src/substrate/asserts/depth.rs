//! How deep a test is nested, before anything recurses into it. A data set's test may be any text; parser, lowering and values
//! have the stack of a thread.

use rustpython_parser::lexer::lex;
use rustpython_parser::{Mode, StringKind, Tok};

/// So many levels at most. The tests of the published benchmark stay far below.
const DEEPEST: usize = 400;

/// Whether a test is shallow enough to be taken apart. Levels are counted from above: of everything between two commas each
/// token may be one more, and each statement may put what was before into something.
pub(super) fn is_shallow(text: &str) -> bool {
    let (mut lines, mut line, mut open) = (0, 0, vec![0]);
    for token in lex(text, Mode::Module) {
        match token {
            Ok((Tok::Comma, _)) => *top(&mut open) = 0,
            // No Python has one in brackets, where it would end a statement that is still open.
            Ok((Tok::Semi, _)) if open.len() > 1 => return false,
            Ok((Tok::Newline | Tok::Semi, _)) => {
                lines += std::mem::take(&mut line);
                open = vec![0];
            }
            // The lexer refuses one that closes nothing.
            Ok((Tok::Rpar | Tok::Rsqb | Tok::Rbrace, _)) => drop(open.pop()),
            Ok((Tok::Lpar | Tok::Lsqb | Tok::Lbrace, _)) => {
                *top(&mut open) += 1;
                open.push(0);
            }
            // It holds expressions of its own, as one token.
            Ok((Tok::String { kind: StringKind::FString | StringKind::RawFString, .. }, _)) | Err(_) => return false,
            Ok(_) => *top(&mut open) += 1,
        }
        line = line.max(open.iter().sum());
        if lines + line > DEEPEST {
            return false;
        }
    }
    true
}

fn top(open: &mut [usize]) -> &mut usize {
    open.last_mut().expect("one is always open")
}
