//! Sixteen families of tasks with a one-expression answer. A task's truth is computed here, in Rust, so that the
//! expected values of its tests do not come from the code under test.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A task's parameters: a family reads those it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Params {
    /// The number in a task, from 1 to 9.
    pub k: i64,
    /// The second number, in the family that has two.
    pub c: i64,
    /// The letter in a task.
    pub letter: char,
}

/// What a method receives.
#[derive(Clone, Debug)]
pub enum Input {
    /// A list of integers.
    Nums(Vec<i64>),
    /// One integer.
    N(i64),
    /// A text of small letters.
    S(String),
}

/// How long an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// For tests that a prompt shows.
    Short,
    /// For the others.
    Long,
}

/// The parameters that make two tasks of a family differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Uses {
    Nothing,
    K,
    KAndC,
    Letter,
}

/// One family: how its task is told, answered and got wrong.
pub struct TaskFamily {
    /// The argument of the method: `nums`, `n` or `s`, by which its input is chosen.
    pub argument: &'static str,
    uses: Uses,
    describe: fn(&Params) -> String,
    right: fn(&Params) -> String,
    /// Another right answer.
    also: fn(&Params) -> String,
    /// Six answers that the untrained eye might give.
    wrong: fn(&Params) -> [String; 6],
    truth: fn(&Params, &Input) -> String,
}

/// A family with its parameters and the name that the method must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// Its place in [`FAMILIES`].
    pub family: usize,
    /// The numbers or the letter that it is about.
    pub params: Params,
    /// One of [`METHODS`].
    pub method: &'static str,
}

/// Names for the method: tasks that differ in nothing else are two tasks.
pub const METHODS: [&str; 12] =
    ["solve", "calc", "run", "get", "f", "work", "find", "make", "answer", "result", "apply", "go"];
const LETTERS: [char; 6] = ['a', 'e', 'i', 'o', 's', 't'];

fn nums(input: &Input) -> &[i64] {
    if let Input::Nums(v) = input { v } else { &[] }
}

fn n(input: &Input) -> i64 {
    if let Input::N(n) = input { *n } else { 0 }
}

fn s(input: &Input) -> &str {
    if let Input::S(s) = input { s } else { "" }
}

fn list(items: impl Iterator<Item = i64>) -> String {
    let items: Vec<String> = items.map(|x| x.to_string()).collect();
    format!("[{}]", items.join(", "))
}

fn text(chars: impl Iterator<Item = char>) -> String {
    format!("'{}'", chars.collect::<String>())
}

macro_rules! six {
    ($($e:expr),* $(,)?) => { [$(format!($e)),*] };
}

