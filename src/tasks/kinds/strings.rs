//! Texts and words: shift, group, pad, reverse, count, sort.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{Draw, one, word, words};
use crate::{Params, TaskKind, Value};
use rand::RngExt;

const LETTERS: &[&str] = &["a", "b", "d", "e", "g", "k", "l", "n", "o", "r", "s", "t"];
const SIGNS: &[&str] = &["-", "+", "/", ".", ":", ";", "_", "|", "*"];
const SMALL: &str = "abcdefghiklmnoprstuw";

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "shift_letters",
        arguments: "text: str",
        returns: "str",
        a: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Write a Caesar cipher for a text of small letters: shift every letter forward in the alphabet by <a>. After 'z' the alphabet begins again with 'a'. Return the shifted text.",
            "The text holds only small letters. Replace each letter by the letter that comes <a> places later in the alphabet, going from 'z' on to 'a'. Return the new text.",
            "Return the text with each of its small letters moved <a> places to the right in the alphabet, wrapping around from 'z' to 'a'.",
        ],
        right: "\
result = ''
for letter in text:
    place = (ord(letter) - ord('a') + <a>) % 26
    result += chr(ord('a') + place)
return result",
        also: "\
result = ''
for letter in text:
    code = ord(letter) + <a>
    if code > ord('z'):
        code -= 26
    result += chr(code)
return result",
        wrong: "\
result = ''
for letter in text:
    place = ord(letter) - ord('a') + <a>
    result += chr(ord('a') + place)
