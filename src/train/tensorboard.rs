//! A TensorBoard event file: records of length, checksum, protobuf, checksum, as TensorFlow's `tfrecord` and `event.proto`
//! define them. Only scalars are written.

use crate::Result;
use bundle::BundleError;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Scalars of a run, appended as training goes.
pub struct TensorBoard {
    file: File,
    path: PathBuf,
}

impl TensorBoard {
    /// Opens or begins the file; a resumed run appends, and TensorBoard shows the last value of a step.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("events.out.tfevents.0.run");
        let fail = |source| BundleError::Write { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(fail)?;
        let begun = path.exists();
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(fail)?;
        let mut board = Self { file, path };
        if !begun {
            // Field 3 of an event: the version of the format.
            board.record(&[field(1, WIRE_64), 0f64.to_le_bytes().to_vec(), bytes(3, b"brain.Event:2")].concat())?;
        }
        Ok(board)
    }

    /// Writes the scalars of one update.
    pub fn scalars(&mut self, update: usize, values: &[(&str, f64)]) -> Result<()> {
        // Summary { value { tag, simple_value } ... }
        let summary: Vec<u8> = values
            .iter()
            .flat_map(|(tag, value)| {
                let value = [bytes(1, tag.as_bytes()), field(2, WIRE_32), (*value as f32).to_le_bytes().to_vec()];
                bytes(1, &value.concat())
            })
            .collect();
        // The wall time is the update, so that the file is the same each time.
        let time = [field(1, WIRE_64), (update as f64).to_le_bytes().to_vec()];
        self.record(&[&time.concat()[..], &field(2, 0), &varint(update as u64), &bytes(5, &summary)].concat())
    }

    fn record(&mut self, event: &[u8]) -> Result<()> {
        let length = (event.len() as u64).to_le_bytes();
        let record = [&length[..], &masked(&length), event, &masked(event)].concat();
        let fail = |source| BundleError::Write { path: self.path.clone(), source };
        Ok(self.file.write_all(&record).map_err(fail)?)
    }
}

const WIRE_64: u8 = 1;
const WIRE_BYTES: u8 = 2;
const WIRE_32: u8 = 5;

fn field(number: u8, wire: u8) -> Vec<u8> {
    vec![number << 3 | wire]
}

fn varint(mut x: u64) -> Vec<u8> {
    let mut out = vec![];
    while x >= 0x80 {
        out.push(x as u8 | 0x80);
        x >>= 7;
    }
    out.push(x as u8);
    out
}

fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
    [field(number, WIRE_BYTES), varint(value.len() as u64), value.to_vec()].concat()
}

/// CRC-32C, rotated and shifted as the format asks.
fn masked(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The masked checksum of RFC 3720's test vector, "123456789".
    #[test]
    fn records_carry_the_masked_checksum_that_readers_expect() {
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let folder = tempfile::tempdir().unwrap();
        TensorBoard::open(folder.path()).unwrap().scalars(3, &[("reward", 1.5)]).unwrap();
        let written = std::fs::read(folder.path().join("events.out.tfevents.0.run")).unwrap();
        let length = u64::from_le_bytes(written[..8].try_into().unwrap()) as usize;
        assert_eq!(&written[8..12], masked(&written[..8]));
        assert_eq!(&written[12 + length..16 + length], masked(&written[12..12 + length]));
        let tag = written.windows(6).position(|w| w == b"reward").unwrap();
        assert_eq!(written[tag + 7..tag + 11], 1.5f32.to_le_bytes());
    }
}
