//! Texts: letters, runs, ciphers.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{Draw, one, some, word, words};
use crate::{TaskKind, Value};
use rand::RngExt;

const WORDS: &[&str] =
    &["a", "of", "to", "the", "red", "moon", "tree", "salt", "river", "stone", "cloud", "garden", "window", "silver"];
const SHORT: &[&str] = &["of", "to", "the", "red", "moon", "tree", "salt"];
const ANIMALS: &[&str] = &["ox", "elk", "ape", "hen", "rat", "bear", "crow", "lion", "goat", "horse", "crane", "zebra"];

pub(super) static KINDS: [TaskKind; 10] = [
    TaskKind {
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
    },
    TaskKind {
        name: "mask_long_words",
        arguments: "text: str",
        returns: "str",
        a: &[4, 5, 6],
        b: NO_NUMBER,
        t: &["*", "-", "_", "."],
        asks: [
            "The text holds words of small letters with one space between them. In every word of at least <a> letters, replace all letters but the first and the last by the sign '<t>', one sign for each letter. Shorter words stay as they are. Return the changed text.",
            "Hide the inside of the long words of a text, whose words are separated by single spaces. A word is long if it has <a> or more letters; its first and last letter stay, and each letter between them becomes '<t>'. Leave words with fewer letters alone, and return the whole text.",
            "Return the text with its long words masked. Words are separated by one space. Where a word has fewer than <a> letters, keep it. Otherwise keep only the first letter and the last letter of the word, and write '<t>' in place of every other letter, so that its length does not change.",
        ],
        right: "\
words = text.split()
for i, word in enumerate(words):
    if len(word) >= <a>:
        words[i] = word[0] + '<t>' * (len(word) - 2) + word[-1]
return ' '.join(words)",
        also: "\
result = []
for word in text.split():
    inner = '<t>' * (len(word) - 2)
    result.append(word if len(word) < <a> else word[0] + inner + word[-1])
return ' '.join(result)",
        wrong: "\
words = text.split()
for i, word in enumerate(words):
    if len(word) > <a>:
        words[i] = word[0] + '<t>' * (len(word) - 2) + word[-1]
return ' '.join(words)",
        input: |draw, _| vec![phrase(draw, 3, 5, WORDS)],
        truth: |p, arguments| {
            let hide = |word: &str| [&word[..1], &p.t.repeat(word.len() - 2), &word[word.len() - 1..]].concat();
            each(arguments, |_, word| if (word.len() as i64) < p.a { word.into() } else { hide(word) })
        },
    },
    TaskKind {
        name: "shift_by_case",
        arguments: "text: str",
        returns: "str",
        a: &[1, 2, 3, 5],
        b: &[1, 2, 4],
        t: NO_TEXT,
        asks: [
            "A text of small letters and capital letters is to be hidden. Every small letter moves <a> places forward in the alphabet, and every capital letter moves <b> places back. After 'z' comes 'a' again, and before 'A' comes 'Z'. Return the hidden text.",
            "Write a cipher which treats the two cases differently: replace a small letter by the one <a> places later in the alphabet (from 'z' on to 'a'), and a capital letter by the capital <b> places earlier (from 'A' back to 'Z'). The text has no other characters. Return the result as a text.",
            "Return the text with each letter exchanged. Capitals go back by <b> places of the alphabet, small letters go forward by <a> places, and both go round at its ends: 'A' follows 'Z', and 'a' follows 'z'. The case of a letter never changes; nothing but letters occurs.",
        ],
        right: "\
result = ''
for letter in text:
    first, shift = (97, <a>) if letter.islower() else (65, -<b>)
    result += chr((ord(letter) - first + shift) % 26 + first)
return result",
        also: "\
small = 'abcdefghijklmnopqrstuvwxyz'
large = small.upper()
changed = small[<a>:] + small[:<a>] + large[-<b>:] + large[:-<b>]
table = dict(zip(small + large, changed))
return ''.join(table[letter] for letter in text)",
        wrong: "\
result = ''
for letter in text:
    first, shift = (97, <a>) if letter.islower() else (65, <b>)
    result += chr((ord(letter) - first + shift) % 26 + first)
return result",
        input: |draw, _| vec![word(draw, 5..=12, "abkyzABKYZ").into()],
        truth: |p, arguments| {
            let turn = |x: char| {
                let (first, by) = if x.is_lowercase() { (97, p.a) } else { (65, -p.b) };
                char::from((first + (x as i64 - first + by).rem_euclid(26)) as u8)
            };
            arguments[0].text().chars().map(turn).collect::<String>().into()
        },
    },
    TaskKind {
        name: "abbreviate_title",
        arguments: "title: str",
        returns: "str",
        a: &[3, 4, 5],
        b: NO_NUMBER,
        t: &[".", "-", "/"],
        asks: [
            "Abbreviate a title, which is never empty and has one space between its words of small letters. Take the first letter of each word of at least <a> letters, and also that of the first word, however short it is. Write each letter taken as a capital followed by '<t>', and return these in order.",
            "Return the initials of a title as one text: for every word (words are separated by one space), its first letter in upper case and then '<t>'. Words with fewer than <a> letters are left out, unless such a word is the first of the title. There is at least one word.",
            "From a title of one or more words in small letters, separated by single spaces, make a short form. The first word always counts; any other word counts only if it has <a> letters or more. Each word that counts gives its initial as a capital letter with '<t>' behind it. Return all of these as a text without spaces.",
        ],
        right: "\
result = ''
for i, word in enumerate(title.split()):
    if i == 0 or len(word) >= <a>:
        result += word[0].upper() + '<t>'
return result",
        also: "\
first, *others = title.split()
kept = [first] + [word for word in others if len(word) >= <a>]
capitals = [word[0].upper() for word in kept]
return '<t>'.join(capitals) + '<t>'",
        wrong: "\
result = ''
for i, word in enumerate(title.split()):
    if len(word) >= <a>:
        result += word[0].upper() + '<t>'
return result",
        input: |draw, _| vec![phrase(draw, 3, 6, &["in", "to", "of", "at", "by", "a", "red", "tree", "stone"])],
        truth: |p, arguments| {
            let words = arguments[0].text().split(' ').enumerate();
            let kept = words.filter(|(i, word)| *i == 0 || word.len() as i64 >= p.a);
            kept.map(|(_, word)| word[..1].to_uppercase() + p.t).collect::<String>().into()
        },
    },
    TaskKind {
        name: "order_words",
        arguments: "words: List[str]",
        returns: "List[str]",
        a: &[3, 4],
        b: NO_NUMBER,
        t: &["a", "e", "n", "r"],
        asks: [
            "Drop the words with fewer than <a> letters and order the others. First come the words in which the letter '<t>' occurs, the longest first, and those of equal length in the order of the list. After them come the words without '<t>' in alphabetical order. Return the ordered list.",
            "Return the words of at least <a> letters in a new order: those without the letter '<t>' are sorted alphabetically and stand at the end; those with that letter stand before them, sorted by length from long to short, where words of the same length keep the order in which they were given.",
            "From a list of words, keep those that have <a> or more letters. Sort those of them that contain '<t>' by falling length (of two equally long ones, the one that was earlier in the list stays earlier). Then append the remaining words, which do not contain '<t>', in the order of the alphabet, and return this list.",
        ],
        right: "\
kept = [word for word in words if len(word) >= <a>]
first = [word for word in kept if '<t>' in word]
first.sort(key=len, reverse=True)
others = sorted(word for word in kept if '<t>' not in word)
return first + others",
        also: "\
def place(word):
    return (0, -len(word), '') if '<t>' in word else (1, 0, word)
result = [word for word in words if not len(word) < <a>]
result.sort(key=place)
return result",
        wrong: "\
kept = [word for word in words if len(word) > <a>]
first = [word for word in kept if '<t>' in word]
first.sort(key=len, reverse=True)
others = sorted(word for word in kept if '<t>' not in word)
return first + others",
        input: |draw, _| vec![some(draw, 4..=5, ANIMALS).into()],
        truth: |p, arguments| {
            let kept = arguments[0].texts().into_iter().filter(|word| word.len() as i64 >= p.a);
            let (mut with, mut without): (Vec<&str>, Vec<&str>) = kept.partition(|word| word.contains(p.t));
            with.sort_by_key(|word| std::cmp::Reverse(word.len()));
            without.sort();
            [with, without].concat().into()
        },
    },
    TaskKind {
        name: "shorten_runs",
        arguments: "text: str",
        returns: "str",
        a: &[1, 2, 3],
        b: NO_NUMBER,
        t: &["a", "b", "c"],
        asks: [
            "A run is one letter repeated without a break. Shorten every run of the text that has more than <a> letters to exactly <a> letters. Only runs of the letter '<t>' stay as long as they are. Return the text that results.",
            "Return the text after cutting its repetitions: where a letter other than '<t>' stands more than <a> times in a row, keep only <a> of these letters in that place. The letter '<t>' is never removed, however often it is repeated, and everything else stays in its order.",
            "Remove as few letters from the text as possible so that no letter stands more than <a> times in a row, with one exception: '<t>' may be repeated without limit, so none of its letters is removed. Shorter repetitions of other letters are not changed. Return what is left of the text.",
        ],
        right: "\
result = ''
for i, letter in enumerate(text):
    if letter == '<t>' or text[max(0, i - <a>):i] != letter * <a>:
        result += letter
return result",
        also: "\
result = ''
for letter, group in groupby(text):
    run = len(list(group))
    result += letter * (run if letter == '<t>' else min(run, <a>))
return result",
        wrong: "\
result = ''
for i, letter in enumerate(text):
    if letter == '<t>' or text[:i].count(letter) < <a>:
        result += letter
return result",
        input: |draw, p| {
            let run = |_| one(draw, &[p.t, "a", "b", "c"]).repeat(draw.random_range(1..=p.a as usize + 2));
            vec![(0..6).map(run).collect::<String>().into()]
        },
        truth: |p, arguments| {
            let letters: Vec<char> = arguments[0].text().chars().collect();
            let most = |run: &[char]| if p.t.starts_with(run[0]) { usize::MAX } else { p.a as usize };
            let cut = |run: &[char]| run.iter().take(most(run)).collect::<String>();
            letters.chunk_by(|x, y| x == y).map(cut).collect::<String>().into()
        },
    },
    TaskKind {
        name: "reverse_some_words",
        arguments: "text: str",
        returns: "str",
        a: &[2, 3, 4],
        b: &[3, 4, 5],
        t: NO_TEXT,
        asks: [
            "The words of a text, separated by single spaces, are numbered from 1. Reverse the letters of each word whose number is divisible by <a>, but only if this word has at least <b> letters. All other words stay as they are. Return the text with the words in the same order.",
            "Return the text with some of its words written backwards. Going through the words, which have one space between them, every word at position <a>, twice <a>, three times <a> and so on (the first word has position 1) is turned round, except for words with fewer than <b> letters, which are kept.",
            "Count off the words of the text (one space between two words) in groups of <a>, from the first word on. The last word of each full group is written backwards if it has <b> letters or more. Every other word is left unchanged. Return all words, joined by single spaces in their old order.",
        ],
        right: "\
words = text.split()
for i, word in enumerate(words):
    if (i + 1) % <a> == 0 and len(word) >= <b>:
        words[i] = ''.join(reversed(word))
return ' '.join(words)",
        also: "\
result = []
for number, word in enumerate(text.split(), 1):
    turned = number % <a> == 0 and len(word) >= <b>
    result.append(word[::-1] if turned else word)
return ' '.join(result)",
        wrong: "\
words = text.split()
for i, word in enumerate(words):
    if i % <a> == 0 and len(word) >= <b>:
        words[i] = ''.join(reversed(word))
return ' '.join(words)",
        input: |draw, _| vec![phrase(draw, 4, 5, &WORDS[2..])],
        truth: |p, arguments| {
            let chosen = |i: usize, word: &str| (i as i64 + 1) % p.a == 0 && word.len() as i64 >= p.b;
            each(arguments, |i, word| if chosen(i, word) { word.chars().rev().collect() } else { word.into() })
        },
    },
    TaskKind {
        name: "list_frequent_letters",
        arguments: "text: str",
        returns: "List[str]",
        a: &[2, 3],
        b: NO_NUMBER,
        t: &["e", "a", "t", "n"],
        asks: [
            "Count the letters of a text of letters and spaces; a capital letter counts as the same letter as the small one. Return the list of the letters, written small, that occur at least <a> times, in the order in which they first appear in the text. Spaces and the letter '<t>' are never listed, in neither case.",
            "Which letters are frequent in the text? A letter is frequent if, without regard to upper or lower case, it occurs <a> or more times. List each frequent letter once, in lower case, sorted by its first place in the text. Leave out '<t>' (as a capital, too) and the spaces.",
            "Return a list of small letters: each letter found <a> times or more in the text, where capitals and small letters are not told apart. The letter that appears earliest in the text comes first. The text has only letters and spaces; ignore its spaces, and ignore '<t>' in both of its cases.",
        ],
        right: "\
counts = {}
for letter in text.lower():
    if letter not in ' <t>':
        counts[letter] = counts.get(letter, 0) + 1
return [letter for letter in counts if counts[letter] >= <a>]",
        also: "\
text = text.lower().replace(' ', '').replace('<t>', '')
result = []
for letter in sorted(set(text), key=text.index):
    if text.count(letter) >= <a>:
        result.append(letter)
return result",
        wrong: "\
counts = {}
for letter in text:
    if letter not in ' <t>':
        counts[letter] = counts.get(letter, 0) + 1
return [letter for letter in counts if counts[letter] >= <a>]",
        input: |draw, _| vec![words(draw, 2..=4, "eeaattnnsEATNS").join(" ").into()],
        truth: |p, arguments| {
            let text = arguments[0].text().to_lowercase();
            let often = |x: &&str| !["", " ", p.t].contains(x) && text.matches(*x).count() as i64 >= p.a;
            let mut letters: Vec<&str> = text.split("").filter(often).collect();
            letters.sort_by_key(|x| text.find(x));
            letters.dedup();
            letters.into()
        },
    },
    TaskKind {
        name: "fit_words",
        arguments: "text: str",
        returns: "str",
        a: &[3, 4, 5],
        b: NO_NUMBER,
        t: &["-", "_", "*"],
        asks: [
            "Make every word of the text exactly <a> characters long. A shorter word gets as many signs '<t>' in front of it as it needs. A longer word is cut and gets one '<t>' at its end, so that it has <a> characters together with this sign. Words are separated by one space, in the text and in what you return.",
            "Return the text with each of its words (one space between two of them) fitted to a width of <a>: if the word has more than <a> letters, its first letters followed by a single '<t>', which together fill the width; if it has fewer, the word with '<t>' repeated on its left up to the width; if it fits, the word itself.",
            "Bring all words of a text to the length <a>, and return them separated by single spaces, as they came. Fill words that are too short with '<t>' on the left side. Of words that are too long, keep only the beginning and put one '<t>' where the rest was left out; this '<t>' is the last of the <a> characters.",
        ],
        right: "\
words = text.split()
for i, word in enumerate(words):
    short = word[:<a> - 1] + '<t>' if len(word) > <a> else word
    words[i] = '<t>' * (<a> - len(word)) + short
return ' '.join(words)",
        also: "\
result = []
for word in text.split():
    if len(word) > <a>:
        word = word[:<a>][:-1] + '<t>'
    result.append(word.rjust(<a>, '<t>'))
return ' '.join(result)",
        wrong: "\
words = text.split()
for i, word in enumerate(words):
    short = word[:<a>] + '<t>' if len(word) > <a> else word
    words[i] = '<t>' * (<a> - len(word)) + short
return ' '.join(words)",
        input: |draw, _| vec![phrase(draw, 2, 5, WORDS)],
        truth: |p, arguments| {
            let cut = |word: &str| format!("{}{}", &word[..p.a as usize - 1], p.t);
            let fill = |word: &str| p.t.repeat(p.a as usize - word.len()) + word;
            each(arguments, |_, word| if word.len() as i64 > p.a { cut(word) } else { fill(word) })
        },
    },
    TaskKind {
        name: "rotate_words",
        arguments: "text: str",
        returns: "str",
        a: &[2, 3, 4],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "Turning a word once means moving its first letter to its end. Turn the first word of the text <a> times, and each further word <b> times more than the word before it, even if that is more often than it has letters. Words are separated by single spaces. Return the text of turned words.",
            "Return the text with every word rotated to the left, the words still separated by one space and in the same order. The first word is rotated by <a> letters, the second by <a> plus <b>, and so on, always <b> more. Rotating by as many letters as a word has gives the word again, and then it starts anew.",
            "The words of a text have one space between them. Rotate them to the left, where a rotation by one takes the first letter and puts it last: begin with <a> for the first word and add <b> for each next word. A rotation may be larger than the word and goes round then. Return the new text.",
        ],
        right: "\
result = []
for i, word in enumerate(text.split()):
    cut = (<a> + i * <b>) % len(word)
    result.append(word[cut:] + word[:cut])
return ' '.join(result)",
        also: "\
words = text.split()
for i in range(len(words)):
    for turn in range(<a> + i * <b>):
        words[i] = words[i][1:] + words[i][0]
return ' '.join(words)",
        wrong: "\
result = []
for i, word in enumerate(text.split()):
    cut = <a> + i * <b>
    result.append(word[cut:] + word[:cut])
return ' '.join(result)",
        input: |draw, _| vec![phrase(draw, 3, 6, SHORT)],
        truth: |p, arguments| {
            let turned = |word: &str, by: usize| [&word[by..], &word[..by]].concat();
            each(arguments, |i, word| turned(word, (p.a as usize + p.b as usize * i) % word.len()))
        },
    },
];

/// Words with one space between them.
fn phrase(draw: &mut Draw, least: usize, most: usize, of: &[&str]) -> Value {
    some(draw, least..=most, of).join(" ").into()
}

/// The text whose words are made from its words and their places.
fn each(arguments: &[Value], change: impl Fn(usize, &str) -> String) -> Value {
    arguments[0].text().split(' ').enumerate().map(|(i, word)| change(i, word)).collect::<Vec<_>>().join(" ").into()
}
