//! A problem's tests, taken apart: which calls the response has to answer, and what must hold of the answers. The calls
//! go into the sandbox; everything else is evaluated here, on plain values, where nothing of the response's runs.
//!
//! A test that is not made of the pieces known here is left whole, for the sandbox's judge.

mod depth;
mod expression;
mod functions;
mod lower;

use expression::{Expression, Scope};
use sandbox::{Call, Returned};

/// One test, ready to be run.
#[derive(Clone, Debug)]
pub enum Test {
    /// Calls for the sandbox, and asserts over their answers that are evaluated here.
    Parsed(ParsedTest),
    /// The text as it stands: a process that the response's code never enters runs it.
    Judged(String),
}

impl Test {
    /// Takes a test apart if it is made of known pieces.
    pub fn new(text: &str) -> Self {
        lower::lower(text).map_or_else(|| Self::Judged(text.into()), Self::Parsed)
    }
}

/// A test as statements over the answers to its calls.
#[derive(Clone, Debug)]
pub struct ParsedTest {
    statements: Vec<Statement>,
    /// What the response is asked, in the order in which answers are read.
    pub calls: Vec<Call>,
    /// For each call, which variables were passed to it, and where among its arguments.
    passed: Vec<Vec<(usize, String)>>,
}

#[derive(Clone, Debug)]
enum Statement {
    Assign(String, Expression),
    Do(Expression),
    Assert(Expression),
}

impl ParsedTest {
    /// Whether every assert holds, given what each call returned. What Python would answer with an exception does not.
    pub fn holds(&self, returned: &[Option<Returned>]) -> bool {
        let mut scope = Scope::default();
        self.statements.iter().all(|statement| self.run(statement, returned, &mut scope).unwrap_or(false))
    }

    fn run(&self, statement: &Statement, returned: &[Option<Returned>], scope: &mut Scope) -> Option<bool> {
        let (expression, name) = match statement {
            Statement::Assign(name, value) => (value, Some(name)),
            Statement::Do(value) | Statement::Assert(value) => (value, None),
        };
        let value = expression.evaluate(&|call| self.answer(call, returned), scope)?;
        // In place: what a call did to the variables that it was passed is there after its statement.
        for call in expression.calls() {
            for (at, variable) in &self.passed[call] {
                let after = returned.get(call)?.as_ref()?.arguments.get(*at)?;
                scope.insert(variable.clone(), after.clone());
            }
        }
        if let Some(name) = name {
            scope.insert(name.clone(), value.clone());
        }
        Some(!matches!(statement, Statement::Assert(_)) || value.is_truthy())
    }

