//! Python's plain values, and `==` and `<` as Python means them.

use crate::order::{firsts, order};
use num_bigint::BigInt;
use num_traits::FromPrimitive;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A value that a test can expect or a response can return. `Set` and `Dict` hold no two equal items.
#[derive(Clone, Debug)]
pub enum Value {
    /// Python's `None`.
    None,
    /// `True` or `False`, which equal 1 and 0.
    Bool(bool),
    /// An integer of any size.
    Int(BigInt),
    /// A float, infinities and NaN included.
    Float(f64),
    /// A text. Bytes are no plain value.
    Str(String),
    /// A list, which equals no tuple.
    List(Vec<Value>),
    /// A tuple, which equals no list.
    Tuple(Vec<Value>),
    /// A set or frozen set; the order means nothing.
    Set(Vec<Value>),
    /// The keys with their values; the order means nothing.
    Dict(Vec<(Value, Value)>),
    /// The values of a chain of `ListNode`s, at least one.
    Linked(Vec<Value>),
    /// A tree of `TreeNode`s level by level, without the children of absent nodes and without absent ones at the end.
    Tree(Vec<Option<Value>>),
}

impl Value {
    /// A set of these items, each once.
    pub fn set(items: Vec<Value>) -> Self {
        let firsts = firsts(&items.iter().collect::<Vec<_>>());
        Self::Set(
            items
                .into_iter()
                .zip(firsts)
                .enumerate()
                .filter(|(i, (_, first))| i == first)
                .map(|(_, (item, _))| item)
                .collect(),
        )
    }

    /// A dictionary of these pairs; a later pair replaces the value of an earlier equal key.
    pub fn dict(pairs: Vec<(Value, Value)>) -> Self {
        let firsts = firsts(&pairs.iter().map(|(key, _)| key).collect::<Vec<_>>());
        let (mut distinct, mut places): (Vec<(Value, Value)>, Vec<usize>) = (vec![], vec![]);
        for (i, (key, value)) in pairs.into_iter().enumerate() {
            if firsts[i] == i {
                places.push(distinct.len());
                distinct.push((key, value));
            } else {
                places.push(places[firsts[i]]);
                distinct[places[i]].1 = value;
            }
        }
        Self::Dict(distinct)
    }

    /// These values, the least first, if Python can order them.
    pub fn sorted(values: &[Value]) -> Option<Vec<Value>> {
        let sorted: Vec<Value> = order(values.iter()).into_iter().map(|i| values[i].clone()).collect();
        // Neighbours tell: what cannot be ordered stands beside what it cannot be ordered with.
        let ordered = |pair: &[Value]| matches!(pair[0].partial_cmp(&pair[1]), Some(Ordering::Less | Ordering::Equal));
        sorted.windows(2).all(ordered).then_some(sorted)
    }

    /// Python's `bool(x)`.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(b) => *b,
            Self::Int(i) => *i != BigInt::ZERO,
            Self::Float(x) => *x != 0.0,
            Self::Str(s) => !s.is_empty(),
            Self::List(v) | Self::Tuple(v) | Self::Set(v) => !v.is_empty(),
            Self::Dict(v) => !v.is_empty(),
            Self::Linked(_) | Self::Tree(_) => true,
        }
    }

    /// Content of two chains or two trees; Python's `==` on nodes asks whether they are one object, and two never are.
    pub fn same_nodes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Linked(a), Self::Linked(b)) => a == b,
            (Self::Tree(a), Self::Tree(b)) => a == b,
            _ => false,
        }
    }

    pub(crate) fn number(&self) -> Option<Number<'_>> {
        match self {
            Self::Bool(b) => Some(Number::Int(Cow::Owned(i32::from(*b).into()))),
            Self::Int(i) => Some(Number::Int(Cow::Borrowed(i))),
            Self::Float(x) => Some(Number::Float(*x)),
            _ => None,
        }
    }
}

pub(crate) enum Number<'a> {
    Int(Cow<'a, BigInt>),
    Float(f64),
}

