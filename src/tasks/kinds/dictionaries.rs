//! Dictionaries: counting, grouping, inverting, merging, totals, lookups.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{Draw, numbers, one, some, word};
use crate::{TaskKind, Value};
use rand::{RngExt, seq::SliceRandom};
use std::collections::BTreeMap;

const ITEMS: [&str; 5] = ["pen", "cup", "bag", "hat", "key"];
const NAMES: [&str; 5] = ["al", "bo", "cy", "di", "ed"];

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "count_other_letters",
        arguments: "text: str",
        returns: "Dict[str, int]",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: &["a", "e", "i", "o", "s", "t", "n", "r", "l"],
        asks: [
            "Count how often each letter occurs in a text, but ignore the letter '<t>'. Return a dictionary from letter to count.",
            "Return a dictionary that maps each letter of the text to the number of times it occurs there. Leave out the letter '<t>'.",
            "Given a text, return a dictionary with the count of each of its letters. Skip every '<t>'.",
        ],
        right: "counts = {}
for letter in text:
    if letter != '<t>':
        counts[letter] = counts.get(letter, 0) + 1
return counts",
        also: "counts = {}
for letter in set(text):
    if letter != '<t>':
        counts[letter] = text.count(letter)
return counts",
        wrong: "counts = {}
for letter in text:
    if letter != '<t>':
        counts[letter] = counts.get(letter, 1) + 1
return counts",
        input: |draw, p| vec![word(draw, 5..=8, &format!("{}{}mud", p.t, p.t)).into()],
        truth: |p, arguments| {
            let letters = arguments[0].text().chars().map(|c| (c.to_string(), 1_i64));
            totals(letters.filter(|(c, _)| c != p.t))
        },
    },
    TaskKind {
        name: "list_high_scorers",
        arguments: "scores: Dict[str, int]",
        returns: "List[str]",
        a: &[10, 20, 30, 40, 50, 60, 70, 80, 90],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "The dictionary maps names to scores. Return a list of the names whose score is greater than <a>, in alphabetical order.",
            "Find everybody who scored more than <a> points. You get a dictionary from name to points; return the sorted list of the names.",
            "Given a dictionary with the score of each person, return the names of all who have a score above <a>, sorted from a to z.",
        ],
        right: "names = []
for name, score in scores.items():
    if score > <a>:
        names.append(name)
return sorted(names)",
        also: "names = []
for name in sorted(scores):
    if scores[name] > <a>:
        names.append(name)
return names",
        wrong: "names = []
for name, score in scores.items():
    if score >= <a>:
        names.append(name)
return sorted(names)",
        input: |draw, p| vec![table(draw, &NAMES, &[p.a - 5, p.a, p.a + 1, p.a + 8])],
        truth: |p, arguments| {
            let scores = BTreeMap::from_iter(pairs(&arguments[0]));
            scores.into_iter().filter(|x| x.1 > p.a).map(|x| x.0).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "group_by_remainder",
        arguments: "numbers: List[int]",
        returns: "Dict[int, List[int]]",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Group the numbers by their remainder when divided by <a>. Return a dictionary from remainder to the list of its numbers, in their original order.",
            "Return a dictionary whose keys are remainders modulo <a>. The value of a key is the list of all given numbers with this remainder, in the order in which they are given.",
            "Divide each number by <a> and look at what remains. Return a dictionary that maps each remainder that occurs to the list of the numbers that have it, in input order.",
        ],
        right: "groups = {}
for number in numbers:
    rest = number % <a>
    groups.setdefault(rest, []).append(number)
return groups",
        also: "groups = {}
for number in numbers:
    rest = number % <a>
    groups[rest] = groups.get(rest, []) + [number]
return groups",
        wrong: "groups = {}
for number in numbers:
    rest = number // <a>
    groups.setdefault(rest, []).append(number)
return groups",
        input: |draw, p| vec![numbers(draw, 4..=7, 1..=3 * p.a).into()],
        truth: |p, arguments| Value::map(gather(arguments[0].ints().into_iter().map(|x| (x - x / p.a * p.a, x)))),
    },
    TaskKind {
        name: "total_points",
        arguments: "results: List[list]",
        returns: "Dict[str, int]",
        a: &[5, 10, 15, 20, 25, 30, 40, 50, 100],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Each result is a list [player, points]. Every player in the results starts with <a> points, and all points of the player are added. Return a dictionary from player to final points.",
            "Add up the points of each player from a list of [player, points] pairs, beginning at <a> instead of 0. Return the totals as a dictionary with the players as keys.",
            "Given a list of [player, points] entries, return a dictionary with the total of each player who occurs: <a> plus the sum of the points of this player.",
        ],
        right: "totals = {}
