//! Values and `==` against Python itself: every value travels from a real interpreter, and it says what equals what.

use sandbox::{Call, Isolation, Limits, Pool, SandboxJob, Value, marshal};
use std::cmp::Ordering;

const VALUES: [&str; 40] = [
    "None",
    "True",
    "False",
    "0",
    "1",
    "-1",
    "2",
    "2.0",
    "2.5",
    "-0.0",
    "0.0",
    "1e3",
    "1000",
    "float('inf')",
    "-float('inf')",
    "float('nan')",
    "10**30",
    "float(10**30)",
    "2**53",
    "float(2**53)",
    "2**53 + 1",
    "-2**31 - 1",
    "''",
    "'a'",
    "'\\n\\x00é'",
    "[]",
    "()",
    "(1,)",
    "[1]",
    "[1.0]",
    "[True]",
    "[0, 5]",
    "{}",
    "set()",
    "{1, 2}",
    "{2, 1.0}",
    "frozenset([1, 2])",
    "{'a': [1]}",
    "{'a': [True]}",
    "__import__('collections').Counter('a')",
];

/// A real interpreter's values, and what it prints.
fn answers(body: &str, calls: usize) -> (Vec<Option<Value>>, String) {
    let call = |i: usize| Call { method: "f".into(), arguments: i.to_string(), report: false };
    let source = format!("v = [{}]\nclass Solution:\n    def f(self, i): return v[i]\n{body}", VALUES.join(", "));
    let pool = Pool::new(1, Limits::default(), Isolation::Required).unwrap();
    let seen = pool.run(&SandboxJob { source, calls: (0..calls).map(call).collect(), ..SandboxJob::default() });
    (seen.values.into_iter().map(|r| r.map(|r| r.value)).collect(), seen.stdout)
}

#[test]
fn equality_and_order_are_pythons() {
    let script = "
def less(a, b):
    try: return 'yn'[not a < b]
    except TypeError: return '-'
for a in v: print(''.join('yn'[not a == b] + less(a, b) for b in v))
";
    let (values, printed) = answers(script, VALUES.len());
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), VALUES.len());
    for (i, a) in values.iter().enumerate() {
        for (j, b) in values.iter().enumerate() {
            let (a, b) = (a.as_ref().unwrap(), b.as_ref().unwrap());
            let said = &lines[i].as_bytes()[2 * j..2 * j + 2];
            assert_eq!(a == b, said[0] == b'y', "{} == {}", VALUES[i], VALUES[j]);
            let sets = matches!((a, b), (Value::Set(_), Value::Set(_)));
            if said[1] != b'-' && !sets {
                assert_eq!(a.partial_cmp(b) == Some(Ordering::Less), said[1] == b'y', "{} < {}", VALUES[i], VALUES[j]);
            }
        }
    }
}

#[test]
fn what_is_decoded_is_encoded_to_the_same_value() {
    let (values, _) = answers("", VALUES.len());
    for (value, text) in values.into_iter().flatten().zip(VALUES) {
        let mut bytes = vec![];
        marshal::encode(&value, &mut bytes);
        let back = marshal::decode(&bytes).unwrap_or_else(|| panic!("{text} is lost"));
        assert!(back == value || text.contains("nan"), "{text} became {back}");
    }
}

#[test]
fn bytes_that_are_no_plain_value_are_refused_and_no_damage_is_a_panic() {
    let (values, _) = answers("", VALUES.len());
    let mut whole = vec![];
    marshal::encode(&Value::List(values.into_iter().flatten().collect()), &mut whole);
    for cut in 0..whole.len() {
        assert!(marshal::decode(&whole[..cut]).is_none(), "cut at {cut}");
        for flip in [1, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[cut] ^= flip;
            let _ = marshal::decode(&damaged);
        }
    }
    let nested = [b"[\x01\0\0\0".repeat(100_000), b"N".to_vec()].concat();
    for bytes in [&b""[..], b"c", b"s\x01\0\0\0a", b"r\0\0\0\0", b"[\xff\xff\xff\xffN", b"NN", &nested] {
        assert!(marshal::decode(bytes).is_none());
    }
}
