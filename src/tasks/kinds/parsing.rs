//! Reading small formats: lists of numbers, entries with names, sums, brackets, numerals, lines.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{Draw, numbers, one, some, word};
use crate::{TaskKind, Value};
use rand::RngExt;

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "add_to_listed_numbers",
        arguments: "text: str",
        returns: "str",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The text is a list of whole numbers separated by commas, such as '4,10,7'. Add <a> to every number and return the new list as a text of the same form.",
            "Given a text with integers between commas, for example '1,20,3', return a text in which each number is increased by <a>, again with only a comma between the numbers.",
            "Split the text at its commas, raise each of the whole numbers by <a>, and return them joined by ',' (without spaces) in the same order.",
        ],
        right: "\
result = []
for part in text.split(','):
    number = int(part) + <a>
    result.append(str(number))
return ','.join(result)",
        also: "\
numbers = [int(part) for part in text.split(',')]
result = []
for number in numbers:
    result.append(str(number + <a>))
return ','.join(result)",
        wrong: "\
result = []
for part in text.split(','):
    number = int(part) + <a>
    result.append(str(number))
return ', '.join(result)",
        input: |draw, _| vec![joined(numbers(draw, 3..=6, 0..=30), ",").into()],
        truth: |p, x| joined(x[0].text().split(',').map(|n| int(n) + p.a), ",").into(),
    },
    TaskKind {
        name: "names_with_score",
        arguments: "text: str",
        returns: "List[str]",
        a: &[20, 25, 30, 35, 40, 45, 50, 55, 60],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The text holds entries 'name:score' separated by commas, such as 'tom:31,ann:58'. Return a list of the names whose score is at least <a>, in alphabetical order.",
            "Each part of the comma-separated text is a name, a colon and a whole number of points, like 'eva:44'. Return the sorted list of all names that have <a> points or more.",
            "Read scores from a text like 'bob:17,eva:62' and return the names of those with a score of <a> or higher, as a list sorted from A to Z.",
        ],
        right: "\
names = []
for entry in text.split(','):
    name, score = entry.split(':')
    if int(score) >= <a>:
        names.append(name)
return sorted(names)",
        also: "\
scores = {}
for entry in text.split(','):
    name, score = entry.split(':')
    scores[name] = int(score)
return sorted(x for x in scores if scores[x] >= <a>)",
        wrong: "\
names = []
for entry in text.split(','):
    name, score = entry.split(':')
    if int(score) > <a>:
        names.append(name)
return sorted(names)",
        input: |draw, p| vec![entries(draw, &[p.a - 9, p.a - 1, p.a, p.a, p.a + 4, p.a + 11], ":", ",").into()],
        truth: |p, x| {
            let mut found = pairs(x[0].text(), ":", ",");
            found.sort();
            found.iter().filter(|x| x.1 >= p.a).map(|x| x.0).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "read_assignments",
        arguments: "text: str",
        returns: "Dict[str, int]",
        a: &[2, 3, 10],
        b: NO_NUMBER,
        t: &[";", ",", "|"],
        asks: [
            "The text holds entries such as 'tom=3' with '<t>' between them. Return a dictionary from each name to its number multiplied by <a>.",
            "Parse a text of parts 'name=number' that are separated by '<t>'. Return a dictionary in which every name has <a> times its whole number.",
            "Split the text at '<t>'. Every part is a name, '=' and an integer. Return a dict whose keys are the names and whose values are the integers times <a>.",
        ],
        right: "\
result = {}
for part in text.split('<t>'):
    name, number = part.split('=')
    result[name] = int(number) * <a>
return result",
        also: "\
result = {}
for part in text.split('<t>'):
    pair = part.split('=')
    result[pair[0]] = <a> * int(pair[1])
return result",
        wrong: "\
result = {}
for part in text.split('<t>'):
    name, number = part.split('=')
    result[name] = number * <a>
return result",
        input: |draw, p| vec![entries(draw, &[1, 2, 3, 5, 7, 8, 12, 15, 20], "=", p.t).into()],
        truth: |p, x| Value::map(pairs(x[0].text(), "=", p.t).into_iter().map(|(name, n)| (name, n * p.a))),
    },
    TaskKind {
        name: "remainder_of_sum",
        arguments: "text: str",
        returns: "int",
        a: &[3, 4, 5, 6, 7, 8, 9, 10, 11],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The text is a sum of whole numbers such as '3+14+5'. Work out the sum and return its remainder when divided by <a>.",
            "Add the integers in a text like '12+7', where '+' stands between them, and return the total modulo <a>.",
            "Given an addition written as a text, for example '8+1+20', compute the result and return what remains after dividing it by <a>.",
        ],
        right: "\
total = 0
for number in text.split('+'):
    total += int(number)