for player, points in results:
    if player not in totals:
        totals[player] = <a>
    totals[player] += points
return totals",
        also: "totals = {}
for player, points in results:
    before = totals.get(player, <a>)
    totals[player] = before + points
return totals",
        wrong: "totals = {}
for player, points in results:
    if player in totals:
        totals[player] += points
    else:
        totals[player] = <a>
return totals",
        input: |draw, _| {
            let players = some(draw, 4..=6, &NAMES[..3]);
            vec![players.into_iter().map(|x| (x, draw.random_range(1..=9_i64))).collect::<Vec<_>>().into()]
        },
        truth: |p, arguments| {
            let groups = gather(pairs(&arguments[0])).into_iter();
            Value::map(groups.map(|(player, points)| (player, p.a + points.iter().sum::<i64>())))
        },
    },
    TaskKind {
        name: "invert_ages",
        arguments: "ages: Dict[str, int]",
        returns: "Dict[int, List[str]]",
        a: &[10, 12, 15, 16, 18, 20, 21, 30, 40],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "You get a dictionary from name to age. Return a dictionary from age to the list of the names with this age, in the order of the input. Only use ages of <a> or more.",
            "Invert a dictionary of ages by name: the result maps each age to a list of names, which stay in their original order. Leave out everybody who is younger than <a>.",
            "Return, for each age that is at least <a>, the list of the people of that age, as a dictionary with ages as keys. The names in a list stand in the same order as in the given dictionary.",
        ],
        right: "groups = {}
for name, age in ages.items():
    if age >= <a>:
        groups.setdefault(age, []).append(name)
return groups",
        also: "groups = {}
for age in ages.values():
    if age >= <a>:
        names = [name for name in ages if ages[name] == age]
        groups[age] = names
return groups",
        wrong: "groups = {}
for name, age in ages.items():
    if age >= <a>:
        names = [name]
        groups[age] = names
return groups",
        input: |draw, p| vec![table(draw, &NAMES, &[p.a - 1, p.a, p.a + 1])],
        truth: |p, arguments| {
            let kept = pairs(&arguments[0]).into_iter().filter(|x| x.1 >= p.a);
            Value::map(gather(kept.map(|(name, age)| (age, name))))
        },
    },
    TaskKind {
        name: "merge_counts",
        arguments: "first: Dict[str, int], second: Dict[str, int]",
        returns: "Dict[str, int]",
        a: &[6, 7, 8, 9, 10, 12, 15, 20, 25],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Merge two dictionaries. If a key is in both, add its two values. Then replace each value greater than <a> by <a>. Return the merged dictionary.",
            "Return a dictionary with all keys of both dictionaries. The value of a key is the sum of its values in the two (or its only value), but never more than <a>: larger values become <a>.",
            "Add up two dictionaries of counts key by key; a key that is missing in one of them counts 0 there. Return the sums in one dictionary, with every sum above <a> lowered to <a>.",
        ],
        right: "merged = dict(first)
for key, value in second.items():
    merged[key] = merged.get(key, 0) + value
for key in merged:
    merged[key] = min(merged[key], <a>)
return merged",
        also: "merged = {}
for key in list(first) + list(second):
    total = first.get(key, 0) + second.get(key, 0)
    if total > <a>:
        total = <a>
    merged[key] = total
return merged",
        wrong: "merged = dict(first)
for key, value in second.items():
    merged[key] = value
for key in merged:
    if merged[key] > <a>:
        merged[key] = <a>
