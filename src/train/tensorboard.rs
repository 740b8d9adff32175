//! A TensorBoard event file: records of length, checksum, protobuf, checksum, as TensorFlow's `tfrecord` and `event.proto`
//! define them. Only scalars are written.

use crate::Result;
use bundle::BundleError;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is shown of an update.
pub type Scalars = [(&'static str, f64); 8];

/// Scalars of a run, appended as training goes.
pub struct TensorBoard {
    file: File,
    path: PathBuf,
}

impl TensorBoard {
    /// Writes the file anew from what was shown so far, so that a record that a crash cut off or left out is there again.
    pub fn open(folder: &Path, shown: &[(usize, Scalars)]) -> Result<Self> {
        let path = folder.join("events.out.tfevents.0.run");
        let fail = |source| BundleError::Write { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(fail)?;
        // Field 3 of an event: the version of the format.
        let version = [field(1, WIRE_64), 0f64.to_le_bytes().to_vec(), bytes(3, b"brain.Event:2")].concat();
        let events = shown.iter().map(|(update, values)| event(*update, values));
        let records: Vec<u8> = std::iter::once(version).chain(events).flat_map(|event| record(&event)).collect();
        bundle::write_atomic(&path, &records)?;
        let file = OpenOptions::new().append(true).open(&path).map_err(fail)?;
        Ok(Self { file, path })
    }

    /// Writes the scalars of one update.
    pub fn scalars(&mut self, update: usize, values: &Scalars) -> Result<()> {
        let fail = |source| BundleError::Write { path: self.path.clone(), source };
        Ok(self.file.write_all(&record(&event(update, values))).map_err(fail)?)
    }
}

/// An event of Summary { value { tag, simple_value } ... }
fn event(update: usize, values: &Scalars) -> Vec<u8> {
    let summary: Vec<u8> = values
        .iter()
        .flat_map(|(tag, value)| {
            let value = [bytes(1, tag.as_bytes()), field(2, WIRE_32), (*value as f32).to_le_bytes().to_vec()];
            bytes(1, &value.concat())
        })
        .collect();
    // The wall time is the update, so that the file is the same each time.
    let time = [field(1, WIRE_64), (update as f64).to_le_bytes().to_vec()];
    [&time.concat()[..], &field(2, 0), &varint(update as u64), &bytes(5, &summary)].concat()
}

fn record(event: &[u8]) -> Vec<u8> {
    let length = (event.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), event, &masked(event)].concat()
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
        let tags = ["reward", "b", "c", "d", "e", "f", "g", "h"];
        let values: Scalars = tags.map(|tag| (tag, 1.5));
        let path = folder.path().join("events.out.tfevents.0.run");
        TensorBoard::open(folder.path(), &[]).unwrap().scalars(3, &values).unwrap();
        let written = std::fs::read(&path).unwrap();
        let length = u64::from_le_bytes(written[..8].try_into().unwrap()) as usize;
        assert_eq!(&written[8..12], masked(&written[..8]));
        assert_eq!(&written[12 + length..16 + length], masked(&written[12..12 + length]));
        let tag = written.windows(6).position(|w| w == b"reward").unwrap();
        assert_eq!(written[tag + 7..tag + 11], 1.5f32.to_le_bytes());

        // A record that a crash cut off is there again.
        std::fs::write(&path, &written[..written.len() - 7]).unwrap();
        TensorBoard::open(folder.path(), &[(3, values)]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), written);
    }
}
