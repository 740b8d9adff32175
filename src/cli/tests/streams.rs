//! Inputs and outputs of `grade`: files, pipes and devices, never one for the other; cut off and gone on with.

mod common;

use common::expect;
use common::responses::{Files, RIGHT, WRONG, response};
use serde_json::{Value, json};
#[test]
fn an_output_that_is_an_input_is_refused_and_the_input_stays() {
    let files = Files::new(&[response(json!("double"), "gt_only", RIGHT)]);
    std::os::unix::fs::symlink("responses.jsonl", files.path("out.jsonl")).unwrap();
    let before = std::fs::read(files.path("responses.jsonl")).unwrap();
    expect(&mut files.grade(&[]), 2, &["is the input", "choose another output"]);
    assert_eq!(std::fs::read(files.path("responses.jsonl")).unwrap(), before);
}

/// What lies where the rows of an unfinished call go is not ours to remove, and a second call is turned away.
#[test]
fn what_is_graded_so_far_takes_nobodys_place() {
    let files = Files::new(&[response(json!("double"), "gt_only", RIGHT)]);
    let part = files.path("out.jsonl.part");
    std::fs::write(&part, "somebody's").unwrap();
    expect(&mut files.grade(&[]), 3, &["out.jsonl.part", "is in the way"]);
    assert_eq!(std::fs::read_to_string(&part).unwrap(), "somebody's");
    std::fs::remove_file(&part).unwrap();
    std::os::unix::fs::symlink("problems.jsonl", &part).unwrap();
    let before = std::fs::read(files.path("problems.jsonl")).unwrap();
    expect(&mut files.grade(&[]), 2, &["is the input"]);
    assert_eq!(std::fs::read(files.path("problems.jsonl")).unwrap(), before);
    std::fs::remove_file(&part).unwrap();
    let _owner = bundle::Owner::of_file(&files.path("out.jsonl")).unwrap();
    expect(&mut files.grade(&[]), 2, &["is at work there"]);
}

/// What is appended to keeps its beginning.
#[test]
fn standard_output_by_any_name_is_written_to_and_not_replaced() {
    let files = Files::new(&[response(json!("double"), "gt_only", RIGHT)]);
    for out in ["-", "/dev/stdout", "/dev/fd/1"] {
        std::fs::write(files.path("out.jsonl"), "earlier\n").unwrap();
        assert!(files.in_shell(&format!("$GQ grade --problems $P --responses $R --out {out} >> $O")).status.success());
        let text = std::fs::read_to_string(files.path("out.jsonl")).unwrap();
        assert!(text.starts_with("earlier\n{\"problem_id\"") && text.lines().count() == 2, "{out}: {text}");
    }
    let output = files.in_shell("$GQ grade --problems $P --responses - --out $R < $R");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn pipes_and_packed_files_are_read_and_pipes_and_devices_are_written() {
    let rows: Vec<Value> = (0..3).map(|_| response(json!("double"), "gt_only", RIGHT)).collect();
    let files = Files::new(&rows);
    for words in [
        "cat $R | $GQ grade --problems $P --responses - --out -",
        "$GQ grade --problems <(cat $P) --responses <(gzip -c $R) --out - < /dev/null",
        "$GQ grade --problems $P --responses $R --out /dev/stdout | grep problem_id",
        "gzip -fk $P && $GQ grade --problems $P.gz --responses $R --out >(cat) | grep problem_id; sleep 0.3",
    ] {
        let output = files.in_shell(words);
        let text = String::from_utf8_lossy(&output.stdout);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}: {told}");
        assert_eq!(
            text.lines().filter(|l| l.contains("\"correct\":true")).count(),
            3,
            "{words} printed {text}\n{told}"
        );
    }
    let output = files.in_shell("$GQ grade --problems $P --responses $R --out /dev/null && test -c /dev/null");
    assert!(output.status.success());
}

#[test]
fn a_grading_that_was_cut_off_is_gone_on_with_row_by_row() {
    // Slow enough to be caught at it: a quarter of a second of work a row.
    let slow = |i: usize| format!("for _ in range(6_000_000): pass\n{RIGHT}# {i}\n");
    let rows: Vec<Value> = (0..1_100)
        .map(|i| response(json!("double"), "gt_only", &if i < 512 { format!("{RIGHT}# {i}\n") } else { slow(i) }))
        .collect();
    let files = Files::new(&rows);
    let part = files.path("out.jsonl.part");
    let mut first = files.grade(&["--json"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let lines = || std::fs::read_to_string(&part).map_or(0, |text| text.lines().count());
    while lines() < 513 {
        assert!(first.try_wait().unwrap().is_none(), "it ended before it was cut off");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(!files.path("out.jsonl").exists());

    // The rest is made quick, and one finished row is another response now.
    let mut now: Vec<Value> = rows[..512].to_vec();
    now[3] = response(json!("double"), "gt_only", WRONG);
    now.push(response(json!("double"), "gt_only", RIGHT));
    files.write("responses.jsonl", &now);
    expect(&mut files.grade(&[]), 0, &["513 responses", "511 of them were graded by an earlier call", "correct 512"]);
    assert_eq!(files.rows()[3]["correct"], false);
    assert!(!part.exists());
    // Other settings begin anew.
    expect(&mut files.grade(&["--mode", "sentinel"]), 0, &["correct 512"]);
}
