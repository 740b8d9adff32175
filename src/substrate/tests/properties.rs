//! The parser of asserts, on values that it is shown as Python and on damaged tests.

use damage::{cases, damaged_text, survive};
use num_bigint::BigInt;
use proptest::prelude::*;
use sandbox::{Returned, Value};
use substrate::asserts::{ParsedTest, Test};

/// A value with what Python would call it.
fn literal() -> impl Strategy<Value = (Value, String)> {
    let int = prop_oneof![
        any::<i64>().prop_map(BigInt::from),
        proptest::collection::vec(any::<u8>(), 9..20).prop_map(|bytes| BigInt::from_signed_bytes_le(&bytes)),
    ];
    let text = "[a-c'\"\\\\\n\t]{0,4}|\\PC{0,4}|[\\x00-\\x1f\\x7f-\\xa0\u{200b}]{1,2}";
    let leaf = prop_oneof![
        Just((Value::None, "None".to_string())),
        any::<bool>().prop_map(|b| (Value::Bool(b), if b { "True" } else { "False" }.into())),
        int.prop_map(|i| (Value::Int(i.clone()), i.to_string())),
        any::<f64>().prop_filter("a literal", |x| x.is_finite()).prop_map(|x| (Value::Float(x), format!("{x:?}"))),
        Just((Value::Float(f64::INFINITY), "float('inf')".to_string())),
        text.prop_map(|s| (Value::Str(s.clone()), quoted(&s))),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let many = || proptest::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            many().prop_map(|items| joined(items, Value::List, "[", "]")),
            many().prop_map(|items| joined(items, Value::Tuple, "(", ")")),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|items| joined(items, Value::set, "{", "}")),
            proptest::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(dictionary),
        ]
    })
}

/// Every character by its number: no rule of quoting is shared with what is tested.
fn quoted(text: &str) -> String {
    let escaped: String = text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
    format!("'{escaped}'")
}

fn joined(items: Vec<(Value, String)>, make: impl Fn(Vec<Value>) -> Value, open: &str, close: &str) -> (Value, String) {
    let (values, texts): (Vec<Value>, Vec<String>) = items.into_iter().unzip();
    let comma = if open == "(" && texts.len() == 1 { "," } else { "" };
    (make(values), format!("{open}{}{comma}{close}", texts.join(", ")))
}

fn dictionary(pairs: Vec<((Value, String), (Value, String))>) -> (Value, String) {
    let text: Vec<String> = pairs.iter().map(|((_, k), (_, v))| format!("{k}: {v}")).collect();
    (Value::dict(pairs.into_iter().map(|((k, _), (v, _))| (k, v)).collect()), format!("{{{}}}", text.join(", ")))
}

fn taken(text: &str) -> ParsedTest {
    match Test::new(text) {
        Test::Parsed(taken) => taken,
        Test::Judged(_) => panic!("{text} is not taken apart"),
    }
}

