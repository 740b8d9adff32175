//! Numbers as they are written.

use crate::draw::{one, some, word};
use crate::kinds::NO_TEXT;
use crate::{Params, TaskKind};
use rand::RngExt;

pub(super) const KINDS: [TaskKind; 6] = [
    TaskKind {
        name: "weigh_digits",
        arguments: "number: int",
        returns: "int",
        a: &[4, 5, 6],
        b: &[2, 3, 7],
        t: NO_TEXT,
        asks: [
            "Go through the digits of the number from left to right with a sum that starts at 0. A digit of <a> or more is added twice, a 0 takes <b> away from the sum, and every other digit is added once. The sum never goes below 0: where it would, it becomes 0 and goes on from there. Return the sum at the end.",
            "Return what the digits of a positive number weigh. Read them from the left. Every digit that is at least <a> counts double, digits from 1 to below <a> count once. A zero lowers the weight so far by <b>, but if that weight is less than <b>, it is set to zero instead. The weight is 0 before the first digit.",
            "Starting with a total of 0, handle each digit in the order in which it is written. If it is 0, subtract <b> from the total, but do not let the total become negative (use 0 then). If it is <a> or larger, add two times the digit. Otherwise, add the digit. Return the final total.",
        ],
        right: "\
total = 0
for digit in map(int, str(number)):
    if digit == 0:
        total = max(0, total - <b>)
    else:
        total += 2 * digit if digit >= <a> else digit
return total",
        also: "\
total = 0
for letter in str(number):
    digit = int(letter)
    change = digit * 2 if digit >= <a> else digit or -<b>
    total = max(total + change, 0)
return total",
        wrong: "\
total = 0
for digit in map(int, str(number)):
    if digit == 0:
        total = max(0, total - <b>)
    else:
        total += 2 * digit if digit > <a> else digit
return total",
        input: |draw, p| vec![joined(some(draw, 4..=7, &[1, 2, p.a - 1, p.a, p.a, 9, 0, 0])).into()],
        truth: |p, x| {
            let weigh = |sum: i64, digit| if digit == 0 { (sum - p.b).max(0) } else { sum + digit };
            let doubled = |digit| if digit >= p.a { 2 * digit } else { digit };
            digits(x[0].int()).into_iter().map(doubled).fold(0, weigh).into()
        },
    },
    TaskKind {
        name: "write_in_base",
        arguments: "number: int",
        returns: "str",
        a: &[2, 3],
        b: &[2, 3],
        t: &["-", ".", "_"],
        asks: [
            "Write a number, which is 0 or more, in base <a> and put the sign '<t>' between groups of <b> digits. The groups are counted from the right, so only the leftmost group may have fewer than <b> digits; no zeros are added in front. The number 0 becomes '0'. Return the text.",
            "Return the digits of the number in the number system with base <a>, without leading zeros ('0' for zero). Beginning at the last digit and going left, insert '<t>' after every <b> digits, but never at the very start of the text.",
            "Convert a non-negative integer to base <a>. Then separate its digits by '<t>' as thousands are separated in long numbers, but in groups of <b> instead of 3: the last <b> digits form a group, the <b> before them form another, and the first group takes what is left. Zero is written as '0'.",
        ],
        right: "\
digits = ''
while number > 0 or not digits:
    digits += str(number % <a>)
    number //= <a>
starts = range(0, len(digits), <b>)
return '<t>'.join(digits[i:i + <b>] for i in starts)[::-1]",
        also: "\
text, count = '', 0
while number > 0 or count == 0:
    if count > 0 and count % <b> == 0:
        text = '<t>' + text
    number, digit = divmod(number, <a>)
    text = str(digit) + text
    count += 1
return text",
        wrong: "\
digits = ''
while number > 0 or not digits:
    digits = str(number % <a>) + digits
    number //= <a>
starts = range(0, len(digits), <b>)
return '<t>'.join(digits[i:i + <b>] for i in starts)",
        input: |draw, p| {
            let places = one(draw, &[1, 5, 5, 7, 7, 8]);
            vec![draw.random_range(0..p.a.pow(places)).into()]
        },
        truth: |p, x| {
            let places = (0..).take_while(|i| *i == 0 || p.a.pow(*i) <= x[0].int()).collect::<Vec<u32>>();
            let sign = |i| if i > 0 && i % p.b as u32 == 0 { p.t } else { "" };
            let written = |i: &u32| format!("{}{}", x[0].int() / p.a.pow(*i) % p.a, sign(*i));
            places.iter().rev().map(written).collect::<String>().into()
        },
    },
    TaskKind {
        name: "count_between",
        arguments: "low: int, high: int",
        returns: "int",
        a: &[2, 3, 4],
        b: &[1, 2, 5],
        t: NO_TEXT,
        asks: [
            "Count the numbers from low to high, both included, whose digits add up to a multiple of <a> and among whose digits there is no <b>. Return how many there are; low is never greater than high.",
            "How many whole numbers x with low <= x <= high have a sum of digits that is divisible by <a>, but do not contain the digit <b> anywhere? Return this count. You may assume that low is at most high.",
            "A number is good if two things are true: the digit <b> does not occur in it, and the sum of all its digits can be divided by <a> without a remainder. Return the number of good numbers in the range that begins with low and ends with high, where the two ends belong to the range.",
        ],
        right: "\
count = 0
for number in range(low, high + 1):
    digits = [int(letter) for letter in str(number)]
    if <b> not in digits and sum(digits) % <a> == 0:
        count += 1
return count",
        also: "\
good = []
for text in map(str, range(low, high + 1)):
    total = sum(map(int, text))
    if total % <a> == 0 and '<b>' not in text:
        good.append(text)
return len(good)",
        wrong: "\
count = 0
for number in range(low, high):
    digits = [int(letter) for letter in str(number)]
    if <b> not in digits and sum(digits) % <a> == 0:
        count += 1
return count",
        input: |draw, p| {
            let (low, high) = (draw.random_range(10..=300), draw.random_range(3..=40));
            let end =
                if draw.random_range(0..3) == 0 { low + high } else { (low + high..).find(|x| good(p, *x)).unwrap() };
            vec![low.into(), end.into()]
        },
        truth: |p, x| (x[0].int()..=x[1].int()).filter(|x| good(p, *x)).count().into(),
    },
    TaskKind {
        name: "next_numbers",
        arguments: "number: int",
        returns: "List[int]",
        a: &[3, 4, 7],
        b: &[2, 5, 8],
        t: NO_TEXT,
        asks: [
            "Return a list of the two smallest numbers that are greater than the given one, can be divided by <a> without a remainder and contain the digit <b> exactly once, the smaller of both first. The given number itself never counts, even if it has these properties.",
            "Search upwards from the given number, without looking at this number itself, for multiples of <a> in which the digit <b> is written once and only once. Return the first two that you find as a list, in the order in which you find them.",
            "A number is wanted if it is divisible by <a> and exactly one of its digits is a <b>. Find the wanted numbers that come after the given number (so each is larger than it) and return the nearest two of them in rising order.",
        ],
        right: "\
found = []
while len(found) < 2:
    number += 1
    if number % <a> == 0 and str(number).count('<b>') == 1:
        found.append(number)
return found",
        also: "\
found = []
for x in range(number + 1, number + 10000):
    if str(x).count('<b>') == 1 and x % <a> == 0:
        found.append(x)
    if len(found) == 2:
        return found",
        wrong: "\
found = []
while len(found) < 2:
    if number % <a> == 0 and str(number).count('<b>') == 1:
        found.append(number)
    number += 1
return found",
        input: |draw, p| {
            let start = draw.random_range(1..=400);
            vec![if start % 3 == 0 { start } else { wanted(p, start) }.into()]
        },
        truth: |p, x| {
            let first = wanted(p, x[0].int());
            vec![first, wanted(p, first)].into()
        },
    },
    TaskKind {
        name: "check_digit",
        arguments: "number: int",
        returns: "int",
        a: &[2, 3, 4],
        b: &[7, 10, 11],
        t: NO_TEXT,
        asks: [
            "Look at the digits of a positive number from right to left. The first, third, fifth and so on count as they are; the second, fourth and so on are multiplied by <a>, and each product is replaced by the sum of its digits. Add everything up. Return what has to be added to this sum to reach a multiple of <b>; that is 0 if the sum is a multiple already.",
            "Compute a check number. Number the digits from the right, beginning with 1. A digit in an odd place adds itself to a sum. A digit in an even place is first multiplied by <a>, and then the digits of this product are added to the sum. Return the smallest number, 0 or more, that makes the sum divisible by <b> when it is added.",
            "Going from the last digit to the first, take turns: add one digit unchanged, then the next one times <a>, where a product of two digits adds both of its digits, then one unchanged again, and so on. Return the distance from the total up to the next multiple of <b>, which is 0 when the total itself is such a multiple.",
        ],
        right: "\
total = 0
for i, digit in enumerate(str(number)[::-1]):
    value = int(digit) * (<a> if i % 2 == 1 else 1)
    total += sum(map(int, str(value)))
return -total % <b>",
        also: "\
total, factor = 0, 1
while number > 0:
    value = number % 10 * factor
    total += value // 10 + value % 10
    number, factor = number // 10, <a> + 1 - factor
return -total % <b>",
        wrong: "\
total = 0
for i, digit in enumerate(str(number)):
    value = int(digit) * (<a> if i % 2 == 1 else 1)
    total += sum(map(int, str(value)))
return -total % <b>",
        input: |draw, _| vec![word(draw, 2..=6, "123456789").parse::<i64>().unwrap().into()],
        truth: |p, x| {
            let factors = [1, p.a].into_iter().cycle();
            let parts = digits(x[0].int()).into_iter().rev().zip(factors).flat_map(|(digit, by)| digits(digit * by));
            (-parts.sum::<i64>()).rem_euclid(p.b).into()
        },
    },
    TaskKind {
        name: "keep_digits",
        arguments: "number: int",
        returns: "int",
        a: &[2, 3, 4],
        b: &[4, 5, 6],
        t: NO_TEXT,
        asks: [
            "Keep the first digit of a positive number. Then go through its other digits from left to right and keep a digit if it differs by at least <a> from the digit that was kept last. Stop when <b> digits are kept or the digits are used up. Return the number that the kept digits form, in their order.",
            "Build a shorter number from the digits of the given one. The leftmost digit is always taken. Each following digit is taken only if it is at least <a> larger or at least <a> smaller than the last taken digit (not the digit next to it). No more than <b> digits are taken. Return the result as an integer.",
            "Go over the digits of the number from the left and drop some of them: drop each digit whose distance from the nearest digit to its left that was not dropped is less than <a>, and drop all that come after <b> digits have been left standing. The first digit stands. Return the digits that stand as one number.",
        ],
        right: "\
kept = str(number)[0]
for digit in str(number)[1:]:
    far = abs(int(digit) - int(kept[-1])) >= <a>
    if far and len(kept) < <b>:
        kept += digit
return int(kept)",
        also: "\
first, *others = map(int, str(number))
kept = [first]
for digit in others:
    if abs(kept[-1] - digit) >= <a>:
        kept.append(digit)
return int(''.join(map(str, kept[:<b>])))",
        wrong: "\
kept = str(number)[0]
for last, digit in zip(str(number), str(number)[1:]):
    far = abs(int(digit) - int(last)) >= <a>
    if far and len(kept) < <b>:
        kept += digit
return int(kept)",
        input: |draw, p| {
            let mut written = vec![draw.random_range(2..=8)];
            for step in some(draw, 6..=8, &[-3, -1, -1, 1, 1, 1, 2, p.a]) {
                written.push((written[written.len() - 1] + step).clamp(1, 9));
            }
            vec![joined(written).into()]
        },
        truth: |p, x| {
            let mut kept = digits(x[0].int());
            kept.dedup_by(|digit, last| (*digit - *last).abs() < p.a);
            kept.truncate(p.b as usize);
            joined(kept).into()
        },
    },
];

/// From the left.
fn digits(number: i64) -> Vec<i64> {
    number.to_string().chars().map(|digit| digit as i64 - '0' as i64).collect()
}

/// The number that has these digits; 1 in front in place of 0.
fn joined(digits: Vec<i64>) -> i64 {
    digits.into_iter().fold(0, |number, digit| (10 * number + digit).max(1))
}

/// What [`KINDS`]' `count_between` counts.
fn good(p: &Params, number: i64) -> bool {
    !digits(number).contains(&p.b) && digits(number).iter().sum::<i64>() % p.a == 0
}

/// What `next_numbers` finds first.
fn wanted(p: &Params, after: i64) -> i64 {
    let fits = |x: &i64| x % p.a == 0 && digits(*x).iter().filter(|digit| **digit == p.b).count() == 1;
    (after + 1..).find(fits).unwrap()
}