return total % <a>",
        also: "\
numbers = []
for part in text.split('+'):
    numbers.append(int(part))
return sum(numbers) % <a>",
        wrong: "\
total = 0
for number in text.split('+'):
    total += int(number) % <a>
return total",
        input: |draw, _| vec![joined(numbers(draw, 3..=5, 1..=30), "+").into()],
        truth: |p, x| x[0].text().split('+').fold(0, |rest, n| (rest + int(n)) % p.a).into(),
    },
    TaskKind {
        name: "is_nested_deeper",
        arguments: "text: str",
        returns: "bool",
        a: &[1, 2, 3],
        b: NO_NUMBER,
        t: &["()", "[]", "{}", "<>"],
        asks: [
            "The text consists of correctly paired brackets '<t>', such as '<t><t>'. Return True if they are nested more than <a> deep somewhere, and False otherwise.",
            "Find the greatest depth of the brackets '<t>' in a text of such brackets, where every bracket is closed properly. Return whether this depth is greater than <a>.",
            "Go through a balanced text of the brackets '<t>' and count how many are open at each place. Return True if more than <a> are open at the same time at some place, otherwise False.",
        ],
        right: "\
depth = deepest = 0
for sign in text:
    depth += 1 if sign == '<t>'[0] else -1
    deepest = max(deepest, depth)
return deepest > <a>",
        also: "\
depth = 0
for sign in text:
    depth += 1 if sign in '([{<' else -1
    if depth > <a>:
        return True
return False",
        wrong: "\
depth = deepest = 0
for sign in text:
    depth += 1 if sign == '<t>'[0] else -1
    deepest = max(deepest, depth)
return deepest >= <a>",
        input: |draw, p| {
            let depth = p.a + one(draw, &[0, 0, 0, 1, 1, 2]);
            vec![nested(draw, depth).replace('[', &p.t[..1]).replace(']', &p.t[1..]).into()]
        },
        truth: |p, x| {
            let open = |i| x[0].text()[..i].matches(&p.t[..1]).count() as i64 * 2 - i as i64;
            (0..=x[0].text().len()).any(|i| open(i) > p.a).into()
        },
    },
    TaskKind {
        name: "multiply_roman_number",
        arguments: "text: str",
        returns: "int",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The text is a Roman numeral made of the letters I, V, X, L and C, such as 'XIV'. Return its value multiplied by <a>.",
            "Convert a Roman numeral (letters I, V, X, L, C; for example 'XLII') to an integer and return <a> times this integer.",
            "Given a number in Roman numerals, with I = 1, V = 5, X = 10, L = 50 and C = 100 and forms such as IV and XC, return the product of this number and <a>.",
        ],
        right: "\
values = {'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100}
total = 0
for i in range(len(text)):
    value = values[text[i]]
    smaller = value < max(values[letter] for letter in text[i:])
    total += -value if smaller else value
return total * <a>",
        also: "\
values = {'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100}
total = previous = 0
for letter in reversed(text):
    value = values[letter]
    total += -value if value < previous else value
    previous = value
return total * <a>",
        wrong: "\
values = {'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100}
total = previous = 0
for letter in text:
    value = values[letter]
    total += -value if value < previous else value
    previous = value
return total * <a>",
        input: |draw, _| {
            let tens = one(draw, &["", "X", "XX", "XL", "L", "LX", "XC", "C", "CX"]);
            vec![format!("{tens}{}", one(draw, &["I", "II", "III", "IV", "V", "VI", "VII", "IX"])).into()]
        },
        truth: |p, x| {
            let worth = [("I", 1), ("V", 5), ("X", 10), ("L", 50), ("C", 100)];
            let less = [("IV", -2), ("IX", -2), ("XL", -20), ("XC", -20)];
            let times = |(sign, n): &(&str, i64)| n * x[0].text().matches(sign).count() as i64;
            (p.a * worth.iter().chain(&less).map(times).sum::<i64>()).into()
        },
    },
    TaskKind {
        name: "list_binary_multiples",
        arguments: "text: str",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The text holds binary numbers separated by spaces, such as '101 1100'. Convert them to integers and return a list of those that are divisible by <a>, in the same order.",
            "Read the numbers of a text, which are written in binary with a space between them, and return the list of all their values that are multiples of <a>.",
            "Split the text at the spaces; each part is a number in base 2, like '110' for 6. Return the values that can be divided by <a> without remainder, as a list of integers in their order.",
        ],
        right: "\
result = []
for part in text.split(' '):
    number = int(part, 2)
    if number % <a> == 0:
        result.append(number)
