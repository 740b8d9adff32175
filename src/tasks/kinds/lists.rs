//! Lists of numbers: filters, counts, runs, windows, pairs, merging, sorting.

use super::{NO_NUMBER, NO_TEXT};
use crate::TaskKind;
use crate::draw::{numbers, some};

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "longest_streak_above",
        arguments: "numbers: List[int]",
        returns: "int",
        a: &[3, 4, 5, 6, 7, 8, 10, 12, 15, 20],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Find the longest run of consecutive numbers in the list that are all greater than <a>. Return its length, or 0 if there is none.",
            "Return how many numbers in a row are greater than <a>, at most. If no number is greater than <a>, return 0.",
            "Given a list of daily temperatures, a day is warm if its temperature is above <a>. Return the largest number of warm days in a row.",
        ],
        right: "best = 0
count = 0
for x in numbers:
    if x > <a>:
        count += 1
        best = max(best, count)
    else:
        count = 0
return best",
        also: "longest = 0
current = 0
for n in numbers:
    current = current + 1 if n > <a> else 0
    if current > longest:
        longest = current
return longest",
        wrong: "best = 0
count = 0
for x in numbers:
    if x >= <a>:
        count += 1
        best = max(best, count)
    else:
        count = 0
return best",
        input: |draw, p| vec![numbers(draw, 5..=8, p.a - 2..=p.a + 3).into()],
        truth: |p, arguments| {
            let numbers = arguments[0].ints();
            numbers.split(|x| *x <= p.a).map(<[i64]>::len).max().unwrap_or(0).into()
        },
    },
    TaskKind {
        name: "count_pairs_with_sum",
        arguments: "numbers: List[int]",
        returns: "int",
        a: &[7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Count the pairs of positions i < j in the list for which numbers[i] + numbers[j] equals <a>. Return the count.",
            "In how many ways can you choose two numbers at different positions of the list so that their sum is <a>? The order of the two does not matter. Return that number.",
            "Return the number of pairs of items in the list that add up to <a>. Each two items, at different indexes, are counted once as a pair.",
        ],
        right: "count = 0
for i in range(len(numbers)):
    for j in range(i + 1, len(numbers)):
        if numbers[i] + numbers[j] == <a>:
            count += 1
return count",
        also: "pairs = 0
for i, x in enumerate(numbers):
    rest = numbers[i + 1:]
    for y in rest:
        if x + y == <a>:
            pairs += 1
return pairs",
        wrong: "count = 0
for i in range(len(numbers)):
    for j in range(len(numbers)):
        if i != j and numbers[i] + numbers[j] == <a>:
            count += 1
return count",
        input: |draw, p| vec![some(draw, 4..=7, &[1, 2, 3, p.a / 2, p.a - 1, p.a - 2, p.a - 3]).into()],
        truth: |p, arguments| {
            let numbers = arguments[0].ints();
            let before = |i: usize| numbers[..i].iter().filter(|x| **x == p.a - numbers[i]).count();
            (0..numbers.len()).map(before).sum::<usize>().into()
        },
    },
    TaskKind {
        name: "count_big_jumps",
        arguments: "numbers: List[int]",
        returns: "int",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Count how often two neighbouring numbers in the list differ by more than <a>. Return the count.",
            "A jump is a place in the list where the absolute difference between a number and the number after it is greater than <a>. Return the number of jumps.",
            "Compare every number in the list with the one directly before it. Return how many times the value goes up or down by more than <a>.",
        ],
        right: "count = 0
for i in range(1, len(numbers)):
    if abs(numbers[i] - numbers[i - 1]) > <a>:
        count += 1
return count",
        also: "jumps = 0
for x, y in zip(numbers, numbers[1:]):
    difference = abs(x - y)
    if difference > <a>:
        jumps += 1
return jumps",
        wrong: "count = 0
for i in range(1, len(numbers)):
    if numbers[i] - numbers[i - 1] > <a>:
        count += 1
