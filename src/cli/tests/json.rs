//! What programs read: every object is one that the schema in `docs/` describes, and the exit code is the one that it says.

mod common;

use common::{Project, program, root, schema};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// The part of the schema that describes an object of this kind.
fn described(events: &Value, object: &Value) -> Value {
    let of = |one: &&Value| one["properties"]["event"]["const"] == object["event"];
    events["oneOf"].as_array().unwrap().iter().find(of).unwrap_or_else(|| panic!("no schema has {object}")).clone()
}

/// Everything that a call prints, each line an object of the schema; and its exit code.
fn objects(call: &mut Command) -> (Vec<Value>, i32) {
    let text = std::fs::read_to_string(root().join("docs/schema/events.schema.json")).unwrap();
    let (events, output): (Value, _) = (serde_json::from_str(&text).unwrap(), call.output().unwrap());
    let text = String::from_utf8(output.stdout).unwrap();
    let one = |line: &str| {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        if let Some(fault) = schema::fault(&described(&events, &object), &object) {
            panic!("{fault}: {line}");
        }
        object
    };
    (text.lines().map(one).collect(), output.status.code().unwrap())
}

fn events(objects: &[Value]) -> BTreeSet<&str> {
    objects.iter().map(|object| object["event"].as_str().unwrap()).collect()
}

#[test]
fn reproduce_tells_what_it_is_going_to_do_and_ends_with_the_paper() {
    let project = Project::new();
    let (told, code) =
        objects(&mut project.on_plan("tiny.toml", "reproduce", &project.path("out"), &["--device", "cpu", "--json"]));
    assert_eq!(code, 0, "{told:?}");
    assert_eq!((told[0]["event"].as_str(), told[0]["tier"].as_str()), (Some("plan"), Some("tiny")));
    let last = told.last().unwrap();
    let pdf = std::fs::read(last["path"].as_str().unwrap()).unwrap();
    assert_eq!(last["sha256"], bundle::Sha256::of(&pdf).to_string());
    let all = ["plan", "gate", "base", "resumed", "update", "evaluated", "finished", "claim", "paper"];
    assert_eq!(events(&told), all.into_iter().collect());
    let gates: Vec<&Value> = told.iter().filter(|object| object["event"] == "gate").collect();
    assert_eq!(gates.len(), 12, "before and after");
    assert!(gates.iter().all(|gate| gate["holds"] == true && !gate["evidence"].as_array().unwrap().is_empty()));
}

#[test]
fn doctor_tells_what_is_there_and_what_is_needed() {
    let (told, code) = objects(program(root()).args(["doctor", "--json"]));
    assert_eq!((code, events(&told)), (0, ["check"].into_iter().collect()));
    let of = |name: &str| told.iter().find(|object| object["name"] == name).unwrap();
    assert_eq!((&of("python")["needed"], &of("python")["ok"]), (&true.into(), &true.into()));
    assert_eq!((&of("tier full")["needed"], &of("tier full")["ok"]), (&false.into(), &false.into()));
}

#[test]
fn an_error_is_the_last_object_and_its_code_is_the_exit_code() {
    let project = Project::new();
    let missing = project.path("no such plan.toml");
    let spoilt = project.path("data/organism/test.jsonl");
    std::fs::write(&spoilt, std::fs::read_to_string(&spoilt).unwrap().replacen("sum", "Sum", 1)).unwrap();
    let calls: [(&[&str], i32, &str); 4] = [
        (&["verify", "--json", "--gate", "pins"], 1, "check"),
        (&["reproduce", "--json", "--arms", "erase"], 2, "usage"),
        (&["reproduce", "--json", "--out", "elsewhere"], 3, "input"),
        (&["run", "--json", "--plan", missing.to_str().unwrap()], 3, "input"),
    ];
    for (words, expected, kind) in calls {
        let (told, code) = objects(project.program().args(words));
        assert_eq!(code, expected, "{words:?}: {told:?}");
        let last = told.last().unwrap();
        assert_eq!((&last["event"], &last["kind"], &last["exit_code"]), (&"error".into(), &kind.into(), &code.into()));
    }
}