return result",
        also: "\
numbers = [int(part, 2) for part in text.split()]
result = []
for number in numbers:
    if number % <a> == 0:
        result.append(number)
return result",
        wrong: "\
result = []
for part in text.split(' '):
    number = int(part)
    if number % <a> == 0:
        result.append(number)
return result",
        input: |draw, p| {
            let all: Vec<i64> = (1..=24).filter(|n| n % p.a == 0 || n % 3 == 1).collect();
            vec![some(draw, 3..=5, &all).iter().map(|n| format!("{n:b}")).collect::<Vec<_>>().join(" ").into()]
        },
        truth: |p, x| {
            let values = x[0].text().split(' ').map(|bits| i64::from_str_radix(bits, 2).unwrap());
            values.filter(|n| n % p.a == 0).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "find_number_of_key",
        arguments: "text: str",
        returns: "int",
        a: &[0, -1, 100],
        b: NO_NUMBER,
        t: &["ada", "kim", "leo", "rob"],
        asks: [
            "Every line of the text has the form 'key: number', such as 'ian: 12'. Return the number of the key '<t>', or <a> if no line has this key.",
            "The lines of a text each hold a name, a colon, a space and a whole number. Look up the name '<t>' and return its number as an integer; return <a> if the name is not there.",
            "Search the lines of the text, for example 'ian: 3', for the one whose word before ': ' is '<t>'. Return the integer after it. If there is no such line, return <a>.",
        ],
        right: "\
for line in text.splitlines():
    key, number = line.split(': ')
    if key == '<t>':
        return int(number)
return <a>",
        also: "\
numbers = {}
for line in text.splitlines():
    key, number = line.split(': ')
    numbers[key] = int(number)
return numbers.get('<t>', <a>)",
        wrong: "\
for line in text.splitlines():
    key, number = line.split(': ')
    if key == '<t>':
        return int(number)
    return <a>",
        input: |draw, p| {
            let mut text = entries(draw, &[3, 6, 9, 12, 17, 20, 34], ": ", "\n");
            if draw.random_bool(0.7) {
                text += &format!("\n{}: {}\nian: 4", p.t, draw.random_range(5..=40));
            }
            vec![text.into()]
        },
        truth: |p, x| pairs(x[0].text(), ": ", "\n").iter().find(|x| x.0 == p.t).map_or(p.a, |x| x.1).into(),
    },
    TaskKind {
        name: "expand_groups",
        arguments: "text: str",
        returns: "str",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: &["-", "+", "/", ".", "_", "*", ",", ";", "|"],
        asks: [
            "In the text every letter is followed by one digit, as in 'a3b2'. Repeat each letter as often as its digit says and return these groups joined by '<t>'.",
            "Decode a text like 'x2y4', which consists of pairs of a letter and a digit: every pair stands for that many copies of the letter. Return the decoded pairs as one text with '<t>' between them.",
            "The text has the form letter, digit, letter, digit and so on. Write each letter the number of times given by the digit after it, put '<t>' between the pieces (not at the end), and return the result.",
        ],
        right: "\
groups = []
for i in range(0, len(text), 2):
    count = int(text[i + 1])
    groups.append(text[i] * count)
return '<t>'.join(groups)",
        also: "\
result = ''
for i in range(0, len(text), 2):
    if i > 0:
        result += '<t>'
    result += text[i] * int(text[i + 1])
return result",
        wrong: "\
result = ''
for i in range(0, len(text), 2):
    count = int(text[i + 1])
    result += text[i] * count
    result += '<t>'
return result",
        input: |draw, _| vec![some(draw, 2..=4, &["a3", "b2", "c1", "d4", "e2", "k1", "m5", "x3"]).concat().into()],
        truth: |p, x| {
            let group = |pair: &[u8]| char::from(pair[0]).to_string().repeat((pair[1] - b'0') as usize);
            x[0].text().as_bytes().chunks(2).map(group).collect::<Vec<_>>().join(p.t).into()
        },
    },
    TaskKind {
        name: "sum_digits_from",
        arguments: "text: str",
        returns: "int",
        a: &[2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The text is a mix of letters and digits, such as 'a7b25'. Return the sum of all single digits in it that are at least <a>.",
            "Add up the digits of a text that also has letters, but count only digits that are <a> or greater. Return the sum. Every digit is taken by itself: '42' is a 4 and a 2.",
            "Go through the characters of the text. Whenever a character is a digit with a value of <a> or more, add its value to a total. Return the total; letters are ignored.",
        ],
        right: "\
total = 0
for sign in text:
    if sign.isdigit() and int(sign) >= <a>:
        total += int(sign)
return total",
        also: "\
digits = [int(sign) for sign in text if sign.isdigit()]
total = 0
for digit in digits:
    total += digit if digit >= <a> else 0
return total",
        wrong: "\
total = 0
for sign in text:
    if sign.isdigit() and int(sign) > <a>:
        total += int(sign)
return total",
        input: |draw, p| vec![word(draw, 5..=8, &format!("abcxyz0123456789{0}{0}{0}", p.a)).into()],
        truth: |p, x| {
            let digits = x[0].text().chars().filter_map(|sign| sign.to_digit(10));
            digits.map(i64::from).filter(|n| *n >= p.a).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "list_fields_of_lines",
        arguments: "text: str",
        returns: "List[str]",
        a: &[1, 2, 3],
        b: NO_NUMBER,
        t: &[",", ";", ":", "|"],
        asks: [
            "Each line of the text has four words separated by '<t>'. Return a list with word number <a> of every line, where the first word of a line is number 1.",
            "The text is a table: it has several lines, and '<t>' stands between the four columns of a line. Return column <a> from top to bottom as a list of texts; the columns are counted from 1.",
            "Split the text into lines and each line at '<t>' into its four fields. Collect field <a> of each line, counting from 1, and return the fields as a list.",
        ],
        right: "\
result = []
for line in text.splitlines():
    fields = line.split('<t>')
    result.append(fields[<a> - 1])
return result",
        also: "\
result = []
rows = [line.split('<t>') for line in text.split('\\n')]
for row in rows:
    result.append(row[<a> - 1])
return result",
        wrong: "\
result = []
for line in text.splitlines():
    fields = line.split('<t>')
    result.append(fields[<a>])
return result",
        input: |draw, p| {
            let mut line = |_| (0..4).map(|_| word(draw, 1..=3, "abcdxy")).collect::<Vec<_>>().join(p.t);
            vec![[0, 1, 2].map(&mut line).join("\n").into()]
        },
        truth: |p, x| {
            let field = |line| str::split(line, p.t).nth(p.a as usize - 1).unwrap();
            x[0].text().lines().map(field).collect::<Vec<_>>().into()
        },
    },
];

