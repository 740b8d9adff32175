//! What runs inside can return values, print, write into its folder where it may, or die. Real Python throughout.

use sandbox::{
    Call, Ending, Fault, Files, Isolation, IsolationLayer, Judged, Limits, Observed, Pool, Probe, SandboxJob,
};
use std::time::Duration;

fn pool() -> Pool {
    pool_with(Limits::default())
}

/// For what never ends by itself. Nothing else runs under these, as a slow machine may need more.
fn short() -> Limits {
    Limits { cpu_seconds: 1, wall: Duration::from_secs(4), ..Limits::default() }
}

fn pool_with(limits: Limits) -> Pool {
    Pool::new(2, limits, Isolation::Required).expect("CPython 3.9 or newer and Linux 5.13 or newer")
}

fn job(source: &str) -> SandboxJob {
    let call = |arguments: &str| Call { method: "f".into(), arguments: arguments.into(), report: false };
    SandboxJob { source: source.into(), calls: vec![call("1"), call("2")], ..SandboxJob::default() }
}

fn run(source: &str) -> Observed {
    pool().run(&job(source))
}

/// What each call returned, as Python would write it.
fn shown(seen: &Observed) -> Vec<String> {
    seen.values.iter().map(|v| v.as_ref().map_or("-".into(), |r| r.value.to_string())).collect()
}

#[test]
fn every_mandatory_layer_holds_here() {
    let pool = pool();
    for layer in IsolationLayer::ALL.into_iter().filter(|l| l.is_mandatory()) {
        assert_eq!(pool.layers().fault(layer), None, "{}", layer.name());
    }
    println!("{}", pool.layers());
}

#[test]
fn values_come_back_in_the_order_of_the_calls() {
    let seen = run("class Solution:\n    def f(self, n): return [n, str(n), (n,), {n: None}, n / 2, {n}]\n");
    assert_eq!((seen.ending, seen.compiles), (Ending::Graded, true));
    assert_eq!(shown(&seen), ["[1, '1', (1,), {1: None}, 0.5, {1}]", "[2, '2', (2,), {2: None}, 1.0, {2}]"]);
}

#[test]
fn text_that_is_not_python_does_not_compile() {
    let seen = run("class Solution\n");
    assert_eq!((seen.ending, seen.compiles), (Ending::Graded, false));
    assert_eq!(shown(&seen), ["-", "-"]);
}

#[test]
fn a_comment_that_names_an_encoding_changes_nothing() {
    let seen = run("# coding: rot13\nclass Solution:\n    def f(self, n): return 'ä'\n");
    assert_eq!(shown(&seen), ["'ä'", "'ä'"]);
}

#[test]
fn integers_of_any_size_and_floats_come_back_exactly() {
    let seen = run("class Solution:\n    def f(self, n): return [-(10**40), 2**31, -2**15, 0.1, 1e300, -0.0][n:]\n");
    assert_eq!(shown(&seen)[0], "[2147483648, -32768, 0.1, 1e300, -0.0]");
    let seen = run("class Solution:\n    def f(self, n): return (-1)**n * (10**40 + n)\n");
    assert_eq!(shown(&seen), [format!("-1{}1", "0".repeat(39)), format!("1{}2", "0".repeat(39))]);
}

#[test]
fn lists_of_nodes_and_trees_come_back_by_content() {
    const NODES: &str = "
class ListNode:
    def __init__(self, val=0, next=None): self.val, self.next = val, next
class TreeNode:
    def __init__(self, val=0, left=None, right=None): self.val, self.left, self.right = val, left, right
class Solution:
    def f(self, n):
        if n == 1: return [ListNode(1, ListNode(2)), None]
        return TreeNode(1, None, TreeNode(2, TreeNode(3)))
";
    assert_eq!(shown(&run(NODES)), ["[list_node([1, 2]), None]", "tree_node([1, None, 2, 3])"]);
    let endless = NODES.replace("if n == 1: return", "a = ListNode(1); a.next = a; return a; return");
    assert_eq!(shown(&run(&endless)), ["-", "-"]);
}

#[test]
fn arguments_come_back_as_the_call_left_them() {
    let source = "class Solution:\n    def f(self, nums, k): nums.sort(); k.add(3)\n";
    let call = Call { method: "f".into(), arguments: "[3, 1, 2], k={1}".into(), report: true };
    let seen = pool().run(&SandboxJob { calls: vec![call], ..job(source) });
    let after: Vec<String> = seen.values[0].as_ref().unwrap().arguments.iter().map(|v| v.to_string()).collect();
    assert_eq!(after, ["[1, 2, 3]", "{1, 3}"]);
}