return count",
        input: |draw, p| vec![some(draw, 4..=7, &[1, 2, p.a + 2, p.a + 3, 2 * p.a + 3, 3 * p.a + 1]).into()],
        truth: |p, arguments| {
            arguments[0].ints().windows(2).filter(|pair| pair[0].abs_diff(pair[1]) as i64 > p.a).count().into()
        },
    },
    TaskKind {
        name: "clamp_numbers",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[2, 3, 4],
        b: &[7, 8, 9],
        t: NO_TEXT,
        asks: [
            "Return a list in which every number less than <a> is replaced by <a> and every number greater than <b> is replaced by <b>. The other numbers stay as they are.",
            "Limit all numbers of the list to the range from <a> to <b>: smaller ones become <a>, larger ones become <b>. Return the new list in the same order.",
            "Clamp each number in the list between <a> and <b> and return the list of the results.",
        ],
        right: "result = []
for x in numbers:
    if x < <a>:
        result.append(<a>)
    elif x > <b>:
        result.append(<b>)
    else:
        result.append(x)
return result",
        also: "clamped = []
for x in numbers:
    if x < <a>:
        x = <a>
    if x > <b>:
        x = <b>
    clamped.append(x)
return clamped",
        wrong: "low = <a>
high = <b>
result = []
for x in numbers:
    if x < low or x > high:
        continue
    result.append(x)
return result",
        input: |draw, p| vec![numbers(draw, 4..=7, p.a - 3..=p.b + 3).into()],
        truth: |p, arguments| arguments[0].ints().into_iter().map(|x| x.clamp(p.a, p.b)).collect::<Vec<_>>().into(),
    },
    TaskKind {
        name: "rotate_list_right",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Rotate the list to the right <a> times and return it. In one rotation the last number moves to the front. The list is never empty.",
            "Take the last number of a list and put it at the front; do this <a> times in total. Return the resulting list. There is at least one number.",
            "Return the non-empty list rotated to the right by <a> places, so that numbers that fall off the end come back at the start.",
        ],
        right: "result = list(numbers)
for step in range(<a>):
    last = result.pop()
    result.insert(0, last)
return result",
        also: "result = []
n = len(numbers)
for i in range(n):
    result.append(numbers[(i - <a>) % n])
return result",
        wrong: "result = list(numbers)
for step in range(<a>):
    first = result.pop(0)
    result.append(first)
return result",
        input: |draw, _| vec![numbers(draw, 4..=7, 1..=9).into()],
        truth: |p, arguments| {
            let mut numbers = arguments[0].ints();
            let places = p.a as usize % numbers.len();
            numbers.rotate_right(places);
            numbers.into()
        },
    },
    TaskKind {
        name: "count_until_total",
        arguments: "numbers: List[int]",
        returns: "int",
        a: &[10, 12, 14, 15, 16, 18, 20, 21, 22, 24],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Add up the numbers from left to right. Return how many numbers you have added when the sum is first at least <a>. Return -1 if the sum never gets that far.",
            "You save the given amounts one after the other. Return after how many amounts you have saved <a> or more for the first time, or -1 if all of them together are less.",
            "Return the smallest number k such that the sum of the first k numbers of the list is at least <a>. If there is no such k, return -1.",
        ],
        right: "total = 0
for i in range(len(numbers)):
    total += numbers[i]
    if total >= <a>:
        return i + 1
return -1",
        also: "total = 0
count = 0
for x in numbers:
    total += x
    count += 1
    if total >= <a>:
        return count
return -1",
        wrong: "total = 0
for i, x in enumerate(numbers):
    total += x
    if total >= <a>:
        return i
return -1",
        input: |draw, p| vec![numbers(draw, 4..=7, 1..=p.a / 2).into()],
        truth: |p, arguments| {
            let numbers = arguments[0].ints();
            let reached = (1..=numbers.len()).find(|&k| numbers[..k].iter().sum::<i64>() >= p.a);
            reached.map_or(-1, |k| k as i64).into()
        },
    },
    TaskKind {
        name: "distinct_above_descending",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10, 12],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return the different numbers in the list that are greater than <a>, sorted from largest to smallest. Each number appears only once in the result.",
            "Keep only the numbers above <a>, remove duplicates and return the rest in descending order.",
            "Given a list of scores, return all scores greater than <a> without repeats, the highest score first.",
        ],
        right: "result = []
for x in numbers:
    if x > <a> and x not in result:
        result.append(x)
result.sort(reverse=True)
return result",
        also: "found = set()
for number in numbers:
    if number > <a>:
        found.add(number)
return sorted(found, reverse=True)",
        wrong: "result = []
for x in numbers:
    if x >= <a> and x not in result:
        result.append(x)