/// Exactly, whatever the types: an integer and a float are compared as the numbers they are.
pub(crate) fn compare_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(b),
        (Number::Int(a), Number::Float(x)) => match BigInt::from_f64(x.trunc()) {
            Some(whole) => Some(a.as_ref().cmp(&whole).then(0.0.partial_cmp(&x.fract())?)),
            None => 0.0.partial_cmp(x), // infinite, or no number
        },
        (Number::Float(_), Number::Int(_)) => compare_numbers(b, a).map(Ordering::reverse),
    }
}

/// Python's `==`: numbers by value across bool, int and float; containers only with their own kind.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        use Value::*;
        match (self, other) {
            (None, None) => true,
            (Str(a), Str(b)) => a == b,
            (List(a), List(b)) | (Tuple(a), Tuple(b)) => a == b,
            (Set(a), Set(b)) => a.len() == b.len() && in_order(a, |x| x).eq(in_order(b, |x| x)),
            (Dict(a), Dict(b)) => a.len() == b.len() && in_order(a, |(k, _)| k).eq(in_order(b, |(k, _)| k)),
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => compare_numbers(&a, &b) == Some(Ordering::Equal),
                _ => false,
            },
        }
    }
}

/// Items in the order of what they are known by.
fn in_order<T>(items: &[T], key: impl Fn(&T) -> &Value) -> impl Iterator<Item = &T> {
    order(items.iter().map(key)).into_iter().map(|i| &items[i])
}

/// Python's `<` where it has an answer: numbers, strings, lists and tuples; sets, whose `<` is another thing, have none.
impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        use Value::*;
        match (self, other) {
            (Str(a), Str(b)) => Some(a.cmp(b)),
            (List(a), List(b)) | (Tuple(a), Tuple(b)) => match a.iter().zip(b).find(|(x, y)| x != y) {
                Some((x, y)) => x.partial_cmp(y),
                Option::None => Some(a.len().cmp(&b.len())),
            },
            _ => compare_numbers(&self.number()?, &other.number()?),
        }
    }
}

/// As Python would write it: what a literal can say is the same value when it is read.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let list = |f: &mut fmt::Formatter, open: &str, items: &[Value], close: &str| {
            f.write_str(open)?;
            items.iter().enumerate().try_for_each(|(i, x)| write!(f, "{}{x}", if i > 0 { ", " } else { "" }))?;
            f.write_str(close)
        };
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(b) => f.write_str(if *b { "True" } else { "False" }),
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) => write!(f, "{x:?}"),
            Self::Str(s) => {
                f.write_str("'")?;
                s.chars().try_for_each(|c| character(f, c))?;
                f.write_str("'")
            }
            Self::List(v) => list(f, "[", v, "]"),
            Self::Tuple(v) => list(f, "(", v, if v.len() == 1 { ",)" } else { ")" }),
            Self::Set(v) if v.is_empty() => f.write_str("set()"),
            Self::Set(v) => list(f, "{", v, "}"),
            Self::Dict(v) => {
                let shown: Vec<String> = v.iter().map(|(k, x)| format!("{k}: {x}")).collect();
                write!(f, "{{{}}}", shown.join(", "))
            }
            Self::Linked(v) => list(f, "list_node([", v, "])"),
            Self::Tree(rows) => {
                let rows: Vec<Value> = rows.iter().map(|r| r.clone().unwrap_or(Value::None)).collect();
                list(f, "tree_node([", &rows, "])")
            }
        }
    }
}

/// A letter of a text between single quotes.
fn character(f: &mut fmt::Formatter, c: char) -> fmt::Result {
    match c {
        '\'' | '\\' => write!(f, "\\{c}"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '"' => f.write_str("\""),
        // What Rust would escape cannot be seen.
        c if c.escape_debug().len() == 1 => write!(f, "{c}"),
        c => match u32::from(c) {
            code @ ..=0xff => write!(f, "\\x{code:02x}"),
            code @ ..=0xffff => write!(f, "\\u{code:04x}"),
            code => write!(f, "\\U{code:08x}"),
        },
    }
}
