//! A total order of values that agrees with `==`. Python has none; here sets are compared and equal items found by it, in the
//! time of sorting: what a response returns may be large, and sets in one another may be deep.

use crate::value::{Number, Value, compare_numbers};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Where these values stand in the order: the first index is that of the least. Equal ones stay in turn.
pub(crate) fn order<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<usize> {
    let settled: Vec<Cow<Value>> = values.map(settled).collect();
    let mut order: Vec<usize> = (0..settled.len()).collect();
    order.sort_by(|&i, &j| compare(&settled[i], &settled[j]));
    order
}

/// For each of these values the index of the first that equals it.
pub(crate) fn firsts(values: &[&Value]) -> Vec<usize> {
    let (mut firsts, mut last) = ((0..values.len()).collect::<Vec<_>>(), None::<usize>);
    for i in order(values.iter().copied()) {
        match last {
            Some(first) if values[first] == values[i] => firsts[i] = first,
            _ => last = Some(i),
        }
    }
    firsts
}

/// The value with every set and dictionary in it in order: equal ones are then the same item by item.
fn settled(value: &Value) -> Cow<'_, Value> {
    let all = |items: &[Value]| items.iter().map(|item| settled(item).into_owned()).collect::<Vec<_>>();
    Cow::Owned(match value {
        Value::List(items) => Value::List(all(items)),
        Value::Tuple(items) => Value::Tuple(all(items)),
        Value::Linked(items) => Value::Linked(all(items)),
        Value::Set(items) => {
            let mut items = all(items);
            items.sort_by(compare);
            Value::Set(items)
        }
        Value::Dict(pairs) => {
            let whole = |(k, v): &(Value, Value)| (settled(k).into_owned(), settled(v).into_owned());
            let mut pairs: Vec<(Value, Value)> = pairs.iter().map(whole).collect();
            pairs.sort_by(|a, b| compare(&a.0, &b.0));
            Value::Dict(pairs)
        }
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) | Value::Tree(_) => {
            return Cow::Borrowed(value);
        }
    })
}

/// Of settled values. NaN and nodes equal nothing and have their places all the same.
fn compare(a: &Value, b: &Value) -> Ordering {
    let in_turn = |a: &[Value], b: &[Value]| {
        let differs = a.iter().zip(b).map(|(x, y)| compare(x, y)).find(|order| order.is_ne());
        differs.unwrap_or_else(|| a.len().cmp(&b.len()))
    };
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) | (Value::Set(a), Value::Set(b)) => {
            in_turn(a, b)
        }
        (Value::Dict(a), Value::Dict(b)) => {
            let pair = |((k, v), (l, w)): (&(Value, Value), &(Value, Value))| compare(k, l).then_with(|| compare(v, w));
            a.iter().zip(b).map(pair).find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => match (a.number(), b.number()) {
            (Some(a), Some(b)) => compare_numbers(&a, &b).unwrap_or_else(|| is_nan(&b).cmp(&is_nan(&a))),
            _ => kind(a).cmp(&kind(b)),
        },
    }
}

fn is_nan(number: &Number) -> bool {
    matches!(number, Number::Float(x) if x.is_nan())
}

/// Values of different kinds are never equal; all numbers are of one kind.
fn kind(value: &Value) -> u8 {
    match value {
        Value::None => 0,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => 1,
        Value::Str(_) => 2,
        Value::List(_) => 3,
        Value::Tuple(_) => 4,
        Value::Set(_) => 5,
        Value::Dict(_) => 6,
        Value::Linked(_) => 7,
        Value::Tree(_) => 8,
    }
}
