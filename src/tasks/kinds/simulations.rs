//! Small simulations, step by step: accounts, walks, queues, growth, games.

use super::{NO_NUMBER, NO_TEXT};
use crate::TaskKind;
use crate::draw::{numbers, some, word};
use rand::RngExt;

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "withdraw_in_order",
        arguments: "amounts: List[int]",
        returns: "int",
        a: &[50, 60, 70, 80, 90, 100, 110, 120, 130, 150],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "A bank account holds <a> euros. The amounts are withdrawn one after another, but an amount that is larger than the balance is skipped. Return the balance at the end.",
            "Start with a balance of <a>. Go through the list and subtract each amount from the balance if the balance is at least as large as the amount; otherwise leave this amount out and go on with the next one. Return the final balance.",
            "Simulate withdrawals from an account with <a> euros. Each number in the list is a withdrawal. If there is not enough money for it, ignore it and continue with the next. Return how much money is left after all of them.",
        ],
        right: "\
balance = <a>
for amount in amounts:
    if amount <= balance:
        balance -= amount
return balance",
        also: "\
money = <a>
for amount in amounts:
    if money - amount >= 0:
        money = money - amount
return money",
        wrong: "\
balance = <a>
for amount in amounts:
    if amount > balance:
        break
    balance -= amount
return balance",
        input: |draw, p| vec![numbers(draw, 5..=8, 5..=p.a * 2 / 3).into()],
        truth: |p, x| x[0].ints().into_iter().fold(p.a, |held, out| if out > held { held } else { held - out }).into(),
    },
    TaskKind {
        name: "walk_by_letters",
        arguments: "steps: str",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "A robot starts at x = 0, y = 0. Each letter moves it by <a>: 'L' makes x smaller, 'R' makes x larger, 'U' makes y larger and 'D' makes y smaller. Return its final position as a list [x, y].",
            "Follow the letters of the text from the point (0, 0). 'R' adds <a> to x, 'L' subtracts <a> from x, 'U' adds <a> to y, 'D' subtracts <a> from y. Return [x, y] at the end.",
            "A robot walks on a grid and begins at [0, 0]. For 'U' it goes up (y grows), for 'D' down, for 'R' right (x grows) and for 'L' left, always <a> fields at once. Return the list [x, y] where it stops.",
        ],
        right: "\
x = y = 0
for step in steps:
    if step == 'L':
        x -= <a>
    elif step == 'R':
        x += <a>
    elif step == 'U':
        y += <a>
    else:
        y -= <a>
return [x, y]",
        also: "\
moves = {'L': (-1, 0), 'R': (1, 0), 'U': (0, 1), 'D': (0, -1)}
x, y = 0, 0
for step in steps:
    dx, dy = moves[step]
    x += dx * <a>
    y += dy * <a>
return [x, y]",
        wrong: "\
moves = {'L': (-1, 0), 'R': (1, 0), 'U': (0, -1), 'D': (0, 1)}
x, y = 0, 0
for step in steps:
    dx, dy = moves[step]
    x += dx * <a>
    y += dy * <a>
return [x, y]",
        input: |draw, _| vec![word(draw, 3..=8, "LRUD").into()],
        truth: |p, x| {
            let count = |letter: char| x[0].text().matches(letter).count() as i64;
            (p.a * (count('R') - count('L')), p.a * (count('U') - count('D'))).into()
        },
    },
    TaskKind {
        name: "count_years_to_goal",
        arguments: "money: int, goal: int",
        returns: "int",
        a: &[5, 8, 10, 12, 15, 20, 25, 30, 40, 50],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Somebody saves money in a bank. Every year the money grows by <a> percent of what is there, rounded down to a whole number. Return how many years it takes until the money is at least the goal.",
            "In each year, add money * <a> // 100 to the money. Count the years until the money has reached the goal or more, and return this number.",
            "Savings get <a> percent interest at the end of each year, and the interest (without its fraction) is added to the savings. After how many years are the savings greater than or equal to the goal? Return the number of years.",
        ],
        right: "\
years = 0
while money < goal:
    money += money * <a> // 100
    years += 1