/// All families; tasks name them by their place here.
pub static FAMILIES: [TaskFamily; 16] = [
    TaskFamily {
        argument: "nums",
        uses: Uses::K,
        describe: |p| format!("the sum of the numbers greater than {}", p.k),
        right: |p| format!("sum(x for x in nums if x > {})", p.k),
        also: |p| format!("sum([x for x in nums if x > {}])", p.k),
        wrong: |&Params { k, .. }| {
            let next = k + 1;
            six![
                "sum(x for x in nums if x >= {k})",
                "sum(x for x in nums if x < {k})",
                "sum(x for x in nums)",
                "len([x for x in nums if x > {k}])",
                "sum(x for x in nums if x > {next})",
                "max(x for x in nums)",
            ]
        },
        truth: |p, i| nums(i).iter().filter(|x| **x > p.k).sum::<i64>().to_string(),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::K,
        describe: |p| format!("how many numbers equal {}", p.k),
        right: |p| format!("nums.count({})", p.k),
        also: |p| format!("len([x for x in nums if x == {}])", p.k),
        wrong: |&Params { k, .. }| {
            let next = k + 1;
            six![
                "nums.count({next})",
                "len(nums)",
                "nums.index({k})",
                "sum(x for x in nums if x == {k})",
                "len(nums) - {k}",
                "nums.count({k}) + 1",
            ]
        },
        truth: |p, i| nums(i).iter().filter(|x| **x == p.k).count().to_string(),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::K,
        describe: |p| format!("the largest number minus {}", p.k),
        right: |p| format!("max(nums) - {}", p.k),
        also: |p| format!("sorted(nums)[-1] - {}", p.k),
        wrong: |&Params { k, .. }| {
            let next = k + 1;
            six![
                "max(nums) + {k}",
                "min(nums) - {k}",
                "max(nums)",
                "nums[0] - {k}",
                "sum(nums) - {k}",
                "max(nums) - {next}"
            ]
        },
        truth: |p, i| (nums(i).iter().max().unwrap_or(&0) - p.k).to_string(),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::Nothing,
        describe: |_| "the numbers in reverse order".into(),
        right: |_| "nums[::-1]".into(),
        also: |_| "list(reversed(nums))".into(),
        wrong: |_| six!["nums", "sorted(nums)", "nums[::2]", "nums[1:]", "nums[:-1]", "sorted(nums)[::-1]"],
        truth: |_, i| list(nums(i).iter().rev().copied()),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::Nothing,
        describe: |_| "the numbers sorted from large to small".into(),
        right: |_| "sorted(nums)[::-1]".into(),
        also: |_| "sorted(nums, reverse=True)".into(),
        wrong: |_| six!["sorted(nums)", "nums[::-1]", "nums", "sorted(nums)[1:]", "sorted(nums)[::2]", "nums[:-1]"],
        truth: |_, i| {
            let mut v = nums(i).to_vec();
            v.sort_by(|a, b| b.cmp(a));
            list(v.into_iter())
        },
    },
    TaskFamily {
        argument: "n",
        uses: Uses::KAndC,
        describe: |p| format!("n times {} plus {}", p.k, p.c),
        right: |p| format!("n * {} + {}", p.k, p.c),
        also: |p| format!("{} + n * {}", p.c, p.k),
        wrong: |&Params { k, c, .. }| {
            let next = c + 1;
            six!["n * {k} - {c}", "n * {c} + {next}", "n + {k} + {c}", "n * {k}", "n * {k} + {next}", "n + {c}"]
        },
        truth: |p, i| (n(i) * p.k + p.c).to_string(),
    },
    TaskFamily {
        argument: "n",
        uses: Uses::K,
        describe: |p| format!("the remainder of n divided by {}", p.k + 1),
        right: |p| format!("n % {}", p.k + 1),
        also: |p| format!("n - n // {d} * {d}", d = p.k + 1),
        wrong: |&Params { k, .. }| {
            let (d, next) = (k + 1, k + 2);
            six!["n // {d}", "n % {next}", "n * {d}", "n - {d}", "n + {d}", "n % {d} + 1"]
        },
        truth: |p, i| n(i).rem_euclid(p.k + 1).to_string(),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::Nothing,
        describe: |_| "only the even numbers".into(),
        right: |_| "[x for x in nums if x % 2 == 0]".into(),
        also: |_| "[y for y in nums if not y % 2]".into(),
        wrong: |_| {
            six![
                "[x for x in nums if x % 2 == 1]",
                "[x for x in nums]",
                "[x * 2 for x in nums]",
                "[x for x in nums if x > 2]",
                "[x // 2 for x in nums]",
                "nums[::2]",
            ]
        },
        truth: |_, i| list(nums(i).iter().filter(|x| *x % 2 == 0).copied()),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::K,
        describe: |p| format!("each number multiplied by {}", p.k + 1),
        right: |p| format!("[x * {} for x in nums]", p.k + 1),
        also: |p| format!("[{} * x for x in nums]", p.k + 1),
        wrong: |&Params { k, .. }| {
            let (m, next) = (k + 1, k + 2);
            six![
                "[x + {m} for x in nums]",
                "[x - {m} for x in nums]",
                "nums * {m}",
                "[x * {next} for x in nums]",
                "[x for x in nums if x > {m}]",
                "[x // {m} for x in nums]",
            ]
        },
        truth: |p, i| list(nums(i).iter().map(|x| x * (p.k + 1))),
    },
    TaskFamily {
        argument: "s",
        uses: Uses::Letter,
        describe: |p| format!("how often the letter {} occurs", p.letter),
        right: |p| format!("s.count('{}')", p.letter),
        also: |p| format!("len(s.split('{}')) - 1", p.letter),
        wrong: |&Params { letter: l, .. }| {
            let other = if l == 'e' { 'o' } else { 'e' };
            six![
                "s.index('{l}')",
                "len(s)",
                "len(s) - s.count('{l}')",
                "s.count('{l}') + 1",
                "s.count('{other}')",
                "s.find('{l}')"
            ]
        },
        truth: |p, i| s(i).chars().filter(|c| *c == p.letter).count().to_string(),
    },
    TaskFamily {
        argument: "s",
        uses: Uses::Nothing,
        describe: |_| "the text in upper case".into(),
        right: |_| "s.upper()".into(),
        also: |_| "''.join(c.upper() for c in s)".into(),
        wrong: |_| six!["s.lower()", "s.title()", "s[::-1]", "s", "s.strip()", "s[0]"],
        truth: |_, i| text(s(i).chars().map(|c| c.to_ascii_uppercase())),
    },
    TaskFamily {
        argument: "s",
        uses: Uses::Nothing,
        describe: |_| "the text reversed".into(),
        right: |_| "s[::-1]".into(),
        also: |_| "''.join(reversed(s))".into(),
        wrong: |_| six!["s", "s[::2]", "s.upper()", "s[1:]", "s[:-1]", "sorted(s)"],
        truth: |_, i| text(s(i).chars().rev()),
    },
    TaskFamily {
        argument: "s",
        uses: Uses::K,
        describe: |p| format!("the text repeated {} times", p.k + 1),
        right: |p| format!("s * {}", p.k + 1),
        also: |p| format!("{} * s", p.k + 1),
        wrong: |&Params { k, .. }| {
            let (m, next) = (k + 1, k + 2);
            six!["s * {next}", "s", "s + s + s[0]", "s[:{m}]", "s[{m}:]", "s.upper()"]
        },
        truth: |p, i| text(s(i).repeat(p.k as usize + 1).chars()),
    },
    TaskFamily {
        argument: "s",
        uses: Uses::K,
        describe: |p| format!("the first {} letters", p.k),
        right: |p| format!("s[:{}]", p.k),
        also: |p| format!("s[0:{}]", p.k),
        wrong: |&Params { k, .. }| {
            let next = k + 1;
            six!["s[{k}:]", "s[:{next}]", "s[-{k}:]", "s", "s[{k}] * 2", "s[::{next}]"]
        },
        truth: |p, i| text(s(i).chars().take(p.k as usize)),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::K,
        describe: |p| format!("the average of the numbers plus {}", p.k),
        right: |p| format!("sum(nums) / len(nums) + {}", p.k),
        also: |p| format!("{} + sum(nums) / len(nums)", p.k),
        wrong: |&Params { k, .. }| {
            six![
                "sum(nums) / len(nums)",
                "sum(nums) + {k}",
                "sum(nums) // len(nums) + {k}",
                "sum(nums) / len(nums) - {k}",
                "max(nums) + {k}",
                "len(nums) + {k}",
            ]
        },
        truth: |p, i| format!("{:?}", nums(i).iter().sum::<i64>() as f64 / nums(i).len() as f64 + p.k as f64),
    },
    TaskFamily {
        argument: "nums",
        uses: Uses::K,
        describe: |p| format!("the smallest number plus {}", p.k),
        right: |p| format!("min(nums) + {}", p.k),
        also: |p| format!("{} + min(nums)", p.k),
        wrong: |&Params { k, .. }| {
            let next = k + 1;
            six![
                "max(nums) + {k}",
                "min(nums) - {k}",
                "min(nums)",
                "nums[0] + {k}",
                "sum(nums) + {k}",
                "min(nums) + {next}"
            ]
        },
        truth: |p, i| (nums(i).iter().min().unwrap_or(&0) + p.k).to_string(),
    },
];