/// Whether the test holds of a response that answers each call so.
fn holds(text: &str, answer: &Value) -> bool {
    let taken = taken(text);
    let returned = || Some(Returned { value: answer.clone(), arguments: vec![] });
    taken.holds(&taken.calls.iter().map(|_| returned()).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_value_is_read_as_python_writes_it((value, text) in literal()) {
        prop_assert!(holds(&format!("assert Solution().f(1) == {text}"), &value), "{text}");
        prop_assert!(!holds(&format!("assert Solution().f(1) != {text}"), &value), "{text}");
        let other = Value::List(vec![value]);
        prop_assert!(!holds(&format!("assert Solution().f(1) == {text}"), &other), "{text}");
    }

    #[test]
    fn what_a_value_prints_is_read_as_the_same_value((value, _) in literal()) {
        let printed = value.to_string();
        prop_assert!(holds(&format!("assert Solution().f(1) == {printed}"), &value), "{printed}");
    }

    #[test]
    fn arguments_travel_as_they_are_written((_, a) in literal(), (_, b) in literal()) {
        let arguments = format!("{a}, k={b}");
        let taken = taken(&format!("assert Solution().method({arguments}) == 1"));
        prop_assert_eq!((taken.calls[0].method.as_str(), &taken.calls[0].arguments), ("method", &arguments));
    }

    #[test]
    fn sorting_is_sorting_or_an_exception(items in proptest::collection::vec(-50i64..50, 0..40), odd in proptest::option::of(0usize..40)) {
        let mut values: Vec<Value> = items.iter().map(|&i| Value::Int(i.into())).collect();
        let mut expected = items;
        expected.sort();
        let mut sorts = true;
        if let Some(at) = odd.filter(|_| !values.is_empty()) {
            values.insert(at.min(values.len()), Value::Str("odd".into()));
            sorts = false;
        }
        let test = format!("assert sorted(Solution().f(1)) == {expected:?}");
        prop_assert_eq!(survive(|| holds(&test, &Value::List(values))), sorts);
    }

    #[test]
    fn a_damaged_test_is_taken_apart_or_left_to_the_judge(text in damaged_text(tests()), (value, _) in literal()) {
        let test = survive(|| Test::new(&text));
        if let Test::Parsed(taken) = test {
            let returned = || Some(Returned { value: value.clone(), arguments: vec![value.clone(), value.clone()] });
            let answers: Vec<_> = taken.calls.iter().map(|_| returned()).collect();
            survive(|| taken.holds(&answers));
            prop_assert!(survive(|| !taken.holds(&[])) || taken.calls.is_empty());
        }
    }
}

fn tests() -> Vec<String> {
    [
        "assert Solution().f(s = 'a)\\'(', k=[1, (2)]) == {'x': -inf}",
        "nums = [3, 1]\nr = Solution().f(nums, k=2)\nassert r is None and nums == [1, 3]",
        "assert is_same_tree(Solution().f(root = tree_node([1, None, 2])), tree_node([1, None, 2.50]))",
        "assert sorted(Solution().f(1)) == [1] * 3 + [10**9 + 7, -2**31, round(0.3333, 2)]",
        "assert 1 < Solution().f(1) <= 3 or not set(Solution().f(2)) in ({'a', 'b'}, max(1, 2), min([3]))",
        "x = [1] * 8\ny = sum(x) / len(x)\nassert abs(Solution().f(y) - float('1e5')) < 1e-5",
    ]
    .map(String::from)
    .into()
}

/// Text is short and what it asks for is not: no honest test does.
#[test]
fn a_test_that_asks_for_the_whole_memory_does_not_hold() {
    let doubled = |first: &str, step: &str| format!("x = {first}\n{}assert x", format!("{step}\n").repeat(40));
    for text in [
        "assert [1] * 1000000 * 1000000 * 1000000",
        "assert [[[[0] * 1000] * 1000] * 1000] * 1000",
        "assert [1, 2] * 9223372036854775808",
        "assert 2 ** 1000000 ** 1000000",
        &doubled("[1]", "x = x + x"),
        &doubled("'a'", "x = x + x"),
        &doubled("3", "x = x * x"),
        &doubled("[1]", "x = [x, x]"),
        &doubled("1", "x = (x, x)"),
    ] {
        assert!(survive(|| !holds(text, &Value::None)), "{text}");
    }
}

/// What recurses does so on the stack of a thread.
#[test]
fn a_test_that_is_nested_without_end_is_left_to_the_judge() {
    let times = |text: &str| text.repeat(100_000);
    let both = |open: &str, middle: &str, close: &str| times(open) + middle + &times(close);
    for text in [
        format!("assert {}", both("[", "", "]")),
        format!("assert {}", both("(", "1", ",)")),
        format!("assert {}1", times("not ")),
        format!("assert {}1", times("-")),
        format!("assert {}1", times("1 + ")),
        format!("assert {}1", times("1 ** ")),
        format!("assert {}1", times("1 if 1 else ")),
        format!("assert {}1", times("lambda: ")),
        format!("assert x{}", times("()")),
        format!("assert x{}", times(".x")),
        format!("assert x{}", times("[0]")),
        format!("assert {}1{}", times("abs("), times(")")),
        format!("assert f'{{{}}}'", both("(", "1", ")")),
        format!("x = 1\n{}assert x", times("x = [x]\n")),
    ] {
        assert!(survive(|| matches!(Test::new(&text), Test::Judged(_))), "{}", &text[..40]);
    }
}

/// Honest tests are long, not deep.
#[test]
fn a_wide_test_is_no_deep_one() {
    let wide = |item: &str| vec![item; 2_000].join(", ");
    for text in [
        format!("assert Solution().f([{}]) == [[-1, 2]]", wide("[-1, 2]")),
        format!("assert Solution().f(({}), k=-1) == {{{}}}", wide("'a(b['"), wide("(1, [2])")),
        format!("assert Solution().f('{}') == 1", "([{,".repeat(2_000)),
    ] {
        assert!(matches!(Test::new(&text), Test::Parsed(_)), "{}", &text[..60]);
    }
    for text in
        ["assert )", "assert Solution().f(]) == 1", "assert (1", "assert Solution().f(1)) == 1", "assert ([;]) == 1"]
    {
        assert!(matches!(Test::new(text), Test::Judged(_)), "{text}");
    }
}