return years",
        also: "\
count = 0
while goal > money:
    money = money + money * <a> // 100
    count = count + 1
return count",
        wrong: "\
years = 0
interest = money * <a> // 100
while money < goal:
    money += interest
    years += 1
return years",
        input: |draw, _| {
            let tens = draw.random_range(10..=40_i64);
            vec![(10 * tens).into(), (10 * draw.random_range(2 * tens..=4 * tens)).into()]
        },
        truth: |p, x| {
            let grown = |held: &i64| Some(held + held * p.a / 100);
            std::iter::successors(Some(x[0].int()), grown).take_while(|held| *held < x[1].int()).count().into()
        },
    },
    TaskKind {
        name: "list_bounces",
        arguments: "height: int",
        returns: "List[int]",
        a: &[50, 60, 70],
        b: &[10, 20, 30],
        t: NO_TEXT,
        asks: [
            "A ball falls from the given height. After each bounce it rises to <a> percent of the height before, rounded down. Return a list of the heights it rises to, as long as they are at least <b>. The first height is not in the list.",
            "A ball is dropped. Every bounce takes it to height * <a> // 100, where height is how high it was before. Collect the heights after the bounces in a list, stop as soon as a height is below <b> (this one is left out), and return the list. Do not include the start height.",
            "Return the heights a ball reaches after its first, second, third bounce and so on. Each is <a> percent (as a whole number, fraction dropped) of the one before, beginning with the given height. Only list heights of <b> or more.",
        ],
        right: "\
heights = []
height = height * <a> // 100
while height >= <b>:
    heights.append(height)
    height = height * <a> // 100
return heights",
        also: "\
heights = []
while True:
    height = height * <a> // 100
    if height < <b>:
        break
    heights.append(height)
return heights",
        wrong: "\
heights = []
bounce = height
while bounce >= <b>:
    bounce = bounce * <a> // 100
    heights.append(bounce)
return heights",
        input: |draw, _| vec![draw.random_range(40..=250_i64).into()],
        truth: |p, x| {
            let next = |height: &i64| Some(height * p.a / 100).filter(|height| *height >= p.b);
            std::iter::successors(Some(x[0].int()), next).skip(1).collect::<Vec<i64>>().into()
        },
    },
    TaskKind {
        name: "queue_after_minutes",
        arguments: "arrivals: List[int]",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "A shop has a queue that is empty at first. In every minute the given number of people joins the queue, and then up to <a> people are served and leave it. Return a list with the length of the queue after each minute.",
            "For each number in the list, add it to the people who are waiting, then take away <a> people (or all of them, if there are fewer). Nobody is waiting at the start. Return how many are waiting after each step, as a list.",
            "Each minute some people arrive, as the list says, and then at most <a> of all the waiting people are served. Return the list of how many people still wait at the end of each minute.",
        ],
        right: "\
waiting = 0
lengths = []
for people in arrivals:
    waiting = max(0, waiting + people - <a>)
    lengths.append(waiting)
return lengths",
        also: "\
queue, result = 0, []
for number in arrivals:
    queue += number
    queue -= min(queue, <a>)
    result.append(queue)
return result",
        wrong: "\
waiting = 0
lengths = []
for people in arrivals:
    waiting += people - <a>
    lengths.append(max(0, waiting))