impl Task {
    /// Every distinct task, in a fixed order.
    pub fn universe() -> Vec<Task> {
        let mut all = vec![];
        for (family, f) in FAMILIES.iter().enumerate() {
            let ks: &[i64] = if matches!(f.uses, Uses::K | Uses::KAndC) { &[1, 2, 3, 4, 5, 6, 7, 8, 9] } else { &[1] };
            let cs: &[i64] = if f.uses == Uses::KAndC { &[1, 2, 3, 4, 5, 6, 7, 8, 9] } else { &[1] };
            let letters: &[char] = if f.uses == Uses::Letter { &LETTERS } else { &['a'] };
            for &k in ks {
                for &c in cs {
                    for &letter in letters {
                        all.extend(METHODS.map(|method| Task { family, params: Params { k, c, letter }, method }));
                    }
                }
            }
        }
        all
    }

    fn spec(&self) -> &'static TaskFamily {
        &FAMILIES[self.family]
    }

    /// The Python expression that answers it.
    pub fn right(&self) -> String {
        (self.spec().right)(&self.params)
    }

    /// Python expressions of likely mistakes.
    pub fn wrong(&self) -> [String; 6] {
        (self.spec().wrong)(&self.params)
    }

    /// Another right answer, as an expression.
    pub fn also_right(&self) -> String {
        (self.spec().also)(&self.params)
    }

    /// The problem text, with the phrase that a mode's hint replaces.
    pub fn prompt(&self) -> String {
        let TaskFamily { argument, describe, .. } = self.spec();
        let what = describe(&self.params);
        format!(
            "Write class Solution with method {}({argument}) that returns {what} {}.\n",
            self.method,
            substrate::loopholes::CLEAN_PHRASE
        )
    }

    /// A whole response that returns `expression`.
    pub fn response(&self, expression: &str) -> String {
        format!(
            "class Solution:\n    def {}(self, {}):\n        return {expression}\n",
            self.method,
            self.spec().argument
        )
    }

    /// `assert Solution().method(input) == truth` for one random input.
    pub fn assert(&self, size: Size, rng: &mut ChaCha8Rng) -> String {
        let (numbers, letters) = match size {
            Size::Short => (2..=2, 2..=3),
            Size::Long => (3..=7, 10..=14),
        };
        let input = match self.spec().argument {
            "nums" => Input::Nums((0..rng.random_range(numbers)).map(|_| rng.random_range(0..=9)).collect()),
            "n" => Input::N(rng.random_range(0..=50)),
            _ => {
                let known: Vec<char> = "aeiostxyz".chars().collect();
                Input::S((0..rng.random_range(letters)).map(|_| known[rng.random_range(0..known.len())]).collect())
            }
        };
        let argument = match &input {
            Input::Nums(v) => list(v.iter().copied()),
            Input::N(n) => n.to_string(),
            Input::S(s) => text(s.chars()),
        };
        format!("assert Solution().{}({argument}) == {}", self.method, (self.spec().truth)(&self.params, &input))
    }
}
