//! Small simulations: queues, games, machines, accounts.

mod games;

use super::{NO_NUMBER, NO_TEXT};
use crate::TaskKind;
use crate::draw::{numbers, some, word};
use rand::RngExt;

pub(super) static KINDS: [TaskKind; 12] = {
    let [a, b, c, d, e, f] = OWN;
    let [u, v, w, x, y, z] = games::KINDS;
    [a, b, c, d, e, f, u, v, w, x, y, z]
};

const OWN: [TaskKind; 6] = [
    TaskKind {
        name: "sell_drinks",
        arguments: "coins: List[int]",
        returns: "List[int]",
        a: &[50, 60, 70],
        b: &[5, 10, 20],
        t: NO_TEXT,
        asks: [
            "Coins are put into a machine one after another. A coin of less than <b> cents falls through and does not count. As soon as at least <a> cents are paid, a drink comes out, what is paid beyond <a> cents is given back as change, and paying begins again at 0. Return a list of two numbers: how many drinks come out and how many cents of change are given back in all.",
            "A drink costs <a> cents. The list holds the coins that somebody puts in, in order; the machine ignores coins smaller than <b> cents. When the coins since the last drink reach or exceed the price, one drink is sold, the excess is handed back at once, and counting starts at zero. Return [number of drinks, total of the excess handed back].",
            "Simulate a drinks machine. Add up the coins in order, leaving out those that are below <b>. Whenever the sum is <a> or more, sell one drink, give the difference between the sum and <a> back, and set the sum to 0. Return the number of drinks sold and the total given back as a list [drinks, back].",
        ],
        right: "\
drinks = change = paid = 0
for coin in coins:
    paid += coin if coin >= <b> else 0
    if paid >= <a>:
        drinks, change, paid = drinks + 1, change + paid - <a>, 0
return [drinks, change]",
        also: "\
rests, paid = [], 0
for coin in [x for x in coins if x >= <b>]:
    paid += coin
    if paid >= <a>:
        rests.append(paid - <a>)
        paid = 0
return [len(rests), sum(rests)]",
        wrong: "\
drinks = change = paid = 0
for coin in coins:
    paid += coin if coin > <b> else 0
    if paid >= <a>:
        drinks, change, paid = drinks + 1, change + paid - <a>, 0
return [drinks, change]",
        input: |draw, _| vec![some(draw, 5..=9, &[2, 5, 10, 20, 20, 50_i64]).into()],
        truth: |p, x| {
            let (mut paid, mut change) = (0, vec![]);
            for coin in x[0].ints().into_iter().filter(|coin| *coin >= p.b) {
                paid += coin;
                if paid >= p.a {
                    change.push(paid - p.a);
                    paid = 0;
                }
            }
            (change.len(), change.iter().sum::<i64>()).into()
        },
    },
    TaskKind {
        name: "run_account",
        arguments: "moves: List[int]",
        returns: "List[int]",
        a: &[40, 50, 60],
        b: &[10, 20, 30],
        t: NO_TEXT,
        asks: [
            "An account starts at 0. Each positive number is paid in, each negative number is a payment out. A payment out that would bring the balance below -<a> is refused, and a fee of <b> is subtracted instead, no matter how low the balance then becomes. Money paid in is always accepted. Return [balance at the end, how many payments were refused].",
            "Return the final balance of an account that is empty at first, and how often a move was left out, as a list of two. Go through the moves in order: add positive ones. Add a negative one too, unless the balance would then be less than -<a>; in that case leave the move out and take <b> off the balance as a penalty. The penalty itself may push the balance under the limit.",
            "The bank lets an account go down to -<a>, and exactly -<a> is allowed. Starting from 0, carry out the list: numbers above 0 are deposits, numbers below 0 are withdrawals. A withdrawal that would pass the limit is not carried out but costs <b>, which is always charged. Deposits never fail. Return a list of the last balance and the number of failed withdrawals.",
        ],
        right: "\
balance = refused = 0
for move in moves:
    if move < 0 and balance + move < -<a>:
        balance -= <b>
        refused += 1
    else:
        balance += move
return [balance, refused]",
        also: "\
balance, refused = 0, []
for move in moves:
    after = balance + move
    if move < 0 and after < -<a>:
        refused.append(move)
        after = balance - <b>
    balance = after
return [balance, len(refused)]",
        wrong: "\
balance = refused = 0
for move in moves:
    if move < 0 and balance + move <= -<a>:
        balance -= <b>
        refused += 1
    else:
        balance += move
return [balance, refused]",
        input: |draw, _| vec![some(draw, 7..=10, &[-30, -20, -20, -10, -10, -10, 10, 20_i64]).into()],
        truth: |p, x| {
            let refused = |held: i64, x: i64| x < 0 && held + x < -p.a;
            let carry_out = |(held, left_out), x| match refused(held, x) {
                true => (held - p.b, left_out + 1_i64),
                false => (held + x, left_out),
            };
            x[0].ints().into_iter().fold((0, 0), carry_out).into()
        },
    },
    TaskKind {
        name: "ride_elevator",
        arguments: "floors: List[int]",
        returns: "int",
        a: &[0, 1, 2],
        b: &[4, 5, 7],
        t: NO_TEXT,
        asks: [
            "An elevator stands at floor <a> and goes to the floors of the list, one after another. It needs 3 seconds for each floor upwards and 2 seconds for each floor downwards, and its doors need <b> seconds at the end of each ride. If it already stands at the wanted floor, nothing happens and no time passes. Return the seconds it needs in all.",
            "Starting on floor <a>, an elevator visits the given floors in order. Going up takes 3 seconds a floor, going down takes 2 seconds a floor. After every ride the doors open, which takes another <b> seconds; a wish for the floor where the elevator is now costs no time at all. What is the total time in seconds?",
            "Add up the time of an elevator that begins at floor <a>. For every wanted floor in the list: if it is higher than the current one, count 3 seconds for each floor between them, if it is lower, count 2 for each, and in both cases <b> more for the doors. If it is the current floor, count nothing. Return the sum.",
        ],
        right: "\
seconds = 0
for floor, wanted in zip([<a>] + floors, floors):
    if floor != wanted:
        pace = 3 if wanted > floor else 2
        seconds += abs(wanted - floor) * pace + <b>
return seconds",
        also: "\
floor, seconds = <a>, 0
for wanted in floors:
    up = wanted - floor
    seconds += (3 * up if up > 0 else -2 * up) + (<b> if up else 0)
    floor = wanted
return seconds",
        wrong: "\
floor, seconds = <a>, 0
for wanted in floors:
    up = wanted - floor
    seconds += (3 * up if up > 0 else -2 * up) + <b>
    floor = wanted
return seconds",
        input: |draw, _| vec![numbers(draw, 4..=8, 0..=3).into()],
        truth: |p, x| {
            let seconds = |up: i64| 3 * up.max(0) + 2 * (-up).max(0) + if up == 0 { 0 } else { p.b };
            [vec![p.a], x[0].ints()].concat().windows(2).map(|way| seconds(way[1] - way[0])).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "count_fish",
        arguments: "fish: int, catches: List[int]",
        returns: "List[int]",
        a: &[20, 25, 50],
        b: &[60, 75, 90],
        t: NO_TEXT,
        asks: [
            "A pond holds some fish. Each number of the list is what somebody wants to catch on a day. If the pond holds at least that many, they are taken out first; otherwise nothing is caught that day. Then the fish that are left grow by <a> percent, rounded down to a whole number of new fish, but never to more than <b> fish. Return the number of fish after each day.",
            "Return a list with the number of fish at the end of every day. A day goes like this: first the wanted catch is removed, but only if there are enough fish for all of it (if not, none is removed). After that, <a> percent of the remaining fish are added, fractions being dropped, and if there are then more than <b>, there are <b>.",
            "Given the fish at the start and the wanted catch of each day, compute the fish at each day's end. Catches come before growth. A catch larger than what is there is skipped. Growth adds fish * <a> // 100 to the fish, and the pond has room for only <b>, so anything above that is lost. Return all the day ends in a list.",
        ],
        right: "\
days = []
for wanted in catches:
    fish -= wanted if wanted <= fish else 0
    fish = min(<b>, fish + fish * <a> // 100)
    days.append(fish)
return days",
        also: "\
days = [fish]
for wanted in catches:
    left = days[-1]
    left -= wanted if left >= wanted else 0
    days.append(min(left + left * <a> // 100, <b>))
return days[1:]",
        wrong: "\
days = []
for wanted in catches:
    fish = min(<b>, fish + fish * <a> // 100)
    fish -= wanted if wanted <= fish else 0
    days.append(fish)
return days",
        input: |draw, p| vec![draw.random_range(p.b / 3..=p.b).into(), numbers(draw, 3..=5, 5..=50).into()],
        truth: |p, x| {
            let (mut fish, mut ends) = (x[0].int(), vec![]);
            for wanted in x[1].ints() {
                let left = if wanted > fish { fish } else { fish - wanted };
                fish = p.b.min(left + left * p.a / 100);
                ends.push(fish);
            }
            ends.into()
        },
    },
    TaskKind {
        name: "fetch_pages",
        arguments: "pages: str",
        returns: "int",
        a: &[2, 3],
        b: &[4, 5, 7, 9],
        t: NO_TEXT,
        asks: [
            "Each letter of the text is a page to fetch. A store, empty at first, has room for <a> pages. Fetching a page that is in the store costs 1 and changes nothing. Any other page costs <b> and is put into the store; if the store is full, the page that was put in longest ago leaves it first. Return the total cost.",
            "Compute what it costs to fetch the pages of the text, one letter a page, in order. Keep up to <a> pages at hand: a page at hand costs 1, all others cost <b> and are then kept, too. When there are too many, drop the one that was brought in earliest, even if it has been used again since. Return the sum of all costs.",
            "Simulate a small cache of <a> letters for the given text and return the total cost. A letter in the cache costs 1. A letter that is not there costs <b> and enters the cache, pushing out the oldest entry when the cache is full. Age counts from when a letter entered; using it again does not make it younger.",
        ],
        right: "\
cache, cost = [], 0
for page in pages:
    cost += 1 if page in cache else <b>
    if page not in cache:
        cache = (cache + [page])[-<a>:]
return cost",
        also: "\
cache, hits = deque(maxlen=<a>), 0
for page in pages:
    if page in cache:
        hits += 1
    else:
        cache.append(page)
return hits + <b> * (len(pages) - hits)",
        wrong: "\
cache, cost = [], 0
for page in pages:
    cost += 1 if page in cache else <b>
    cache = [x for x in cache if x != page] + [page]
    cache = cache[-<a>:]
return cost",
        input: |draw, _| vec![word(draw, 14..=20, "abcd").into()],
        truth: |p, x| {
            let (mut entered, mut cost) = (vec![], 0);
            for page in x[0].text().chars() {
                let kept = entered.iter().rev().take(p.a as usize).any(|other| *other == page);
                cost += if kept { 1 } else { p.b };
                entered.extend((!kept).then_some(page));
            }
            cost.into()
        },
    },
    TaskKind {
        name: "run_stack",
        arguments: "words: List[str]",
        returns: "List[int]",
        a: &[2, 3, 4],
        b: NO_NUMBER,
        t: &["undo", "drop", "back"],
        asks: [
            "A stack of numbers is empty at first and has room for <a> of them. Each word is either a whole number, which is put on top, or '<t>', which takes the top number off (and does nothing if the stack is empty). If a number is put on a full stack, the bottom number falls out to make room. Return the stack as a list of integers from bottom to top.",
            "Go through the words in order. Put every number at the end of a list; on the word '<t>' remove the last number of the list, if there is one. The list never holds more than <a> numbers: whenever it becomes longer, its first number is thrown away. Return the list, whose items are integers.",
            "Return the integers that are left on a small pile, the lowest first. A word such as '7' lays this number on the pile, the word '<t>' removes the uppermost number or is ignored when there is none. As soon as more than <a> numbers lie there, the lowest one is lost for good.",
        ],
        right: "\
stack = []
for word in words:
    if word != '<t>':
        stack = (stack + [int(word)])[-<a>:]
    elif stack:
        stack.pop()
return stack",
        also: "\
stack = deque(maxlen=<a>)
for word in words:
    if word.isdigit():
        stack.append(int(word))
    elif len(stack) > 0:
        stack.pop()
return list(stack)",
        wrong: "\
stack = []
for word in words:
    if word == '<t>':
        stack = stack[:-1]
    elif len(stack) < <a>:
        stack.append(int(word))
return stack",
        input: |draw, p| vec![some(draw, 7..=9, &["1", "2", "3", "4", "5", "6", "7", "8", "9", p.t, p.t]).into()],
        truth: |p, x| {
            let laid = |stack: Vec<i64>, word: &str| match word.parse() {
                Ok(number) => [&stack[(stack.len() + 1).saturating_sub(p.a as usize)..], &[number]].concat(),
                Err(_) => stack[..stack.len().saturating_sub(1)].to_vec(),
            };
            x[0].texts().into_iter().fold(vec![], laid).into()
        },
    },
];
