//! Lists of numbers and of records: runs, windows, merging, ranking.

use super::NO_TEXT;
use crate::draw::{numbers, some};
use crate::{TaskKind, Value};
use std::iter::successors;

pub(super) static KINDS: [TaskKind; 12] = [
    TaskKind {
        name: "longest_calm_stretch",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[1, 2, 3, 4],
        b: &[2, 3],
        t: NO_TEXT,
        asks: [
            "A stretch of a list is calm if each number in it differs by at most <a> from the number directly before it in the stretch. Return the longest calm stretch as a list. If several are equally long, return the last of them. If no calm stretch has at least <b> numbers, return an empty list.",
            "Cut the list between two neighbours wherever they differ by more than <a>. Of the pieces that this makes, return the one with the most numbers, and the later one if pieces are equally long. A piece with fewer than <b> numbers does not count; return [] if no piece counts.",
            "Given a list of numbers, find its longest run of consecutive items in which no step from one item to the next is greater than <a> up or down. Runs shorter than <b> items are ignored. Among longest runs of the same length the one nearest the end of the list wins. The result is that run, or an empty list where there is none.",
        ],
        right: "best, run = [], []
for x in numbers:
    run = run + [x] if run and abs(x - run[-1]) <= <a> else [x]
    if len(run) >= max(len(best), <b>):
        best = run
return best",
        also: "cuts = [i for i in range(1, len(numbers)) if abs(numbers[i] - numbers[i - 1]) > <a>]
runs = [numbers[i:j] for i, j in zip([0] + cuts, cuts + [len(numbers)])]
best = max(runs[::-1], key=len)
return best if len(best) >= <b> else []",
        wrong: "cuts = [i for i in range(1, len(numbers)) if abs(numbers[i] - numbers[i - 1]) >= <a>]
runs = [numbers[i:j] for i, j in zip([0] + cuts, cuts + [len(numbers)])]
best = max(runs[::-1], key=len)
return best if len(best) >= <b> else []",
        input: |draw, p| vec![some(draw, 7..=10, &[1, p.a + 1, 2 * p.a + 1, 2 * p.a + 2, 4 * p.a + 3]).into()],
        truth: |p, arguments| {
            let numbers = arguments[0].ints();
            let calm = numbers.chunk_by(|x, y| (x - y).abs() <= p.a).filter(|run| run.len() as i64 >= p.b);
            list(calm.max_by_key(|run| run.len()).unwrap_or_default().to_vec())
        },
    },
    TaskKind {
        name: "drop_early_repeats",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[2, 3, 4],
        b: &[0, 1, 5],
        t: NO_TEXT,
        asks: [
            "Go through the list from left to right. Drop a number if an equal number that was kept stands fewer than <a> positions before it in the given list; keep it otherwise. A dropped number does not cause others to be dropped. The number <b> is never dropped. Return the kept numbers in order.",
            "Return the list without early repeats. A number is an early repeat if its position is less than <a> greater than the position of the last equal number that we kept; positions are those of the original list, and numbers already removed do not matter. Every <b> stays in any case.",
            "Decide for each number in turn whether it stays. It stays if it is <b>, if no equal number has stayed so far, or if the latest equal one that stayed is at least <a> places earlier (counted in the input, with all numbers that went). The answer is the list of those that stay, in their order.",
        ],
        right: "kept, last = [], {}
for i, x in enumerate(numbers):
    if x == <b> or x not in last or i - last[x] >= <a>:
        kept.append(x)
        last[x] = i
return kept",
        also: "kept = []
for i, x in enumerate(numbers):
    kept += [(i, x)] if x == <b> or all(y != x or i - j >= <a> for j, y in kept) else []
return [x for i, x in kept]",
        wrong: "kept = []
for i, x in enumerate(numbers):
    if x == <b> or x not in numbers[max(0, i - <a> + 1):i]:
        kept.append(x)
return kept",
        input: |draw, p| vec![some(draw, 7..=11, &[p.b, 2, 2, 3]).into()],
        truth: |p, arguments| {
            let early = |kept: &[(i64, i64)], i, x| x != p.b && kept.iter().any(|(j, y)| *y == x && i - j < p.a);
            let mut kept: Vec<(i64, i64)> = vec![];
            for (i, x) in (0..).zip(arguments[0].ints()) {
                kept.extend((!early(&kept, i, x)).then_some((i, x)));
            }
            list(kept.into_iter().map(|(_, x)| x))
        },
    },
    TaskKind {
        name: "merge_close_spans",
        arguments: "spans: List[List[int]]",
        returns: "List[List[int]]",
        a: &[1, 2, 3],
        b: &[4, 5, 6],
        t: NO_TEXT,
        asks: [
            "Each span is a list [start, end]. Merge spans that overlap or lie close together: two spans belong together if one starts at most <a> after the other ends, and merged spans count as one. Afterwards remove every span whose end minus start is less than <b>. Return the rest, sorted by start.",
            "You get time spans as [start, end] in any order. Join two of them into one if the pause between them is <a> or less (or if they overlap), until nothing can be joined any more. Return the joined spans from the earliest to the latest, but only those that last at least <b>, where a span lasts end minus start.",
            "Given [start, end] pairs in no particular order, return the list of blocks they form, in rising order. A pair is part of the block before it if it begins no more than <a> later than the latest end in that block. Leave out blocks that are shorter than <b> from their start to their end.",
        ],
        right: "blocks = []
for start, end in sorted(spans):
    joined = blocks and start - blocks[-1][1] <= <a>
    first, last = blocks.pop() if joined else (start, end)
    blocks.append([first, max(last, end)])
return [block for block in blocks if block[1] - block[0] >= <b>]",
        also: "busy = {x for start, end in spans for x in range(start, end + <a>)}
starts = sorted(x for x in busy if x - 1 not in busy)
ends = sorted(x + 1 - <a> for x in busy if x + 1 not in busy)
return [[start, end] for start, end in zip(starts, ends) if end - start >= <b>]",
        wrong: "busy = {x for start, end in spans for x in range(start, end + <a>)}
starts = sorted(x for x in busy if x - 1 not in busy)
ends = sorted(x + 1 - <a> for x in busy if x + 1 not in busy)
return [[start, end] for start, end in zip(starts, ends) if end - start > <b>]",
        input: |draw, p| {
            let pairs = numbers(draw, 8..=10, 0..=8 * p.b);
            vec![list(pairs.chunks_exact(2).map(|x| (x[0], x[0] + p.b - x[1] % 2)))]
        },
        truth: |p, arguments| {
            let spans = arguments[0].rows();
            let busy = |x: &i64| spans.iter().any(|span| span[0] <= *x && *x < span[1] + p.a);
            let starts = (0..99).filter(|x| busy(x) && !busy(&(x - 1)));
            let blocks = starts.map(|start| (start, (start..).find(|x| !busy(x)).unwrap() - p.a));
            list(blocks.filter(|(start, end)| end - start >= p.b))
        },
    },
    TaskKind {
        name: "place_runners",
        arguments: "times: List[int]",
        returns: "List[int]",
        a: &[3, 5, 7],
        b: &[2, 3, 4],
        t: NO_TEXT,
        asks: [
            "Give each running time its place, the shortest time first. A time below <a> is a false start: its place is 0 and it is not counted for the others. Runners with equal times all get the worst of the places that they fill together, so two equal winners both get 2. Write <b> for any place greater than <b>. Return the places in the order of the times.",
            "For each time in the list return how many of the times are at most as long as it, itself included, where times of less than <a> are left out of account. Where that number is more than <b>, return <b> instead. For a time of less than <a> return 0. The results stand in the order of the input.",
            "A race is given as a list of times. Times under <a> are invalid and get 0. A valid time gets as its place the number of valid times that are not longer than it (it counts too, and so do equal ones), but never more than <b>. Return the list of all places, one for each time of the input in turn.",
        ],
        right: "valid = sorted(x for x in times if x >= <a>)
places = []
for time in times:
    places.append(min(bisect_right(valid, time), <b>))
return places",
        also: "places = []
for time in times:
    place = sum(1 for x in times if <a> <= x <= time)
    places.append(min(place, <b>))
return places",
        wrong: "valid = sorted(x for x in times if x >= <a>)
places = []
for time in times:
    places.append(min(valid.index(time) + 1, <b>) if time >= <a> else 0)
return places",
        input: |draw, p| vec![numbers(draw, 4..=7, p.a - 1..=p.a + 3).into()],
        truth: |p, arguments| {
            let times = arguments[0].ints();
            let rivals = |time: &i64| times.iter().filter(|x| (p.a..=*time).contains(x)).count();
            list(times.iter().map(|time| rivals(time).min(p.b as usize)))
        },
    },
    TaskKind {
        name: "list_widest_gaps",
        arguments: "numbers: List[int]",
        returns: "List[List[int]]",
        a: &[2, 3, 4],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "The list holds at least one number, in any order. A gap is a stretch of whole numbers that are missing between two numbers of the list, as long as possible. Return the gaps of at least <a> missing numbers as [first missing, last missing], the longest gap first, gaps of the same length in rising order. Return at most <b> gaps.",
            "Sort the numbers and look at what is missing between neighbours. Where <a> or more whole numbers are missing in a row, write down the first and the last of these missing numbers as a pair. Return the <b> longest of these pairs (all if there are fewer), longer before shorter, and smaller numbers first if the lengths are equal.",
            "Seats with the given numbers are taken (at least one, unsorted). Find every block of free seats between two taken seats that has no fewer than <a> seats, and describe it by a list of its lowest and highest seat. Order the blocks by size, biggest first, with ties going to the lower seats, and return only the first <b> of them.",
        ],
        right: "taken = sorted(numbers)
pairs = zip(taken, taken[1:])
gaps = [[low + 1, high - 1] for low, high in pairs if high - low > <a>]
gaps.sort(key=lambda gap: gap[0] - gap[1])
return gaps[:<b>]",
        also: "taken = sorted(numbers)
gaps = [(x - y, x + 1, y - 1) for x, y in zip(taken, taken[1:])]
wide = [gap for gap in gaps if gap[0] < -<a>]
return [[low, high] for size, low, high in sorted(wide)[:<b>]]",
        wrong: "taken = sorted(numbers)
pairs = zip(taken, taken[1:])
gaps = [[low + 1, high - 1] for low, high in pairs if high - low > <a>]
gaps.sort(key=lambda gap: gap[1] - gap[0])
return gaps[:<b>]",
        input: |draw, p| vec![some(draw, 7..=9, &[1, 2, 3, p.a + 4, 2 * p.a + 5, 2 * p.a + 6, 3 * p.a + 8]).into()],
        truth: |p, arguments| {
            let mut taken = arguments[0].ints();
            taken.sort();
            let gaps = taken.windows(2).map(|pair| (pair[0] + 1, pair[1] - 1));
            let mut gaps: Vec<(i64, i64)> = gaps.filter(|(low, high)| high - low + 1 >= p.a).collect();
            gaps.sort_by_key(|(low, high)| (low - high, *low));
            list(gaps.into_iter().take(p.b as usize))
        },
    },
    TaskKind {
        name: "find_lookouts",
        arguments: "heights: List[int]",
        returns: "List[int]",
        a: &[1, 2, 3],
        b: &[3, 4, 5],
        t: NO_TEXT,
        asks: [
            "A position of the list is a lookout if its height is at least <b>, greater than each of the <a> heights before it and not less than any of the <a> heights after it. Near the ends of the list only the heights that exist are compared. Return the positions of all lookouts, counted from 0, in rising order.",
            "Return, in rising order, the indexes (from 0) of the hills in a list of heights. A hill is <b> high or higher. Up to <a> places to its left everything must be lower; up to <a> places to its right nothing may be higher, but equal heights are allowed there. Places outside the list do not matter.",
            "Look at every height together with up to <a> neighbours on each side. It counts if it is the maximum of these, and the leftmost maximum where there are several, and if it is no lower than <b>. The result is the list of zero-based positions that count, from left to right.",
        ],
        right: "found = []
for i, x in enumerate(heights):
    before, after = heights[max(0, i - <a>):i], heights[i + 1:i + <a> + 1]
    if x >= <b> and x > max(before, default=0) and x >= max(after, default=0):
        found.append(i)
return found",
        also: "padded = [0] * <a> + heights + [0] * <a>
windows = [padded[i:i + 2 * <a> + 1] for i in range(len(heights))]
highest = [window.index(max(window)) == <a> for window in windows]
return [i for i, x in enumerate(heights) if x >= <b> and highest[i]]",
        wrong: "padded = [0] * <a> + heights + [0] * <a>
windows = [padded[i:i + 2 * <a> + 1] for i in range(len(heights))]
highest = [max(window) == window[<a>] for window in windows]
return [i for i, x in enumerate(heights) if x >= <b> and highest[i]]",
        input: |draw, p| vec![numbers(draw, 6..=10, p.b - 2..=p.b + 1).into()],
        truth: |p, arguments| {
            let heights: Vec<(i64, i64)> = (0..).zip(arguments[0].ints()).collect();
            let beats = |(i, x): (i64, i64), (j, y): (i64, i64)| (i - j).abs() > p.a || y < x || y == x && i <= j;
            let hills = heights.iter().filter(|(_, x)| *x >= p.b).filter(|x| heights.iter().all(|y| beats(**x, *y)));
            list(hills.map(|(i, _)| *i))
        },
    },
    TaskKind {
        name: "fold_in_half",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[1, 2, 3],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "Fold a list in the middle: its first number meets the last one, the second meets the last but one, and so on. Two numbers that meet become one: the greater of them if they differ by at most <a>, otherwise their sum minus <b>. Return these results in that order. In a list of odd length the middle number meets none; put it unchanged at the end.",
            "Pair the numbers from both ends inwards. For each pair, starting with the outermost, add to the result its larger number if the distance between the two is <a> or less; if the distance is greater, add the two together and subtract <b>. A single number that is left in the middle comes last, as it is. Return the result.",
            "While the list has two numbers or more, take away its first and its last number. If one is more than <a> greater than the other, write down their sum reduced by <b>; if not, write down their maximum. If one number remains, write it down too. Return everything that was written down, in order.",
        ],
        right: "folded, rest = [], list(numbers)
