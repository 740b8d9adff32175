//! Expressions over plain values and the answers of a response.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use sandbox::Value;
use std::collections::BTreeMap;

/// Variables of a test.
pub(super) type Scope = BTreeMap<String, Value>;

#[derive(Clone, Debug)]
pub(super) enum Expression {
    Value(Value),
    Name(String),
    /// The answer to the test's n-th call.
    Answer(usize),
    List(Vec<Expression>),
    Tuple(Vec<Expression>),
    Set(Vec<Expression>),
    Not(Box<Expression>),
    /// Python's `and`: the first falsy value, else the last.
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    Apply(fn(&[Value]) -> Option<Value>, Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Is,
    IsNot,
    In,
    NotIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

impl Expression {
    /// The value, or nothing where Python would raise or a call gave no plain value.
    pub(super) fn evaluate(&self, answer: &dyn Fn(usize) -> Option<Value>, scope: &Scope) -> Option<Value> {
        let of = |e: &Expression| e.evaluate(answer, scope);
        let all = |items: &[Expression]| bounded(items.iter().map(of));
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::Name(name) => scope.get(name).cloned(),
            Self::Answer(call) => answer(*call),
            Self::List(items) => all(items).map(Value::List),
            Self::Tuple(items) => all(items).map(Value::Tuple),
            Self::Set(items) => all(items).map(Value::set),
            Self::Not(inner) => of(inner).map(|v| Value::Bool(!v.is_truthy())),
            Self::And(items) => first(items, of, false),
            Self::Or(items) => first(items, of, true),
            Self::Compare(left, rest) => {
                let mut left = of(left)?;
                for (comparison, right) in rest {
                    let right = of(right)?;
                    if !comparison.holds(&left, &right)? {
                        return Some(Value::Bool(false));
                    }
                    left = right;
                }
                Some(Value::Bool(true))
            }
            Self::Arithmetic(operation, a, b) => operation.apply(&of(a)?, &of(b)?),
            Self::Apply(function, arguments) => function(&all(arguments)?),
        }
    }

    /// The calls whose answers it reads.
    pub(super) fn calls(&self) -> Vec<usize> {
        let many = |items: &[Expression]| items.iter().flat_map(Expression::calls).collect();
        match self {
            Self::Value(_) | Self::Name(_) => vec![],
            Self::Answer(call) => vec![*call],
            Self::Not(inner) => inner.calls(),
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::And(items) | Self::Or(items) => {
                many(items)
            }
            Self::Apply(_, items) => many(items),
            Self::Arithmetic(_, a, b) => [a.calls(), b.calls()].concat(),
            Self::Compare(left, rest) => {
                left.calls().into_iter().chain(rest.iter().flat_map(|(_, e)| e.calls())).collect()
            }
        }
    }
}

/// The first value whose truth is `wanted`, else the last.
fn first(items: &[Expression], of: impl Fn(&Expression) -> Option<Value>, wanted: bool) -> Option<Value> {
    let mut last = None;
    for item in items {
        let value = of(item)?;
        if value.is_truthy() == wanted {
            return Some(value);
        }
        last = Some(value);
    }
    last
}

impl Comparison {
    fn holds(self, a: &Value, b: &Value) -> Option<bool> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let ordered = |wanted: &[std::cmp::Ordering]| match a.partial_cmp(b) {
            Some(order) => Some(wanted.contains(&order)),
            // NaN is not ordered and no error; values of different kinds are an error.
            None => (is_number(a) && is_number(b)).then_some(false),
        };
        match self {
            Self::Equal => Some(a == b),
            Self::NotEqual => Some(a != b),
            Self::Less => ordered(&[Less]),
            Self::LessOrEqual => ordered(&[Less, Equal]),
            Self::Greater => ordered(&[Greater]),
            Self::GreaterOrEqual => ordered(&[Greater, Equal]),
            Self::Is => is(a, b),
            Self::IsNot => is(a, b).map(|same| !same),
            Self::In => contains(b, a),
            Self::NotIn => contains(b, a).map(|found| !found),
        }
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_))
}

/// Identity, for the three values that are one object each.
fn is(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::None, Value::None) => Some(true),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (_, Value::None | Value::Bool(_)) | (Value::None | Value::Bool(_), _) => Some(false),
        _ => None,
    }
}

fn contains(container: &Value, item: &Value) -> Option<bool> {
    match (container, item) {
        (Value::List(items) | Value::Tuple(items) | Value::Set(items), item) => Some(items.contains(item)),
        (Value::Dict(pairs), item) => Some(pairs.iter().any(|(k, _)| k == item)),
        (Value::Str(text), Value::Str(part)) => Some(text.contains(part.as_str())),
        _ => None,
    }
}

