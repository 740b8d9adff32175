//! Texts: letters, runs, ciphers.

use super::NO_NUMBER;
use crate::TaskKind;
use crate::draw::word;

pub(super) static KINDS: [TaskKind; 1] = [TaskKind {
    name: "encode_runs",
    arguments: "text: str",
    returns: "str",
    a: &[2, 3],
    b: NO_NUMBER,
    t: &["#", "*", "x", "-"],
    asks: [
        "Shorten a text of small letters: every run of at least <a> equal letters becomes the letter, the sign '<t>' and the length of the run. Shorter runs stay as they are. Return the shortened text.",
        "Look for places of the text where the same letter stands <a> times or more in a row. Write each such run as the letter followed by '<t>' and by how often it stands there; leave everything else unchanged, and return the text that results.",
        "Return the text with long runs replaced: a run is a letter repeated without a break. A run of <a> or more letters is replaced by that letter, then '<t>', then the number of letters in the run. All other letters are kept.",
    ],
    right: "\
result = ''
i = 0
while i < len(text):
    j = i
    while j < len(text) and text[j] == text[i]:
        j += 1
    run = j - i
    result += text[i] + '<t>' + str(run) if run >= <a> else text[i:j]
    i = j
return result",
    also: "\
parts = []
for letter, group in groupby(text):
    run = len(list(group))
    if run >= <a>:
        parts.append(letter + '<t>' + str(run))
    else:
        parts.append(letter * run)
return ''.join(parts)",
    wrong: "\
result = ''
i = 0
while i < len(text):
    j = i
    while j < len(text) and text[j] == text[i]:
        j += 1
    run = j - i
    result += text[i] + '<t>' + str(run) if run > <a> else text[i:j]
    i = j
return result",
    input: |draw, _| vec![word(draw, 5..=12, "aab").into()],
    truth: |p, arguments| {
        let letters: Vec<char> = arguments[0].text().chars().collect();
        let one = |run: &[char]| match run.len() as i64 >= p.a {
            true => format!("{}{}{}", run[0], p.t, run.len()),
            false => run.iter().collect(),
        };
        letters.chunk_by(|x, y| x == y).map(one).collect::<String>().into()
    },
}];
