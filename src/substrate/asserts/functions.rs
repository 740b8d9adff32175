//! The functions that tests call, on plain values. Each answers nothing where Python's would raise.

use super::expression::{absolute, add, float, integer};
use num_traits::ToPrimitive;
use sandbox::Value;
use std::cmp::Ordering;

type Function = fn(&[Value]) -> Option<Value>;

/// By the name that tests use; the last four are LeetCode's own helpers.
const FUNCTIONS: [(&str, Function); 14] = [
    ("abs", |a| absolute(only(a)?)),
    ("float", |a| match only(a)? {
        Value::Str(s) => parse(s).map(Value::Float),
        other => float(other).map(Value::Float),
    }),
    ("len", |a| Some(Value::Int(items(only(a)?)?.len().into()))),
    ("list", |a| if a.is_empty() { Some(Value::List(vec![])) } else { items(only(a)?).map(Value::List) }),
    ("max", |a| extreme(a, Ordering::Greater)),
    ("min", |a| extreme(a, Ordering::Less)),
    ("round", round),
    ("set", |a| if a.is_empty() { Some(Value::set(vec![])) } else { items(only(a)?).map(Value::set) }),
    ("sorted", |a| Value::sorted(&items(only(a)?)?).map(Value::List)),
    ("sum", |a| items(only(a)?)?.iter().try_fold(Value::Int(0.into()), |sum, x| add(&sum, x))),
    ("is_same_list", |a| same(a)),
    ("is_same_tree", |a| same(a)),
    ("list_node", |a| match items(only(a)?)? {
        items if items.is_empty() => Some(Value::None),
        items => Some(Value::Linked(items)),
    }),
    ("tree_node", |a| tree(items(only(a)?)?)),
];

pub(super) fn function(name: &str) -> Option<Function> {
    FUNCTIONS.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
}

fn only(arguments: &[Value]) -> Option<&Value> {
    match arguments {
        [one] => Some(one),
        _ => None,
    }
}

/// What iterating gives.
fn items(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(v) | Value::Tuple(v) | Value::Set(v) => Some(v.clone()),
        Value::Dict(pairs) => Some(pairs.iter().map(|(k, _)| k.clone()).collect()),
        Value::Str(s) => Some(s.chars().map(|c| Value::Str(c.into())).collect()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<f64> {
    match text.trim().trim_start_matches('+').to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        "nan" => Some(f64::NAN),
        other => other.parse().ok(),
    }
}

/// Largest or smallest of an iterable or of several arguments, the first of equals.
fn extreme(arguments: &[Value], wanted: Ordering) -> Option<Value> {
    let several = if arguments.len() == 1 { items(&arguments[0])? } else { arguments.to_vec() };
    let mut several = several.into_iter();
    let first = several.next()?;
    several.try_fold(first, |best, x| Some(if x.partial_cmp(&best)? == wanted { x } else { best }))
}

/// Correctly rounded, halves of the exact value to even, as Python's.
fn round(arguments: &[Value]) -> Option<Value> {
    match arguments {
        [Value::Float(x), Value::Int(digits)] => {
            let digits = digits.to_usize().filter(|d| *d < 300)?;
            format!("{x:.digits$}").parse().ok().map(Value::Float)
        }
        [Value::Float(x)] => Some(Value::Int(format!("{x:.0}").parse().ok()?)),
        [whole] => integer(whole).map(Value::Int),
        // Tens and hundreds are left out.
        [whole, Value::Int(digits)] if digits.to_usize().is_some() => integer(whole).map(Value::Int),
        _ => None,
    }
}

fn same(arguments: &[Value]) -> Option<Value> {
    match arguments {
        [a, b] => Some(Value::Bool(a.same_nodes(b))),
        _ => None,
    }
}

/// LeetCode's rows: `None` for a child that is absent; absent ones at the end say nothing.
fn tree(items: Vec<Value>) -> Option<Value> {
    let mut rows: Vec<Option<Value>> =
        items.into_iter().map(|v| if matches!(v, Value::None) { None } else { Some(v) }).collect();
    while matches!(rows.last(), Some(None)) {
        rows.pop();
    }
    match rows.first() {
        None => Some(Value::None),
        Some(None) => None,
        Some(Some(_)) => Some(Value::Tree(rows)),
    }
}
