//! Queues, and games with turns and rounds.

use crate::TaskKind;
use crate::draw::{numbers, one, some, word};
use crate::kinds::NO_TEXT;
use rand::seq::SliceRandom;
use std::iter::successors;

pub(super) const KINDS: [TaskKind; 6] = [
    TaskKind {
        name: "walk_on_line",
        arguments: "steps: str",
        returns: "List[int]",
        a: &[3, 4, 5],
        b: &[0, 1, 2],
        t: NO_TEXT,
        asks: [
            "A robot stands at place <b> of a line of places from 0 to <a>. In the text, 'L' means one place to the left (a smaller number), 'R' one place to the right and 'J' a jump of two places to the right. A move that would leave the line is not made at all and counts as a bump. Return the list [final place, number of bumps].",
            "Follow the letters of the text with a robot that can be on the places 0, 1, ... up to <a> and begins on <b>. L takes 1 from its place, R adds 1, J adds 2. If the result would be below 0 or above <a>, the robot stays where it was and one bump is counted. Return a list with its last place and the count of bumps.",
            "Return [place, bumps] for a robot that starts at <b>. Each letter asks for a move: 'L' is -1, 'R' is +1, 'J' is +2. The new place must be at least 0 and at most <a>; otherwise the whole move is skipped (a jump is not shortened) and bumps goes up by 1.",
        ],
        right: "\
place, bumps = <b>, 0
for step in steps:
    new = place + {'L': -1, 'R': 1, 'J': 2}[step]
    if 0 <= new <= <a>:
        place = new
    else:
        bumps += 1
return [place, bumps]",
        also: "\
place, moves = <b>, 0
for step in steps:
    new = place + (1 if step == 'R' else 2 if step == 'J' else -1)
    if new in range(<a> + 1):
        place, moves = new, moves + 1
return [place, len(steps) - moves]",
        wrong: "\
place, bumps = <b>, 0
for step in steps:
    new = place + {'L': -1, 'R': 1, 'J': 2}[step]
    place = max(0, min(new, <a>))
    bumps += 1 if place != new else 0
return [place, bumps]",
        input: |draw, _| vec![word(draw, 6..=12, "LRJJ").into()],
        truth: |p, x| {
            let walk = |(place, bumps), step| match place + [-1, 1, 2]["LRJ".find(step).unwrap()] {
                new if (0..=p.a).contains(&new) => (new, bumps),
                _ => (place, bumps + 1),
            };
            x[0].text().chars().fold((p.b, 0_i64), walk).into()
        },
    },
    TaskKind {
        name: "wait_at_light",
        arguments: "arrivals: List[int]",
        returns: "List[int]",
        a: &[2, 3, 4],
        b: &[2, 3, 5],
        t: NO_TEXT,
        asks: [
            "Cars wait at a traffic light. The list says how many cars arrive in minute 1, minute 2 and so on. The light is green only in minutes whose number is divisible by <a>: then, after that minute's cars have arrived, up to <b> of the waiting cars drive away. Nobody waits before minute 1. Return how many cars wait at the end of each minute.",
            "Return the length of a queue of cars after each minute. It is empty at first. In every minute the given number of cars joins it. In the minutes <a>, 2 * <a>, 3 * <a> and so on (the first minute is number 1), <b> cars then leave it, or all of them if there are fewer.",
            "For each minute, add the arriving cars to those that wait already. If the minute's number, counted from 1, is a multiple of <a>, the light then lets at most <b> cars pass; in other minutes no car passes. Return a list with the number of waiting cars after every minute.",
        ],
        right: "\
waiting, counts = 0, []
for minute, cars in enumerate(arrivals, 1):
    waiting += cars
    waiting -= min(waiting, <b>) if minute % <a> == 0 else 0
    counts.append(waiting)
return counts",
        also: "\
counts = []
for i in range(len(arrivals)):
    before = counts[-1] if counts else 0
    leaving = <b> if (i + 1) % <a> == 0 else 0
    counts.append(max(0, before + arrivals[i] - leaving))
return counts",
        wrong: "\
waiting, counts = 0, []
for minute, cars in enumerate(arrivals):
    waiting += cars
    waiting -= min(waiting, <b>) if minute % <a> == 0 else 0
    counts.append(waiting)
return counts",
        input: |draw, _| vec![numbers(draw, 5..=8, 0..=4).into()],
        truth: |p, x| {
            let (mut waiting, mut ends) = (0, vec![]);
            for (minute, cars) in (1..).zip(x[0].ints()) {
                let leaving = if minute % p.a == 0 { p.b } else { 0 };
                waiting = (waiting + cars - leaving).max(0);
                ends.push(waiting);
            }
            ends.into()
        },
    },
    TaskKind {
        name: "count_out",
        arguments: "names: List[str]",
        returns: "List[str]",
        a: &[2, 3, 4],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "Children stand in a circle in the given order and count, beginning with the first child as 1. The child who says <a> leaves. Then the next child begins at 1 again, and this time the one who says <a> + 1 leaves, then <a> + 2, and so on: the count grows by one each time. Stop when only <b> children are left and return their names in the given order.",
            "A counting game: count around the circle of names to <a>, starting at the first name with 1, and remove the name where the count ends. Go on with the name after it, but count one further than the time before. Repeat while there are more than <b> names. Return the names that remain, in their original order.",
            "Remove names from a circle until no more than <b> are left, and return the remaining names in the order of the list. The first one removed is name number <a> of the list. After each removal, counting starts anew with the name that follows the removed one, and the count that removes is higher by 1 than the last one. After the last name comes the first.",
        ],
        right: "\
circle, place, step = list(names), 0, <a>
while len(circle) > <b>:
    place = (place + step - 1) % len(circle)
    circle.pop(place)
    step += 1
return circle",
        also: "\
circle, step = deque(names), <a>
while len(circle) > <b>:
    circle.rotate(1 - step)
    circle.popleft()
    step += 1
return [x for x in names if x in circle]",
        wrong: "\
circle, place, step = list(names), 0, <a>
while len(circle) > <b>:
    place = (place + step) % len(circle)
    circle.pop(place)
    step += 1
return circle",
        input: |draw, _| {
            let mut names = ["Ann", "Ben", "Cem", "Dia", "Eva", "Finn"];
            names.shuffle(draw);
            vec![names[..one(draw, &[4, 5, 6])].to_vec().into()]
        },
        truth: |p, x| {
            let (all, mut circle) = (x[0].texts(), x[0].texts());
            for step in (p.a as usize..).take(all.len().saturating_sub(p.b as usize)) {
                let out = (step - 1) % circle.len();
                circle.rotate_left(out);
                circle.remove(0);
            }
            all.into_iter().filter(|name| circle.contains(name)).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "play_rounds",
        arguments: "strengths: List[int]",
        returns: "int",
        a: &[1, 2, 3],
        b: &[2, 3, 4],
        t: NO_TEXT,
        asks: [
            "Players with the given strengths play rounds until one is left. In each round the first plays the second, the third plays the fourth and so on. The stronger one of a pair stays, but loses <a> of its strength. If a player at the end has no partner, this one stays without playing and gains <b>. The order is kept. Return the last player's strength.",
            "Return the strength of a tournament's winner. In every round, replace each two neighbours (first and second, third and fourth, ...) by the larger of both minus <a>; with an odd number of players, the last one is left over and goes on with <b> more than before. Repeat with the new list until it has one number only. The list is never empty.",
            "Shrink the list step by step to a single number and return it. One step: take the numbers in pairs from the left, keep max of the pair minus <a> for each of them, and if one number remains at the end without a pair, keep it plus <b>. A list of one number is finished and not changed any more.",
        ],
        right: "\
while len(strengths) > 1:
    pairs = zip(strengths[::2], strengths[1::2])
    winners = [max(pair) - <a> for pair in pairs]
    if len(strengths) % 2 == 1:
        winners.append(strengths[-1] + <b>)
    strengths = winners
return strengths[0]",
        also: "\
while len(strengths) > 1:
    winners = []
    for i in range(0, len(strengths), 2):
        x, *rest = strengths[i:i + 2]
        winners.append(max(x, *rest) - <a> if rest else x + <b>)
    strengths = winners
return strengths[0]",
        wrong: "\
while len(strengths) > 1:
    pairs = zip(strengths[::2], strengths[1::2])
    winners = [max(pair) - <a> for pair in pairs]
    if len(strengths) % 2 == 1:
        winners.append(strengths[-1])
    strengths = winners
return strengths[0]",
        input: |draw, _| vec![numbers(draw, 3..=7, 10..=16).into()],
        truth: |p, x| {
            let play = |pair: &[i64]| if let [x, y] = pair { *x.max(y) - p.a } else { pair[0] + p.b };
            let mut rounds = successors(Some(x[0].ints()), |left| Some(left.chunks(2).map(play).collect()));
            rounds.find(|left| left.len() == 1).unwrap()[0].into()
        },
    },
    TaskKind {
        name: "serve_guests",
        arguments: "ages: List[int]",
        returns: "List[int]",
        a: &[60, 65, 70],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "The list holds the ages of waiting guests in the order in which they came. Guests of at least <a> years are old. Serve up to <b> old guests, then one who is not old, then again up to <b> old guests, and so on; within both groups, who came first is served first. If one group is used up, the other one goes on. Return the ages in the order of serving.",
            "Return the ages in the order in which people are served. People who are <a> or older go first, but after every <b> of them one younger person, if any is waiting, gets a turn. When no older people wait any more, the younger ones follow one after another. Nobody overtakes a person of the same group.",
            "Split the ages into those that are <a> or more and those that are less, keeping their order. Then build the result: take <b> from the front of the first group (or as many as it still has), then one from the front of the second group (if it has any), and repeat until both groups are empty. Return the result.",
        ],
        right: "\
old = [x for x in ages if x >= <a>]
young = [x for x in ages if x < <a>]
served = []
while old or young:
    served += old[:<b>] + young[:1]
    old, young = old[<b>:], young[1:]
return served",
        also: "\
old = [x for x in ages if x >= <a>]
served = []
for age in [x for x in ages if x < <a>]:
    served.extend(old[:<b>] + [age])
    old = old[<b>:]
return served + old",
        wrong: "\
old = [x for x in ages if x > <a>]
young = [x for x in ages if x <= <a>]
served = []
while old or young:
    served += old[:<b>] + young[:1]
    old, young = old[<b>:], young[1:]
return served",
        input: |draw, p| vec![some(draw, 5..=9, &[31, 44, p.a - 1, p.a, p.a, p.a + 1, 78, 83]).into()],
        truth: |p, x| {
            let (old, young): (Vec<i64>, Vec<i64>) = x[0].ints().into_iter().partition(|age| *age >= p.a);
            let turn = |i: usize, group: &[i64], many: usize| group.iter().skip(i * many).take(many).copied().collect();
            let turns = |i| -> [Vec<i64>; 2] { [turn(i, &old, p.b as usize), turn(i, &young, 1)] };
            (0..old.len() + young.len()).flat_map(turns).flatten().collect::<Vec<i64>>().into()
        },
    },
    TaskKind {
        name: "play_dice",
        arguments: "rolls: List[int]",
        returns: "List[int]",
        a: &[2, 4, 6],
        b: &[8, 10, 12],
        t: NO_TEXT,
        asks: [
            "Two players roll a die in turns; the list holds the rolls in order, and the first player begins. A roll is added to the points of the player whose turn it is. Who rolls a <a> has the next roll, too; after any other roll it is the other player's turn. The game ends at once when a player has <b> points or more. Return [points of the first, points of the second].",
            "Return the points of both players, the first player's first. They start with 0 points and share one list of rolls: each roll counts for the player who is on turn. The turn changes after every roll that is not <a>. As soon as somebody reaches at least <b> points, the rest of the rolls is ignored.",
            "Simulate a game of dice. Player one starts. Give each roll to the current player's sum, then hand over to the other player, except after a roll of <a>, which lets the same player roll again. Stop when a sum is <b> or larger, or when there are no more rolls. Return the list of the two sums.",
        ],
        right: "\
points, player = [0, 0], 0
for roll in rolls:
    points[player] += roll
    if points[player] >= <b>:
        break
    player = player if roll == <a> else 1 - player
return points",
        also: "\
points, changes = [0, 0], 0
for roll in rolls:
    if max(points) < <b>:
        points[changes % 2] += roll
        changes += 1 if roll != <a> else 0
return points",
        wrong: "\
points, player = [0, 0], 0
for roll in rolls:
    points[player] += roll
    if points[player] > <b>:
        break
    player = player if roll == <a> else 1 - player
return points",
        input: |draw, p| vec![some(draw, 9..=11, &[1, 2, 2, 4, 4, 4, 6, p.a]).into()],
        truth: |p, x| {
            let play = |(first, second, turn), roll| match turn {
                _ if first >= p.b || second >= p.b => (first, second, turn),
                true => (first + roll, second, roll == p.a),
                false => (first, second + roll, roll != p.a),
            };
            let (first, second, _) = x[0].ints().into_iter().fold((0, 0, true), play);
            (first, second).into()
        },
    },
];
