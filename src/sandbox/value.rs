//! Python's plain values as text: a parser for literals, and `==` as Python means it.

use std::cmp::Ordering;
use std::fmt;

/// A value that a test can expect or a response can return. Integers keep their decimal digits, so they have no limit.
#[derive(Clone, Debug)]
pub enum Value {
    None,
    Bool(bool),
    Int(Integer),
    Float(f64),
    Str(String),
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Set(Vec<Value>),
    Dict(Vec<(Value, Value)>),
}

/// A decimal integer without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integer {
    negative: bool,
    digits: String,
}

impl Integer {
    fn new(negative: bool, digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            Self { negative: false, digits: "0".into() }
        } else {
            Self { negative, digits: digits.into() }
        }
    }

    /// Equality with a float, exactly: the float must be whole and have these digits.
    fn equals_float(&self, x: f64) -> bool {
        x.is_finite() && x.fract() == 0.0 && Self::new(x < 0.0, &format!("{:.0}", x.abs())) == *self
    }
}

/// Where and why a literal could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a plain Python literal at byte {at}: {reason}")]
pub struct ParseError {
    pub at: usize,
    pub reason: &'static str,
}

impl Value {
    /// Reads one literal; nothing but white space may follow it.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let value = parser.value()?;
        parser.space();
        if parser.at == text.len() { Ok(value) } else { Err(parser.fail("something follows the value")) }
    }

    /// Python's `bool(x)`.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(b) => *b,
            Self::Int(i) => i.digits != "0",
            Self::Float(x) => *x != 0.0,
            Self::Str(s) => !s.is_empty(),
            Self::List(v) | Self::Tuple(v) | Self::Set(v) => !v.is_empty(),
            Self::Dict(v) => !v.is_empty(),
        }
    }
}

/// Python's `==`: numbers compare by value across bool, int and float; containers only with their own kind.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        use Value::*;
        let as_int = |b: &bool| Integer::new(false, if *b { "1" } else { "0" });
        match (self, other) {
            (None, None) => true,
            (Bool(a), b @ (Bool(_) | Int(_) | Float(_))) => Int(as_int(a)).number_eq(b),
            (a @ (Int(_) | Float(_)), Bool(b)) => a.number_eq(&Int(as_int(b))),
            (a @ (Int(_) | Float(_)), b @ (Int(_) | Float(_))) => a.number_eq(b),
            (Str(a), Str(b)) => a == b,
            (List(a), List(b)) | (Tuple(a), Tuple(b)) => a == b,
            (Set(a), Set(b)) => distinct(a) == distinct(b) && a.iter().all(|x| b.contains(x)),
            (Dict(a), Dict(b)) => a.len() == b.len() && a.iter().all(|(k, v)| b.iter().any(|(l, w)| k == l && v == w)),
            _ => false,
        }
    }
}

impl Value {
    fn number_eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b) == Some(Ordering::Equal),
            (Self::Int(a), Self::Float(b)) | (Self::Float(b), Self::Int(a)) => a.equals_float(*b),
            (Self::Int(a), Self::Bool(b)) => *a == Integer::new(false, if *b { "1" } else { "0" }),
            (Self::Float(a), Self::Bool(b)) => *a == f64::from(u8::from(*b)),
            _ => false,
        }
    }
}