fn int(digits: &str) -> i64 {
    digits.parse().unwrap()
}

fn joined(numbers: impl IntoIterator<Item = i64>, between: &str) -> String {
    numbers.into_iter().map(|n| n.to_string()).collect::<Vec<_>>().join(between)
}

/// Three or four names, each with one of the numbers.
fn entries(draw: &mut Draw, numbers: &[i64], sign: &str, between: &str) -> String {
    let names = one(draw, &[["tom", "ann", "eva", "bob"], ["sue", "max", "joe", "amy"], ["zoe", "tim", "ben", "pia"]]);
    let numbers = some(draw, 3..=4, numbers);
    names.iter().zip(numbers).map(|(name, n)| format!("{name}{sign}{n}")).collect::<Vec<_>>().join(between)
}

/// What `entries` wrote.
fn pairs<'a>(text: &'a str, sign: &str, between: &str) -> Vec<(&'a str, i64)> {
    text.split(between).map(|x| x.split_once(sign).unwrap()).map(|(name, n)| (name, int(n))).collect()
}

fn nested(draw: &mut Draw, depth: i64) -> String {
    let beside = ["", "", "[]", "[][]"];
    (0..depth).fold(String::new(), |text, _| [one(draw, &beside), "[", &text, "]", one(draw, &beside)].concat())
}
