//! From a test's text to statements over answers. Whatever is not known here makes the whole test one for the judge.

use super::depth::is_shallow;
use super::expression::{Arithmetic, Comparison, Expression, Scope};
use super::functions::function;
use super::{ParsedTest, Statement};
use rustpython_parser::ast::{self, Ranged};
use rustpython_parser::{Parse, text_size::TextRange};
use sandbox::{Call, Value};
use std::collections::BTreeMap;

/// Names of values rather than of variables.
const CONSTANTS: [(&str, f64); 2] = [("inf", f64::INFINITY), ("nan", f64::NAN)];

pub(super) fn lower(text: &str) -> Option<ParsedTest> {
    if !is_shallow(text) {
        return None;
    }
    let suite = ast::Suite::parse(text, "test").ok()?;
    let mut lowering = Lowering { text, calls: vec![], passed: vec![], variables: BTreeMap::new(), changing: vec![] };
    let statements = suite.into_iter().map(|s| lowering.statement(s)).collect::<Option<Vec<_>>>()?;
    Some(ParsedTest { statements, calls: lowering.calls, passed: lowering.passed })
}

struct Lowering<'a> {
    text: &'a str,
    calls: Vec<Call>,
    passed: Vec<Vec<(usize, String)>>,
    /// How each variable that may be passed to a call is written; nothing once it has been passed, or came from a call.
    variables: BTreeMap<String, Option<String>>,
    /// Variables that a call of this statement may have changed: what they hold now depends on the order of evaluation.
    changing: Vec<String>,
}