return result",
        input: |draw, _| vec![word(draw, 3..=8, "abcmnoxyzz").into()],
        truth: |p, arguments| {
            let moved = |byte: u8| char::from(b'a' + (byte - b'a' + p.a as u8) % 26);
            arguments[0].text().bytes().map(moved).collect::<String>().into()
        },
    },
    TaskKind {
        name: "raise_every_nth_letter",
        arguments: "text: str",
        returns: "str",
        a: &[2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Count the letters of the text from 1. Change every letter whose position is a multiple of <a> to upper case, and return the new text.",
            "Return the text with the letters at positions <a>, 2 * <a>, 3 * <a> and so on in upper case. The first letter has position 1. The other letters stay the same.",
            "Go through a text of small letters and turn one letter in <a> into a capital: skip <a> - 1 letters, make the next one upper case, and so on until the end. Return the result.",
        ],
        right: "\
result = ''
for i, letter in enumerate(text):
    if (i + 1) % <a> == 0:
        letter = letter.upper()
    result += letter
return result",
        also: "\
letters = list(text)
for i in range(len(letters)):
    if i % <a> == <a> - 1:
        letters[i] = letters[i].upper()
return ''.join(letters)",
        wrong: "\
result = ''
for i, letter in enumerate(text):
    if i % <a> == 0:
        letter = letter.upper()
    result += letter
return result",
        input: |draw, p| vec![word(draw, p.a as usize..=p.a as usize * 2 + 3, SMALL).into()],
        truth: |p, arguments| {
            let raised = |i: usize| (i as i64 + 1) % p.a == 0;
            let one = |(i, x): (usize, &char)| if raised(i) { x.to_ascii_uppercase() } else { *x };
            letters(arguments).iter().enumerate().map(one).collect::<String>().into()
        },
    },
    TaskKind {
        name: "pad_words_left",
        arguments: "words: List[str]",
        returns: "List[str]",
        a: &[4, 5, 6],
        b: NO_NUMBER,
        t: &["*", "-", "_", "."],
        asks: [
            "Bring every word to a length of <a> by putting the sign '<t>' in front of it as often as needed. Words that are long enough stay as they are. Return the list of words.",
            "Return a new list where each word with fewer than <a> characters is filled up on the left with '<t>' until it has <a> characters. Leave the other words unchanged.",
            "Align the words to the right in a column that is <a> characters wide: add '<t>' at the beginning of each shorter word, and do not change longer ones. Return the list of results.",
        ],
        right: "\
result = []
for word in words:
    while len(word) < <a>:
        word = '<t>' + word
    result.append(word)
return result",
        also: "\
result = []
for word in words:
    missing = max(0, <a> - len(word))
    result.append('<t>' * missing + word)
return result",
        wrong: "\
result = []
for word in words:
    while len(word) < <a>:
        word = word + '<t>'
    result.append(word)
return result",
        input: |draw, _| vec![words(draw, 2..=4, SMALL).into()],
        truth: |p, arguments| {
            let fill = |word: &str| p.t.repeat((p.a as usize).saturating_sub(word.len())) + word;
            arguments[0].texts().into_iter().map(fill).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "reverse_words_with_letter",
        arguments: "text: str",
        returns: "str",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: LETTERS,
        asks: [
            "The words of the text are separated by single spaces. Reverse every word that contains the letter '<t>' and leave the other words as they are. Return the new text.",
            "Return the text with each word that has the letter '<t>' in it written backwards. Words without this letter do not change, and the order of the words stays the same.",
            "Split the text into words at the spaces. If the letter '<t>' occurs in a word, turn the word around; otherwise keep it. Return the words joined by spaces.",
        ],
        right: "\
words = text.split()
for i, word in enumerate(words):
    if '<t>' in word:
        words[i] = word[::-1]
return ' '.join(words)",
        also: "\
result = []
for word in text.split():
    if '<t>' in word:
        word = word[::-1]
    result.append(word)
return ' '.join(result)",
        wrong: "\
words = text.split()
for i, word in enumerate(words):
    if word[0] == '<t>':
        words[i] = word[::-1]
return ' '.join(words)",
        input: |draw, p| vec![mixed(draw, p, 3, 5).join(" ").into()],
        truth: |p, arguments| {
            let turn = |word: &str| if word.contains(p.t) { word.chars().rev().collect() } else { word.to_string() };
            arguments[0].text().split(' ').map(turn).collect::<Vec<_>>().join(" ").into()
        },
    },
    TaskKind {
        name: "group_letters",
        arguments: "text: str",
        returns: "str",
        a: &[2, 3, 4],
        b: NO_NUMBER,
        t: &["-", "/", ":", "."],
        asks: [
            "Cut the text from the left into pieces of <a> letters; the last piece may be shorter. Return the pieces joined by '<t>'.",
            "Return the text with the sign '<t>' between its groups of <a> letters. Groups are counted from the start, and the last group can have fewer letters. There is no sign at the end.",
            "Split the text into parts of length <a>, beginning at its first letter (what is left over at the end is a part, too). Put '<t>' between the parts and return the result.",
        ],
        right: "\
pieces = []
for i in range(0, len(text), <a>):
    piece = text[i:i + <a>]
    pieces.append(piece)
return '<t>'.join(pieces)",
        also: "\
result = ''
for i, letter in enumerate(text):
    if i > 0 and i % <a> == 0:
        result += '<t>'
    result += letter
return result",
        wrong: "\
result = ''
for i in range(0, len(text), <a>):
    piece = text[i:i + <a>]
    result += piece + '<t>'
return result",
        input: |draw, _| vec![word(draw, 4..=11, SMALL).into()],
        truth: |p, arguments| {
            let piece = |piece: &[char]| piece.iter().collect::<String>();
            letters(arguments).chunks(p.a as usize).map(piece).collect::<Vec<_>>().join(p.t).into()
        },
    },
    TaskKind {
        name: "compress_runs",
        arguments: "text: str",
        returns: "str",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: SIGNS,
        asks: [
            "Encode the text by its runs of equal letters: write each run as its letter followed by its length, and put '<t>' between the runs. For example, 'aaab' becomes 'a3<t>b1'. Return the code.",
            "Return the run-length encoding of the text. Each group of equal letters in a row becomes the letter and how often it stands there, and the groups are joined by '<t>', so that 'xxy' gives 'x2<t>y1'.",
            "Replace every run of the same letter by this letter and the number of times it is repeated (also when it is 1). Join these parts with '<t>' and return the text, such as 'c1<t>d2' for 'cdd'.",
        ],
        right: "\
parts = []
i = 0
while i < len(text):
    j = i
    while j < len(text) and text[j] == text[i]:
        j += 1
    parts.append(text[i] + str(j - i))
    i = j
return '<t>'.join(parts)",
        also: "\
parts = []
count = 0
for i, letter in enumerate(text):
    count += 1
    if text[i + 1:i + 2] != letter:
        parts.append(letter + str(count))
        count = 0
return '<t>'.join(parts)",
        wrong: "\
parts = []
count = 1
for i in range(1, len(text)):
    if text[i] == text[i - 1]:
        count += 1
    else:
        parts.append(text[i - 1] + str(count))
        count = 1
return '<t>'.join(parts)",
        input: |draw, _| vec![word(draw, 3..=9, "aab").into()],
        truth: |p, arguments| {
            let part = |run: &[char]| format!("{}{}", run[0], run.len());
            letters(arguments).chunk_by(|x, y| x == y).map(part).collect::<Vec<_>>().join(p.t).into()
        },
    },
    TaskKind {
        name: "longest_run_of_letter",
        arguments: "text: str",
        returns: "int",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: LETTERS,
        asks: [
            "Return the length of the longest run of the letter '<t>' in the text, that is, how often it stands in a row at most. Return 0 if the letter does not occur.",
            "Find the greatest number of letters '<t>' that stand directly one after another in the text, and return this number. It is 0 if there is no '<t>'.",
            "How many times in a row does the letter '<t>' appear in the text at most? Return that number, or 0 for a text without this letter.",
        ],
        right: "\
best = run = 0
for letter in text:
    if letter == '<t>':
        run += 1
        best = max(best, run)
    else:
        run = 0
return best",
        also: "\
best = run = 0
for i in range(len(text)):
    run = run + 1 if text[i] == '<t>' else 0
    best = run if run > best else best
return best",
        wrong: "\
best = run = 0
for letter in text:
    if letter == '<t>':
        run += 1
    else:
        best = max(best, run)
return max(best, run)",
        input: |draw, p| vec![word(draw, 5..=12, &format!("{0}{0}{0}mc", p.t)).into()],
        truth: |p, arguments| arguments[0].text().split(|x| !p.t.contains(x)).map(str::len).max().unwrap().into(),
    },
    TaskKind {
        name: "longest_word_with_start",
        arguments: "words: List[str]",
        returns: "str",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: LETTERS,
        asks: [
            "Return the longest of the words that begin with the letter '<t>'. If several are equally long, return the first of them. Return '' if no word begins with '<t>'.",
            "Look only at the words whose first letter is '<t>', and return the one with the most letters (the earliest one in the list if there is a tie). If there is none, return an empty string.",
            "Among the words in the list that start with '<t>', find the longest one and return it. Of words of the same length the one that comes first counts. Without such a word the answer is ''.",
        ],
        right: "\
best = ''
for word in words:
    if word.startswith('<t>') and len(word) > len(best):
        best = word
return best",
        also: "\
kept = [word for word in words if word[0] == '<t>']
if not kept:
    return ''
return max(kept, key=len)",
        wrong: "\
best = ''
for word in words:
    if word.startswith('<t>') and len(word) >= len(best):
        best = word
return best",
        input: |draw, p| {
            let start = |draw: &mut Draw| one(draw, &[p.t, p.t, p.t, "m"]).to_string() + &word(draw, 2..=3, SMALL);
            vec![(0..draw.random_range(4..=6)).map(|_| start(draw)).collect::<Vec<_>>().into()]
        },
        truth: |p, arguments| {
            let words = arguments[0].texts().into_iter().rev().filter(|word| word.starts_with(p.t));
            words.max_by_key(|word| word.len()).unwrap_or("").into()
        },
    },
    TaskKind {
        name: "sort_by_letter_count",
        arguments: "words: List[str]",
        returns: "List[str]",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: LETTERS,
        asks: [
            "Sort the words by how often the letter '<t>' occurs in them, from the fewest to the most. Words with the same count are in alphabetical order. Return the sorted list.",
            "Return the list of words ordered by their number of letters '<t>', the smallest number first. Where this number is equal, sort the words alphabetically.",
            "Count the letter '<t>' in every word and return the words sorted by this count in ascending order; words with equal counts are sorted from a to z.",
        ],
        right: "\
result = sorted(words)
result.sort(key=lambda word: word.count('<t>'))
return result",
        also: "\
def place(word):
    return (word.count('<t>'), word)
return sorted(words, key=place)",
        wrong: "\
result = list(words)
result.sort(key=lambda word: word.count('<t>'))
return result",
        input: |draw, p| vec![mixed(draw, p, 4, 6).into()],
        truth: |p, arguments| {
            let mut words = arguments[0].texts();
            words.sort_by_key(|word| (word.matches(p.t).count(), *word));
            words.into()
        },
    },
    TaskKind {
        name: "find_palindromes_with_letter",
        arguments: "words: List[str]",
        returns: "List[str]",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: LETTERS,
        asks: [
            "A palindrome reads the same forwards and backwards. Return the list of the words that are palindromes and contain the letter '<t>', in the order in which they were given.",
            "Keep only those words that are the same when they are reversed and that have the letter '<t>' in them. Return them as a list in their old order.",
            "Return all palindromes among the words in which the letter '<t>' occurs at least once. The order of the words stays the same; return [] if there is none.",
        ],
        right: "\
result = []
for word in words:
    if word == word[::-1] and '<t>' in word:
        result.append(word)
return result",
        also: "\
kept = [word for word in words if '<t>' in word]
result = [word for word in kept if word == word[::-1]]
return result",
        wrong: "\
result = []
for word in words:
    if word == word[::-1] and word[0] == '<t>':
        result.append(word)
return result",
        input: |draw, p| {
            let letters = format!("{0}{0}uimo", p.t);
            let mut words = vec![];
            for _ in 0..draw.random_range(4..=5) {
                let half = word(draw, 2..=3, &letters);
                let back: String = half.chars().rev().skip(draw.random_range(0..=1)).collect();
                words.push(if draw.random_range(0..4) > 0 { half + &back } else { word(draw, 3..=5, &letters) });
            }
            vec![words.into()]
        },
        truth: |p, arguments| {
            let same = |word: &&str| word.contains(p.t) && word.chars().eq(word.chars().rev());
            arguments[0].texts().into_iter().filter(same).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "count_letters_after",
        arguments: "text: str",
        returns: "Dict[str, int]",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: LETTERS,
        asks: [
            "Count which letters come directly after the letter '<t>' in the text. Return a dictionary from each such letter to the number of times it follows a '<t>'.",
            "Every '<t>' in the text that is not its last letter has a letter right behind it. Return a dictionary that tells for each letter how often it stands right behind a '<t>', without letters that never do.",
            "Return a dictionary of the letters that follow immediately after a '<t>' in the text. Its values say how often each of them does; letters that never follow a '<t>' are not in it.",
        ],
        right: "\
counts = {}
for i in range(len(text) - 1):
    if text[i] == '<t>':
        after = text[i + 1]
        counts[after] = counts.get(after, 0) + 1
return counts",
        also: "\
counts = {}
for first, second in zip(text, text[1:]):
    if first == '<t>':
        if second not in counts:
            counts[second] = 0
        counts[second] += 1
return counts",
        wrong: "\
counts = {}
for i in range(1, len(text)):
    if text[i] == '<t>':
        after = text[i - 1]
        counts[after] = counts.get(after, 0) + 1
return counts",
        input: |draw, p| vec![word(draw, 5..=11, &format!("{0}{0}{0}umi", p.t)).into()],
        truth: |p, arguments| {
            let letters = letters(arguments);
            let count = |x: char| letters.windows(2).filter(|pair| p.t.starts_with(pair[0]) && pair[1] == x).count();
            Value::map(('a'..='z').map(|x| (x.to_string(), count(x))).filter(|(_, n)| *n > 0))
        },
    },
];

/// Words, about half of which hold the letter.
fn mixed(draw: &mut Draw, p: &Params, least: usize, most: usize) -> Vec<String> {
    let letters = format!("{0}{0}acimopu", p.t);
    (0..draw.random_range(least..=most)).map(|_| word(draw, 2..=5, &letters)).collect()
}

fn letters(arguments: &[Value]) -> Vec<char> {
    arguments[0].text().chars().collect()
}
