//! JSON lines: read as other programs write them, written one row a line.
//!
//! Read are files, pipes and `-` (standard input), plain or gzip; a byte order mark and CRLF are no part of a row. Python's
//! `json` writes what JSON does not have: `NaN` and `Infinity` are read as null, half a surrogate pair as U+FFFD.

use crate::{BundleError, Result, files};
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// No row is longer, in bytes: what has no end of a line for so long is no JSON lines, however small it was packed.
const LONGEST: u64 = 64 << 20;

/// The lines of a file that hold something, with their numbers. It is read once, from front to back.
pub struct Lines {
    reader: Box<dyn BufRead>,
    path: PathBuf,
    number: usize,
    size: Option<u64>,
    read: Arc<AtomicU64>,
}

/// Counts what is read.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(buffer)?;
        self.1.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Lines {
    /// # Errors
    /// A file that cannot be read, is a Git LFS pointer, or is packed or encoded in a way that is not read here.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |source| BundleError::Read { path: path.into(), source };
        let (source, size): (Box<dyn Read>, Option<u64>) = if path == Path::new(files::STANDARD) {
            (Box::new(std::io::stdin()), None)
        } else {
            let file = File::open(path).map_err(fail)?;
            let about = file.metadata().map_err(fail)?;
            (Box::new(file), about.is_file().then_some(about.len()))
        };
        let read = Arc::new(AtomicU64::new(0));
        let mut raw = BufReader::new(Counted(source, read.clone()));
        let head = raw.fill_buf().map_err(fail)?;
        let other = |what: &str| Err(BundleError::Format { path: path.into(), reason: what.into() });
        let reader: Box<dyn BufRead> = match head {
            [0x1f, 0x8b, ..] => Box::new(BufReader::new(MultiGzDecoder::new(raw))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => return other("it is packed with zstd: unpack it, or pack it with gzip"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => {
                return other("it is packed with xz: unpack it, or pack it with gzip");
            }
            [b'P', b'K', 3, 4, ..] => return other("it is a zip archive: unpack it, or pack it with gzip"),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return other("it is UTF-16: save it as UTF-8"),
            head => {
                files::refuse_pointer(path, head)?;
                Box::new(raw)
            }
        };
        Ok(Self { reader, path: path.into(), number: 0, size, read })
    }

    /// The share of the file that is read, if its size is known.
    pub fn share(&self) -> Option<f64> {
        self.size.map(|size| self.read.load(Ordering::Relaxed) as f64 / size.max(1) as f64)
    }

    fn line(&mut self) -> Result<Option<String>> {
        let mut bytes = vec![];
        let fail = |source| BundleError::Read { path: self.path.clone(), source };
        if (&mut self.reader).take(LONGEST + 1).read_until(b'\n', &mut bytes).map_err(fail)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let wrong = |reason: String| BundleError::Row { path: self.path.clone(), line: self.number, reason };
        if bytes.len() as u64 > LONGEST {
            return Err(wrong(format!("it is longer than {} MiB: a row is one line, and ends with it", LONGEST >> 20)));
        }
        let text = String::from_utf8(bytes)
            .map_err(|e| wrong(format!("it is not UTF-8 at byte {}", e.utf8_error().valid_up_to() + 1)))?;
        let text = if self.number == 1 { text.trim_start_matches('\u{feff}') } else { &text };
        Ok(Some(text.trim_end_matches(['\n', '\r']).into()))
    }
}

impl Iterator for Lines {
    type Item = Result<(usize, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.line() {
                Ok(None) => return None,
                Ok(Some(text)) if text.trim().is_empty() => {}
                Ok(Some(text)) => return Some(Ok((self.number, text))),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// One row.
///
/// # Errors
/// Text that is no such row, with its file and line.
pub fn parse<T: DeserializeOwned>(path: &Path, line: usize, text: &str) -> Result<T> {
    let wrong = |e: serde_json::Error| BundleError::Row { path: path.into(), line, reason: e.to_string() };
    serde_json::from_str(text).or_else(|strict| match mend(text) {
        Some(mended) => serde_json::from_str(&mended).map_err(wrong),
        None => Err(wrong(strict)),
    })
}

/// Every row of a file.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    Ok(read_numbered(path)?.into_iter().map(|(_, row)| row).collect())
}

/// Every row of a file, with its line.
pub fn read_numbered<T: DeserializeOwned>(path: &Path) -> Result<Vec<(usize, T)>> {
    Lines::open(path)?.map(|line| line.and_then(|(n, text)| Ok((n, parse(path, n, &text)?)))).collect()
}

/// Rows as text.
pub fn to_text<T: Serialize>(rows: &[T]) -> String {
    rows.iter().map(|row| serde_json::to_string(row).expect("rows serialise") + "\n").collect()
}

/// Adds rows to a log and flushes them to the disk. A row that a crash cuts off is for [`keep`] to drop.
pub fn append<T: Serialize>(path: &Path, rows: &[T]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(to_text(rows).as_bytes())?;
        file.sync_data()
    };
    write().map_err(|source| BundleError::Write { path: path.into(), source })
}

/// Cuts a log back to its whole rows that belong; a log that is not there is left so.
pub fn keep(path: &Path, belongs: impl Fn(&serde_json::Value) -> bool) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // A crash may have cut a letter in half.
    let text = String::from_utf8_lossy(&files::read(path)?).into_owned();
    let good = |line: &&str| serde_json::from_str(line).is_ok_and(|row| belongs(&row));
    let rows = text.lines().map(|line| line.trim_end_matches('\r'));
    let kept: String = rows.filter(good).flat_map(|line| [line, "\n"]).collect();
    if kept == text { Ok(()) } else { crate::write_atomic(path, kept.as_bytes()) }
}

/// What Python's `json` writes beyond JSON, made JSON; nothing if there is no such thing in the text.
fn mend(text: &str) -> Option<String> {
    let (mut out, mut rest, mut in_string) = (String::with_capacity(text.len()), text, false);
    while let Some(c) = rest.chars().next() {
        let taken = c.len_utf8();
        match c {
            '"' => in_string = !in_string,
            '\\' if in_string => {
                let (replaced, length) = escape(rest);
                out.push_str(replaced);
                rest = &rest[length..];
                continue;
            }
            c if in_string && c < ' ' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
                rest = &rest[taken..];
                continue;
            }
            _ if !in_string => {
                if let Some(word) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|w| rest.starts_with(w)) {
                    out.push_str("null");
                    rest = &rest[word.len()..];
                    continue;
                }
            }
            _ => {}
        }
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    (out != text).then_some(out)
}

