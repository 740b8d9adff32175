//! What holds of every value, and of every byte that a response could send.

use damage::{cases, damaged, survive};
use num_bigint::BigInt;
use proptest::prelude::*;
use sandbox::{Value, marshal};
use std::cmp::Ordering;

/// Any plain value; sets and dictionaries as their constructors make them.
fn value() -> impl Strategy<Value = Value> {
    let int = proptest::collection::vec(any::<u8>(), 0..24).prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes));
    let small = (-3i64..3).prop_map(BigInt::from);
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![int, small].prop_map(Value::Int),
        prop_oneof![any::<f64>(), (-3i32..3).prop_map(f64::from)].prop_map(Value::Float),
        "[a-c'\"\\\\\n]{0,3}|\\PC{0,5}".prop_map(Value::Str),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let many = || proptest::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            many().prop_map(Value::List),
            many().prop_map(Value::Tuple),
            many().prop_map(Value::set),
            proptest::collection::vec((inner.clone(), inner.clone()), 0..4).prop_map(Value::dict),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Value::Linked),
            proptest::collection::vec(proptest::option::of(inner.clone()), 1..4).prop_map(Value::Tree),
        ]
    })
}

/// The same bits, whatever `==` says of NaN, of nodes and of `1 == True`: what `{:?}` writes tells each kind apart.
fn is_same(a: &Value, b: &Value) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = vec![];
    marshal::encode(value, &mut bytes);
    bytes
}

/// Whether it holds what equals nothing, itself neither.
fn equals_nothing(value: &Value) -> bool {
    match value {
        Value::Float(x) => x.is_nan(),
        Value::Linked(_) | Value::Tree(_) => true,
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => items.iter().any(equals_nothing),
        Value::Dict(pairs) => pairs.iter().any(|(k, v)| equals_nothing(k) || equals_nothing(v)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_is_encoded_is_decoded_to_the_same_value(value in value()) {
        let bytes = encoded(&value);
        let back = marshal::decode(&bytes).unwrap();
        prop_assert!(is_same(&value, &back), "{value:?} became {back:?}");
        prop_assert_eq!(encoded(&back), bytes);
    }

    #[test]
    fn a_value_equals_itself_unless_nan_or_a_node_is_in_it(value in value()) {
        prop_assert_eq!(value == value.clone(), !equals_nothing(&value));
    }

    #[test]
    fn equality_and_order_are_the_same_from_both_sides(a in value(), b in value()) {
        prop_assert_eq!(a == b, b == a);
        prop_assert_eq!(a.partial_cmp(&b), b.partial_cmp(&a).map(Ordering::reverse));
        if let Some(order) = a.partial_cmp(&b) {
            prop_assert_eq!(order == Ordering::Equal, a == b);
        }
    }

    /// Against machine arithmetic, which is exact for these: halves of integers below 2^52 are floats.
    #[test]
    fn an_integer_and_a_float_are_compared_as_the_numbers_they_are(i in -(1i64 << 51)..1i64 << 51, half in -(1i64 << 51)..1i64 << 51) {
        let (int, float) = (Value::Int(i.into()), Value::Float(half as f64 / 2.0));
        prop_assert_eq!(int.partial_cmp(&float), Some((2 * i).cmp(&half)));
    }

    #[test]
    fn the_order_of_a_set_and_of_a_dictionary_means_nothing(items in proptest::collection::vec(value(), 0..6)) {
        let back = || items.iter().rev().cloned();
        let items: Vec<Value> = items.iter().filter(|item| !equals_nothing(item)).cloned().collect();
        let back: Vec<Value> = back().filter(|item| !equals_nothing(item)).collect();
        prop_assert_eq!(Value::set(items.clone()), Value::set(back.clone()));
        let pairs = |items: Vec<Value>| Value::dict(items.into_iter().map(|key| (key, Value::None)).collect());
        prop_assert_eq!(pairs(items), pairs(back));
    }

    #[test]
    fn damaged_answers_are_refused_or_are_values(damaged in damaged(answers())) {
        if let Some(value) = survive(|| marshal::decode(&damaged.bytes)) {
            let again = marshal::decode(&encoded(&value)).unwrap();
            prop_assert!(is_same(&value, &again), "{value:?} became {again:?}");
            // Whatever it is, it can be compared and printed.
            survive(|| (value == again, value.partial_cmp(&again), value.to_string()));
        }
    }
}

/// Answers as `child.py` sends them, every kind of value among them.
fn answers() -> Vec<Vec<u8>> {
    let list = |items: &[i32]| Value::List(items.iter().map(|&i| Value::Int(i.into())).collect());
    let values = [
        Value::List(vec![Value::None, Value::Bool(true), Value::Float(2.5), Value::Str("é\n".into())]),
        Value::Int(BigInt::from(-7).pow(60)),
        Value::dict(vec![(Value::Str("a".into()), list(&[1, 2])), (Value::Tuple(vec![]), Value::set(vec![list(&[])]))]),
        Value::Linked(vec![list(&[1]), Value::None]),
        Value::Tree(vec![Some(list(&[4])), None, Some(Value::Bool(false))]),
    ];
    values.iter().map(encoded).chain([b"i\x07\0\0\0".to_vec(), b"(\x03\0\0\0.u\x04\0\0\0listN".to_vec()]).collect()
}

/// As deep as a value can be, each level inside the next: what can be decoded can be compared, printed and sent on.
#[test]
#[cfg_attr(miri, ignore = "it tries thousands of depths")]
fn the_deepest_value_that_is_decoded_fits_a_threads_stack() {
    for level in [&b"[\x01\0\0\0"[..], b"<\x01\0\0\0", b"{N", b"(\x03\0\0\0.u\x04\0\0\0list[\x01\0\0\0"] {
        let end = if level[0] == b'{' { b"0" } else { &b""[..] };
        let nested = |depth: usize| [level.repeat(depth), b"N".to_vec(), end.repeat(depth)].concat();
        let deepest = (0..4_000).rev().find_map(|depth| marshal::decode(&nested(depth))).unwrap();
        assert!(marshal::decode(&nested(4_000)).is_none());
        let same = deepest.clone();
        survive(|| (deepest == same, deepest.partial_cmp(&same), deepest.to_string(), Value::set(vec![deepest, same])));
    }
}

/// A response may return sets in one another, or a set of many numbers, for nothing.
#[test]
#[cfg_attr(miri, ignore = "it is about time, and sorts 200,000 numbers")]
fn sets_are_compared_in_time_that_their_size_explains() {
    let nested = || (0..150).fold(Value::None, |inner, _| Value::set(vec![inner]));
    survive(|| assert!(nested() == nested()));
    let dicts = || (0..150).fold(Value::None, |inner, _| Value::dict(vec![(Value::None, inner)]));
    survive(|| assert!(dicts() == dicts()));
    let wide = |step: usize| (0..200_000).step_by(step).map(|i: i32| Value::Int(i.into())).collect::<Vec<_>>();
    survive(|| assert!(Value::set(wide(1)) == Value::set(wide(1).into_iter().rev().collect())));
    let pairs = || Value::dict(wide(1).into_iter().map(|key| (key, Value::None)).collect());
    survive(|| assert!(pairs() == pairs()));
}