while len(rest) > 1:
    x, y = rest.pop(0), rest.pop()
    folded.append(max(x, y) if abs(x - y) <= <a> else x + y - <b>)
return folded + rest",
        also: "half = len(numbers) // 2
pairs = zip(numbers[:half], numbers[::-1])
folded = [x + y - <b> if abs(x - y) > <a> else max(x, y) for x, y in pairs]
return folded + numbers[half:len(numbers) - half]",
        wrong: "half = len(numbers) // 2
pairs = zip(numbers[:half], numbers[::-1])
folded = [x + y - <b> if abs(x - y) >= <a> else max(x, y) for x, y in pairs]
return folded + numbers[half:len(numbers) - half]",
        input: |draw, p| vec![numbers(draw, 5..=9, 3..=2 * p.a + 4).into()],
        truth: |p, arguments| {
            let numbers = arguments[0].ints();
            let pairs = numbers.iter().zip(numbers.iter().rev()).take(numbers.len().div_ceil(2));
            list(pairs.map(|(x, y)| if (x - y).abs() <= p.a { *x.max(y) } else { x + y - p.b }))
        },
    },
    TaskKind {
        name: "deal_in_rounds",
        arguments: "first: List[int], second: List[int]",
        returns: "List[int]",
        a: &[1, 2, 3],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "Mix two lists in rounds. In each round take the next <a> numbers of the first list, then the next <b> of the second, or as many as that list has left. A new round begins only if both lists have numbers left. After the last round add the numbers that are left over in one of the lists, in reverse order. Return the mixed list.",
            "As long as neither list is used up, move up to <a> numbers from the front of the first list to the end of the result and after them up to <b> from the front of the second. As soon as a list is empty after such a double move (or at the start), append what remains of the other one backwards, and return the result.",
            "Cut the first list into pieces of <a> and the second into pieces of <b>; a last piece may be shorter. Return the pieces joined in turn: first piece of the first list, first piece of the second, second piece of the first, and so on, while both have a piece. The numbers of one list that have then not been used follow from back to front.",
        ],
        right: "mixed = []
