//! Reading small formats: numbers, lists, commands in a text.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{Draw, one, some};
use crate::{TaskKind, Value};
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static KINDS: [TaskKind; 10] = [
    TaskKind {
        name: "read_settings",
        arguments: "text: str",
        returns: "Dict[str, int]",
        a: &[0, 5, 7],
        b: NO_NUMBER,
        t: &[";", ",", "|"],
        asks: [
            "The text lists settings of the form 'name=number' with the sign '<t>' between them. A name without '=' has the number <a>. Return a dictionary from each name to its number; the numbers of a name that comes several times are added up. There is at least one setting.",
            "Read a list of one or more entries which are separated by '<t>'. An entry is a name, '=' and a whole number, or only a name, which then counts like that name with the number <a>. For every name, return the sum of the numbers of all its entries, as a dictionary.",
            "Split the text at each '<t>' into its parts; it has at least one. A part such as 'red=4' adds 4 to the entry for 'red' in the dictionary that you return, where every name begins with 0; a part without the sign '=' is a name alone, and adds <a> to the entry of this name.",
        ],
        right: "\
result = {}
for part in text.split('<t>'):
    name, sign, number = part.partition('=')
    result[name] = result.get(name, 0) + int(number or '<a>')
return result",
        also: "\
result = defaultdict(int)
for part in text.split('<t>'):
    name = part.split('=')[0]
    result[name] += int(part.split('=')[1]) if '=' in part else <a>
return dict(result)",
        wrong: "\
result = {}
for part in text.split('<t>'):
    name, sign, number = part.partition('=')
    result[name] = int(number) if number != '' else <a>
return result",
        input: |draw, p| vec![parts(draw, p.t, &["red", "top", "cat"], &["", "=1", "=2", "=4", "=9", "=12"]).into()],
        truth: |p, arguments| {
            let entry = |x| str::split_once(x, '=').map_or((x, p.a), |(name, number)| (name, int(number)));
            sums(arguments[0].text().split(p.t).map(entry))
        },
    },
    TaskKind {
        name: "sum_signed_numbers",
        arguments: "text: str",
        returns: "int",
        a: &[5, 8, 12],
        b: NO_NUMBER,
        t: &["-", "~", "!"],
        asks: [
            "The text is a calculation with whole numbers, such as '7+12<t>3'. The sign '+' adds the number after it, and '<t>' subtracts the number after it. The first number has no sign and is added. A number greater than <a> counts as <a>, wherever it stands. Return the result.",
            "Return the result of adding and subtracting the numbers of a text from left to right. Before every number but the first there is a sign: '+' for adding it or '<t>' for subtracting it. First replace each number that is more than <a>, be it added or subtracted, by <a>.",
            "Work out a text of digits, '+' and '<t>', for example '9<t>4+1', where '<t>' means minus and where the text begins with a number. No number is worth more than <a>: take <a> in place of each larger one before it is added or subtracted. Return the total, which may be below zero.",
        ],
        right: "\
total = 0
for part in text.split('+'):
    first, *others = [min(int(x), <a>) for x in part.split('<t>')]
    total += first - sum(others)
return total",
        also: "\
total = 0
for token in text.replace('<t>', '+<t>').split('+'):
    number = min(int(token.strip('<t>')), <a>)
    total += -number if token[0] == '<t>' else number
return total",
        wrong: "\
total = 0
for part in text.split('+'):
    first, *others = [int(x) for x in part.split('<t>')]
    total += min(first, <a>) - sum(others)
return total",
        input: |draw, p| {
            let tails = &["3", "5", "6", "8", "9", "11", "13", "17"];
            vec![parts(draw, "", &["+", p.t, p.t], tails)[1..].into()]
        },
        truth: |p, arguments| {
            let text = arguments[0].text().replace(p.t, "+-");
            let number = |x: &str| int(x.trim_matches('-')).min(p.a) * if x.starts_with('-') { -1 } else { 1 };
            text.split('+').map(number).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "move_by_commands",
        arguments: "text: str",
        returns: "int",
        a: &[5, 7, 9],
        b: &[1, 2, 4],
        t: NO_TEXT,
        asks: [
            "A stone lies on place <b> of a line with the places 0 to <a>. The text holds commands with one space between them: 'R3' moves it three places to the right (to higher numbers), 'L2' two to the left; a letter without a number means one place. A move that would leave the line stops at its end. Return the final place.",
            "Follow commands and return where they lead. The position begins at <b>. Commands are separated by single spaces: an R adds, an L subtracts the number right after it, or 1 if no number follows. Right after each command, a position below 0 becomes 0 and a position above <a> becomes <a>.",
            "Return the last position of a counter that starts with <b> and carries out the commands of a text, which are separated by one space, in order. 'L' lowers it, 'R' raises it, by the number written behind the letter ('R4') or by 1 where there is none ('L'). At every single command it stops at 0 and at <a>, and never goes beyond.",
        ],
        right: "\
place = <b>
for command in text.split():
    steps = int(command[1:] or 1)
    place += steps if command[0] == 'R' else -steps
    place = max(0, min(<a>, place))
return place",
        also: "\
place = <b>
for command in text.split():
    steps = int(command[1:]) if len(command) > 1 else 1
    right = command[0] == 'R'
    place = min(<a>, place + steps) if right else max(0, place - steps)
return place",
        wrong: "\
place = <b>
for command in text.split():
    steps = int(command[1:] or 1)
    place += steps if command[0] == 'R' else -steps
place = max(0, min(<a>, place))
return place",
        input: |draw, _| vec![parts(draw, " ", &["L", "R"], &["", "2", "3", "4", "6", "8"]).into()],
        truth: |p, arguments| {
            let steps = |x: &str| if x.len() > 1 { int(&x[1..]) } else { 1 };
            let by = |x: &str| if x.starts_with('R') { steps(x) } else { -steps(x) };
            arguments[0].text().split(' ').fold(p.b, |place, x| (place + by(x)).clamp(0, p.a)).into()
        },
    },
    TaskKind {
        name: "newest_version",
        arguments: "versions: List[str]",
        returns: "str",
        a: &[1, 2, 3],
        b: NO_NUMBER,
        t: &["-rc", "-dev", "-old"],
        asks: [
            "Versions are written as two whole numbers with a dot between them, such as '1.10', some followed by '<t>'. Leave out those that end in '<t>' and those whose first number is more than <a>. Return the newest of the others: the largest first number, then the largest second number. If there is none, return an empty text.",
            "Return the highest version of the list that may be used, or '' if none may. A version may be used if '<t>' is not at its end and the number before its dot is at most <a>. Of two versions, the one with the higher number before the dot is higher; if these are equal, the one with the higher number after the dot ('2.10' is higher than '2.9').",
            "Find the latest version in a list of texts like '2.7' or '2.7<t>'. Ignore each one marked with '<t>', and each one whose number before the dot exceeds <a>. Compare the rest as pairs of numbers, first the number before the dot and then the one after it, and return the greatest, or the empty text where nothing is left.",
        ],
        right: "\
known = [(0, 0, '')]
for version in versions:
    first, second = version.replace('<t>', '').split('.')
    if int(first) <= <a> and not version.endswith('<t>'):
        known.append((int(first), int(second), version))
return max(known)[2]",
        also: "\
def numbers(version):
    return [int(x) for x in version.split('.')]
plain = [x for x in versions if not x.endswith('<t>')]
known = [x for x in plain if numbers(x)[0] <= <a>]
return max(known, key=numbers, default='')",
        wrong: "\
known = [('', '', '')]
for version in versions:
    first, second = version.replace('<t>', '').split('.')
    if int(first) <= <a> and not version.endswith('<t>'):
        known.append((first, second, version))
return max(known)[2]",
        input: |draw, p| {
            let [known, later] = [p.a, p.a + 1].map(|n| format!("{n}."));
            let (heads, last) = ([&known, &known, &known, &known, &later, "1."], format!("12{}", p.t));
            let tails = ["7", "8", "9", "10", "11", "12", &last];
            vec![parts(draw, " ", &heads, &tails).split(' ').collect::<Vec<_>>().into()]
        },
        truth: |p, arguments| {
            let key = |version: &str| version.split_once('.').map(|(first, second)| (int(first), int(second)));
            let known = arguments[0].texts().into_iter().filter(|x| !x.ends_with(p.t) && key(x).unwrap().0 <= p.a);
            known.max_by_key(|x| key(x)).unwrap_or("").into()
        },
    },
    TaskKind {
        name: "read_ranges",
        arguments: "text: str",
        returns: "List[int]",
        a: &[2, 3, 5],
        b: NO_NUMBER,
        t: &[",", ";", "/"],
        asks: [
            "The text names whole numbers, with '<t>' between its parts. A part is one number such as '8', or a range such as '2-5', which stands for all numbers from the first to the second, both included. Return the list of all numbers named, each once and in ascending order, without those that are divisible by <a>.",
            "Return a sorted list, smallest first and without repetitions, of the numbers that a text describes. Its parts are separated by '<t>'. A part with a minus sign inside, like '4-7', means every number from 4 up to and including 7; any other part is a single number. Leave out all multiples of <a>.",
            "Split the text at '<t>'. Each piece is either a number or two numbers joined by '-', the lower one first, which mean themselves and everything between them. Collect all these numbers, drop each that <a> divides without remainder, and return the others from low to high, no number twice.",
        ],
        right: "\
found = set()
for part in text.split('<t>'):
    first, _, last = part.partition('-')
    found.update(range(int(first), int(last or first) + 1))
return sorted(n for n in found if n % <a> > 0)",
        also: "\
result = []
for part in text.split('<t>'):
    ends = [int(x) for x in part.split('-')]
    result += range(ends[0], ends[-1] + 1)
return [n for n in sorted(set(result)) if n % <a> != 0]",
        wrong: "\
found = set()
for part in text.split('<t>'):
    ends = [int(x) for x in part.split('-')]
    found.update([ends[0], *range(ends[0], ends[-1])])
return sorted(n for n in found if n % <a> > 0)",
        input: |draw, p| {
            vec![parts(draw, p.t, &["1", "2", "4", "5", "7"], &["", "0", "3", "-8", "-9", "-11", "-14"]).into()]
        },
        truth: |p, arguments| {
            let ends = |part| str::split_once(part, '-').unwrap_or((part, part));
            let parts = arguments[0].text().split(p.t).map(ends);
            let found: BTreeSet<i64> = parts.flat_map(|(first, last)| int(first)..=int(last)).collect();
            found.into_iter().filter(|n| n % p.a != 0).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "letters_in_brackets",
        arguments: "text: str",
        returns: "str",
        a: &[1, 2, 3],
        b: NO_NUMBER,
        t: &["()", "[]", "{}", "<>"],
        asks: [
            "The text consists of small letters and of the brackets '<t>', which are correctly nested: each opening one has its closing one. Return, as one text and in their order, all letters that stand inside at least <a> pairs of brackets. Brackets are not part of what you return.",
            "Return the letters of a text that are nested deeply enough, joined in the order of the text. Pairs of brackets '<t>' surround parts of it, properly closed, with further pairs inside. How deep a letter is nested is the number of pairs around it; it is deep enough with <a> or more.",
            "In a text of letters and correctly paired brackets '<t>', a bracket that opens leads one level deeper, and one that closes leads back up; outside of all brackets the level is 0. Return a text of only those letters whose level is <a> or higher, in the same order, without any brackets.",
        ],
        right: "\
depth, kept = 0, ''
for sign in text:
    depth += (sign == '<t>'[0]) - (sign == '<t>'[1])
    if sign.isalpha() and depth >= <a>:
        kept += sign
return kept",
        also: "\
kept = ''
for i, sign in enumerate(text):
    opened, closed = [text[:i].count(x) for x in '<t>']
    kept += sign if opened - closed >= <a> else ''
return kept.replace('<t>'[0], '').replace('<t>'[1], '')",
        wrong: "\
depth, kept = 0, ''
for sign in text:
    depth += (sign == '<t>'[0]) - (sign == '<t>'[1])
    if sign.isalpha() and depth == <a>:
        kept += sign
return kept",
        input: |draw, p| {
            let text = parts(draw, "", &["a", "b", "c", "d"], &["", "[", "[[", "[e]", "[[f]", "[g]"]);
            let open = text.matches('[').count() - text.matches(']').count();
            vec![(text + "h" + &"]i".repeat(open)).replace('[', &p.t[..1]).replace(']', &p.t[1..]).into()]
        },
        truth: |p, arguments| {
            let text = arguments[0].text();
            let depth = |i| text[..i].matches(&p.t[..1]).count() - text[..i].matches(&p.t[1..]).count();
            let inside = |(i, x): &(usize, char)| x.is_alphabetic() && depth(*i) >= p.a as usize;
            text.char_indices().filter(inside).map(|(_, x)| x).collect::<String>().into()
        },
    },
    TaskKind {
        name: "split_escaped",
        arguments: "text: str",
        returns: "List[str]",
        a: &[1, 2, 3],
        b: NO_NUMBER,
        t: &[",", ";", "|", ":"],
        asks: [
            "Split the text at each '<t>', but not where '!' stands directly before it: there the two signs '!<t>' mean a '<t>' that belongs to the piece, and the '!' is dropped. A '!' occurs nowhere else. Return the list of the pieces, in order, without those of fewer than <a> characters.",
            "Return the pieces of a text between the separators '<t>' as a list. To write a '<t>' inside a piece, '!' was put in front of it; such a pair is no separator but becomes a plain '<t>' in the piece. The sign '!' has no other use. Keep only pieces that, after this, have at least <a> characters.",
            "A text was made by joining pieces with '<t>', after each '<t>' within a piece had been replaced by '!<t>'; no piece contained a '!'. Undo this, and return those pieces, as they were at first, that have a length of <a> or more, in their order. Shorter pieces are left out of the list.",
        ],
        right: "\
pieces = ['']
for part in text.replace('!<t>', '!').split('<t>'):
    piece = part.replace('!', '<t>')
    if len(piece) >= <a>:
        pieces.append(piece)
return pieces[1:]",
        also: "\
marked = text.replace('!<t>', '!')
pieces = [part for part in marked.split('<t>')]
pieces = [piece.replace('!', '<t>') for piece in pieces]
return [piece for piece in pieces if len(piece) >= <a>]",
        wrong: "\
pieces = ['']
for part in text.replace('!<t>', '!').split('<t>'):
    piece = part.replace('!', '!<t>')
    if len(piece) >= <a>:
        pieces.append(piece)
return pieces[1:]",
        input: |draw, p| {
            vec![some(draw, 7..=12, &["a", "b", "c", "d", p.t, p.t, &format!("!{}", p.t)]).concat().into()]
        },
        truth: |p, arguments| {
            let text = arguments[0].text().replace(&format!("!{}", p.t), "!");
            let pieces = text.split(p.t).map(|piece| piece.replace('!', p.t));
            pieces.filter(|piece| piece.len() as i64 >= p.a).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "read_duration",
        arguments: "text: str",
        returns: "int",
        a: &[6, 7, 8],
        b: &[10, 15, 20],
        t: NO_TEXT,
        asks: [
            "The text is a time of work such as '1d2h5m': days, hours and minutes, in this order, of which each may be missing but not all, as in '3h' or '2d40m'. A day of work has <a> hours. Return the time in minutes, rounded up to a multiple of <b>; a time that is such a multiple stays.",
            "Return how many minutes are billed for a time given as a text: numbers followed by 'd', 'h' or 'm', each at most once, the larger unit first ('2h30m', '1d', '1d5m'). One 'd' means <a> hours. Time is billed in parts of <b> minutes, and a part that has been begun is billed in full.",
            "Read a duration like '2d1h20m', where any of the three parts can be left out, though at least one is there, and where 'd' stands for a working day of <a> hours, 'h' for hours and 'm' for minutes. Return the smallest multiple of <b> that is not less than its minutes.",
        ],
        right: "\
units = {'d': <a> * 60, 'h': 60, 'm': 1}
minutes = 0
for number, unit in re.findall('([0-9]+)(.)', text):
    minutes += int(number) * units[unit]
return (minutes + <b> - 1) // <b> * <b>",
        also: "\
minutes = 0
for unit, size in [('d', <a> * 60), ('h', 60), ('m', 1)]:
    if unit in text:
        number, text = text.split(unit)
        minutes += int(number) * size
return minutes + -minutes % <b>",
        wrong: "\
units = {'d': <a> * 60, 'h': 60, 'm': 1}
minutes = 0
for number, unit in re.findall('([0-9]+)(.)', text):
    minutes += int(number) * units[unit]
return minutes + <b> - minutes % <b>",
        input: |draw, _| {
            let days = one(draw, &["", "1d", "2d"]);
            vec![
                format!("{days}{}h{}", one(draw, &[1, 2, 3]), one(draw, &["", "", "5m", "20m", "30m", "40m", "45m"]))
                    .into(),
            ]
        },
        truth: |p, arguments| {
            let size = |unit: &str| if unit == "d" { p.a * 60 } else { [60, 1][(unit == "m") as usize] };
            let parts = arguments[0].text().split_inclusive(char::is_alphabetic).map(|x| x.split_at(x.len() - 1));
            let minutes: i64 = parts.map(|(number, unit)| int(number) * size(unit)).sum();
            (minutes..).find(|n| n % p.b == 0).into()
        },
    },
    TaskKind {
        name: "sum_sizes",
        arguments: "text: str",
        returns: "int",
        a: &[10, 16, 20],
        b: &[15, 30, 50],
        t: NO_TEXT,
        asks: [
            "The text lists sizes with one space between them, such as '12 3K 1M'. A number without a letter is a size in bytes; with a K after it, it counts units of <a> bytes, and with an M, units of <a> times <a> bytes. Return the sum in bytes of all sizes of at least <b> bytes; smaller ones are ignored.",
            "Return how many bytes the large files have together. Their sizes, and those of small files, are in the text, separated by single spaces: a whole number of bytes, or a number and 'K' for units of <a> bytes ('2K'), or a number and 'M' for units of <a> K. A file is large if it has <b> bytes or more.",
            "Add up sizes from a text, in which one space separates them. Each is a whole number, and may end in a letter: with K multiply the number by <a>, with M multiply it by <a> twice. After this, leave out every size that is less than <b>, and return the sum of the others (0 if there are none).",
        ],
        right: "\
units = {'K': <a>, 'M': <a> * <a>}
total = 0
for size in text.split():
    amount = int(size.rstrip('KM')) * units.get(size[-1], 1)
    total += amount if amount >= <b> else 0
return total",
        also: "\
sizes = []
for size in text.split():
    power = '_KM'.find(size[-1])
    number = int(size[:-1] if power > 0 else size)
    sizes.append(number * <a> ** max(power, 0))
return sum(size for size in sizes if size >= <b>)",
        wrong: "\
units = {'K': <a>, 'M': <a> * <a>}
total = 0
for size in text.split():
    number = int(size.rstrip('KM'))
    total += number * units.get(size[-1], 1) if number >= <b> else 0
return total",
        input: |draw, _| {
            let sizes = ["5", "15", "15", "30", "30", "50", "50", "1K", "2K", "3K", "4K", "1M", "2M"];
            vec![some(draw, 3..=6, &sizes).join(" ").into()]
        },
        truth: |p, arguments| {
            let power = |size: &str| "_KM".find(&size[size.len() - 1..]).unwrap_or(0) as u32;
            let bytes = |size| int(str::trim_end_matches(size, ['K', 'M'])) * p.a.pow(power(size));
            arguments[0].text().split(' ').map(bytes).filter(|n| *n >= p.b).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "read_column",
        arguments: "table: str",
        returns: "List[int]",
        a: &[1, 5, 9],
        b: NO_NUMBER,
        t: &["x", "y", "z"],
        asks: [
            "The text is a table: its lines are separated by line ends, and the values of a line by commas. The first line has the names of the columns, in any order; all other lines have whole numbers, but a number may be missing (its place is empty). Return the numbers of column '<t>' from top to bottom, with <a> for each missing one.",
            "Return one column of a table as a list of numbers. Each line of the table has the same number of entries, with a comma between two of them. In the first line they are names, one of which is '<t>' and tells which column is meant. Below it, every entry is a whole number or empty; an empty entry of that column is read as <a>.",
            "Look up '<t>' in the first line of a table, which names its columns, separated by commas. Take from every further line the entry at the same place, the entries again being separated by commas, and return these as a list of numbers in the order of the lines. Where the entry is empty, put <a> into the list.",
        ],
        right: "\
names, *lines = [line.split(',') for line in table.splitlines()]
result = []
for line in lines:
    value = line[names.index('<t>')]
    result.append(int(value or <a>))
return result",
        also: "\
lines = table.split('\\n')
column = lines[0].split(',').index('<t>')
values = [line.split(',')[column] for line in lines[1:]]
return [int(value) if value else <a> for value in values]",
        wrong: "\
lines = table.split('\\n')
column = lines[0].split(',').index('<t>')
values = [line.split(',')[column] for line in lines[1:]]
return [int(value) for value in values if value != '']",
        input: |draw, _| {
            let names = one(draw, &["x,y,z", "y,z,x", "z,x,y", "x,z,y"]);
            vec![format!("{names}\n{}", parts(draw, "\n", &["7,2,", ",4,", "-3,,", ",,"], &["", "5", "12"])).into()]
        },
        truth: |p, arguments| {
            let mut lines = arguments[0].text().lines().map(|line| line.split(',').collect::<Vec<_>>());
            let place = lines.next().unwrap().iter().position(|name| *name == p.t).unwrap();
            lines.map(|line| if line[place].is_empty() { p.a } else { int(line[place]) }).collect::<Vec<_>>().into()
        },
    },
];

/// The number that these digits write.
fn int(digits: &str) -> i64 {
    digits.parse().unwrap()
}

/// Parts made of a head and a tail.
fn parts(draw: &mut Draw, between: &str, heads: &[&str], tails: &[&str]) -> String {
    let part = |draw: &mut Draw| [one(draw, heads), one(draw, tails)].concat();
    (0..draw.random_range(3..=5)).map(|_| part(draw)).collect::<Vec<_>>().join(between)
}

/// The sum of each name's numbers.
fn sums<'a>(entries: impl Iterator<Item = (&'a str, i64)>) -> Value {
    let mut sums = BTreeMap::new();
    entries.for_each(|(name, number)| *sums.entry(name).or_insert(0) += number);
    Value::map(sums)
}
