//! The next number or text of bytes that nobody vouches for. Nothing is allocated by a length that was not held against what
//! is left.

use crate::gguf::Value;

/// No list that a model needs is longer: a damaged length must not fill the memory.
const MOST: u64 = 1 << 22;

pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, String>;

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes so far.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, count: u64, what: &str) -> Read<&'a [u8]> {
        let left = &self.bytes[self.at..];
        let count = usize::try_from(count).ok().filter(|&count| count <= left.len());
        let count = count.ok_or_else(|| format!("it ends inside {what}"))?;
        self.at += count;
        Ok(&left[..count])
    }

    pub(crate) fn array<const N: usize>(&mut self, what: &str) -> Read<[u8; N]> {
        Ok(self.take(N as u64, what)?.try_into().expect("as many as were asked for"))
    }

    pub(crate) fn u32(&mut self, what: &str) -> Read<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, what: &str) -> Read<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    pub(crate) fn text(&mut self, what: &str) -> Read<&'a str> {
        let length = self.u64(what)?;
        std::str::from_utf8(self.take(length, what)?).map_err(|_| format!("{what} is not UTF-8"))
    }

    /// A value behind the number of its type.
    pub(crate) fn value(&mut self, what: &str) -> Read<Value<'a>> {
        match self.u32(what)? {
            9 => self.list(what),
            kind => self.scalar(kind, what),
        }
    }

    fn list(&mut self, what: &str) -> Read<Value<'a>> {
        let (kind, count) = (self.u32(what)?, self.u64(what)?);
        if count > MOST {
            return Err(format!("{what} is a list of {count} entries, more than any model has"));
        }
        (0..count).map(|_| self.scalar(kind, what)).collect::<Read<_>>().map(Value::List)
    }

    fn scalar(&mut self, kind: u32, what: &str) -> Read<Value<'a>> {
        Ok(match kind {
            0 => Value::Whole(self.array(what).map(u8::from_le_bytes)?.into()),
            1 => Value::Whole(self.array(what).map(i8::from_le_bytes)?.into()),
            2 => Value::Whole(self.array(what).map(u16::from_le_bytes)?.into()),
            3 => Value::Whole(self.array(what).map(i16::from_le_bytes)?.into()),
            4 => Value::Whole(self.u32(what)?.into()),
            5 => Value::Whole(self.array(what).map(i32::from_le_bytes)?.into()),
            6 => Value::Number(decimal(self.array(what).map(f32::from_le_bytes)?)),
            7 => match self.array(what)? {
                [0] => Value::Flag(false),
                [1] => Value::Flag(true),
                [other] => return Err(format!("{what} is {other}, neither true nor false")),
            },
            8 => Value::Text(self.text(what)?),
            10 => Value::Whole(self.u64(what)?.into()),
            11 => Value::Whole(self.array(what).map(i64::from_le_bytes)?.into()),
            12 => Value::Number(self.array(what).map(f64::from_le_bytes)?),
            9 => return Err(format!("{what} is a list of lists, which no model has")),
            other => return Err(format!("{what} has the type {other}, which GGUF does not define")),
        })
    }
}

/// The number that somebody wrote who meant this one: 1e-6 and not 9.999999974752427e-7.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_f32_is_the_decimal_that_it_was_written_as() {
        assert_eq!([1e-6f32, 1e6, 10000.0, 0.1].map(decimal), [1e-6, 1e6, 10000.0, 0.1]);
        assert!(decimal(f32::NAN).is_nan());
    }
}