/// What an escape becomes, and how many bytes of the text it is.
fn escape(text: &str) -> (&str, usize) {
    const HIGH: std::ops::Range<u32> = 0xd800..0xdc00;
    const LOW: std::ops::Range<u32> = 0xdc00..0xe000;
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    match (unit(0), unit(6)) {
        (Some(high), Some(low)) if HIGH.contains(&high) && LOW.contains(&low) => (&text[..12], 12),
        (Some(half), _) if HIGH.contains(&half) || LOW.contains(&half) => ("\\ufffd", 6),
        _ => {
            let length = text.chars().take(2).map(char::len_utf8).sum();
            (&text[..length], length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn rows_are_read_as_other_programs_write_them() {
        use flate2::{Compression, write::GzEncoder};
        let packed = |text: &str| {
            let mut out = GzEncoder::new(vec![], Compression::default());
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        let two = json!([{ "a": 1 }, { "a": 2 }]);
        for bytes in [
            b"{\"a\":1}\n{\"a\":2}\n".to_vec(),
            b"{\"a\":1}\n\n  \n{\"a\":2}".to_vec(),
            b"{\"a\":1}\r\n{\"a\":2}\r\n".to_vec(),
            b"\xef\xbb\xbf{\"a\":1}\n{\"a\":2}\n".to_vec(),
            packed("{\"a\":1}\n{\"a\":2}\n"),
            // Two members in one file, as `cat a.gz b.gz` makes it.
            [packed("{\"a\":1}\n"), packed("{\"a\":2}\n")].concat(),
        ] {
            let (_folder, path) = written(&bytes);
            assert_eq!(json!(read::<Value>(&path).unwrap()), two);
        }
    }

    #[test]
    fn what_python_writes_beyond_json_is_read() {
        for (text, value) in [
            (r#"{"x": NaN, "y": -Infinity, "z": [Infinity]}"#, json!({ "x": null, "y": null, "z": [null] })),
            (r#"{"x": "NaN \\" , "y": 1}"#, json!({ "x": "NaN \\", "y": 1 })),
            (r#"["\ud83d", "\ud83d\ude00", "\ude00x", "\\ud83d"]"#, json!(["\u{fffd}", "😀", "\u{fffd}x", "\\ud83d"])),
            ("[\"a\tb\"]", json!(["a\tb"])),
        ] {
            assert_eq!(parse::<Value>(Path::new("f"), 1, text).unwrap(), value);
        }
        assert!(parse::<Value>(Path::new("f"), 1, "{\"x\": NaNa}").is_err());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (bytes, says) in [
            (b"{\"a\":1}\n{\"a\":\xff}\n".as_slice(), "line 2: it is not UTF-8 at byte 6"),
            (b"{\"a\":1}\n{\"a\":", "line 2: EOF"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        ] {
            let (_folder, path) = written(bytes);
            let told = read::<Value>(&path).unwrap_err().to_string();
            assert!(told.contains(says), "{told}");
        }
    }

    /// Sixty-four kilobytes that unpack to more than a row may have.
    #[test]
    fn a_row_without_an_end_is_refused_by_its_line_before_it_fills_the_memory() {
        use flate2::{Compression, write::GzEncoder};
        let mut packed = GzEncoder::new(vec![], Compression::fast());
        packed.write_all(b"{}\n\"").unwrap();
        (0..=LONGEST >> 20).for_each(|_| packed.write_all(&[b' '; 1 << 20]).unwrap());
        let (_folder, path) = written(&packed.finish().unwrap());
        let told = read::<Value>(&path).unwrap_err().to_string();
        assert!(told.contains("rows.jsonl") && told.contains("line 2: it is longer than 64 MiB"), "{told}");
    }

    #[test]
    fn a_log_is_cut_back_to_its_whole_rows_that_belong() {
        let (_folder, path) = written(b"{\"update\":1}\n{\"update\":2}\n{\"update\":3}\n{\"upda\xc3");
        keep(&path, |row| row["update"].as_u64() <= Some(2)).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"update\":1}\n{\"update\":2}\n");
        let (_folder, path) = written(b"{\"update\":1}\r\r\n");
        keep(&path, |_| true).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"update\":1}\n");
    }
}