impl Lowering<'_> {
    fn slice(&self, range: TextRange) -> &str {
        &self.text[range.start().to_usize()..range.end().to_usize()]
    }

    fn statement(&mut self, statement: ast::Stmt) -> Option<Statement> {
        self.changing.clear();
        match statement {
            ast::Stmt::Assert(assert) => Some(Statement::Assert(self.expression(*assert.test)?)),
            ast::Stmt::Expr(expr) => Some(Statement::Do(self.expression(*expr.value)?)),
            ast::Stmt::Assign(assign) => {
                let [ast::Expr::Name(name)] = assign.targets.as_slice() else { return None };
                let (name, written) = (name.id.to_string(), self.slice(assign.value.range()).to_string());
                let closed = is_closed(&assign.value);
                let value = self.expression(*assign.value)?;
                self.variables.insert(name.clone(), closed.then_some(written));
                Some(Statement::Assign(name, value))
            }
            _ => None,
        }
    }

    fn all(&mut self, items: Vec<ast::Expr>) -> Option<Vec<Expression>> {
        items.into_iter().map(|e| self.expression(e)).collect()
    }

    fn boxed(&mut self, e: ast::Expr) -> Option<Box<Expression>> {
        self.expression(e).map(Box::new)
    }

    fn expression(&mut self, e: ast::Expr) -> Option<Expression> {
        match e {
            ast::Expr::Constant(c) => constant(c.value).map(Expression::Value),
            ast::Expr::List(list) => Some(folded(Expression::List(self.all(list.elts)?))),
            ast::Expr::Tuple(tuple) => Some(folded(Expression::Tuple(self.all(tuple.elts)?))),
            ast::Expr::Set(set) => Some(folded(Expression::Set(self.all(set.elts)?))),
            ast::Expr::Dict(dict) => self.dict(dict),
            ast::Expr::Name(name) => self.name(name.id.as_str()),
            ast::Expr::Attribute(attribute) => math(&attribute),
            ast::Expr::UnaryOp(unary) => self.unary(unary),
            ast::Expr::BinOp(binary) => {
                let operation = match binary.op {
                    ast::Operator::Add => Arithmetic::Add,
                    ast::Operator::Sub => Arithmetic::Subtract,
                    ast::Operator::Mult => Arithmetic::Multiply,
                    ast::Operator::Div => Arithmetic::Divide,
                    ast::Operator::Pow => Arithmetic::Power,
                    _ => return None,
                };
                let (left, right) = (self.boxed(*binary.left)?, self.boxed(*binary.right)?);
                Some(folded(Expression::Arithmetic(operation, left, right)))
            }
            ast::Expr::BoolOp(both) => {
                let items = self.all(both.values)?;
                Some(if both.op == ast::BoolOp::And { Expression::And(items) } else { Expression::Or(items) })
            }
            ast::Expr::Compare(compare) => {
                let left = self.boxed(*compare.left)?;
                let rest = compare.ops.into_iter().zip(compare.comparators);
                let rest =
                    rest.map(|(op, e)| Some((comparison(op), self.expression(e)?))).collect::<Option<Vec<_>>>()?;
                // Identity means something between values only for `None`, `True` and `False`.
                let identity = |c: Comparison| matches!(c, Comparison::Is | Comparison::IsNot);
                let single = |e: &Expression| matches!(e, Expression::Value(Value::None | Value::Bool(_)));
                let known = rest.iter().all(|(c, e)| !identity(*c) || single(e));
                known.then_some(Expression::Compare(left, rest))
            }
            ast::Expr::Call(call) => self.call(call),
            _ => None,
        }
    }

    fn dict(&mut self, dict: ast::ExprDict) -> Option<Expression> {
        let mut pairs = vec![];
        for (key, value) in dict.keys.into_iter().zip(dict.values) {
            match (self.expression(key?)?, self.expression(value)?) {
                (Expression::Value(k), Expression::Value(v)) => pairs.push((k, v)),
                _ => return None,
            }
        }
        Some(Expression::Value(Value::dict(pairs)))
    }

    fn name(&self, name: &str) -> Option<Expression> {
        if self.changing.iter().any(|n| n == name) {
            return None;
        }
        if self.variables.contains_key(name) {
            return Some(Expression::Name(name.into()));
        }
        let (_, value) = CONSTANTS.iter().find(|(n, _)| *n == name)?;
        Some(Expression::Value(Value::Float(*value)))
    }

    fn unary(&mut self, unary: ast::ExprUnaryOp) -> Option<Expression> {
        let inner = self.expression(*unary.operand)?;
        match (unary.op, inner) {
            (ast::UnaryOp::Not, inner) => Some(Expression::Not(Box::new(inner))),
            (ast::UnaryOp::USub, Expression::Value(Value::Int(i))) => Some(Expression::Value(Value::Int(-i))),
            (ast::UnaryOp::USub, Expression::Value(Value::Float(x))) => Some(Expression::Value(Value::Float(-x))),
            (ast::UnaryOp::USub, inner) => {
                let zero = Box::new(Expression::Value(Value::Int(0.into())));
                Some(folded(Expression::Arithmetic(Arithmetic::Subtract, zero, Box::new(inner))))
            }
            (ast::UnaryOp::UAdd, Expression::Value(value @ (Value::Int(_) | Value::Float(_)))) => {
                Some(Expression::Value(value))
            }
            _ => None,
        }
    }

    fn call(&mut self, call: ast::ExprCall) -> Option<Expression> {
        match *call.func {
            ast::Expr::Name(name) if call.keywords.is_empty() => {
                Some(folded(Expression::Apply(function(name.id.as_str())?, self.all(call.args)?)))
            }
            ast::Expr::Attribute(attribute) if is_new_solution(&attribute.value) => {
                self.response_call(attribute.attr.as_str(), &call.args, &call.keywords)
            }
            _ => None,
        }
    }

    /// `Solution().method(arguments)`: the arguments travel as text, with variables written out.
    fn response_call(&mut self, method: &str, positional: &[ast::Expr], named: &[ast::Keyword]) -> Option<Expression> {
        let (mut written, mut passed) = (vec![], vec![]);
        for (at, argument) in positional.iter().chain(named.iter().map(|k| &k.value)).enumerate() {
            let text = match argument {
                ast::Expr::Name(name) if self.variables.contains_key(name.id.as_str()) => {
                    passed.push((at, name.id.to_string()));
                    self.changing.push(name.id.to_string());
                    self.variables.insert(name.id.to_string(), None)??
                }
                closed if is_closed(closed) => self.slice(closed.range()).to_string(),
                _ => return None,
            };
            written.push(text);
        }
        let arguments = if passed.is_empty() {
            self.between(positional, named).to_string()
        } else {
            let names = named.iter().map(|k| Some(format!("{}=", k.arg.as_ref()?)));
            let prefixes = positional.iter().map(|_| Some(String::new())).chain(names).collect::<Option<Vec<_>>>()?;
            prefixes.iter().zip(&written).map(|(p, w)| format!("{p}{w}")).collect::<Vec<_>>().join(", ")
        };
        if named.iter().any(|k| k.arg.is_none()) {
            return None;
        }
        self.calls.push(Call { method: method.into(), arguments, report: !passed.is_empty() });
        self.passed.push(passed);
        Some(Expression::Answer(self.calls.len() - 1))
    }

    /// The arguments as the test writes them.
    fn between(&self, positional: &[ast::Expr], named: &[ast::Keyword]) -> &str {
        let ranges = || positional.iter().map(|e| e.range()).chain(named.iter().map(|k| k.range()));
        match (ranges().map(|r| r.start()).min(), ranges().map(|r| r.end()).max()) {
            (Some(start), Some(end)) => self.slice(TextRange::new(start, end)),
            _ => "",
        }
    }
}