return lengths",
        input: |draw, p| vec![numbers(draw, 4..=7, 0..=2 * p.a + 1).into()],
        truth: |p, x| {
            let mut waiting = 0;
            let serve = |people: i64| {
                waiting = (waiting + people - p.a).max(0);
                waiting
            };
            x[0].ints().into_iter().map(serve).collect::<Vec<i64>>().into()
        },
    },
    TaskKind {
        name: "type_with_backspace",
        arguments: "keys: str",
        returns: "str",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: &["#", "<", "-", "*", "!", "+", "=", "/", "%"],
        asks: [
            "Somebody types the given keys. The key '<t>' is the backspace key: it deletes the last letter that is still there (and does nothing if there is none). Every other key adds its letter at the end. Return the text that results.",
            "Go through the characters with a stack: push each letter, and when the character is '<t>', pop the last letter if the stack is not empty. Return the letters of the stack from bottom to top as a string.",
            "In the string, each '<t>' means that the letter typed before it is removed, as with a backspace. If no letter is left, '<t>' has no effect. Return the final string.",
        ],
        right: "\
stack = []
for key in keys:
    if key != '<t>':
        stack.append(key)
    elif stack:
        stack.pop()
return ''.join(stack)",
        also: "\
typed = ''
for letter in keys:
    if letter == '<t>':
        typed = typed[:-1]
    else:
        typed = typed + letter
return typed",
        wrong: "\
typed = ''
for letter in keys:
    if letter == '<t>':
        typed = typed[1:]
    else:
        typed = typed + letter
return typed",
        input: |draw, p| vec![some(draw, 6..=10, &["a", "b", "c", "d", "e", "f", p.t, p.t, p.t]).concat().into()],
        truth: |p, x| {
            let mut left = x[0].text().to_string();
            while let Some(at) = left.find(p.t) {
                left.replace_range(at.saturating_sub(1)..=at, "");
            }
            left.into()
        },
    },
    TaskKind {
        name: "grow_bacteria",
        arguments: "count: int, days: int",
        returns: "int",
        a: &[2, 3, 4],
        b: &[5, 10, 15],
        t: NO_TEXT,
        asks: [
            "There are some bacteria. On each day their number is first multiplied by <a>, and then <b> of them die. Return how many there are after the given number of days.",
            "Start with the count. Repeat for every day: multiply the count by <a>, then subtract <b>. Return the count after all days.",
            "A population grows <a> times as large each day; at the end of the same day, <b> animals are taken away. Given the count at the start, return the count after so many days.",
        ],
        right: "\
for day in range(days):
    count = count * <a>
    count = count - <b>
return count",
        also: "\
while days > 0:
    count = <a> * count - <b>
    days -= 1
return count",
        wrong: "\
for day in range(days):
    count = count - <b>
    count = count * <a>
return count",
        input: |draw, _| vec![draw.random_range(16..=60_i64).into(), draw.random_range(1..=4_i64).into()],
        truth: |p, x| {
            let power = p.a.pow(x[1].int() as u32);
            (x[0].int() * power - p.b * (power - 1) / (p.a - 1)).into()
        },
    },
    TaskKind {
        name: "count_floors_travelled",
        arguments: "floors: List[int]",
        returns: "int",
        a: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "An elevator stands on floor <a>. It goes to the floors of the list, one after another. Return how many floors it travels in all, up and down together.",
            "Starting on floor <a>, an elevator visits the given floors in order. The way between two floors is their difference, without sign. Return the sum of all ways.",
            "Add up how far an elevator moves: first from floor <a> to the first floor of the list, then from each floor of the list to the next one. Going up and going down both count. Return the total.",
        ],
        right: "\
total = 0
current = <a>
for floor in floors:
    total += abs(floor - current)
    current = floor
return total",
        also: "\
stops = [<a>] + floors
total = 0
for i in range(len(floors)):
    total += abs(stops[i + 1] - stops[i])
return total",
        wrong: "\
total = 0
current = floors[0]
for floor in floors:
    total += abs(floor - current)
    current = floor