    fn answer(&self, call: usize, returned: &[Option<Returned>]) -> Option<sandbox::Value> {
        Some(returned.get(call)?.as_ref()?.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbox::Value;

    fn parsed(text: &str) -> ParsedTest {
        match Test::new(text) {
            Test::Parsed(parsed) => parsed,
            Test::Judged(_) => panic!("{text} is not taken apart"),
        }
    }

    /// A value written as a literal.
    fn value(text: &str) -> Value {
        match &parsed(&format!("x = {text}")).statements[0] {
            Statement::Assign(_, e) => e.evaluate(&|_| None, &Scope::default()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn holds(text: &str, answers: &[&str]) -> bool {
        let returned = |a: &&str| Some(Returned { value: value(a), arguments: vec![] });
        parsed(text).holds(&answers.iter().map(returned).collect::<Vec<_>>())
    }

    #[test]
    fn an_assert_is_taken_apart_at_its_outer_parenthesis() {
        let test = parsed("assert Solution().f(s = 'a)\\'(', k=[1, (2)]) == {'x': -inf}");
        assert_eq!(test.calls[0].method, "f");
        assert_eq!(test.calls[0].arguments, "s = 'a)\\'(', k=[1, (2)]");
        assert!(holds("assert Solution().f(s = 'a)\\'(', k=[1, (2)]) == {'x': -inf}", &["{'x': -float('inf')}"]));
    }

    #[test]
    fn comparisons_are_pythons() {
        for (test, right, wrong) in [
            ("assert Solution().f(1) == 2.00000", "2", "2.5"),
            ("assert Solution().f(1) == [1]", "[True]", "(1,)"),
            ("assert Solution().f(1) is None", "None", "0"),
            ("assert Solution().f(1) is True", "True", "1"),
            ("assert Solution().f(1)", "[0]", "[]"),
            ("assert not Solution().f(1)", "''", "'a'"),
            ("assert Solution().f(1) in (3, 4)", "4", "5"),
            ("assert Solution().f(1) is not None", "0", "None"),
            ("assert Solution().f(1) not in (3, 4)", "5", "4"),
            ("assert Solution().f(1) in {'a': 1}", "'a'", "'b'"),
            ("assert Solution().f(1) in 'abc'", "'bc'", "'ca'"),
            ("assert 1 < Solution().f(1) <= 3", "3", "3.5"),
            ("assert Solution().f(1) != 'x' and len(Solution().f(1)) == 1", "'y'", "'x'"),
            ("assert abs(Solution().f(1) - 2.5) < 1e-5", "2.500001", "2.6"),
            ("assert sorted(Solution().f(1)) == [1, 2, 3]", "[3, 1, 2]", "[3, 1]"),
            ("assert set(Solution().f(1)) == {'a', 'b'}", "['b', 'a', 'a']", "['b']"),
            ("assert round(Solution().f(1), 2) == 0.33", "0.3333", "0.34"),
            ("assert Solution().f(1) / 2 == 1.5", "3", "4"),
            ("x = 2; assert Solution().f(1) == x", "2", "1"),
            ("assert -Solution().f(1) == 2", "-2", "2"),
            ("assert Solution().f(1) == +3", "3", "-3"),
            ("assert Solution().f(1) == math.inf", "inf", "nan"),
            ("assert Solution().f(1) == 10**9 + 7", "1000000007", "1000000008"),
            ("assert is_same_list(Solution().f(1), list_node([1, 2]))", "list_node([1, 2.0])", "list_node([1])"),
            ("assert is_same_list(Solution().f(1), list_node([]))", "None", "list_node([1])"),
            (
                "assert is_same_tree(Solution().f(1), tree_node([1, None, 2]))",
                "tree_node([1, None, 2])",
                "tree_node([1, 2])",
            ),
            ("assert Solution().f(1) == list_node([])", "None", "list_node([1])"),
        ] {
            let calls = parsed(test).calls.len();
            assert!(holds(test, &vec![right; calls]), "{test} with {right}");
            assert!(!holds(test, &vec![wrong; calls]), "{test} with {wrong}");
        }
        assert!(
            !holds("assert Solution().f(1) == list_node([1])", &["list_node([1])"]),
            "nodes are equal only to themselves"
        );
        assert!(!holds("assert Solution().f(1) < 3", &["'a'"]), "an exception in Python");
        assert!(!holds("assert sorted(Solution().f(1)) == 0", &["[1, 'a']"]), "an exception in Python");
    }

    #[test]
    fn what_a_call_changes_in_place_is_there_afterwards() {
        let test = parsed("nums = [3, 1]\nr = Solution().f(nums, k=2)\nassert r is None and nums == [1, 3]");
        assert_eq!(test.calls[0].arguments, "[3, 1], k=2");
        assert!(test.calls[0].report);
        let after = |nums: &str| vec![Some(Returned { value: Value::None, arguments: vec![value(nums), value("2")] })];
        assert!(test.holds(&after("[1, 3]")));
        assert!(!test.holds(&after("[3, 1]")));
        assert!(!test.holds(&[None]));
        let alone = parsed("nums = [3, 1]\nSolution().f(nums, k=2)\nassert nums == [1, 3]");
        assert!(alone.holds(&after("[1, 3]")) && !alone.holds(&after("[3, 1]")));
    }

    #[test]
    fn a_variable_travels_as_it_is_written_if_that_means_the_same_anywhere() {
        for value in
            ["(1, 2)", "2 + 3", "{1: 'a'}", "{1, 2}", "-1", "inf", "math.nan", "[tree_node([1]), float('inf')]"]
        {
            let test = parsed(&format!("x = {value}\nassert Solution().f(x) == 1"));
            assert_eq!(test.calls[0].arguments, value);
        }
        assert_eq!(parsed("assert Solution().f(inf, k=nan) == 1").calls[0].arguments, "inf, k=nan");
        for value in ["{1: len('a')}", "{len('a'): 1}", "[len('a')]", "2 + len('a')", "-len('a')"] {
            assert!(
                matches!(Test::new(&format!("x = {value}\nassert Solution().f(x) == 1")), Test::Judged(_)),
                "{value}"
            );
        }
    }

    #[test]
    fn builders_travel_to_the_response_as_they_are_written() {
        assert_eq!(
            parsed("assert Solution().f(root = tree_node([4, None])) == 1").calls[0].arguments,
            "root = tree_node([4, None])"
        );
        let test = parsed("h = list_node([1])\nassert is_same_list(Solution().f(h), list_node([1]))");
        assert_eq!(test.calls[0].arguments, "list_node([1])");
    }

    #[test]
    fn a_test_of_other_pieces_is_left_to_the_judge() {
        for text in [
            "assert all(x > 0 for x in Solution().f(1))",
            "s = Solution()\ns.add(1)\nassert s.sum() == 1",
            "assert Solution().f(Solution().g(1)) == 1",
            "x = [1]\nSolution().f(x)\nassert Solution().f(x) == 1",
            "assert sorted(Solution().f(1), key=len) == []",
            "x = [1]\nassert Solution().f(x) == 0 and x == [1]",
            "x = [1]\nr = Solution().f(x)\nassert r is x",
            "assert eval('1')",
            "import os",
            "assert Solution(3).f() == 1",
            "assert Solution().f(unknown) == 1",
            "assert Solution().f(*[1]) == 1",
            "this is not Python",
        ] {
            assert!(matches!(Test::new(text), Test::Judged(_)), "{text}");
        }
    }
}