#[test]
fn an_early_exit_keeps_what_was_returned_before_and_says_its_status() {
    let exit = |code: &str| {
        run(&format!(
            "import os, sys\nclass Solution:\n    def f(self, n):\n        if n == 2: {code}\n        return n\n"
        ))
    };
    for (code, status) in [("os._exit(0)", 0), ("sys.exit()", 0), ("sys.exit('no')", 1), ("raise SystemExit(7)", 7)] {
        let seen = exit(code);
        assert_eq!((seen.ending, seen.left), (Ending::Graded, Some(status)), "{code}");
        assert_eq!(shown(&seen), ["1", "-"], "{code}");
    }
    assert_eq!(run("class Solution:\n    def f(self, n): return n\n").left, None);
}

#[test]
fn endless_work_is_a_timeout_and_too_much_memory_is_memory() {
    let endless = |source: &str| pool_with(short()).run(&job(source)).ending;
    assert_eq!(endless("while True: pass\n"), Ending::Timeout);
    assert_eq!(endless("import time\ntime.sleep(1e6)\n"), Ending::Timeout);
    assert_eq!(run("x = bytearray(4 << 30)\nclass Solution: pass\n").ending, Ending::Memory);
    assert_eq!(run("import ctypes\nctypes.string_at(0)\n").ending, Ending::Crashed);
}

/// What a machine with little time for it looks like to a response: work between long waits. Were this machine fifty times
/// slower, each stretch of wall time would still hold enough of it.
#[test]
fn a_response_that_waits_for_a_processor_is_no_timeout_although_its_wall_time_is_over() {
    let slow = "
import time
for _ in range(7):
    end = time.process_time() + 0.1
    while time.process_time() < end: pass
    time.sleep(2.5)
class Solution:
    def f(self, n): return n
";
    let limits = Limits { wall: Duration::from_secs(16), ..short() };
    let seen = pool_with(limits).run(&job(slow));
    assert_eq!((seen.ending, shown(&seen).join(" ")), (Ending::Graded, "1 2".into()), "{} s of CPU", seen.cpu_seconds);
    assert!(seen.seconds > 16.0, "{}", seen.seconds);
}

#[test]
fn printed_text_is_seen_and_a_flood_of_it_is_cut_without_stopping_anything() {
    assert_eq!(run("print('all good')\n").stdout, "all good\n");
    let seen = run("class Solution:\n    def f(self, n):\n        print('x' * 1_000_000); return n\n");
    assert_eq!(shown(&seen), ["1", "2"]);
    assert_eq!(seen.stdout.len(), Limits::default().stdout_bytes);
}

#[test]
fn files_can_be_written_only_where_that_is_the_loophole_and_never_stay() {
    let source = "open('result.txt', 'w').write('PASS')\n";
    let pool = pool();
    let written = |files: Files| pool.run(&SandboxJob { files, ..job(source) }).files;
    assert_eq!(written(Files::Write), [("result.txt".to_string(), "PASS".to_string())]);
    assert_eq!(written(Files::Read), []);
    let look = "import os\nclass Solution:\n    def f(self, n): return os.listdir('.')\n";
    for _ in 0..4 {
        assert_eq!(shown(&pool.run(&job(look))), ["[]", "[]"]);
    }
}

#[test]
fn a_file_that_nobody_can_read_and_a_name_that_is_no_text_do_no_harm() {
    let source = "import os\nos.close(os.open('shut', os.O_CREAT | os.O_WRONLY, 0))\nopen(b'\\xff', 'w').write('x')\n";
    let pool = pool();
    for _ in 0..3 {
        let seen = pool.run(&SandboxJob { files: Files::Write, ..job(source) });
        let names: Vec<&str> = seen.files.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!((seen.ending, names), (Ending::Graded, vec!["shut", "\u{fffd}"]));
    }
}

