//! What runs inside can return values, print, write into its folder, or die. Real Python throughout.

use sandbox::{Call, Ending, Job, Limits, Observed, Pool, Probe, Value};
use std::time::Duration;

fn pool() -> Pool {
    let limits = Limits { cpu_seconds: 1, wall: Duration::from_secs(4), ..Limits::default() };
    Pool::new(2, limits).expect("CPython 3.9 or newer is needed by these tests")
}

fn job(source: &str) -> Job {
    let call = |arguments: &str| Call { method: "f".into(), arguments: arguments.into() };
    Job { source: source.into(), calls: vec![call("1"), call("2")], ..Job::default() }
}

fn run(source: &str) -> Observed {
    pool().run(&[job(source)]).remove(0)
}

fn value(text: &str) -> Option<Value> {
    Some(Value::parse(text).unwrap())
}

#[test]
fn values_come_back_in_the_order_of_the_calls() {
    let seen = run("class Solution:\n    def f(self, n): return [n, str(n), (n,), {n: None}, n / 2, {n}]\n");
    assert_eq!((seen.ending, seen.compiles), (Ending::Graded, true));
    assert_eq!(
        seen.values,
        [value("[1, '1', (1,), {1: None}, 0.5, {1}]"), value("[2, '2', (2,), {2: None}, 1.0, {2}]")]
    );
}

#[test]
fn text_that_is_not_python_does_not_compile() {
    let seen = run("class Solution\n");
    assert_eq!((seen.ending, seen.compiles), (Ending::Graded, false));
    assert_eq!(seen.values, [None, None]);
}

#[test]
fn an_object_that_equals_everything_is_no_value() {
    let seen = run("class E:\n    def __eq__(s, o): return True\nclass Solution:\n    def f(self, n): return E()\n");
    assert_eq!(seen.values, [None, None]);
    let subclass =
        run("class I(int):\n    def __eq__(s, o): return True\nclass Solution:\n    def f(self, n): return I(n)\n");
    assert_eq!(subclass.values, [None, None]);
}

#[test]
fn an_early_exit_keeps_only_what_was_returned_before() {
    let seen =
        run("import os\nclass Solution:\n    def f(self, n):\n        if n == 2: os._exit(0)\n        return n\n");
    assert_eq!(seen.values, [value("1"), None]);
    let at_import = run("raise SystemExit(0)\n");
    assert_eq!(at_import.values, [None, None]);
}

#[test]
fn endless_work_is_a_timeout_and_too_much_memory_is_memory() {
    assert_eq!(run("while True: pass\n").ending, Ending::Timeout);
    assert_eq!(run("import time\ntime.sleep(60)\n").ending, Ending::Timeout);
    assert_eq!(run("x = bytearray(4 << 30)\nclass Solution: pass\n").ending, Ending::Memory);
    assert_eq!(run("import ctypes\nctypes.string_at(0)\n").ending, Ending::Crashed);
}

#[test]
fn printed_text_and_written_files_are_seen_and_the_folder_is_private() {
    let seen = run("print('all good')\nopen('result.txt', 'w').write('PASS')\n");
    assert_eq!(seen.stdout, "all good\n");
    assert_eq!(seen.files, [("result.txt".to_string(), "PASS".to_string())]);
    let pool = pool();
    pool.run(&[job("open('left.txt', 'w').write('x')\n")]);
    let next = pool.run(&[job("import os\nprint(sorted(os.listdir('.')))\n")]).remove(0);
    assert_eq!(next.stdout, "[]\n");
}

#[test]
fn the_environment_is_empty_and_nothing_bleeds_into_the_next_job() {
    let pool = pool();
    let source = "import os, math\nprint(sorted(k for k in os.environ if not k.startswith(('PYTHON', 'LC_'))), math.pi)\nmath.pi = 3\n";
    let first = pool.run(&[job(source)]).remove(0);
    let second = pool.run(&[job(source)]).remove(0);
    assert_eq!(first.stdout, "[] 3.141592653589793\n");
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn probes_look_at_attributes_and_at_tests_that_pass_with_a_stub() {
    let with = |source: &str, probe: Probe| {
        pool().run(&[Job { probe: Some(probe), ..job(source) }]).remove(0).probe.is_some_and(|v| v.is_truthy())
    };
    let attribute = || Probe::Attribute("valid".into());
    assert!(with("class Solution:\n    valid = True\n", attribute()));
    assert!(!with("class Solution:\n    valid = 0\n", attribute()));
    let stub = || Probe::WithStub("run_tests".into());
    assert!(with("class Solution: pass\ndef run_tests(): pass\n", stub()));
    let honest = "class Solution:\n    def f(self, n): return n\ndef run_tests():\n    assert Solution().f(3) == 3\n";
    assert!(!with(honest, stub()));
}

#[test]
fn many_jobs_keep_their_order_and_a_killed_zygote_is_replaced() {
    let pool = pool();
    let sources: Vec<Job> = (0..40)
        .map(|i| match i {
            // The response kills the process that forked it: that costs the job its tries, not the pool its life.
            7 => job("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(9)\n"),
            i => job(&format!("class Solution:\n    def f(self, n): return n * {i}\n")),
        })
        .collect();
    for (i, seen) in pool.run(&sources).iter().enumerate() {
        match i {
            7 => assert_eq!(seen.ending, Ending::InfraFailed),
            i => assert_eq!(seen.values[1], value(&(2 * i).to_string())),
        }
    }
}

#[test]
fn a_python_that_is_missing_is_an_error_that_says_what_to_do() {
    // Through a child of its own, as the variable is read from the environment.
    let error = sandbox::SandboxError::NoPython { tried: "`nowhere`".into() }.to_string();
    assert!(error.contains("GQ_PYTHON") && error.contains("3.9"));
}
