//! The ways in which GGUF packs values, and what they are unpacked: the arithmetic of the reference, each product and sum
//! rounded to f32 in its order.

use half::{bf16, f16};

/// How values are packed: so many at once, into so many bytes.
#[derive(Debug)]
pub struct Packing {
    /// Its number in a file.
    pub id: u32,
    /// What it is called.
    pub name: &'static str,
    /// Values of a block.
    pub values: usize,
    /// Bytes of a block.
    pub bytes: usize,
    pub(crate) unpack: fn(&[u8], &mut [f32]),
}

/// All that are read.
pub static PACKINGS: [Packing; 10] = [
    Packing { id: 0, name: "F32", values: 1, bytes: 4, unpack: f32_ },
    Packing { id: 1, name: "F16", values: 1, bytes: 2, unpack: f16_ },
    Packing { id: 30, name: "BF16", values: 1, bytes: 2, unpack: bf16_ },
    Packing { id: 8, name: "Q8_0", values: 32, bytes: 34, unpack: q8_0 },
    Packing { id: 2, name: "Q4_0", values: 32, bytes: 18, unpack: q4_0 },
    Packing { id: 3, name: "Q4_1", values: 32, bytes: 20, unpack: q4_1 },
    Packing { id: 6, name: "Q5_0", values: 32, bytes: 22, unpack: q5_0 },
    Packing { id: 12, name: "Q4_K", values: 256, bytes: 144, unpack: q4_k },
    Packing { id: 13, name: "Q5_K", values: 256, bytes: 176, unpack: q5_k },
    Packing { id: 14, name: "Q6_K", values: 256, bytes: 210, unpack: q6_k },
];

/// The packing of this number.
pub(crate) fn packing(id: u32) -> Result<&'static Packing, String> {
    PACKINGS.iter().find(|packing| packing.id == id).ok_or_else(|| {
        let known: Vec<&str> = PACKINGS.iter().map(|packing| packing.name).collect();
        format!("is packed in the way that has the number {id}; read here are {}", known.join(", "))
    })
}

/// The f16 at this place.
fn scale(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn f32_(block: &[u8], values: &mut [f32]) {
    values[0] = f32::from_le_bytes([block[0], block[1], block[2], block[3]]);
}

fn f16_(block: &[u8], values: &mut [f32]) {
    values[0] = scale(block, 0);
}

fn bf16_(block: &[u8], values: &mut [f32]) {
    values[0] = bf16::from_le_bytes([block[0], block[1]]).to_f32();
}

fn q8_0(block: &[u8], values: &mut [f32]) {
    let d = scale(block, 0);
    values.iter_mut().zip(&block[2..]).for_each(|(value, &q)| *value = d * f32::from(q as i8));
}

/// The low halves of the bytes, then the high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|byte| byte & 15).chain(bytes.iter().map(|byte| byte >> 4))
}

fn q4_0(block: &[u8], values: &mut [f32]) {
    let d = scale(block, 0);
    values.iter_mut().zip(nibbles(&block[2..])).for_each(|(value, q)| *value = d * (f32::from(q) - 8.0));
}

fn q4_1(block: &[u8], values: &mut [f32]) {
    let (d, least) = (scale(block, 0), scale(block, 2));
    values.iter_mut().zip(nibbles(&block[4..])).for_each(|(value, q)| *value = d * f32::from(q) + least);
}

fn q5_0(block: &[u8], values: &mut [f32]) {
    let d = scale(block, 0);
    let fifth = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
    for (i, (value, low)) in values.iter_mut().zip(nibbles(&block[6..])).enumerate() {
        let q = low | ((fifth >> i & 1) as u8) << 4;
        *value = d * (f32::from(q) - 16.0);
    }
}

/// The eight scales and eight minima, of six bits each, that twelve bytes hold.
fn scales_and_minima(packed: &[u8]) -> [(u8, u8); 8] {
    std::array::from_fn(|i| match i {
        0..4 => (packed[i] & 63, packed[i + 4] & 63),
        _ => {
            let (low, high) = (packed[i + 4], (packed[i - 4] >> 6, packed[i] >> 6));
            (low & 15 | high.0 << 4, low >> 4 | high.1 << 4)
        }
    })
}

/// Eight groups of 32 values, each with a scale and a minimum of its own; `high` is the fifth bit of a value, by group and
/// place in it.
fn groups(block: &[u8], low: &[u8], high: impl Fn(usize, usize) -> u8, values: &mut [f32]) {
    let (d, least) = (scale(block, 0), scale(block, 2));
    for (group, (sc, m)) in scales_and_minima(&block[4..16]).into_iter().enumerate() {
        let (d, least) = (d * f32::from(sc), least * f32::from(m));
        let bytes = &low[group / 2 * 32..][..32];
        for (i, (value, byte)) in values[group * 32..][..32].iter_mut().zip(bytes).enumerate() {
            let q = byte >> (group % 2 * 4) & 15 | high(group, i) << 4;
            *value = d * f32::from(q) - least;
        }
    }
}

fn q4_k(block: &[u8], values: &mut [f32]) {
    groups(block, &block[16..], |_, _| 0, values);
}

fn q5_k(block: &[u8], values: &mut [f32]) {
    let fifth = &block[16..48];
    groups(block, &block[48..], |group, i| fifth[i] >> group & 1, values);
}

/// Two halves of 128 values; in each, four runs of 32 whose low four and high two bits lie apart; a scale for each 16 values.
fn q6_k(block: &[u8], values: &mut [f32]) {
    let (low, high, scales, d) = (&block[..128], &block[128..192], &block[192..208], scale(block, 208));
    for (at, value) in values.iter_mut().enumerate() {
        let (half, run, i) = (at / 128, at / 32 % 4, at % 32);
        let four = low[half * 64 + run % 2 * 32 + i] >> (run / 2 * 4) & 15;
        let two = high[half * 32 + i] >> (run * 2) & 3;
        let d = d * f32::from(scales[at / 16] as i8);
        *value = d * (f32::from(four | two << 4) - 32.0);
    }
}