return total",
        input: |draw, _| vec![numbers(draw, 4..=7, 0..=9).into()],
        truth: |p, x| {
            [vec![p.a], x[0].ints()].concat().windows(2).map(|way| (way[1] - way[0]).abs()).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "charge_battery",
        arguments: "changes: List[int]",
        returns: "int",
        a: &[10, 20, 30, 40, 50, 60, 70, 80, 90],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "A battery is charged to <a> percent. Each number of the list is added to the charge (negative numbers use it up). The charge never gets above 100 or below 0: after each step, set it to 100 or 0 if it would. Return the charge at the end.",
            "Start with a level of <a>. For every change in the list, add it to the level; if the level is then more than 100, make it 100, and if it is less than 0, make it 0. Return the last level.",
            "The level of a battery is <a> at first and always stays between 0 and 100. Apply the changes one after another, cutting the level off at 0 and at 100 after each of them. Return the final level.",
        ],
        right: "\
level = <a>
for change in changes:
    level += change
    if level > 100:
        level = 100
    elif level < 0:
        level = 0
return level",
        also: "\
charge = <a>
for change in changes:
    charge = charge + change
    charge = min(charge, 100)
    charge = max(charge, 0)
return charge",
        wrong: "\
charge = <a>
for change in changes:
    charge = charge + change
charge = min(charge, 100)
charge = max(charge, 0)
return charge",
        input: |draw, _| vec![some(draw, 4..=7, &[-70, -55, -40, -25, -15, -5, 5, 10, 20, 35, 50, 65, 80_i64]).into()],
        truth: |p, x| x[0].ints().into_iter().fold(p.a, |level, change| (level + change).clamp(0, 100)).into(),
    },
    TaskKind {
        name: "play_to_points",
        arguments: "rallies: str",
        returns: "List[int]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Two players, A and B, play a game. Each letter of the text says who wins the next point. The game ends as soon as one of them has <a> points; later letters do not count. Return the points as a list [points of A, points of B].",
            "Count the letters 'A' and 'B' of the text from the left, and stop when one of the two counts reaches <a>. Return both counts at that moment as a list, that of 'A' first.",
            "Keep the score of a game: 'A' is a point for player A, 'B' a point for player B. The first player with <a> points wins, and then the game is over, even if the text goes on. Return [score of A, score of B] at the end of the game.",
        ],
        right: "\
a = b = 0
for letter in rallies:
    if letter == 'A':
        a += 1
    else:
        b += 1
    if a == <a> or b == <a>:
        break
return [a, b]",
        also: "\
score = {'A': 0, 'B': 0}
for winner in rallies:
    score[winner] += 1
    if score[winner] == <a>:
        break
return [score['A'], score['B']]",
        wrong: "\
score = {'A': 0, 'B': 0}
for winner in rallies:
    score[winner] += 1
    if score[winner] > <a>:
        break
return [score['A'], score['B']]",
        input: |draw, p| {
            let least = 2 * p.a as usize;
            vec![word(draw, least..=least + 4, "AB").into()]
        },
        truth: |p, x| {
            let text = x[0].text();
            let counts = |end: usize| ["A", "B"].map(|player| text[..end].matches(player).count() as i64);
            let end = (1..=text.len()).find(|end| counts(*end).contains(&p.a));
            counts(end.unwrap_or(text.len())).to_vec().into()
        },
    },
    TaskKind {
        name: "count_halvings",
        arguments: "number: int",
        returns: "int",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10, 12],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Halve the number again and again, always rounding down, until it is less than <a>. Return how many times it was halved.",
            "As long as the number is <a> or more, divide it by 2 and drop the fraction. Count these divisions and return the count.",
            "In each step the number becomes number // 2. Return the number of steps that are needed until it is smaller than <a>.",
        ],
        right: "\
steps = 0
while number >= <a>:
    number = number // 2
    steps += 1
return steps",
        also: "\
count = 0
while not number < <a>:
    count += 1
    number //= 2
return count",
        wrong: "\
steps = 0
while number > <a>:
    number = number // 2
    steps += 1
return steps",
        input: |draw, p| {
            let power = 1 << draw.random_range(0..=5);
            vec![(p.a * power + draw.random_range(0..2 * power)).into()]
        },
        truth: |p, x| (0..64_usize).find(|k| x[0].int() >> k < p.a).into(),
    },
];
