//! Dictionaries: counting, grouping, joining, totals, lookups, stocks.

use super::{NO_NUMBER, NO_TEXT};
use crate::draw::{Draw, one, some};
use crate::{TaskKind, Value};
use rand::{RngExt, seq::SliceRandom};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

const ITEMS: [&str; 3] = ["pen", "cup", "bag"];
const NAMES: [&str; 5] = ["al", "bo", "cy", "di", "ed"];

pub(super) static KINDS: [TaskKind; 11] = [
    TaskKind {
        name: "count_stays",
        arguments: "places: List[str]",
        returns: "Dict[str, int]",
        a: &[1, 2],
        b: NO_NUMBER,
        t: &["out", "gap", "off", "road"],
        asks: [
            "A diary lists where somebody was, hour by hour. Equal places directly after each other are one stay. Count the stays for each place and return a dictionary from place to count, only with places that have at least <a> stays. '<t>' is no place: it does not become a key, but it does separate two stays at the same place.",
            "Return how often each place was entered. A place is entered at the first item of the list and wherever an item differs from the one directly before it. The entry '<t>' is treated like any other in these comparisons, but is left out of the result. Leave out places entered fewer than <a> times, too.",
            "First shorten each run of equal neighbours in the list to a single item; after that, and not before, remove every '<t>'. Count what remains, and return the counts of all items that are left <a> times or more as a dictionary.",
        ],
        right: "counts = Counter()
for place, before in zip(places, [None] + places):
    if place != before and place != '<t>':
        counts[place] += 1
return {place: n for place, n in counts.items() if n >= <a>}",
        also: "stays = [place for place, group in groupby(places)]
counts = Counter(stays)
counts.pop('<t>', None)
return {place: counts[place] for place in counts if counts[place] >= <a>}",
        wrong: "known = [place for place in places if place != '<t>']
stays = [place for place, group in groupby(known)]
counts = Counter(stays)
return {place: counts[place] for place in counts if counts[place] >= <a>}",
        input: |draw, p| vec![some(draw, 7..=9, &["lab", "lab", "den", p.t, p.t]).into()],
        truth: |p, arguments| {
            let places = arguments[0].texts();
            let stays = places.chunk_by(|x, y| x == y).map(|stay| (stay[0], 1)).filter(|(place, _)| *place != p.t);
            Value::map(gather(stays).into_iter().map(|(place, x)| (place, x.len())).filter(|x| x.1 as i64 >= p.a))
        },
    },
    TaskKind {
        name: "group_by_length",
        arguments: "words: List[str]",
        returns: "Dict[int, List[str]]",
        a: &[2, 3, 4, 5],
        b: &[1, 2],
        t: NO_TEXT,
        asks: [
            "Group words by their number of letters and return a dictionary from length to list of words. Words with more than <a> letters belong to the group of length <a>. Keep only the last <b> words of each group, in the order in which they stand in the input. A word that occurs twice counts as two words.",
            "Return a dictionary whose keys are word lengths and whose values are lists of at most <b> words. Any length above <a> is treated as <a>. If there are more words for a key, the earliest ones are left out. The words that are kept stay in their original order, and repeated words are kept as they are.",
            "Sort the given words into drawers numbered by word length; everything longer than <a> letters goes into drawer <a>. A drawer has room for <b>: when one more word comes in, the word that has been in there longest is thrown away. At the end return all drawers in use as a dictionary, each with its words from oldest to newest.",
        ],
        right: "groups = {}
for word in words:
    group = groups.setdefault(min(len(word), <a>), deque(maxlen=<b>))
    group.append(word)
return {size: list(group) for size, group in groups.items()}",
        also: "groups = {}
for word in words:
    size = len(word) if len(word) < <a> else <a>
    groups[size] = (groups.get(size, []) + [word])[-<b>:]
return groups",
        wrong: "groups = {}
for word in words:
    size = len(word) if len(word) < <a> else <a>
    groups[size] = (groups.get(size, []) + [word])[:<b>]
return groups",
        input: |draw, _| vec![some(draw, 5..=6, &["go", "no", "sky", "oak", "lamp", "stone", "bridge"]).into()],
        truth: |p, arguments| {
            let groups = gather(arguments[0].texts().into_iter().map(|word| (p.a.min(word.len() as i64), word)));
            let latest = |words: Vec<&str>| Value::from(words[words.len().saturating_sub(p.b as usize)..].to_vec());
            Value::map(groups.into_iter().map(|(size, words)| (size, latest(words))))
        },
    },
    TaskKind {
        name: "names_by_score",
        arguments: "scores: Dict[str, int]",
        returns: "Dict[int, List[str]]",
        a: &[1, 2],
        b: NO_NUMBER,
        t: &["...", "more", "etc", "+"],
        asks: [
            "Turn a dictionary from name to score around: return a dictionary from each score to the alphabetical list of the names that have it. If more than <a> names have a score, list only the first <a> of them, followed by the text '<t>' as a last item.",
            "For each score that occurs among the values, collect the names with that score and sort them alphabetically. A list of <a> names or fewer stays as it is; a longer one is cut after <a> names, and '<t>' is added behind them. Return the lists in a dictionary whose keys are the scores.",
            "You are given the scores of some people by name. Return, by score, who has it: a sorted list of names. Lists may show at most <a> names. Where names had to be left out, the ones that come first in the alphabet are shown, and the list ends with an additional '<t>'.",
        ],
        right: "groups = defaultdict(list)
for name in sorted(scores):
    groups[scores[name]].append(name)
short = {score: names[:<a>] for score, names in groups.items()}
return {x: short[x] + ['<t>'] * (len(groups[x]) > <a>) for x in short}",
        also: "result = {}
for score in scores.values():
    names = sorted(name for name in scores if scores[name] == score)
    result[score] = names if len(names) <= <a> else names[:<a>] + ['<t>']
return result",
        wrong: "result = {}
for score in scores.values():
    names = sorted(name for name in scores if scores[name] == score)
    result[score] = names if len(names) < <a> else names[:<a>] + ['<t>']
return result",
        input: |draw, _| vec![table(draw, &NAMES, &[1_i64, 2, 3])],
        truth: |p, arguments| {
            let scores = BTreeMap::from_iter(pairs(&arguments[0]));
            let groups = gather(scores.into_iter().map(|(name, score)| (score, name))).into_iter();
            let end = |n: usize| if n as i64 > p.a { vec![p.t] } else { vec![] };
            let shown = |x: Vec<&str>| Value::from([x[..x.len().min(p.a as usize)].to_vec(), end(x.len())].concat());
            Value::map(groups.map(|(score, names)| (score, shown(names))))
        },
    },
    TaskKind {
        name: "bill_orders",
        arguments: "prices: Dict[str, int], amounts: Dict[str, int]",
        returns: "Dict[str, int]",
        a: &[5, 7, 9],
        b: &[3, 4, 5],
        t: NO_TEXT,
        asks: [
            "One dictionary has the price of a piece for each item, the other one the number of pieces ordered. Return what each ordered item costs in all, as a dictionary. Of every <b> pieces of an item one is free, so that only complete groups of <b> count. An item without a price costs <a> a piece.",
            "Return a dictionary with the same keys as the amounts. The value of an item is its price times the pieces to be paid. All pieces are to be paid except one for each full <b> pieces of that item. Take <a> as the price if the item is not among the prices. Prices of items that nobody ordered are ignored.",
            "The pieces of each ordered item are counted from 1, and a shop gives away those whose number is divisible by <b>. From the prices by item and the ordered amounts by item, work out the cost of each ordered item and return the costs by item. Items missing in the price list are sold at <a> each.",
        ],
        right: "costs = {}
for item, amount in amounts.items():
    paid = amount - amount // <b>
    costs[item] = prices.get(item, <a>) * paid
return costs",
        also: "costs = {}
for item in amounts:
    paid = [n for n in range(1, amounts[item] + 1) if n % <b> > 0]
    costs[item] = prices.get(item, <a>) * len(paid)
return costs",
        wrong: "costs = {}
for item, amount in amounts.items():
    paid = amount - 1 if amount >= <b> else amount
    costs[item] = prices.get(item, <a>) * paid
return costs",
        input: |draw, p| vec![table(draw, &ITEMS, &[2_i64, 3, 4]), table(draw, &ITEMS, &[p.b - 1, p.b, 2 * p.b])],
        truth: |p, arguments| {
            let prices = BTreeMap::from_iter(pairs(&arguments[0]));
            let paid = |amount: i64| (1..=amount).filter(|n| n % p.b != 0).map(|_| 1).sum::<i64>();
            let orders = pairs(&arguments[1]).into_iter();
            Value::map(orders.map(|(item, amount)| (item, prices.get(item).unwrap_or(&p.a) * paid(amount))))
        },
    },
    TaskKind {
        name: "sum_best_sales",
        arguments: "sales: List[list]",
        returns: "Dict[str, int]",
        a: &[1, 2, 3],
        b: &[6, 8, 10],
        t: NO_TEXT,
        asks: [
            "Each sale is a list [seller, amount]. Return a dictionary with the total of each seller. From a seller who has more than <a> sales, the smallest of these sales is not added (just one of them if several are equally small). Sellers whose total is then less than <b> are left out.",
            "Add up the amounts by seller from a list of [seller, amount] pairs. Whoever appears in more than <a> pairs loses his lowest amount once before his amounts are added. Return the totals that are at least <b>, with the sellers as keys.",
            "Given [seller, amount] entries, return seller totals as a dictionary. For sellers with <a> entries or fewer, all entries count. For the others all but the one with the least amount count; if there is a tie for least, only one of these is dropped. Include a seller only if the total reaches <b> or more.",
        ],
        right: "groups = defaultdict(list)
for seller, amount in sales:
    groups[seller].append(amount)
totals = {seller: sum(sorted(x)[len(x) > <a>:]) for seller, x in groups.items()}
return {seller: total for seller, total in totals.items() if total >= <b>}",
        also: "totals = {}
for seller, amount in sales:
    x = [amount for name, amount in sales if name == seller]
    totals[seller] = sum(x) - min(x) if len(x) > <a> else sum(x)
return {seller: total for seller, total in totals.items() if total >= <b>}",
        wrong: "totals = {}
for seller, amount in sales:
    x = [amount for name, amount in sales if name == seller]
    totals[seller] = sum(x) - min(x) if len(x) >= <a> else sum(x)
return {seller: total for seller, total in totals.items() if total >= <b>}",
        input: |draw, p| vec![records(draw, 4..=6, &NAMES[..2 + usize::from(p.a < 3)], &[3, 4, p.b, p.b + 1])],
        truth: |p, arguments| {
            let lost = |x: &[i64]| if x.len() as i64 > p.a { *x.iter().min().unwrap() } else { 0 };
            let totals =
                gather(pairs(&arguments[0])).into_iter().map(|(seller, x)| (seller, x.iter().sum::<i64>() - lost(&x)));
            Value::map(totals.filter(|(_, total)| *total >= p.b))
        },
    },
    TaskKind {
        name: "merge_stocks",
        arguments: "old: Dict[str, int], new: Dict[str, int]",
        returns: "Dict[str, int]",
        a: &[1, 2, 3],
        b: &[4, 5, 6],
        t: NO_TEXT,
        asks: [
            "Merge an old and a new dictionary of numbers. A key that is in both gets the smaller number if the two differ by at most <a>, and the new number otherwise. A key that is in only one of them is taken over with its number, but only if that number is at least <b>. Return the merged dictionary.",
            "Two people counted the same store, one after the other. Where both have a number for an item and the numbers are no more than <a> apart, the lower one is right; where they are further apart, the second person is. Items with one number only are kept if it is <b> or more, and dropped otherwise. Return the resulting counts by item.",
            "Return a dictionary made of two. Keep all keys they share: the value is the minimum of both values when their distance is <a> or less, and the value of the second dictionary when it is greater. Of the other keys keep those, unchanged, whose value is not below <b>.",
        ],
        right: "merged = {key: x for key, x in {**old, **new}.items() if x >= <b> or key in old and key in new}
for key in merged:
    if key in old and key in new and abs(old[key] - new[key]) <= <a>:
        merged[key] = min(old[key], new[key])
return merged",
        also: "both = set(old) & set(new)
merged = {key: x for key, x in [*old.items(), *new.items()] if key in both or x >= <b>}
for key in both:
    merged[key] = min(old[key], new[key]) if abs(old[key] - new[key]) <= <a> else new[key]
return merged",
        wrong: "merged = {key: x for key, x in {**old, **new}.items() if x >= <b>}
for key in merged:
    if key in old and key in new and abs(old[key] - new[key]) <= <a>:
        merged[key] = min(old[key], new[key])
return merged",
        input: |draw, p| [0; 2].map(|_| table(draw, &ITEMS, &[p.b - 3, p.b - 1, p.b, p.b + 2])).to_vec(),
        truth: |p, arguments| {
            let merge = |x: &[i64]| match *x {
                [x, y] => Some(if (x - y).abs() <= p.a { x.min(y) } else { y }),
                _ => Some(x[0]).filter(|x| *x >= p.b),
            };
            let numbers = gather([pairs(&arguments[0]), pairs(&arguments[1])].concat());
            Value::map(numbers.into_iter().filter_map(|(key, x)| Some((key, merge(&x)?))))
        },
    },
    TaskKind {
        name: "look_up",
        arguments: "tables: Dict[str, Dict[str, int]], queries: List[str]",
        returns: "List[int]",
        a: &[-1, 7, 9],
        b: NO_NUMBER,
        t: &["base", "all", "main"],
        asks: [
            "Answer queries such as 'web.x', which ask for key x in table web, and return the list of answers. If there is no such table, or the key is not in it, take the value of the key in the table '<t>'. If that does not exist either, the answer is <a>. A stored 0 is a value like all others.",
            "For each query, a table's name, a dot and a key, return a number, in the order of the queries. It is the number that this table has for the key, also if it is 0. Otherwise it is what the table called '<t>' has for the key, and <a> where that table or the key in it is missing, too.",
            "Settings are kept in tables, by key. A query 'table.key' is looked up in the named table first, and in table '<t>' next if the first one is missing or lacks the key. Use <a> when both lookups find nothing. Zeros that are found count as found. Return the found numbers, one for each query in turn.",
        ],
        right: "common = tables.get('<t>', {})
pairs = [query.split('.') for query in queries]
defaults = [common.get(key, <a>) for table, key in pairs]
return [tables.get(x, {}).get(key, y) for (x, key), y in zip(pairs, defaults)]",
        also: "values = []
for table, key in [query.split('.') for query in queries]:
    places = [x for x in (table, '<t>') if key in tables.get(x, {})]
    values.append(tables[places[0]][key] if places else <a>)
return values",
        wrong: "common = tables.get('<t>', {})
pairs = [query.split('.') for query in queries]
defaults = [common.get(key, <a>) for table, key in pairs]
return [tables.get(x, {}).get(key) or y for (x, key), y in zip(pairs, defaults)]",
        input: |draw, p| {
            let [web, common] = [0; 2].map(|_| table(draw, &["x", "y"], &[0_i64, 0, 5]));
            vec![Value::map([("web", web), (p.t, common)]), some(draw, 3..=3, &["web.x", "web.y", "app.x"]).into()]
        },
        truth: |p, arguments| {
            let read = |table: &str, key: &str| find(find(&arguments[0], &table.into())?, &key.into()).map(Value::int);
            let queries = arguments[1].texts().into_iter().map(|query| query.split_once('.').unwrap());
            let answers = queries.map(|(table, key)| read(table, key).or(read(p.t, key)).unwrap_or(p.a));
            answers.collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "fill_missing_days",
        arguments: "levels: Dict[int, int]",
        returns: "Dict[int, int]",
        a: &[1, 2, 3],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "The dictionary maps some days (whole numbers, at least one) to water levels. Between two neighbouring known days at most <b> missing days are filled in: each gets the level of the day before it plus <a>. Where more than <b> days in a row are missing, none of them is filled in. Return all known and filled days with their levels.",
            "Find the gaps: days that are no keys, between two keys that follow each other in order. If a gap is not longer than <b> days, add its days, with a level that grows by <a> a day from the known level before the gap. Leave longer gaps as they are. Return a dictionary with the given days and the added ones. There is at least one given day.",
            "Return the readings by day (never empty), completed. A missing day is added if it belongs to a stretch of <b> or fewer missing days in a row, with readings on the days next to the stretch on both sides. Its value is the reading just before the stretch plus <a> for the first missing day, twice <a> for the second, and so on.",
        ],
        right: "filled, days = dict(levels), sorted(levels)
for before, after in zip(days, days[1:]):
    missing = range(before + 1, after)
    for day in missing if len(missing) <= <b> else []:
        filled[day] = filled[day - 1] + <a>
return filled",
        also: "filled = dict(levels)
for day in range(min(levels), max(levels)):
    before = max(x for x in levels if x <= day)
    if any(x in levels for x in range(day + 1, before + <b> + 2)):
        filled[day] = levels[before] + <a> * (day - before)
return filled",
        wrong: "filled, days = dict(levels), sorted(levels)
for before, after in zip(days, days[1:]):
    missing = range(before + 1, after)
    for day in missing if len(missing) < <b> else []:
        filled[day] = filled[day - 1] + <a>
return filled",
        input: |draw, p| vec![table(draw, &[2, p.b + 3, 2 * p.b + 4, 2 * p.b + 6], &[4_i64, 6, 9])],
        truth: |p, arguments| {
            let known: BTreeMap<i64, i64> = arguments[0].entries().iter().map(|(k, v)| (k.int(), v.int())).collect();
            let around = |day| Some((day, known.range(..=day).next_back()?, known.range(day..).next()?));
            let days = (0..99).filter_map(around).filter(|(_, x, y)| y.0 - x.0 - 1 <= p.b);
            Value::map(days.map(|(day, x, _)| (day, x.1 + p.a * (day - x.0))))
        },
    },
    TaskKind {
        name: "build_leaderboard",
        arguments: "rounds: List[list]",
        returns: "List[list]",
        a: &[1, 2, 3],
        b: &[3, 4, 5],
        t: NO_TEXT,
        asks: [
            "Each round is a list [player, points]. Points above <b> count as <b>. Add them up for each player, and return [player, total] lists of the best <a> players (all if there are fewer), the highest total first. Of players with the same total, the one with fewer rounds comes first; if these are equal, too, sort by name.",
            "Make a leaderboard from [player, points] entries, where no entry may bring more than <b> points. Rank the players by their sum of points, from high to low. Break ties in favour of whoever needed fewer entries, then alphabetically. The result holds the first <a> places at most, each as [player, sum].",
            "From a list of [player, points] pairs return who leads, as a list of [player, total]. In the total each pair counts with its points, but at most with <b>. Order: greater totals first, then smaller numbers of pairs, then names in alphabetical order. Cut the list after <a> players.",
        ],
        right: "totals, games = Counter(), Counter(player for player, points in rounds)
for player, points in rounds:
    totals[player] += min(points, <b>)
order = sorted(totals, key=lambda x: (-totals[x], games[x], x))
return [[player, totals[player]] for player in order[:<a>]]",
        also: "scores = defaultdict(list)
for player, points in rounds:
    scores[player].append(points if points < <b> else <b>)
rows = sorted((-sum(x), len(x), player) for player, x in scores.items())
return [[player, -total] for total, played, player in rows[:<a>]]",
        wrong: "scores = defaultdict(list)
for player, points in rounds:
    scores[player].append(points if points < <b> else <b>)
rows = sorted((-sum(x), player) for player, x in scores.items())
return [[player, -total] for total, player in rows[:<a>]]",
        input: |draw, p| {
            let (x, y, z) = (one(draw, &[1, 2]), draw.random_range(1..p.b - 1), one(draw, &[1, 2, p.b + 2]));
            let mut rounds = vec![("al", x), ("al", y), ("bo", x + y), (one(draw, &["cy", "di"]), z)];
            rounds.shuffle(draw);
            vec![rounds.into()]
        },
        truth: |p, arguments| {
            let scores = gather(pairs(&arguments[0]).into_iter().map(|(player, points)| (player, points.min(p.b))));
            let rows = scores.into_iter().map(|(player, x)| (-x.iter().sum::<i64>(), x.len(), player));
            let best = BTreeSet::from_iter(rows).into_iter().take(p.a as usize);
            best.map(|(total, _, player)| (player, -total)).collect::<Vec<_>>().into()
        },
    },
    TaskKind {
        name: "run_inventory",
        arguments: "stock: Dict[str, int], moves: List[list]",
        returns: "Dict[str, int]",
        a: &[6, 7, 8],
        b: &[1, 2, 3],
        t: NO_TEXT,
        asks: [
            "Apply moves [item, change] in order to a stock of items. An item that is not in stock has 0 pieces. A move that would make an amount negative is refused and changes nothing. A move that would bring an item above <a> fills it up to exactly <a>. In the end return, as a dictionary, the items of which there are at least <b>.",
            "The stock tells how many pieces of each item there are; of all others there are none. Go through the [item, change] moves and add each change to its item, with two exceptions: skip a move completely if there are not enough pieces for it, and throw away pieces beyond <a> right after a move. Return the final stock without items below <b> pieces.",
            "Given amounts by item and a list of [item, change] entries to carry out one after the other, return the amounts afterwards. Amounts never exceed <a>: what is too much is lost at once. Taking away more than is there is not possible, and such an entry has no effect at all. Unknown items start at 0. Only items with <b> or more are returned.",
        ],
        right: "amounts = Counter(stock)
for item, change in moves:
    if amounts[item] + change >= 0:
        amounts[item] = min(amounts[item] + change, <a>)
return {item: n for item, n in amounts.items() if n >= <b>}",
        also: "stock = dict(stock)
for item, change in moves:
    after = min(stock.get(item, 0) + change, <a>)
    stock[item] = after if after >= 0 else stock.get(item, 0)
return {item: stock[item] for item in stock if stock[item] >= <b>}",
        wrong: "amounts = Counter(stock)
for item, change in moves:
    amount = amounts[item] + change
    amounts[item] = max(0, min(amount, <a>))
return {item: n for item, n in amounts.items() if n >= <b>}",
        input: |draw, _| vec![table(draw, &ITEMS[..2], &[3_i64]), records(draw, 3..=4, &ITEMS[..2], &[-4, -4, 2, 5])],
        truth: |p, arguments| {
            let moves = gather([pairs(&arguments[0]), pairs(&arguments[1])].concat()).into_iter();
            let apply = |amount: i64, change: &i64| if amount + change < 0 { amount } else { p.a.min(amount + change) };
            let amounts = moves.map(|(item, changes)| (item, changes.iter().fold(0, apply)));
            Value::map(amounts.filter(|(_, amount)| *amount >= p.b))
        },
    },
    TaskKind {
        name: "count_homes",
        arguments: "people: List[str], homes: Dict[str, str]",
        returns: "Dict[str, int]",
        a: &[2, 3],
        b: NO_NUMBER,
        t: &["other", "rest", "misc", "none"],
        asks: [
            "Count from which countries people come. The list has their names, with repetitions, and each counts; the dictionary has the country of a name. A name without a country counts for '<t>'. Countries with fewer than <a> people get no entry of their own: their people are added to '<t>'. Return the counts; '<t>' is a key only if somebody counts for it.",
            "Replace each name in the list by its country from the dictionary, or by '<t>' if it has none. Then count how often each country occurs. Every country that occurs less than <a> times is merged into '<t>', whose own number may be as small as it likes. Return the numbers as a dictionary without zeros.",
            "Return a dictionary from country to number of visits. Each item of the list is a visit of a person whose home country may be found in the dictionary. Countries with at least <a> visits are listed on their own. All other visits, including those of persons whose country is not known, are counted together under '<t>', which is left out if there are none.",
        ],
        right: "result = Counter()
counts = Counter(homes.get(name, '<t>') for name in people)
for home, n in counts.items():
    result[home if n >= <a> else '<t>'] += n
return dict(result)",
        also: "places = [homes.get(name, '<t>') for name in people]
large = {place for place in places if places.count(place) >= <a>}
result = Counter(place if place in large else '<t>' for place in places)
return dict(result)",
        wrong: "counts = Counter(homes.get(name, '<t>') for name in people)
large = {home: n for home, n in counts.items() if n >= <a>}
large.update({'<t>': counts['<t>']} if '<t>' in counts else {})
return large",
        input: |draw, _| vec![some(draw, 4..=6, &NAMES[..3]).into(), table(draw, &NAMES[..3], &["it", "us", "fr"])],
        truth: |p, arguments| {
            let home = |name: &Value| find(&arguments[1], name).map_or(p.t, Value::text);
            let homes = gather(arguments[0].list().iter().map(|name| (home(name), 1))).into_iter();
            let parts = homes.map(|(home, x)| (if x.len() as i64 >= p.a { home } else { p.t }, x.len()));
            Value::map(gather(parts).into_iter().map(|(home, x)| (home, x.iter().sum::<usize>())))
        },
    },
];