return merged",
        input: |draw, p| {
            let values = [1, 2, p.a / 2, p.a - 2, p.a + 3];
            vec![table(draw, &ITEMS[..4], &values), table(draw, &ITEMS[..4], &values)]
        },
        truth: |p, arguments| {
            let all = gather(pairs(&arguments[0]).into_iter().chain(pairs(&arguments[1])));
            Value::map(all.into_iter().map(|(key, x)| (key, p.a.min(x.iter().sum()))))
        },
    },
    TaskKind {
        name: "raise_low_prices",
        arguments: "prices: Dict[str, int]",
        returns: "Dict[str, int]",
        a: &[10, 20, 30],
        b: &[2, 3, 5],
        t: NO_TEXT,
        asks: [
            "Given a dictionary from item to price, add <b> to every price that is less than <a>. Return the dictionary with the new prices.",
            "Every item that costs less than <a> becomes <b> more expensive; all other prices stay the same. Return the new prices of all items as a dictionary.",
            "Return a dictionary with the same items as the given price dictionary. A price below <a> is raised by <b>, any other price is kept.",
        ],
        right: "result = {}
for item, price in prices.items():
    if price < <a>:
        price += <b>
    result[item] = price
return result",
        also: "result = dict(prices)
for item in prices:
    if prices[item] < <a>:
        result[item] = prices[item] + <b>
return result",
        wrong: "result = {}
for item, price in prices.items():
    if price <= <a>:
        price += <b>
    result[item] = price
return result",
        input: |draw, p| vec![table(draw, &ITEMS[..4], &[p.a - 6, p.a - 1, p.a, p.a + 4])],
        truth: |p, arguments| {
            let raised = |x: i64| x + i64::from(x < p.a) * p.b;
            Value::map(pairs(&arguments[0]).into_iter().map(|(item, price)| (item, raised(price))))
        },
    },
    TaskKind {
        name: "sum_basket",
        arguments: "prices: Dict[str, int], items: List[str]",
        returns: "int",
        a: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return what all items in the list cost together. The dictionary has the price of each item; an item that is not in it costs <a>.",
            "Look up the price of each item of the list in the dictionary of prices and return the sum. Use <a> as the price of every item that is missing in the dictionary.",
            "Given prices by item and a list of items somebody buys, return the total price. Each item without a price in the dictionary counts as <a>.",
        ],
        right: "total = 0
for item in items:
    if item in prices:
        total += prices[item]
    else:
        total += <a>
return total",
        also: "total = 0
for item in items:
    price = prices.get(item, <a>)
    total = total + price
return total",
        wrong: "total = 0
for item in items:
    if item in prices:
        total += prices[item]
if total == 0:
    total = <a>
return total",
        input: |draw, _| {
            let prices = table(draw, &ITEMS[..3], &[1, 11, 12, 13, 20]);
            vec![prices, some(draw, 3..=5, &ITEMS[..4]).into()]
        },
        truth: |p, arguments| {
            let prices = BTreeMap::from_iter(pairs(&arguments[0]));
            arguments[1].texts().into_iter().map(|item| *prices.get(item).unwrap_or(&p.a)).sum::<i64>().into()
        },
    },
    TaskKind {
        name: "find_dearest_item",
        arguments: "prices: Dict[str, int]",
        returns: "str",
        a: &[5, 8, 10, 12, 15, 20, 25, 30, 50],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Return the name of the most expensive item that costs at most <a>. The dictionary maps items to prices, which are all different. Return '' if there is no such item.",
            "You have <a> coins and want to buy the item with the highest price that you can pay. Given a dictionary from item to price (no two prices are equal), return that item, or '' if you can pay for none.",
            "Among the items in the dictionary whose price is <a> or less, find the one with the greatest price and return its name. If there is none, return ''. No price occurs twice.",
        ],
        right: "best = ''
for item, price in prices.items():
    if price <= <a>:
        if best == '' or price > prices[best]:
            best = item
return best",
        also: "best, highest = '', 0
for item in prices:
    price = prices[item]
    if highest < price <= <a>:
        best, highest = item, price
return best",
        wrong: "best = ''
for item, price in prices.items():
    if price < <a>:
        if best == '' or price > prices[best]:
            best = item