/// More items or bits than this come of no honest test.
const LARGEST: usize = 1 << 20;

/// Items, letters and bits of a value, those inside it too.
fn size(value: &Value) -> usize {
    let all = |items: &[Value]| items.iter().map(size).sum::<usize>();
    1 + match value {
        Value::None | Value::Bool(_) | Value::Float(_) => 0,
        Value::Int(i) => i.bits() as usize,
        Value::Str(s) => s.len(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Linked(items) => all(items),
        Value::Dict(pairs) => pairs.iter().map(|(k, v)| size(k) + size(v)).sum(),
        Value::Tree(rows) => rows.iter().flatten().map(size).sum(),
    }
}

/// These values, if all together are no larger than [`LARGEST`] and none is missing.
fn bounded(values: impl Iterator<Item = Option<Value>>) -> Option<Vec<Value>> {
    let (mut parsed, mut room) = (vec![], LARGEST);
    for value in values {
        let value = value?;
        room = room.checked_sub(size(&value))?;
        parsed.push(value);
    }
    Some(parsed)
}

impl Arithmetic {
    fn apply(self, a: &Value, b: &Value) -> Option<Value> {
        if size(a) + size(b) > LARGEST {
            return None;
        }
        match (self, a, b) {
            (Self::Add, Value::Str(a), Value::Str(b)) => Some(Value::Str(format!("{a}{b}"))),
            (Self::Add, Value::List(a), Value::List(b)) => Some(Value::List([a.as_slice(), b].concat())),
            (Self::Add, Value::Tuple(a), Value::Tuple(b)) => Some(Value::Tuple([a.as_slice(), b].concat())),
            (Self::Multiply, Value::Str(_) | Value::List(_) | Value::Tuple(_), times) => repeated(a, &integer(times)?),
            (Self::Multiply, times, Value::Str(_) | Value::List(_) | Value::Tuple(_)) => repeated(b, &integer(times)?),
            _ => match (integer(a), integer(b)) {
                (Some(a), Some(b)) => self.of_integers(&a, &b),
                _ => self.of_floats(float(a)?, float(b)?),
            },
        }
    }

    fn of_integers(self, a: &BigInt, b: &BigInt) -> Option<Value> {
        Some(Value::Int(match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Power if b.is_negative() => return self.of_floats(finite(a)?, finite(b)?),
            Self::Power => {
                let n = b.to_u32().filter(|n| a.bits() as usize * *n as usize <= LARGEST)?;
                a.pow(n)
            }
            Self::Divide if b.is_zero() => return None,
            Self::Divide => return Some(Value::Float(finite(a)? / finite(b)?)),
        }))
    }

    fn of_floats(self, a: f64, b: f64) -> Option<Value> {
        Some(Value::Float(match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide if b == 0.0 => return None,
            Self::Divide => a / b,
            // Nothing where it would be complex, is too large, or divides by zero.
            Self::Power => Some(a.powf(b)).filter(|x| x.is_finite() || !(a.is_finite() && b.is_finite()))?,
        }))
    }
}

/// Python's `sequence * times`: a negative number is none.
fn repeated(sequence: &Value, times: &BigInt) -> Option<Value> {
    let times = if times.is_negative() { 0 } else { times.to_usize()? };
    times.checked_mul(size(sequence)).filter(|all| *all <= LARGEST)?;
    let again = |items: &[Value]| std::iter::repeat_n(items, times).flatten().cloned().collect();
    match sequence {
        Value::Str(text) => Some(Value::Str(text.repeat(times))),
        Value::List(items) => Some(Value::List(again(items))),
        Value::Tuple(items) => Some(Value::Tuple(again(items))),
        _ => None,
    }
}

pub(super) fn integer(value: &Value) -> Option<BigInt> {
    match value {
        Value::Int(i) => Some(i.clone()),
        Value::Bool(b) => Some(i32::from(*b).into()),
        _ => None,
    }
}

/// Python's conversion: an integer too large for a float is an error.
pub(super) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) => Some(*x),
        other => finite(&integer(other)?),
    }
}

fn finite(i: &BigInt) -> Option<f64> {
    i.to_f64().filter(|x| x.is_finite())
}

/// Python's `abs`.
pub(super) fn absolute(value: &Value) -> Option<Value> {
    match value {
        Value::Float(x) => Some(Value::Float(x.abs())),
        other => Some(Value::Int(integer(other)?.abs())),
    }
}

/// `a + b`, for `sum`.
pub(super) fn add(a: &Value, b: &Value) -> Option<Value> {
    Arithmetic::Add.apply(a, b)
}