/// A value at once where nothing has to be answered first.
fn folded(e: Expression) -> Expression {
    e.evaluate(&|_| None, &Scope::default()).map_or(e, Expression::Value)
}

fn constant(constant: ast::Constant) -> Option<Value> {
    match constant {
        ast::Constant::None => Some(Value::None),
        ast::Constant::Bool(b) => Some(Value::Bool(b)),
        ast::Constant::Int(i) => Some(Value::Int(i)),
        ast::Constant::Float(x) => Some(Value::Float(x)),
        ast::Constant::Str(s) => Some(Value::Str(s)),
        _ => None,
    }
}

/// `math.inf` and `math.nan`.
fn math(attribute: &ast::ExprAttribute) -> Option<Expression> {
    let ast::Expr::Name(module) = attribute.value.as_ref() else { return None };
    let (_, value) = CONSTANTS.iter().find(|(n, _)| *n == attribute.attr.as_str())?;
    (module.id.as_str() == "math").then_some(Expression::Value(Value::Float(*value)))
}

fn comparison(op: ast::CmpOp) -> Comparison {
    match op {
        ast::CmpOp::Eq => Comparison::Equal,
        ast::CmpOp::NotEq => Comparison::NotEqual,
        ast::CmpOp::Lt => Comparison::Less,
        ast::CmpOp::LtE => Comparison::LessOrEqual,
        ast::CmpOp::Gt => Comparison::Greater,
        ast::CmpOp::GtE => Comparison::GreaterOrEqual,
        ast::CmpOp::Is => Comparison::Is,
        ast::CmpOp::IsNot => Comparison::IsNot,
        ast::CmpOp::In => Comparison::In,
        ast::CmpOp::NotIn => Comparison::NotIn,
    }
}

/// `Solution()`.
fn is_new_solution(e: &ast::Expr) -> bool {
    let ast::Expr::Call(call) = e else { return false };
    let named = matches!(call.func.as_ref(), ast::Expr::Name(name) if name.id.as_str() == "Solution");
    named && call.args.is_empty() && call.keywords.is_empty()
}

/// Whether the text means the same wherever it is evaluated: literals, and LeetCode's builders of them.
fn is_closed(e: &ast::Expr) -> bool {
    match e {
        ast::Expr::Constant(_) => true,
        ast::Expr::List(list) => list.elts.iter().all(is_closed),
        ast::Expr::Tuple(tuple) => tuple.elts.iter().all(is_closed),
        ast::Expr::Set(set) => set.elts.iter().all(is_closed),
        ast::Expr::Dict(dict) => {
            dict.keys.iter().all(|k| k.as_ref().is_some_and(is_closed)) && dict.values.iter().all(is_closed)
        }
        ast::Expr::UnaryOp(unary) => is_closed(&unary.operand),
        ast::Expr::BinOp(binary) => is_closed(&binary.left) && is_closed(&binary.right),
        ast::Expr::Name(name) => CONSTANTS.iter().any(|(n, _)| *n == name.id.as_str()),
        ast::Expr::Attribute(attribute) => math(attribute).is_some(),
        ast::Expr::Call(call) => {
            let builder = matches!(call.func.as_ref(), ast::Expr::Name(n)
                if matches!(n.id.as_str(), "list_node" | "tree_node" | "float"));
            builder && call.keywords.is_empty() && call.args.iter().all(is_closed)
        }
        _ => false,
    }
}