fn distinct(items: &[Value]) -> usize {
    items.iter().enumerate().filter(|(i, x)| !items[..*i].contains(x)).count()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn fail(&self, reason: &'static str) -> ParseError {
        ParseError { at: self.at, reason }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn value(&mut self) -> Result<Value, ParseError> {
        self.depth += 1;
        if self.depth > 200 {
            return Err(self.fail("nested too deeply"));
        }
        self.space();
        let value = match self.rest().chars().next() {
            Some('[') => Value::List(self.items("[", "]")?.0),
            Some('(') => match self.items("(", ")")? {
                (mut one, false) if one.len() == 1 => one.remove(0),
                (items, _) => Value::Tuple(items),
            },
            Some('{') => self.braces()?,
            Some('\'' | '"') => Value::Str(self.string()?),
            Some('-' | '+' | '0'..='9' | '.') => self.number()?,
            _ => self.word()?,
        };
        self.depth -= 1;
        Ok(value)
    }

    /// Comma-separated items and whether a comma came last.
    fn items(&mut self, open: &str, close: &str) -> Result<(Vec<Value>, bool), ParseError> {
        self.eat(open);
        let (mut items, mut comma) = (vec![], false);
        while !self.eat(close) {
            if !items.is_empty() && !comma {
                return Err(self.fail("expected a comma"));
            }
            items.push(self.value()?);
            comma = self.eat(",");
        }
        Ok((items, comma))
    }

    fn braces(&mut self) -> Result<Value, ParseError> {
        self.eat("{");
        if self.eat("}") {
            return Ok(Value::Dict(vec![]));
        }
        let first = self.value()?;
        let is_dict = self.eat(":");
        let (mut pairs, mut items) = (vec![], vec![]);
        if is_dict {
            pairs.push((first, self.value()?))
        } else {
            items.push(first)
        }
        while self.eat(",") {
            if self.rest().trim_start().starts_with('}') {
                break;
            }
            let key = self.value()?;
            match (is_dict, is_dict && self.eat(":")) {
                (true, true) => pairs.push((key, self.value()?)),
                (true, false) => return Err(self.fail("expected `:`")),
                (false, _) => items.push(key),
            }
        }
        if !self.eat("}") {
            return Err(self.fail("expected `}`"));
        }
        Ok(if is_dict { Value::Dict(pairs) } else { Value::Set(items) })
    }

    fn word(&mut self) -> Result<Value, ParseError> {
        for (name, value) in [
            ("None", Value::None),
            ("True", Value::Bool(true)),
            ("False", Value::Bool(false)),
            ("set()", Value::Set(vec![])),
            ("inf", Value::Float(f64::INFINITY)),
            ("nan", Value::Float(f64::NAN)),
        ] {
            if self.eat(name) {
                return Ok(value);
            }
        }
        Err(self.fail("expected a value"))
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let negative = self.eat("-");
        if !negative {
            self.eat("+");
        }
        if self.eat("inf") {
            return Ok(Value::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
        }
        let body = self.rest();
        let mut end = 0;
        for (i, c) in body.char_indices() {
            let signed = matches!(c, '+' | '-') && matches!(body.as_bytes()[i.saturating_sub(1)], b'e' | b'E') && i > 0;
            if !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '_') || signed) {
                break;
            }
            end = i + 1;
        }
        let digits = body[..end].replace('_', "");
        if digits.is_empty() {
            return Err(self.fail("expected a number"));
        }
        self.at += end;
        if digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Value::Int(Integer::new(negative, &digits)));
        }
        let x: f64 = digits.parse().map_err(|_| self.fail("not a number"))?;
        Ok(Value::Float(if negative { -x } else { x }))
    }

    fn string(&mut self) -> Result<String, ParseError> {
        let quote = self.rest().chars().next().unwrap_or('\'');
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else { return Err(self.fail("unfinished string")) };
            self.at += c.len_utf8();
            match c {
                '\\' => out.extend(self.escape()?),
                c if c == quote => return Ok(out),
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<Option<char>, ParseError> {
        let Some(c) = self.rest().chars().next() else { return Err(self.fail("unfinished escape")) };
        self.at += c.len_utf8();
        let width = match c {
            'n' => return Ok(Some('\n')),
            't' => return Ok(Some('\t')),
            'r' => return Ok(Some('\r')),
            '0' => return Ok(Some('\0')),
            '\n' => return Ok(None),
            '\\' | '\'' | '"' => return Ok(Some(c)),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return Err(self.fail("unknown escape")),
        };
        let code = self.rest().get(..width).and_then(|h| u32::from_str_radix(h, 16).ok());
        self.at += width;
        code.and_then(char::from_u32).map(Some).ok_or_else(|| self.fail("bad character code"))
    }
}

/// Shown as Python would write it, near enough for messages.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let list = |f: &mut fmt::Formatter, items: &[Value]| {
            items.iter().enumerate().try_for_each(|(i, x)| write!(f, "{}{x}", if i > 0 { ", " } else { "" }))
        };
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(b) => f.write_str(if *b { "True" } else { "False" }),
            Self::Int(i) => write!(f, "{}{}", if i.negative { "-" } else { "" }, i.digits),
            Self::Float(x) => write!(f, "{x:?}"),
            Self::Str(s) => write!(f, "{s:?}"),
            Self::List(v) => f.write_str("[").and_then(|_| list(f, v)).and_then(|_| f.write_str("]")),
            Self::Tuple(v) => f.write_str("(").and_then(|_| list(f, v)).and_then(|_| f.write_str(",)")),
            Self::Set(v) => f.write_str("{").and_then(|_| list(f, v)).and_then(|_| f.write_str("}")),
            Self::Dict(v) => {
                f.write_str("{")?;
                v.iter().try_for_each(|(k, x)| write!(f, "{k}: {x}, "))?;
                f.write_str("}")
            }
        }
    }
}