/// Texts and numbers: the entries of a dictionary or a list of lists.
fn pairs(of: &Value) -> Vec<(&str, i64)> {
    match of {
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.text(), value.int())).collect(),
        _ => of.list().iter().map(|pair| (pair.list()[0].text(), pair.list()[1].int())).collect(),
    }
}

/// All values of each key, in their order.
fn gather<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups = BTreeMap::<K, Vec<V>>::new();
    pairs.into_iter().for_each(|(key, value)| groups.entry(key).or_default().push(value));
    groups
}

/// The value of a key of a dictionary.
fn find<'a>(map: &'a Value, key: &Value) -> Option<&'a Value> {
    map.entries().iter().find(|entry| entry.0 == *key).map(|entry| &entry.1)
}

/// A list of lists of a name and a number.
fn records(draw: &mut Draw, count: RangeInclusive<usize>, names: &[&str], values: &[i64]) -> Value {
    some(draw, count, names).into_iter().map(|name| (name, one(draw, values))).collect::<Vec<_>>().into()
}

/// A dictionary with most of these keys.
fn table<K: Copy + Into<Value>, V: Copy + Into<Value>>(draw: &mut Draw, keys: &[K], values: &[V]) -> Value {
    let mut keys = keys.to_vec();
    keys.shuffle(draw);
    keys.truncate(draw.random_range(keys.len().div_ceil(2)..=keys.len()));
    Value::map(keys.into_iter().map(|key| (key, one(draw, values))))
}