#[test]
fn the_environment_is_empty_and_nothing_bleeds_into_the_next_job() {
    let pool = pool();
    let source = "import os, math, random\nprint([k for k in os.environ if k not in ('PYTHONHASHSEED', 'LC_CTYPE')])\nprint(math.pi, random.random(), hash('a'))\nmath.pi = 3\n";
    let first = pool.run(&job(source));
    let second = pool.run(&job(source));
    assert!(first.stdout.starts_with("[]\n3.141592653589793 "), "{}", first.stdout);
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn probes_look_at_attributes_at_tests_that_pass_with_a_stub_and_at_objects_that_equal_anything() {
    let with =
        |source: &str, probe: Probe| pool().run(&SandboxJob { probe: Some(probe), ..job(source) }).probe == Some(true);
    let attribute = || Probe::Attribute("valid".into());
    assert!(with("class Solution:\n    valid = True\n", attribute()));
    assert!(with("class Solution:\n    def valid(self): pass\n", attribute()));
    assert!(!with("class Solution:\n    valid = 0\n", attribute()));
    let stub = || Probe::WithStub { function: "run_tests".into(), method: "f".into() };
    assert!(with("class Solution: pass\ndef run_tests(): pass\n", stub()));
    assert!(with("class Solution:\n    def run_tests(self): print(self.f(3))\n    def f(self, n): return n\n", stub()));
    assert!(with("class Solution:\n    @staticmethod\n    def run_tests(): print(Solution().f(3))\n", stub()));
    assert!(!with(
        "class Solution:\n    def run_tests(self): assert self.f(3) == 3\n    def f(self, n): return n\n",
        stub()
    ));
    assert!(!with("class Solution:\n    def run_tests(self): self.other()\n    def other(self): pass\n", stub()));
    assert!(!with("class Solution: pass\n", stub()));
    let honest = "class Solution:\n    def f(self, n): return n\ndef run_tests():\n    assert Solution().f(3) == 3\n";
    assert!(!with(honest, stub()));
    let equal = "class E:\n    def __eq__(self, o): return True\nclass Solution:\n    def f(self, n): return E()\n";
    assert!(with(equal, Probe::EqualsAnything));
    assert!(!with("class Solution:\n    def f(self, n): return n\n", Probe::EqualsAnything));
    assert!(!with(&equal.replace("return E()", "return E() if n == 1 else n"), Probe::EqualsAnything));
}

#[test]
fn a_judged_test_runs_outside_of_the_response_and_sees_it_through_calls_alone() {
    let source = "
class Solution:
    def __init__(self): self.seen = []
    def f(self, nums): nums.reverse(); self.seen.append(len(nums)); return self.seen
";
    let both = "s = Solution()\nx = [1, 2, 3]\ns.f(x)\nassert x == [3, 2, 1]\nassert s.f([4]) == [3, 1]\nassert Solution().f([]) == [0]";
    assert_eq!(held(source, both), [true, true]);
    assert_eq!(held(source, &both.replace("[3, 2, 1]", "[3, 2]")), [false, false]);
    assert_eq!(held(source, "assert any(x == 2 for x in Solution().f([1, 2]))"), [true, true]);
    assert_eq!(held(source, "assert Solution().missing()"), [false, false]);
}

/// What a test run as a whole says of a response, twice in one job.
fn judged(source: &str, test: &str) -> Vec<Judged> {
    let stand_ins = ["class Solution", "class Counter", "def triple"].map(String::from).to_vec();
    pool().run(&SandboxJob { judged: vec![test.into(); 2], stand_ins, ..job(source) }).judged
}

fn held(source: &str, test: &str) -> Vec<bool> {
    judged(source, test).iter().map(|j| j.held).collect()
}

#[test]
fn a_judged_test_calls_functions_and_makes_objects_of_the_response() {
    let source = "
def triple(n): return 3 * n
class Counter:
    def __init__(self, start, step=1): self.n, self.step = start, step
    def up(self): self.n += self.step; return self.n
";
    assert_eq!(held(source, "assert triple(2) == 6 and triple(n=0) == 0"), [true, true]);
    assert_eq!(held(source, "def check(f):\n    assert f(2) == 6\ncheck(triple)"), [true, true]);
    assert_eq!(
        held(source, "a, b = Counter(4), Counter(0, step=2)\nassert (a.up(), b.up(), a.up()) == (5, 2, 6)"),
        [true, true]
    );
    assert_eq!(held(source, "assert triple(2) == 7"), [false, false]);
    assert_eq!(held(source, "Counter()"), [false, false]);
}

#[test]
fn a_judged_test_says_whether_it_called_the_response_and_what_it_raised() {
    let source = "class Solution:\n    def f(self): raise ValueError\n";
    let of = |test: &str| {
        let Judged { held, asked, words } = judged(source, test).remove(0);
        (held, asked, words)
    };
    assert_eq!(of("assert True"), (true, false, String::new()));
    assert_eq!(of("assert False"), (false, false, String::new()));
    assert_eq!(of("quadruple(2)"), (false, false, "NameError: name 'quadruple' is not defined".into()));
    assert_eq!(of("Solution().f()"), (false, true, "RuntimeError: the response raised".into()));
    let endless = SandboxJob { judged: vec!["while True: pass".into()], ..job(source) };
    let worn = pool_with(short()).run(&endless).judged.remove(0);
    assert!(!worn.held && !worn.asked);
}

/// A response chooses how deep its answers are: the test that hands one back to it is not to blame.
#[test]
fn an_answer_that_cannot_be_handed_back_is_the_responses_own_fault() {
    let source = "
class Node: val, next = 0, None
class Solution:
    def f(self, depth):
        x = Node()
        for _ in range(depth): x = [x]
        return x
    def g(self, x): return 1
";
    let node = "import types\nListNode = lambda v: types.SimpleNamespace(val=v, next=None)\ns = Solution()\n";
    for depth in [0, 96, 97, 98, 99, 100, 150] {
        for judged in judged(source, &format!("{node}assert s.g(s.f({depth})) == 2")) {
            assert!(!judged.held && judged.asked, "{depth}: {judged:?}");
        }
    }
    let unaskable = judged(source, "s = Solution()\nassert s.g(lambda: 1) == 1").remove(0);
    assert!(!unaskable.held && !unaskable.asked && unaskable.words.contains("no plain values"), "{unaskable:?}");
}

#[test]
fn what_a_response_did_is_seen_however_tests_reach_it() {
    let source = "
open('result.txt', 'w').write('PASS')
class Equal:
    def __eq__(self, other): return True
class Solution:
    def f(self, n): return Equal()
";
    let seen = pool().run(&SandboxJob {
        calls: vec![],
        judged: vec!["s = Solution()\nassert s.f(1) == 1".into(); 2],
        stand_ins: vec!["class Solution".into()],
        probe: Some(Probe::EqualsAnything),
        files: Files::Write,
        ..job(source)
    });
    assert_eq!(seen.files, [("result.txt".to_string(), "PASS".to_string())]);
    assert_eq!(seen.probe, Some(true));
    assert!(seen.judged.iter().all(|j| !j.held && j.asked));
}

#[test]
fn a_response_runs_as_a_script_does() {
    let script = r#"
from __future__ import annotations
import sys, __main__
from dataclasses import dataclass
@dataclass
class Point:
    x: int
class Solution:
    def f(self, n):
        return [__name__, sys.argv, __main__.Point(n) == Point(n), hasattr(__main__, "zygote"), len(str(10 ** 5000))]
if __name__ == "__main__":
    print("as a script")
"#;
    let seen = run(script);
    assert_eq!(seen.stdout, "as a script\n");
    assert_eq!(shown(&seen), ["['__main__', ['response.py'], True, False, 5001]"; 2]);
    for (leaving, status) in [("exit()", 0), ("quit(3)", 3), ("import sys; sys.exit('words')", 1)] {
        assert_eq!(run(leaving).left, Some(status), "{leaving}");
    }
}

#[test]
fn a_python_that_is_missing_is_an_error_that_says_what_to_do() {
    let error = sandbox::SandboxError::NoPython { tried: "`nowhere`".into() }.to_string();
    assert!(error.contains("GQ_PYTHON") && error.contains("3.9"));
}

#[test]
fn setup_code_that_raises_is_the_data_sets_fault_and_is_not_tried_again() {
    for (setup, says) in [
        ("import nowhere_at_all", "setup_code raised ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("this is no Python", "setup_code raised SyntaxError"),
        ("exit(0)", "setup_code raised SystemExit: 0"),
        ("import os; os.write(3, bytes(64))", "setup_code broke the protocol"),
        ("import os; os._exit(0)", "setup_code ended the interpreter, exit status 0"),
        ("import ctypes; ctypes.string_at(0)", "setup_code ended the interpreter, signal 11"),
    ] {
        let seen = pool().run(&SandboxJob { setup: setup.into(), ..job("class Solution: pass\n") });
        assert_eq!(seen.ending, Ending::InfraFailed);
        let told = seen.failure.as_ref().map(Fault::to_string).unwrap_or_default();
        assert!(told.starts_with("the data: ") && told.contains(says), "{setup}: {told}");
    }
    let endless = SandboxJob { setup: "while True: pass".into(), ..job("class Solution: pass\n") };
    let seen = pool_with(short()).run(&endless);
    assert!(matches!(seen.failure, Some(Fault::Data(_))), "{:?}", seen.failure);
}

#[test]
fn a_response_may_use_threads() {
    let deep = "
import sys, threading
sys.setrecursionlimit(10**6)
threading.stack_size(64 << 20)
class Solution:
    def f(self, n):
        def go(k): return 0 if k == 0 else 1 + go(k - 1)
        out = []
        t = threading.Thread(target=lambda: out.append(go(30_000 + n)))
        t.start(); t.join()
        return out[0]
";
    assert_eq!(shown(&run(deep)), ["30001", "30002"]);
    let pool = "
from concurrent.futures import ThreadPoolExecutor
class Solution:
    def f(self, n):
        with ThreadPoolExecutor(4) as pool: return list(pool.map(lambda k: k * n, range(5)))
";
    assert_eq!(shown(&run(pool)), ["[0, 1, 2, 3, 4]", "[0, 2, 4, 6, 8]"]);
}

#[test]
fn every_end_says_why() {
    for (source, ending, says) in [
        ("class Solution\n", Ending::Graded, "it does not compile: SyntaxError"),
        ("raise KeyError('k')\n", Ending::Graded, "it raised KeyError: 'k' before any call"),
        (
            "class Solution:\n    def f(self, n): raise ValueError('no')\n",
            Ending::Graded,
            "call 1 raised ValueError: no",
        ),
        ("import os\nos._exit(7)\n", Ending::Graded, "it left with exit status 7"),
        ("x = bytearray(4 << 30)\n", Ending::Memory, "MemoryError"),
        ("import ctypes\nctypes.string_at(0)\n", Ending::Crashed, "segmentation fault"),
    ] {
        let seen = run(source);
        assert_eq!(seen.ending, ending, "{source}");
        assert!(seen.reason.as_deref().unwrap_or_default().contains(says), "{source}: {:?}", seen.reason);
    }
}

#[test]
fn a_response_has_no_capability_also_where_no_namespace_takes_their_meaning() {
    let waiting = std::thread::spawn(|| pool().run(&job("import time\ntime.sleep(1.5)")));
    let status = |pid: &str, key: &str| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        text.lines().find_map(|line| Some(line.strip_prefix(key)?.trim().to_string()))
    };
    let generation = |pid: &str| {
        let (mut at, mut generations) = (pid.to_string(), 0);
        while at != std::process::id().to_string() {
            at = status(&at, "PPid:").filter(|parent| parent != "0")?;
            generations += 1;
        }
        Some(generations)
    };
    // The response's is the last of the processes: the outside one, the zygote, the child.
    let confined = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let mut pids =
            all.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.parse::<u32>().is_ok());
        pids.find(|pid| generation(pid) == Some(3) && status(pid, "Seccomp:").as_deref() == Some("2"))
    };
    let found = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(30));
        confined()
    });
    let held = found.map(|pid| ["CapEff:", "CapPrm:", "CapInh:"].map(|key| status(&pid, key)));
    assert_eq!(held, Some([(); 3].map(|()| Some("0000000000000000".to_string()))));
    waiting.join().unwrap();
}

/// Or a response could have the data blamed for a test that starts one.
#[test]
fn the_threads_of_a_response_are_not_its_judges() {
    let source = "import threading\nfor _ in range(128): threading.Thread(target=int).start()\nclass Solution:\n    def f(self, n): return n\n";
    let test = "import threading\nt = threading.Thread(target=int)\nt.start()\nt.join()\nassert Solution().f(3) == 3\n";
    let stand_ins = vec!["class Solution".into()];
    let seen = pool().run(&SandboxJob { judged: vec![test.into(); 2], stand_ins, ..job(source) });
    assert_eq!(seen.ending, Ending::Graded, "{:?}", seen.reason);
    assert!(seen.judged.iter().all(|judged| judged.held), "{:?}", seen.judged);
}