while first and second:
    mixed = mixed + first[:<a>] + second[:<b>]
    first, second = first[<a>:], second[<b>:]
return mixed + (first + second)[::-1]",
        also: "mixed, i, j = [], 0, 0
while i < len(first) and j < len(second):
    mixed += first[i:i + <a>] + second[j:j + <b>]
    i, j = i + <a>, j + <b>
return mixed + list(reversed(first[i:] + second[j:]))",
        wrong: "mixed = []
while first and second:
    mixed = mixed + first[:<a>] + second[:<b>]
    first, second = first[<a>:], second[<b>:]
return mixed + (first or second)",
        input: |draw, p| {
            vec![numbers(draw, 3..=5, 1..=9).into(), numbers(draw, if p.a < p.b { 0..=3 } else { 6..=8 }, 1..=9).into()]
        },
        truth: |p, arguments| {
            let (first, second, a, b) = (arguments[0].ints(), arguments[1].ints(), p.a as usize, p.b as usize);
            let rounds = first.chunks(a).len().min(second.chunks(b).len());
            let rest = first.iter().skip(rounds * a).chain(second.iter().skip(rounds * b)).rev().copied();
            list(first.chunks(a).zip(second.chunks(b)).flat_map(|(x, y)| [x, y].concat()).chain(rest))
        },
    },
    TaskKind {
        name: "sum_chunks",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[2, 3, 4],
        b: &[12, 15, 18],
        t: NO_TEXT,
        asks: [
            "Cut the list from the left into chunks of <a> numbers. If the last chunk is shorter than that, it is added to the chunk before it, unless it is the only one. Return the sums of the chunks in order, but write <b> for every sum that is greater than <b>. The list is never empty.",
            "Return one sum for each group of <a> consecutive numbers, starting at the front. Numbers that are left over at the end do not make a group of their own: they belong to the last full group, or form the only group if there is no full one. No sum may exceed <b>; larger ones are lowered to <b>. There is always a number.",
            "Add up neighbouring numbers in blocks of <a>, from the beginning of the list. An incomplete block at the end is joined to the block before it; only if there is none before it does it stand alone. The result is the list of the totals, each limited to at most <b> once it is complete. There is at least one number.",
        ],
        right: "sums = [sum(numbers[i:i + <a>]) for i in range(0, len(numbers), <a>)]
if len(sums) > 1 and len(numbers) % <a> > 0:
    sums[-2:] = [sums[-2] + sums[-1]]
return [min(total, <b>) for total in sums]",
        also: "count = max(len(numbers) // <a>, 1)
sums = [0] * count
for i, x in enumerate(numbers):
    sums[min(i // <a>, count - 1)] += x
return [min(total, <b>) for total in sums]",
        wrong: "starts = range(0, len(numbers), <a>)
chunks = [numbers[start:start + <a>] for start in starts]
sums = [sum(chunk) for chunk in chunks]
return [min(total, <b>) for total in sums]",
        input: |draw, p| vec![numbers(draw, p.a as usize + 1..=4 * p.a as usize - 1, 1..=24 / p.a).into()],
        truth: |p, arguments| {
            let (numbers, size) = (arguments[0].ints(), p.a as usize);
            let starts = (0..=numbers.len().saturating_sub(size)).step_by(size);
            let end = |start| if start + 2 * size > numbers.len() { numbers.len() } else { start + size };
            list(starts.map(|start| numbers[start..end(start)].iter().sum::<i64>().min(p.b)))
        },
    },
    TaskKind {
        name: "find_steady_windows",
        arguments: "numbers: List[int]",
        returns: "List[int]",
        a: &[2, 3, 4],
        b: &[2, 3, 4],
        t: NO_TEXT,
        asks: [
            "A window is <a> consecutive numbers. It is steady if its greatest and its least number differ by no more than <b>. Look for steady windows from left to right; once one is found, go on looking directly after its end, so that found windows never overlap. Return the positions, from 0, at which they start.",
            "Starting at position 0, check the <a> numbers that begin at the current position. If their maximum minus their minimum is at most <b>, note the position and move on by <a>; otherwise move on by 1. Stop when fewer than <a> numbers remain, and return the noted positions as a list.",
            "Pick stretches of exactly <a> neighbouring numbers that all lie within <b> of each other. Pick greedily: always the leftmost such stretch that shares no number with a stretch already picked; two stretches may touch. Return the index of the first number of each picked stretch, counted from 0, in rising order.",
        ],
        right: "starts, i = [], 0
while i + <a> <= len(numbers):
    steady = max(numbers[i:i + <a>]) - min(numbers[i:i + <a>]) <= <b>
    starts += [i] if steady else []
    i += <a> if steady else 1
return starts",
        also: "starts = [-9]
for i in range(len(numbers) - <a> + 1):
    if i - starts[-1] >= <a> and max(numbers[i:i + <a>]) - min(numbers[i:i + <a>]) <= <b>:
        starts.append(i)
return starts[1:]",
        wrong: "starts = [-9]
for i in range(len(numbers) - <a> + 1):
    if i - starts[-1] > <a> and max(numbers[i:i + <a>]) - min(numbers[i:i + <a>]) <= <b>:
        starts.append(i)
return starts[1:]",
        input: |draw, p| vec![numbers(draw, 2 * p.a as usize + 2..=9 + p.a as usize, 1..=p.b + 6 - p.a).into()],
        truth: |p, arguments| {
            let (numbers, size) = (arguments[0].ints(), p.a as usize);
            let near = |window: &[i64]| window.iter().all(|x| window.iter().all(|y| x - y <= p.b));
            let next = |from: usize| (from..=numbers.len() - size).find(|&i| near(&numbers[i..i + size]));
            list(successors(next(0), |i| next(i + size)))
        },
    },
    TaskKind {
        name: "split_after_multiples",
        arguments: "numbers: List[int]",
        returns: "List[List[int]]",
        a: &[3, 4, 5],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "Split the list into pieces: each piece ends with a number that is divisible by <a>, and has no other such number. What follows the last number divisible by <a> is no piece and is dropped. So are pieces of fewer than <b> numbers. Return the pieces that are left, in order, as lists.",
            "Read the numbers one by one and collect them. Whenever a multiple of <a> comes, it is collected too and completes the current group, and a new group is begun. Return all completed groups with at least <b> members, in the order in which they were completed. A group that is still incomplete at the end is not returned.",
            "Cut the list directly behind every multiple of <a>. Return the parts from left to right, each as a list, without those shorter than <b>. A last part that does not end with a multiple of <a> is left out as well, however long it is.",
        ],
        right: "pieces, piece = [], []
for x in numbers:
    piece.append(x)
    if x % <a> == 0:
        pieces, piece = pieces + [piece], []
return [piece for piece in pieces if len(piece) >= <b>]",
        also: "ends = [i + 1 for i, x in enumerate(numbers) if x % <a> == 0]
starts = [0] + ends
pieces = [numbers[i:j] for i, j in zip(starts, ends)]
return [piece for piece in pieces if len(piece) >= <b>]",
        wrong: "cuts = [i + 1 for i, x in enumerate(numbers) if x % <a> == 0]
cuts = [0] + cuts + [len(numbers)]
pieces = [numbers[i:j] for i, j in zip(cuts, cuts[1:])]
return [piece for piece in pieces if len(piece) >= <b>]",
        input: |draw, p| vec![some(draw, 6..=9, &[p.a, 2 * p.a, 1, 2, p.a - 1, p.a + 1, p.a + 2, 2 * p.a - 1]).into()],
        truth: |p, arguments| {
            let numbers = arguments[0].ints();
            let ended = numbers.rsplitn(2, |x| x % p.a == 0).nth(1).map_or(0, |before| before.len() + 1);
            let pieces = numbers[..ended].split_inclusive(|x| x % p.a == 0);
            list(pieces.filter(|piece| piece.len() as i64 >= p.b).map(<[i64]>::to_vec))
        },
    },
    TaskKind {
        name: "choose_finalists",
        arguments: "points: List[int]",
        returns: "List[int]",
        a: &[3, 5, 7],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "Competitors are numbered from 0 and their points are given in that order. Return the numbers of the <b> with the most points, and of all others who have as many points as the last of these. Nobody with fewer than <a> points is chosen, even if places stay empty. Most points come first; of equal ones the lower number does.",
            "Choose who goes to the final. The list holds the points of players 0, 1, 2 and so on. Only players with at least <a> points can be chosen. Sort them by points, highest first, and by player number, lowest first, where points are equal. Return the first <b> players, plus the ones after them that tie with the last one taken.",
            "Return a list of positions in the given list of points, counted from 0: from most to fewest points, and in rising order within the same points. A position is in the result if its points are <a> or more, provided that fewer than <b> positions have more points than it has.",
        ],
        right: "fit = [(-x, i) for i, x in enumerate(points) if x >= <a>]
fit.sort()
tied = [pair for pair in fit[<b>:] if pair[0] == fit[<b> - 1][0]]
return [i for score, i in fit[:<b>] + tied]",
        also: "order = sorted(range(len(points)), key=lambda i: -points[i])
best = [points[i] for i in order[:<b>]]
limit = max([<a>] + best[<b> - 1:])
return [i for i in order if points[i] >= limit]",
        wrong: "order = sorted(range(len(points)), key=lambda i: -points[i])
fit = [i for i in order if points[i] >= <a>]
best = fit[:<b>]
return [i for i in order if i in best]",
        input: |draw, p| vec![numbers(draw, 5..=8, p.a - 1..=p.a + 1).into()],
        truth: |p, arguments| {
            let points = arguments[0].ints();
            let better = |score: i64| points.iter().filter(|x| **x > score).count() as i64;
            let mut chosen: Vec<usize> =
                (0..points.len()).filter(|&i| points[i] >= p.a && better(points[i]) < p.b).collect();
            chosen.sort_by_key(|&i| -points[i]);
            list(chosen)
        },
    },
];

/// Whatever these are, as a list.
fn list<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    items.into_iter().collect::<Vec<_>>().into()
}
