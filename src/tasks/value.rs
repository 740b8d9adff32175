//! Values that a method receives and returns, and how Python writes them.

use std::fmt::{Display, Formatter, Result};

/// A Python value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An `int`.
    Int(i64),
    /// A `str` without control characters but line ends.
    Text(String),
    /// A `list`.
    List(Vec<Value>),
    /// A `dict`, in the order of its insertions.
    Map(Vec<(Value, Value)>),
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let joined = |parts: Vec<String>| parts.join(", ");
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Text(s) => {
                write!(
                    f,
                    "'{}'",
                    s.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\t', "\\t")
                )
            }
            Self::List(items) => write!(f, "[{}]", joined(items.iter().map(Value::to_string).collect())),
            Self::Map(entries) => {
                write!(f, "{{{}}}", joined(entries.iter().map(|(key, value)| format!("{key}: {value}")).collect()))
            }
        }
    }
}

impl From<bool> for Value {
    fn from(x: bool) -> Self {
        Self::Bool(x)
    }
}

impl From<i64> for Value {
    fn from(x: i64) -> Self {
        Self::Int(x)
    }
}

impl From<usize> for Value {
    fn from(x: usize) -> Self {
        Self::Int(x as i64)
    }
}

impl From<&str> for Value {
    fn from(x: &str) -> Self {
        Self::Text(x.into())
    }
}

impl From<String> for Value {
    fn from(x: String) -> Self {
        Self::Text(x)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// Python's lists of two, such as `['pear', 3]`.
impl<A: Into<Value>, B: Into<Value>> From<(A, B)> for Value {
    fn from((a, b): (A, B)) -> Self {
        Self::List(vec![a.into(), b.into()])
    }
}

/// `None` where there is none.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(x: Option<T>) -> Self {
        x.map_or(Self::None, Into::into)
    }
}

impl Value {
    /// A dictionary.
    pub fn map<K: Into<Value>, V: Into<Value>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// The number.
    ///
    /// # Panics
    /// As all of these readers do: a kind whose `truth` reads what its `input` does not make.
    pub fn int(&self) -> i64 {
        if let Self::Int(n) = self { *n } else { panic!("{self} is no int") }
    }

    /// The text.
    pub fn text(&self) -> &str {
        if let Self::Text(s) = self { s } else { panic!("{self} is no str") }
    }

    /// The items of a list.
    pub fn list(&self) -> &[Value] {
        if let Self::List(items) = self { items } else { panic!("{self} is no list") }
    }

    /// The entries of a dictionary.
    pub fn entries(&self) -> &[(Value, Value)] {
        if let Self::Map(entries) = self { entries } else { panic!("{self} is no dict") }
    }

    /// A list of numbers.
    pub fn ints(&self) -> Vec<i64> {
        self.list().iter().map(Value::int).collect()
    }

    /// A list of texts.
    pub fn texts(&self) -> Vec<&str> {
        self.list().iter().map(Value::text).collect()
    }

    /// A list of lists of numbers, such as a matrix.
    pub fn rows(&self) -> Vec<Vec<i64>> {
        self.list().iter().map(Value::ints).collect()
    }
}
