//! A GGUF file: keys with values, and tensors. All that it claims is held against its size when it is read, so that nothing
//! behind can reach beyond it.

use crate::blocks::{Packing, packing};
use crate::cursor::Cursor;
use std::collections::BTreeMap;
use std::fmt;

/// What a key has.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// An integer of any width.
    Whole(i128),
    /// A float of any width.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// UTF-8.
    Text(&'a str),
    /// Values of one type, none of them a list.
    List(Vec<Value<'a>>),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Flag(value) => value.fmt(f),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::List(values) => write!(f, "a list of {}", values.len()),
        }
    }
}

/// A matrix, or a vector as a matrix of one row, as it is packed in the file.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// Rows, then columns; of a vector its length alone. (GGUF has them the other way round.)
    pub shape: Vec<usize>,
    /// How its values are packed.
    pub packing: &'static Packing,
    bytes: &'a [u8],
}

impl Tensor<'_> {
    /// Values in a row.
    pub fn cols(&self) -> usize {
        self.shape[self.shape.len() - 1]
    }

    /// Rows; of a vector, one.
    pub fn rows(&self) -> usize {
        if self.shape.len() == 1 { 1 } else { self.shape[0] }
    }

    /// Unpacks a row into as many values as there are columns.
    ///
    /// # Panics
    /// There is no such row, or no such room.
    pub fn unpack(&self, row: usize, values: &mut [f32]) {
        assert_eq!(values.len(), self.cols());
        let length = self.cols() / self.packing.values * self.packing.bytes;
        let blocks = self.bytes[row * length..][..length].chunks_exact(self.packing.bytes);
        values.chunks_exact_mut(self.packing.values).zip(blocks).for_each(|(values, block)| {
            (self.packing.unpack)(block, values);
        });
    }
}

/// Keys and tensors by their names.
#[derive(Debug)]
pub struct Gguf<'a> {
    /// What is said of the model.
    pub keys: BTreeMap<&'a str, Value<'a>>,
    /// What it consists of.
    pub tensors: BTreeMap<&'a str, Tensor<'a>>,
}

type Read<T> = Result<T, String>;

/// A tensor as the header has it.
struct Entry<'a> {
    name: &'a str,
    shape: Vec<usize>,
    packing: &'static Packing,
    offset: u64,
}

impl<'a> Gguf<'a> {
    /// Reads a whole file; what is wrong with it comes in words.
    pub fn parse(bytes: &'a [u8]) -> Read<Self> {
        let mut cursor = Cursor::new(bytes);
        let magic: [u8; 4] = cursor.array("the four bytes that every GGUF file begins with")?;
        if magic != *b"GGUF" {
            return Err(format!("it begins with {:?}, not with \"GGUF\"", String::from_utf8_lossy(&magic)));
        }
        match cursor.u32("the version")? {
            2 | 3 => {}
            swapped if matches!(swapped.swap_bytes(), 2 | 3) => return Err("its numbers are big-endian".into()),
            other => return Err(format!("its version is {other}; 2 and 3 are read here")),
        }
        let (tensors, keys) = (cursor.u64("the number of tensors")?, cursor.u64("the number of keys")?);
        let keys = keys_of(&mut cursor, keys)?;
        let entries: Vec<Entry> = (0..tensors).map(|_| entry(&mut cursor)).collect::<Read<_>>()?;
        let alignment = alignment(&keys)?;
        let begin = cursor.at().next_multiple_of(alignment);
        let data = bytes.get(begin..).unwrap_or_default();
        let mut found = Self { keys, tensors: BTreeMap::new() };
        for entry in entries {
            let name = entry.name;
            if found.tensors.insert(name, placed(entry, data, alignment)?).is_some() {
                return Err(format!("it has two tensors {name}"));
            }
        }
        Ok(found)
    }

