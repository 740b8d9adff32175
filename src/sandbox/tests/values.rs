//! The literal parser and `==`, against Python itself.

use sandbox::{Python, Value};
use std::process::Command;

const LITERALS: [&str; 34] = [
    "None",
    "True",
    "False",
    "0",
    "1",
    "-1",
    "2",
    "2.0",
    "-0.0",
    "0.0",
    "1e3",
    "1000",
    "float('inf')",
    "-float('inf')",
    "10**30",
    "float(10**30)",
    "2**53",
    "float(2**53)",
    "2**53 + 1",
    "''",
    "'a'",
    "'\\n\\x00é'",
    "[]",
    "()",
    "(1,)",
    "[1]",
    "[1.0]",
    "[True]",
    "{}",
    "set()",
    "{1, 2}",
    "{2, 1.0}",
    "{'a': [1]}",
    "{'a': [True]}",
];

/// Every pair of literals: our `==` on their `repr` must say what Python's says on the values.
#[test]
fn equality_is_pythons() {
    let python = Python::find().expect("CPython is needed by this test");
    let script = format!(
        "v = [{}]\nfor a in v: print(repr(a).replace('\\n', ''))\nfor a in v: print(''.join('1' if a == b else '0' for b in v))",
        LITERALS.join(", ")
    );
    let output = Command::new(&python.path).args(["-I", "-c", &script]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let n = LITERALS.len();
    assert_eq!(lines.len(), 2 * n, "{}", String::from_utf8_lossy(&output.stderr));
    let values: Vec<Value> =
        lines[..n].iter().map(|l| Value::parse(l).unwrap_or_else(|e| panic!("{l}: {e}"))).collect();
    for i in 0..n {
        for j in 0..n {
            let expected = lines[n + i].as_bytes()[j] == b'1';
            assert_eq!(values[i] == values[j], expected, "{} == {}", LITERALS[i], LITERALS[j]);
        }
    }
}

#[test]
fn nan_equals_nothing() {
    assert_ne!(Value::parse("nan").unwrap(), Value::parse("nan").unwrap());
}

#[test]
fn what_is_not_a_plain_literal_is_refused() {
    for text in ["", "f(1)", "[1", "1 2", "'a", "{1: }", "[1 2]", "object()", "b'x'", &"[".repeat(500)] {
        assert!(Value::parse(text).is_err(), "{text}");
    }
}
