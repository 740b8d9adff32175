//! Expressions of tests, evaluated here and by Python itself.

use sandbox::Python;
use std::process::Command;
use substrate::asserts::Test;

const VALUES: [&str; 21] = [
    "0",
    "0.0",
    "1",
    "-3",
    "7",
    "True",
    "False",
    "None",
    "2.5",
    "-0.5",
    "1e300",
    "10**30",
    "'ab'",
    "''",
    "'b'",
    "[1]",
    "[]",
    "(1, 2)",
    "{1, 2}",
    "{1: 'a'}",
    "float('inf')",
];
const OPERATORS: [&str; 13] = ["+", "-", "*", "/", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in"];

/// What Python makes of each expression: its value as it is written, or nothing where it raises.
fn python(expressions: &[String]) -> Vec<Option<String>> {
    let program = "import json, sys, warnings\nwarnings.simplefilter('ignore')\nfrom math import inf, nan\nout = []\n\
        for text in json.load(sys.stdin):\n    try: out.append(repr(eval(text)))\n    except Exception: out.append(None)\n\
        print(json.dumps(out))\n";
    let mut child = Command::new(Python::find().unwrap().path)
        .args(["-c", program])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(child.stdin.take().unwrap(), expressions).unwrap();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap()
}

/// Whether an assert that calls nothing holds; nothing if it is left to the judge, which is Python.
fn holds(test: &str) -> Option<bool> {
    match Test::new(test) {
        Test::Parsed(parsed) => Some(parsed.holds(&[])),
        Test::Judged(_) => None,
    }
}

fn agree(expressions: &[String]) {
    let mut wrong = vec![];
    for (expression, value) in expressions.iter().zip(python(expressions)) {
        // Without a value no assert on it holds, not even that it is itself.
        let expected = value.is_some();
        let value = value.unwrap_or("0".into());
        // NaN is equal to nothing.
        let [same, other] = if value == "nan" { ["!=", "=="] } else { ["==", "!="] };
        let asserted = |comparison: &str| holds(&format!("assert ({expression}) {comparison} {value}"));
        if asserted(same).is_some_and(|held| held != expected) || asserted(other) == Some(true) {
            wrong.push(format!("{expression} is {value} in Python"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:#?}", wrong.len(), expressions.len());
}

#[test]
fn every_operator_gives_what_python_gives_on_every_pair_of_values() {
    let pairs = VALUES.iter().flat_map(|a| VALUES.iter().map(move |b| (a, b)));
    let known = |(a, b, operator): &(&str, &str, &str)| match *operator {
        // Python would count until tomorrow.
        "**" => *b != "10**30",
        // A quotient of numbers that no float has exactly may be off by a unit in its last place.
        "/" => ![*a, *b].contains(&"10**30"),
        // Of sets: not what is in one another, nor whether something may be in them at all.
        "-" | "<" | "<=" | ">" | ">=" => [*a, *b] != ["{1, 2}"; 2],
        "in" | "not in" => !b.starts_with('{') || !a.starts_with(['[', '{']),
        _ => true,
    };
    let all = pairs.flat_map(|(a, b)| OPERATORS.map(|operator| (*a, *b, operator))).filter(known);
    agree(&all.map(|(a, b, operator)| format!("({a}) {operator} ({b})")).collect::<Vec<_>>());
}

#[test]
fn every_function_that_tests_call_gives_what_python_gives() {
    let values = [
        &VALUES[..],
        &["[3, 1, 2]", "[1, 'a']", "['b', 'a', 'b']", "[2.5, 1]", "'+Infinity'", "' 1e5 '", "'-inf'", "[(2,), (1,)]"],
    ]
    .concat();
    let one = ["abs", "float", "len", "list", "max", "min", "round", "set", "sorted", "sum", "not ", "-", "+"];
    let calls = one.iter().flat_map(|f| values.iter().map(move |value| format!("{f}({value})")));
    let several = ["max(3, 1, 2)", "min(3, 1, 2)", "max(1, True)", "max(True, 1)", "min([1, True])", "round(2.675, 2)"];
    let rounded = ["round(0.5)", "round(1.5)", "round(-2.5)", "round(7, 2)", "round(0.125, 2)", "round(2.5, 0)"];
    let rest = [
        "list()",
        "set()",
        "round(True, 1)",
        "max()",
        "abs(1, 2)",
        "len()",
        "round(1.5, 'a')",
        "round(1, 2, 3)",
        "list('ab')",
        "sum([1], [2])",
    ];
    let all: Vec<String> =
        calls.chain([&several[..], &rounded, &rest].concat().into_iter().map(String::from)).collect();
    agree(&all);
}

#[test]
fn and_or_not_chains_and_identity_are_pythons() {
    let truths = ["0", "1", "''", "'a'", "[]", "[0]", "None", "2.5"];
    let pairs = truths.iter().flat_map(|a| truths.iter().map(move |b| (a, b)));
    let logic =
        pairs.flat_map(|(a, b)| [format!("{a} and {b}"), format!("{a} or {b}"), format!("not {a} or {b} and 7")]);
    let identity = truths
        .iter()
        .flat_map(|a| ["None", "True", "False"].map(|b| [format!("{a} is {b}"), format!("{a} is not {b}")]));
    let chains = [
        "1 < 2 < 3",
        "1 < 2 > 3",
        "3 > 2 >= 2 != 1",
        "1 == 1.0 == True",
        "1 < 2 < 'a'",
        "2 < 1 < 'a'",
        "nan == nan",
        "nan < 1",
        "nan != nan",
        "1 in [1] in [[1]]",
    ];
    agree(&logic.chain(identity.flatten()).chain(chains.map(String::from)).collect::<Vec<_>>());
}