    /// A key that must be there.
    fn key(&self, name: &str) -> Read<&Value<'a>> {
        self.keys.get(name).ok_or_else(|| format!("it has no {name}"))
    }

    /// The size that a key states: above zero, and no larger than any model has.
    pub fn size(&self, name: &str) -> Read<usize> {
        /// No model is larger in any size: a product of two cannot overflow then.
        const MOST: i128 = 1 << 24;
        match self.key(name)? {
            Value::Whole(size @ 1..=MOST) => Ok(*size as usize),
            other => Err(format!("{name} is {other}, expected a whole number from 1 to {MOST}")),
        }
    }

    /// A float above zero.
    pub(crate) fn number(&self, name: &str) -> Read<f64> {
        match self.key(name)? {
            Value::Number(number) if number.is_finite() && *number > 0.0 => Ok(*number),
            other => Err(format!("{name} is {other}, expected a number above zero")),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&self, name: &str) -> Read<&'a str> {
        match self.key(name)? {
            Value::Text(text) => Ok(text),
            other => Err(format!("{name} is {other}, expected a text")),
        }
    }

    /// A list that must be there, each of its values read by `read`.
    pub(crate) fn list<T>(&self, name: &str, read: impl Fn(&Value<'a>) -> Option<T>) -> Read<Vec<T>> {
        let Value::List(values) = self.key(name)? else { return Err(format!("{name} is no list")) };
        let wrong = |value: &Value| format!("{name} has the entry {value}, which is none of its type");
        values.iter().map(|value| read(value).ok_or_else(|| wrong(value))).collect()
    }
}

fn keys_of<'a>(cursor: &mut Cursor<'a>, count: u64) -> Read<BTreeMap<&'a str, Value<'a>>> {
    let mut keys = BTreeMap::new();
    for _ in 0..count {
        let name = cursor.text("the name of a key")?;
        if keys.insert(name, cursor.value(name)?).is_some() {
            return Err(format!("it has two keys {name}"));
        }
    }
    Ok(keys)
}

/// Where tensors may begin.
fn alignment(keys: &BTreeMap<&str, Value>) -> Read<usize> {
    match keys.get("general.alignment") {
        None => Ok(32),
        Some(Value::Whole(n @ 1..=65536)) if (*n as usize).is_power_of_two() => Ok(*n as usize),
        Some(other) => Err(format!("general.alignment is {other}, expected a power of two")),
    }
}

fn entry<'a>(cursor: &mut Cursor<'a>) -> Read<Entry<'a>> {
    let name = cursor.text("the name of a tensor")?;
    let dimensions = cursor.u32(name)?;
    if !matches!(dimensions, 1 | 2) {
        return Err(format!("{name} has {dimensions} dimensions; vectors and matrices are read here"));
    }
    let mut shape = vec![];
    for _ in 0..dimensions {
        let size = cursor.u64(name)?;
        shape.push(usize::try_from(size).map_err(|_| format!("{name} has {size} values in a row"))?);
    }
    shape.reverse();
    let id = cursor.u32(name)?;
    let packing = packing(id).map_err(|reason| format!("{name} {reason}"))?;
    Ok(Entry { name, shape, packing, offset: cursor.u64(name)? })
}

fn placed<'a>(entry: Entry, data: &'a [u8], alignment: usize) -> Read<Tensor<'a>> {
    let Entry { name, shape, packing, offset } = entry;
    let cols = shape[shape.len() - 1];
    if !cols.is_multiple_of(packing.values) {
        return Err(format!("{name} has rows of {cols} values, but {} packs {} at once", packing.name, packing.values));
    }
    let values = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
    let length = values.and_then(|n| (n / packing.values).checked_mul(packing.bytes));
    let length = length.ok_or_else(|| format!("{name} of the shape {shape:?} has more values than can be counted"))?;
    if !offset.is_multiple_of(alignment as u64) {
        return Err(format!("{name} begins at {offset}, which is no multiple of {alignment}"));
    }
    let begin = usize::try_from(offset).ok();
    let bytes = begin.and_then(|begin| data.get(begin..begin.checked_add(length)?));
    let beyond = || format!("{name} has {length} bytes from {offset} on, and there are {}", data.len());
    Ok(Tensor { bytes: bytes.ok_or_else(beyond)?, shape, packing })
}
