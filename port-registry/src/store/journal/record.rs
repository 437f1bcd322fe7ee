//! Records: the changes of one commit.

use crate::store::bytes::{ByteReader, hash, is_zero, push_string};
use crate::store::position::Position;
use crate::store::tables::changes::{Change, Changes};
use crate::store::tables::schema;
use crate::types::allocation_id::AllocationId;

/// The length of a record without changes in bytes.
const MIN_LEN: usize = 40;
/// Records begin at multiples of this offset, so that the length of the next one is in one sector.
const ALIGNMENT: usize = 8;

/// The changes of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Record {
    /// The position after the commit.
    pub(in crate::store) position: Position,
    /// The next id after the commit. An id that was allocated and released in the same commit leaves no other trace.
    pub(in crate::store) next_id: u64,
    pub(in crate::store) changes: Vec<Change>,
    /// The length in bytes.
    pub(in crate::store) len: usize,
}

/// The content of the journal at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Parsed {
    Record(Record),
    /// There is no record, because the length is zero or the journal ends.
    Nothing,
    /// The bytes are no record.
    Invalid,
    /// The record is whole, but does not continue the history that it follows.
    OtherHistory,
}

/// Makes the record of a commit that follows `before`. Returns it with the position after it.
pub(in crate::store) fn encode(
    before: Position,
    next_id: u64,
    changes: &Changes,
    journal: u64,
) -> (Vec<u8>, Position) {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend(0u32.to_le_bytes());
    let count = u32::try_from(changes.len()).unwrap_or(u32::MAX);
    bytes.extend(count.to_le_bytes());
    bytes.extend((before.sequence + 1).to_le_bytes());
    bytes.extend(next_id.to_le_bytes());
    for (_, change) in changes.iter() {
        push_change(&mut bytes, change);
    }
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    let len = u32::try_from(bytes.len() + 16).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&len.to_le_bytes());
    let position = Position {
        sequence: before.sequence + 1,
        chain: hash(before.chain, &bytes),
    };
    let frame = hash(journal, &bytes);
    bytes.extend(position.chain.to_le_bytes());
    bytes.extend(frame.to_le_bytes());
    (bytes, position)
}

/// Reads the record at the start of `bytes`, which follows `before`.
pub(in crate::store) fn parse(bytes: &[u8], before: Position, journal: u64) -> Parsed {
    let mut reader = ByteReader(bytes);
    match reader.u32() {
        None | Some(0) => return Parsed::Nothing,
        Some(_) => {}
    }
    let Some((hashed, chain)) = framed(bytes, journal) else {
        return Parsed::Invalid;
    };
    let mut reader = ByteReader(&hashed[4..]);
    let Some(record) = decode(&mut reader, chain, hashed.len() + 16) else {
        return Parsed::Invalid;
    };
    let continues = before.sequence.checked_add(1) == Some(record.position.sequence)
        && hash(before.chain, hashed) == chain;
    if continues {
        Parsed::Record(record)
    } else {
        Parsed::OtherHistory
    }
}

/// Tests if a later record of this journal begins at one of the possible offsets.
pub(in crate::store) fn is_later_in(bytes: &[u8], before: Position, journal: u64) -> bool {
    // So many records fit in. The limit spares hashing what is no record.
    let last = before
        .sequence
        .saturating_add((bytes.len() / MIN_LEN) as u64 + 1);
    let starts = (0..bytes.len()).step_by(ALIGNMENT);
    let mut rests = starts.map(|start| &bytes[start..]);
    rests.any(|rest| {
        let sequence = rest.get(8..).and_then(|rest| ByteReader(rest).u64());
        sequence.is_some_and(|it| it > before.sequence && it <= last)
            && framed(rest, journal).is_some()
    })
}

/// Returns the bytes that the hashes of a whole record cover, and its chain.
fn framed(bytes: &[u8], journal: u64) -> Option<(&[u8], u64)> {
    let len = usize::try_from(ByteReader(bytes).u32()?).ok()?;
    if len < MIN_LEN || len % ALIGNMENT != 0 || len > bytes.len() {
        return None;
    }
    let (content, end) = bytes[..len].split_at(len - 16);
    let mut end = ByteReader(end);
    let (chain, frame) = (end.u64()?, end.u64()?);
    (frame == hash(journal, content)).then_some((content, chain))
}

/// Decodes a record after its length.
fn decode(reader: &mut ByteReader<'_>, chain: u64, len: usize) -> Option<Record> {
    let count = reader.u32()?;
    let sequence = reader.u64()?;
    let next_id = reader.u64()?;
    let changes = (0..count).map(|_| take_change(reader));
    let changes = changes.collect::<Option<Vec<_>>>()?;
    let is_padding = reader.0.len() < ALIGNMENT && is_zero(reader.0);
    is_padding.then_some(Record {
        position: Position { sequence, chain },
        next_id,
        changes,
        len,
    })
}

fn push_change(bytes: &mut Vec<u8>, change: &Change) {
    let allocation = change.allocation();
    let (app, instance, service, port, created_at, dir, origin, name_app, name_instance) =
        schema::row(allocation);
    bytes.push(u8::from(change.held().is_some()));
    bytes.extend(allocation.id.get().to_le_bytes());
    bytes.extend(port.to_le_bytes());
    bytes.extend(created_at.to_le_bytes());
    for string in [app, instance, service, dir, origin, name_app, name_instance] {
        push_string(bytes, string);
    }
}

fn take_change(reader: &mut ByteReader<'_>) -> Option<Change> {
    let is_held = match reader.u8()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let id = AllocationId::new(reader.u64()?).ok()?;
    let port = reader.u16()?;
    let created_at = reader.u64()?;
    let mut next = || reader.string();
    let row = (
        next()?,
        next()?,
        next()?,
        port,
        created_at,
        next()?,
        next()?,
        next()?,
        next()?,
    );
    let allocation = schema::allocation(id, row).ok()?;
    Some(if is_held {
        Change::Held(allocation)
    } else {
        Change::Released(allocation)
    })
}