result.sort(reverse=True)
return result",
        input: |draw, p| vec![some(draw, 5..=8, &[p.a - 1, p.a, p.a, p.a + 1, p.a + 2, p.a + 3, p.a + 5]).into()],
        truth: |p, arguments| {
            let mut numbers = arguments[0].ints();
            numbers.retain(|x| *x > p.a);
            numbers.sort_by_key(|x| -x);
            numbers.dedup();
            numbers.into()
        },
    },
    TaskKind {
        name: "count_heavy_windows",
        arguments: "numbers: List[int]",
        returns: "int",
        a: &[2, 3, 4],
        b: &[10, 12, 15],
        t: NO_TEXT,
        asks: [
            "Look at every group of <a> consecutive numbers in the list (groups may overlap). Return how many of these groups have a sum greater than <b>.",
            "Slide a window of length <a> over the list, one step at a time. Count the windows whose sum is more than <b> and return the count.",
            "Return the number of positions in the list from which the next <a> numbers, starting with the one at that position, add up to more than <b>. Positions with fewer than <a> numbers left do not count.",
        ],
        right: "count = 0
for i in range(len(numbers) - <a> + 1):
    if sum(numbers[i:i + <a>]) > <b>:
        count += 1
return count",
        also: "count = 0
for end in range(<a>, len(numbers) + 1):
    window = numbers[end - <a>:end]
    if sum(window) > <b>:
        count += 1
return count",
        wrong: "count = 0
for i in range(len(numbers) - <a>):
    if sum(numbers[i:i + <a>]) > <b>:
        count += 1
return count",
        input: |draw, p| vec![numbers(draw, p.a as usize + 2..=8, 1..=2 * p.b / p.a + 1).into()],
        truth: |p, arguments| {
            let sums = arguments[0].ints();
            sums.windows(p.a as usize).filter(|window| window.iter().sum::<i64>() > p.b).count().into()
        },
    },
    TaskKind {
        name: "pick_from_merged",
        arguments: "first: List[int], second: List[int]",
        returns: "int",
        a: &[2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Put two lists of numbers together and sort them in ascending order. Return the number at place <a>, counting places from 1. There are always enough numbers.",
            "Merge the two lists into one sorted list, smallest number first, keeping duplicates. Return its item number <a>, where the smallest is item number 1. There are more than <a> numbers.",
            "Return the k-th smallest of all the numbers in the two lists, for k = <a>. Equal numbers are counted separately, and k = 1 would be the smallest of all. The lists have more than <a> numbers together.",
        ],
        right: "merged = []
for x in first:
    merged.append(x)
for x in second:
    merged.append(x)
merged.sort()
return merged[<a> - 1]",
        also: "merged = first + second
smallest = None
for i in range(<a>):
    smallest = min(merged)
    merged.remove(smallest)
return smallest",
        wrong: "merged = []
for x in first:
    merged.append(x)
for x in second:
    merged.append(x)
merged.sort()
return merged[<a>]",
        input: |draw, _| vec![numbers(draw, 5..=6, 1..=30).into(), numbers(draw, 5..=6, 1..=30).into()],
        truth: |p, arguments| {
            let all = [arguments[0].ints(), arguments[1].ints()].concat();
            let below = |x: i64| all.iter().filter(|y| **y < x).count() as i64;
            let up_to = |x: i64| all.iter().filter(|y| **y <= x).count() as i64;
            all.iter().copied().find(|&x| below(x) < p.a && p.a <= up_to(x)).into()
        },
    },
    TaskKind {
        name: "sort_by_distance",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[5, 6, 7, 8, 9, 10, 12, 15, 20, 25],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Sort the numbers by their distance to <a>, the closest first. If two numbers are equally far from <a>, the smaller one comes first. Return the sorted list.",
            "Return the list sorted by the absolute difference between each number and <a>, from small to large. Sort numbers with the same difference in ascending order.",
            "Order the numbers so that those nearest to <a> come first; where the distance is the same, the lower number goes before the higher. Return the new list.",
        ],
        right: "pairs = []
for x in numbers:
    pairs.append((abs(x - <a>), x))
pairs.sort()
return [x for distance, x in pairs]",
        also: "result = sorted(numbers)
def distance(x):
    return abs(x - <a>)
result.sort(key=distance)
return result",
        wrong: "result = list(numbers)
def distance(x):
    return abs(x - <a>)
result.sort(key=distance)
return result",
        input: |draw, p| vec![numbers(draw, 5..=7, p.a - 3..=p.a + 3).into()],
        truth: |p, arguments| {
            let mut numbers = arguments[0].ints();
            numbers.sort_by_key(|x| 2 * (x - p.a).abs() + i64::from(*x > p.a));
            numbers.into()
        },
    },
    TaskKind {
        name: "smaller_numbers_first",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[3, 4, 5, 6, 7, 8, 9, 10, 15, 20],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Move all numbers less than <a> to the front of the list and all other numbers behind them. Within each of the two groups keep the original order. Return the new list.",
            "Return a list with first the numbers below <a> and then the numbers that are <a> or more, both in the order in which they stand in the given list.",
            "Split the list into the numbers smaller than <a> and the rest, without changing their order. Return one list: the smaller numbers followed by the rest.",
        ],
        right: "small = []
large = []
for x in numbers:
    if x < <a>:
        small.append(x)
    else:
        large.append(x)
return small + large",
        also: "result = []
for x in numbers:
    if x < <a>:
        result.append(x)
for x in numbers:
    if x >= <a>:
        result.append(x)
return result",
        wrong: "small = []
large = []
for x in numbers:
    if x <= <a>:
        small.append(x)
    else:
        large.append(x)
return small + large",
        input: |draw, p| vec![numbers(draw, 5..=8, p.a - 2..=p.a + 2).into()],
        truth: |p, arguments| {
            let mut numbers = arguments[0].ints();
            numbers.sort_by_key(|x| *x >= p.a);
            numbers.into()
        },
    },
];