return best",
        input: |draw, p| {
            let mut prices = vec![p.a - 3, p.a - 1, p.a, p.a + 2, p.a + 4];
            prices.shuffle(draw);
            let count = draw.random_range(3..=5);
            vec![Value::map(ITEMS.into_iter().zip(prices).take(count))]
        },
        truth: |p, arguments| {
            let payable = pairs(&arguments[0]).into_iter().filter(|x| x.1 <= p.a);
            payable.max_by_key(|x| x.1).map_or("", |x| x.0).into()
        },
    },
    TaskKind {
        name: "count_lengths",
        arguments: "words: List[str]",
        returns: "Dict[int, int]",
        a: NO_NUMBER,
        b: NO_NUMBER,
        t: &["b", "c", "d", "f", "m", "p", "r", "s", "t"],
        asks: [
            "Look only at the words that begin with '<t>'. Return a dictionary from word length to the number of these words that have this length.",
            "Count words by their length and return the counts as a dictionary with lengths as keys. Words that do not start with '<t>' are not counted.",
            "For all words with '<t>' as the first letter, count how many there are of each length. Return a dictionary that maps length to count.",
        ],
        right: "counts = {}
for word in words:
    if word[0] == '<t>':
        size = len(word)
        counts[size] = counts.get(size, 0) + 1
return counts",
        also: "counts = {}
for word in words:
    if word.startswith('<t>'):
        counts.setdefault(len(word), 0)
        counts[len(word)] += 1
return counts",
        wrong: "counts = {}
for word in words:
    if '<t>' in word:
        size = len(word)
        counts[size] = counts.get(size, 0) + 1
return counts",
        input: |draw, p| {
            let starts = some(draw, 4..=6, &[p.t, p.t, "l", "n"]);
            let rest = |start| format!("{start}{}", word(draw, 1..=3, &format!("ae{}", p.t)));
            vec![starts.into_iter().map(rest).collect::<Vec<_>>().into()]
        },
        truth: |p, arguments| {
            let words = arguments[0].texts().into_iter().filter(|word| word.starts_with(p.t));
            totals(words.map(|word| (word.len(), 1)))
        },
    },
    TaskKind {
        name: "list_big_changes",
        arguments: "before: Dict[str, int], after: Dict[str, int]",
        returns: "List[str]",
        a: &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        b: NO_NUMBER,
        t: NO_TEXT,
        asks: [
            "Two dictionaries with the same keys have the prices of some items before and after a change. Return the sorted list of the items whose price went up or down by more than <a>.",
            "Both dictionaries have the same keys. Return a list of the keys whose two values differ by more than <a>, in alphabetical order.",
            "Compare the values of each key in two dictionaries that have equal keys. Return, sorted from a to z, all keys for which the distance between the two values is greater than <a>.",
        ],
        right: "changed = []
for key in before:
    if abs(before[key] - after[key]) > <a>:
        changed.append(key)
return sorted(changed)",
        also: "changed = []
for key, value in sorted(before.items()):
    change = abs(after[key] - value)
    if change > <a>:
        changed.append(key)
return changed",
        wrong: "changed = []
for key in before:
    if after[key] - before[key] > <a>:
        changed.append(key)
return sorted(changed)",
        input: |draw, p| {
            let before = table(draw, &ITEMS[..4], &[12, 15, 20]);
            let changes = [-p.a - 2, -p.a - 1, -p.a, 0, p.a, p.a + 1];
            let after = Value::map(pairs(&before).into_iter().map(|(key, x)| (key, x + one(draw, &changes))));
            vec![before, after]
        },
        truth: |p, arguments| {
            let after = BTreeMap::from_iter(pairs(&arguments[1]));
            let before = BTreeMap::from_iter(pairs(&arguments[0]));
            let far = before.into_iter().filter(|(key, x)| after[key].abs_diff(*x) > p.a as u64);
            far.map(|x| x.0).collect::<Vec<_>>().into()
        },
    },
];

/// The entries of a dictionary, or the items of a list of pairs.
fn pairs(value: &Value) -> Vec<(&str, i64)> {
    match value {
        Value::Map(entries) => entries.iter().map(|(key, x)| (key.text(), x.int())).collect(),
        _ => value.list().iter().map(|pair| (pair.list()[0].text(), pair.list()[1].int())).collect(),
    }
}

/// What belongs to each key.
fn gather<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups = BTreeMap::<K, Vec<V>>::new();
    entries.into_iter().for_each(|(key, x)| groups.entry(key).or_default().push(x));
    groups
}

/// The sum of each key.
fn totals<K: Ord + Into<Value>>(entries: impl IntoIterator<Item = (K, i64)>) -> Value {
    Value::map(gather(entries).into_iter().map(|(key, x)| (key, x.iter().sum::<i64>())))
}

/// A dictionary with most of these keys, in any order.
fn table(draw: &mut Draw, keys: &[&'static str], values: &[i64]) -> Value {
    let mut keys = keys.to_vec();
    keys.shuffle(draw);
    keys.truncate(draw.random_range(keys.len().div_ceil(2)..=keys.len()));
    Value::map(keys.into_iter().map(|key| (key, one(draw, values))))
}
