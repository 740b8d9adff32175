//! Whole numbers: digits, divisors, sequences, bases.

mod digits;

use super::NO_TEXT;
use crate::draw::{numbers, one, some};
use crate::{TaskKind, Value};
use rand::RngExt;
use std::iter::successors;

pub(super) static KINDS: [TaskKind; 12] = {
    let [a, b, c, d, e, f] = OWN;
    let [u, v, w, x, y, z] = digits::KINDS;
    [a, b, c, d, e, f, u, v, w, x, y, z]
};

const OWN: [TaskKind; 6] = [
    TaskKind {
        name: "sum_divisors",
        arguments: "number: int",
        returns: "int",
        a: &[2, 3, 5],
        b: &[2, 3, 4],
        t: NO_TEXT,
        asks: [
            "Add up the divisors of a positive number that are at least <b>, are smaller than the number itself and cannot be divided by <a> without a remainder. If the number has no such divisor, return -1 instead of a sum.",
            "Return the sum of all numbers from <b> up to, but not including, the given number that divide it evenly and are not multiples of <a> themselves. When there are none of them, the result is -1.",
            "Look at every divisor of the number except the number itself. Ignore those that are less than <b> and those that are divisible by <a>. Return what the remaining divisors add up to, or -1 if none remain.",
        ],
        right: "\
total = 0
for divisor in range(<b>, number):
    if number % divisor == 0 and divisor % <a> != 0:
        total += divisor
return total if total > 0 else -1",
        also: "\
found = []
for x in range(number - 1, <b> - 1, -1):
    if x % <a> and number % x == 0:
        found.append(x)
return sum(found) if found else -1",
        wrong: "\
total = 0
for divisor in range(<b>, number + 1):
    if number % divisor == 0 and divisor % <a> != 0:
        total += divisor
return total if total > 0 else -1",
        input: |draw, p| {
            let factors: Vec<i64> =
                [2, 3, 5, 7, 9].into_iter().filter(|x| draw.random_range(0..4) == 0 || x % p.a != 0).collect();
            vec![some(draw, 2..=3, &factors).into_iter().product::<i64>().into()]
        },
        truth: |p, x| {
            let n = x[0].int();
            let sum: i64 = (1..n).filter(|x| n % x == 0).filter(|x| *x >= p.b && x % p.a > 0).sum();
            if sum == 0 { -1 } else { sum }.into()
        },
    },
    TaskKind {
        name: "walk_until_repeat",
        arguments: "start: int",
        returns: "List[int]",
        a: &[3, 5],
        b: &[1, 2, 4, 8],
        t: NO_TEXT,
        asks: [
            "Make a sequence of numbers that begins with the given positive number. If a number is divisible by <a>, the next one is this number divided by <a>; if it is not, the next one is larger by <b>. Stop before a number comes for the second time, so that all numbers are different, and return the sequence as a list.",
            "Starting from the given number, repeat one step: divide by <a> if this leaves no remainder, else add <b>. Collect the start and every result in a list. As soon as a result is already in the list, end without adding it again, and return the list.",
            "Return the list of the numbers that are visited, in order, the start being the first. From a multiple x of <a> go to x divided by <a>, from any other number x go to x + <b>. The walk is over when it would come to a number that it has visited before; that number is not listed twice.",
        ],
        right: "\
seen = []
number = start
while number not in seen:
    seen.append(number)
    number = number + <b> if number % <a> else number // <a>
return seen",
        also: "\
seen = [start]
while True:
    last = seen[-1]
    new = last // <a> if last % <a> == 0 else last + <b>
    if new in seen:
        return seen
    seen.append(new)",
        wrong: "\
seen = [start]
while len(set(seen)) == len(seen):
    last = seen[-1]
    new = last // <a> if last % <a> == 0 else last + <b>
    seen.append(new)
return seen",
        input: |draw, _| vec![draw.random_range(1..=40_i64).into()],
        truth: |p, x| {
            let next = |n: &i64| Some(if n % p.a > 0 { n + p.b } else { n / p.a });
            let walk: Vec<i64> = successors(Some(x[0].int()), next).take(999).collect();
            let end = (0..).find(|i| walk[..*i].contains(&walk[*i])).unwrap();
            walk[..end].to_vec().into()
        },
    },
    TaskKind {
        name: "round_prices",
        arguments: "prices: List[int]",
        returns: "List[int]",
        a: &[4, 6, 10],
        b: &[15, 20, 25],
        t: NO_TEXT,
        asks: [
            "Round every price of the list to the nearest multiple of <a>. A price exactly in the middle between two multiples goes down to the smaller one. Prices of less than <b> are not rounded but stay as they are. Return the new prices in the same order.",
            "Return the prices after rounding: each one that is at least <b> is replaced by the multiple of <a> that is closest to it, and if two multiples are equally close, by the lower of these. Prices below <b> are kept unchanged. The order does not change.",
            "For each price in order, give back the price itself if it is smaller than <b>. Otherwise give back a multiple of <a>: the one above if the price is more than half of the way towards it, and the one below (or the price itself, if it is a multiple already) in all other cases. Return these as a list.",
        ],
        right: "\
rounded = []
for price in prices:
    rest = price % <a>
    if price >= <b>:
        price += <a> - rest if rest > <a> // 2 else -rest
    rounded.append(price)
return rounded",
        also: "\
rounded = []
for price in prices:
    nearest = (price + <a> // 2 - 1) // <a> * <a>
    rounded.append(price if price < <b> else nearest)
return rounded",
        wrong: "\
rounded = []
for price in prices:
    rest = price % <a>
    if price >= <b>:
        price += <a> - rest if rest >= <a> // 2 else -rest
    rounded.append(price)
return rounded",
        input: |draw, p| {
            let price = |x: i64| if x > 60 { p.a * (x / 10) + p.a / 2 } else { x };
            vec![numbers(draw, 3..=6, 10..=99).into_iter().map(price).collect::<Vec<_>>().into()]
        },
        truth: |p, x| {
            let nearest =
                |price: i64| (0..=price + p.a).step_by(p.a as usize).min_by_key(|m| (price - m).abs()).unwrap();
            let round = |price: i64| if price < p.b { price } else { nearest(price) };
            x[0].ints().into_iter().map(round).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "pay_with_coins",
        arguments: "amount: int",
        returns: "List[int]",
        a: &[10, 12, 15],
        b: &[3, 4, 5],
        t: NO_TEXT,
        asks: [
            "Pay an amount with coins of <a>, <b> and 1. First take as many coins of <a> as fit into the amount, but not more than 2 of them. For what is left, take as many coins of <b> as fit, again at most 2. Pay the rest with coins of 1, of which there are enough. Return [number of <a> coins, number of <b> coins, number of 1 coins].",
            "A till holds two coins of <a>, two coins of <b> and any number of coins of 1. Hand out the given amount: always use the largest coin that is still there and does not exceed what remains to be paid. Return a list with how many coins of <a>, of <b> and of 1 are handed out, in this order.",
            "Return three counts for paying the amount greedily. The first says how often <a> is taken, the second how often <b> is taken afterwards, and the third how many ones complete the amount. Take each of the first two as often as possible without going over the amount, though never more than twice.",
        ],
        right: "\
counts = []
for coin in [<a>, <b>]:
    used = min(2, amount // coin)
    counts.append(used)
    amount -= used * coin
return counts + [amount]",
        also: "\
counts = {<a>: 0, <b>: 0}
for coin in [<a>, <a>, <b>, <b>]:
    if amount >= coin:
        counts[coin] += 1
        amount -= coin
return [counts[<a>], counts[<b>], amount]",
        wrong: "\
counts, limit = [], 2
for coin in [<a>, <b>]:
    used = min(limit, amount // coin)
    counts.append(used)
    amount -= used * coin
    limit -= used
return counts + [amount]",
        input: |draw, p| vec![(draw.random_range(0..=3) * p.a + draw.random_range(1..p.a)).into()],
        truth: |p, x| {
            let large = (x[0].int() / p.a).min(2);
            let rest = x[0].int() - large * p.a;
            let small = (rest / p.b).min(2);
            vec![large, small, rest - small * p.b].into()
        },
    },
    TaskKind {
        name: "halving_game",
        arguments: "number: int",
        returns: "List[int]",
        a: &[1, 3, 5],
        b: &[4, 6, 9],
        t: NO_TEXT,
        asks: [
            "Two players change a number in turns; the first player begins. An even number is halved, from an odd number <a> is subtracted, and the player who does it gets what the number has lost as points. The game ends as soon as the number is at most <b>, perhaps before the first move. Return [points of the first player, points of the second].",
            "As long as the number is greater than <b>, the players move by turns. A move takes half of the number away if the number is even, and <a> if it is odd. Each player adds up what he or she takes. Return a list of the two totals, the total of the player who moves first being first.",
            "Play with a number until it is <b> or less. In the first, third, fifth move and so on, what is removed from the number goes to player one, in the other moves to player two. From an even number, its half is removed; from an odd one, <a> is. Return both players' sums as [one, two]; they begin at 0.",
        ],
        right: "\
points, player = [0, 0], 0
while number > <b>:
    taken = <a> if number % 2 else number // 2
    points[player] += taken
    number -= taken
    player = 1 - player
return points",
        also: "\
taken = []
while number > <b>:
    loss = number // 2 if number % 2 == 0 else <a>
    taken.append(loss)
    number -= loss
return [sum(taken[::2]), sum(taken[1::2])]",
        wrong: "\
points, player = [0, 0], 0
while number >= <b>:
    taken = <a> if number % 2 else number // 2
    points[player] += taken
    number -= taken
    player = 1 - player
return points",
        input: |draw, p| {
            let mut number = one(draw, &[p.b, p.b, p.b - 1]);
            for _ in 0..draw.random_range(0..=5) {
                number = if number % 2 == 0 && draw.random_range(0..2) == 0 { number + p.a } else { 2 * number };
            }
            vec![number.into()]
        },
        truth: |p, x| {
            let next = |n: &i64| (*n > p.b).then(|| if n % 2 == 0 { n / 2 } else { n - p.a });
            let shown: Vec<i64> = successors(Some(x[0].int()), next).collect();
            let points = |first: usize| {
                shown[first.min(shown.len())..].chunks(2).map(|way| way[0] - way[way.len() - 1]).sum::<i64>()
            };
            (points(0), points(1)).into()
        },
    },
    TaskKind {
        name: "spans_by_remainder",
        arguments: "numbers: List[int]",
        returns: "Dict[int, int]",
        a: &[3, 4, 5, 6],
        b: &[2, 3],
        t: NO_TEXT,
        asks: [
            "Put the numbers into groups by the remainder that each leaves when divided by <a>. For every group of at least <b> numbers (equal numbers count each time), compute its largest number minus its smallest. Return a dictionary from the remainder to this difference; smaller groups do not appear in it.",
            "Return a dictionary whose keys are remainders after division by <a>. A remainder is a key if <b> or more items of the list leave it. Its value is how far the smallest and the largest of these items are apart. Repeated items are separate items.",
            "For each remainder modulo <a>, look at the numbers of the list that have it. If there are fewer than <b> of them, counting repetitions, leave the remainder out. Otherwise, map it to the difference between the maximum and the minimum of these numbers. Return the resulting dictionary.",
        ],
        right: "\
spans = {}
for rest in range(<a>):
    group = [x for x in numbers if x % <a> == rest]
    if len(group) >= <b>:
        spans[rest] = max(group) - min(group)
return spans",
        also: "\
groups = defaultdict(list)
for x in sorted(numbers):
    groups[x % <a>].append(x)
kept = [rest for rest in groups if len(groups[rest]) >= <b>]
return {rest: groups[rest][-1] - groups[rest][0] for rest in kept}",
        wrong: "\
spans = {}
for rest in range(<a>):
    group = [x for x in numbers if x % <a> == rest]
    if len(group) > <b>:
        spans[rest] = max(group) - min(group)
return spans",
        input: |draw, p| vec![numbers(draw, 6..=p.a as usize + 4, 1..=40).into()],
        truth: |p, x| {
            let group = |rest| x[0].ints().into_iter().filter(|x| x % p.a == rest).collect::<Vec<_>>();
            let groups = (0..p.a).map(|rest| (rest, group(rest))).filter(|(_, group)| group.len() as i64 >= p.b);
            Value::map(groups.map(|(rest, group)| (rest, group.iter().max().unwrap() - group.iter().min().unwrap())))
        },
    },
];
