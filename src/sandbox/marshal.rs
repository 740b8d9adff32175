//! Plain values as bytes: the part of CPython's `marshal` format, version 2, that exact builtin types take.
//!
//! Bytes from a response are hostile: every length is checked against what is left, nesting is bounded, and whatever is
//! not a plain value (code, bytes, complex numbers, references) is refused. Python's own `marshal` never reads them.

use crate::Value;
use num_bigint::{BigInt, BigUint, Sign};

/// Deeper values are no value. Comparing one takes many steps a level, on the 2 MiB stack of a thread, in a debug build too.
const DEPTH: usize = 200;

/// The value in `bytes`, if they hold exactly one.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { bytes };
    let value = reader.value(0)?;
    reader.bytes.is_empty().then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(n)?;
        self.bytes = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn count(&mut self) -> Option<usize> {
        let n = u32::from_le_bytes(self.array()?) as usize;
        // An item takes a byte at least.
        (n <= self.bytes.len()).then_some(n)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let [kind] = self.array()?;
        self.of_kind(kind, depth)
    }

    fn of_kind(&mut self, kind: u8, depth: usize) -> Option<Value> {
        if depth > DEPTH {
            return None;
        }
        Some(match kind {
            b'N' => Value::None,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'i' => Value::Int(i32::from_le_bytes(self.array()?).into()),
            b'l' => Value::Int(self.long()?),
            b'g' => Value::Float(f64::from_le_bytes(self.array()?)),
            b'u' => {
                let n = self.count()?;
                Value::Str(std::str::from_utf8(self.take(n)?).ok()?.into())
            }
            b'[' => Value::List(self.items(depth)?),
            b'<' | b'>' => Value::Set(self.items(depth)?),
            b'(' if self.bytes.get(4) == Some(&b'.') => self.nodes(depth)?,
            b'(' => Value::Tuple(self.items(depth)?),
            b'{' => self.pairs(depth)?,
            _ => return None,
        })
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Value>> {
        let n = self.count()?;
        (0..n).map(|_| self.value(depth + 1)).collect()
    }

    fn pairs(&mut self, depth: usize) -> Option<Value> {
        let mut pairs = vec![];
        loop {
            match self.array()? {
                [b'0'] => return Some(Value::Dict(pairs)),
                [kind] => pairs.push((self.of_kind(kind, depth + 1)?, self.value(depth + 1)?)),
            }
        }
    }

    /// Digits of 15 bits, the sign in their number.
    fn long(&mut self) -> Option<BigInt> {
        let n = i32::from_le_bytes(self.array()?);
        let digits = self.take(n.unsigned_abs() as usize * 2)?;
        let mut bits = vec![0u8; (digits.len() / 2 * 15).div_ceil(8) + 2];
        for (i, digit) in digits.chunks_exact(2).enumerate() {
            let shifted = u32::from(u16::from_le_bytes([digit[0], digit[1]]) & 0x7fff) << (i * 15 % 8);
            for (j, byte) in shifted.to_le_bytes().into_iter().take(3).enumerate() {
                bits[i * 15 / 8 + j] |= byte;
            }
        }
        Some(BigInt::from_biguint(if n < 0 { Sign::Minus } else { Sign::Plus }, BigUint::from_bytes_le(&bits)))
    }

    /// `(..., "list", [values])` or `(..., "tree", [(value,) or None])`, as `child.py` writes them.
    fn nodes(&mut self, depth: usize) -> Option<Value> {
        let n = self.count()?;
        let _ellipsis = self.take(1)?;
        let (Value::Str(kind), Value::List(items)) = (self.value(depth + 1)?, self.value(depth + 1)?) else {
            return None;
        };
        match (n, kind.as_str()) {
            (3, "list") => Some(Value::Linked(items)),
            (3, "tree") => Some(Value::Tree(items.into_iter().map(row).collect::<Option<_>>()?)),
            _ => None,
        }
    }
}

fn row(item: Value) -> Option<Option<Value>> {
    match item {
        Value::None => Some(None),
        Value::Tuple(mut one) if one.len() == 1 => one.pop().map(Some),
        _ => None,
    }
}

/// The reverse, for values that go to a process of ours.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    let many = |kind: u8, items: &[Value], out: &mut Vec<u8>| {
        out.push(kind);
        out.extend((items.len() as u32).to_le_bytes());
        items.iter().for_each(|item| encode(item, out));
    };
    match value {
        Value::None => out.push(b'N'),
        Value::Bool(b) => out.push(if *b { b'T' } else { b'F' }),
        Value::Int(i) => long(i, out),
        Value::Float(x) => {
            out.push(b'g');
            out.extend(x.to_le_bytes());
        }
        Value::Str(s) => {
            out.push(b'u');
            out.extend((s.len() as u32).to_le_bytes());
            out.extend(s.as_bytes());
        }
        Value::List(items) => many(b'[', items, out),
        Value::Tuple(items) => many(b'(', items, out),
        Value::Set(items) => many(b'<', items, out),
        Value::Dict(pairs) => {
            out.push(b'{');
            pairs.iter().flat_map(|(k, v)| [k, v]).for_each(|x| encode(x, out));
            out.push(b'0');
        }
        Value::Linked(items) => tagged("list", &Value::List(items.clone()), out),
        Value::Tree(rows) => {
            let row = |r: &Option<Value>| r.as_ref().map_or(Value::None, |v| Value::Tuple(vec![v.clone()]));
            tagged("tree", &Value::List(rows.iter().map(row).collect()), out);
        }
    }
}

fn tagged(kind: &str, items: &Value, out: &mut Vec<u8>) {
    out.push(b'(');
    out.extend(3u32.to_le_bytes());
    out.push(b'.');
    encode(&Value::Str(kind.into()), out);
    encode(items, out);
}

fn long(i: &BigInt, out: &mut Vec<u8>) {
    let (sign, digits) = (i.sign(), i.magnitude().to_radix_le(1 << 8));
    let bit = |n: usize| digits.get(n / 8).is_some_and(|byte| byte >> (n % 8) & 1 == 1);
    let count = (i.magnitude().bits() as usize).div_ceil(15);
    out.push(b'l');
    out.extend((if sign == Sign::Minus { -(count as i32) } else { count as i32 }).to_le_bytes());
    for d in 0..count {
        let digit = (0..15).fold(0u16, |sum, b| sum | u16::from(bit(d * 15 + b)) << b);
        out.extend(digit.to_le_bytes());
    }
}
