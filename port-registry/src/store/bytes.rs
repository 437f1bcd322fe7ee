//! Encoding numbers and strings in the journal and in marks: little-endian, without padding.

use twox_hash::XxHash64;

/// Hashes bytes with xxh64 (<https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>).
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    XxHash64::oneshot(seed, bytes)
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Makes a block of this length: a magic number, numbers, zeros and a hash of all of them.
pub(super) fn sealed(magic: &[u8], numbers: &[u64], len: usize) -> Vec<u8> {
    let mut block = magic.to_vec();
    block.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    block.resize(len - 8, 0);
    block.extend(hash(0, &block).to_le_bytes());
    block
}

/// Returns the numbers of a block that [`sealed`] has made. Returns `None` if it was changed.
pub(super) fn unsealed<const N: usize>(magic: &[u8], block: &[u8], len: usize) -> Option<[u64; N]> {
    let (sealed, end) = block.get(..len)?.split_at(len - 8);
    let mut reader = ByteReader(sealed.strip_prefix(magic)?);
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = reader.u64()?;
    }
    (ByteReader(end).u64()? == hash(0, sealed)).then_some(numbers)
}

/// Bytes that are read from front to back.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByteReader<'a>(pub(super) &'a [u8]);

impl<'a> ByteReader<'a> {
    /// Returns the next bytes, or `None` if there are fewer.
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a string that follows its length, a `u16`.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        let len = self.u16()?;
        std::str::from_utf8(self.take(usize::from(len))?).ok()
    }
}

/// Appends a string after its length, a `u16`.
///
/// # Panics
///
/// Panics if the string is longer than 65,535 bytes. Names and paths in the registry are shorter.
pub(super) fn push_string(bytes: &mut Vec<u8>, string: &str) {
    let len = u16::try_from(string.len()).expect("names and paths are at most 4096 bytes long");
    bytes.extend(len.to_le_bytes());
    bytes.extend(string.as_bytes());
}
