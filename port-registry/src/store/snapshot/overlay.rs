//! An overlay over a file: the storage engine can write to it, and the file does not change.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::iter;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// Writes are kept in blocks of the size of redb's pages.
const BLOCK: usize = 4096;

/// A backend that reads a file and keeps writes in memory.
#[derive(Debug)]
pub(super) struct OverlayBackend {
    file: Arc<FileBackend>,
    content: Mutex<OverlayContent>,
}

#[derive(Debug)]
struct OverlayContent {
    len: u64,
    /// The length of the part of the file that is still visible. Truncation reduces it.
    file_len: u64,
    /// The blocks that were written, by number.
    blocks: BTreeMap<u64, Box<[u8; BLOCK]>>,
}

impl OverlayBackend {
    pub(super) fn new(file: Arc<FileBackend>) -> io::Result<OverlayBackend> {
        let len = file.len()?;
        Ok(OverlayBackend {
            file,
            content: Mutex::new(OverlayContent {
                len,
                file_len: len,
                blocks: BTreeMap::new(),
            }),
        })
    }

    fn content(&self) -> MutexGuard<'_, OverlayContent> {
        // A panic leaves it as consistent as an error does.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the visible part of the file, and zeros beyond it.
    fn read_file(&self, offset: u64, out: &mut [u8], file_len: u64) -> io::Result<()> {
        let visible = file_len.saturating_sub(offset);
        let visible = usize::try_from(visible).map_or(out.len(), |it| it.min(out.len()));
        let (visible, beyond) = out.split_at_mut(visible);
        beyond.fill(0);
        if visible.is_empty() {
            return Ok(());
        }
        self.file.read(offset, visible)
    }
}

impl StorageBackend for OverlayBackend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.content();
        check_range(offset, out.len(), content.len)?;
        for piece in pieces(offset, out.len()) {
            let out = &mut out[piece.of_data];
            match content.blocks.get(&piece.block) {
                Some(block) => out.copy_from_slice(&block[piece.of_block]),
                None => self.read_file(piece.offset, out, content.file_len)?,
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut content = self.content();
        content.len = len;
        content.file_len = content.file_len.min(len);
        // Data that is cut off must not reappear when the length grows again.
        let _ = content.blocks.split_off(&len.div_ceil(BLOCK as u64));
        if let Some(last) = content.blocks.get_mut(&(len / BLOCK as u64)) {
            let rest = last.iter_mut().skip(within_block(len));
            rest.for_each(|byte| *byte = 0);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    // Locks are always free, because nobody else has the overlay.
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(false)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut content = self.content();
        check_range(offset, data.len(), content.len)?;
        for piece in pieces(offset, data.len()) {
            if !content.blocks.contains_key(&piece.block) {
                let mut block = Box::new([0; BLOCK]);
                let start = piece.offset - piece.of_block.start as u64;
                self.read_file(start, &mut block[..], content.file_len)?;
                content.blocks.insert(piece.block, block);
            }
            if let Some(block) = content.blocks.get_mut(&piece.block) {
                block[piece.of_block].copy_from_slice(&data[piece.of_data]);
            }
        }
        Ok(())
    }
}

/// The part of a read or write that is in one block.
struct Piece {
    block: u64,
    offset: u64,
    of_block: Range<usize>,
    of_data: Range<usize>,
}

/// Splits a read or write by block. It must end before the last possible byte, as `check_range` ensures.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = Piece> {
    let mut done = 0;
    iter::from_fn(move || {
        let offset = offset + done as u64;
        let start = within_block(offset);
        let length = (len - done).min(BLOCK - start);
        let piece = Piece {
            block: offset / BLOCK as u64,
            offset,
            of_block: start..start + length,
            of_data: done..done + length,
        };
        done += length;
        (length > 0).then_some(piece)
    })
}

fn within_block(offset: u64) -> usize {
    // The remainder is less than the length of a block.
    usize::try_from(offset % BLOCK as u64).unwrap_or(0)
}

/// Checks that a read or write is within the file, because a damaged file may refer to any place.
fn check_range(offset: u64, len: usize, file_len: u64) -> io::Result<()> {
    match offset.checked_add(len as u64) {
        Some(end) if end <= file_len => Ok(()),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use redb::StorageBackend;
    use redb::backends::FileBackend;

    use super::{BLOCK, OverlayBackend};

    #[derive(Clone, Debug)]
    enum FileOp {
        Write(usize, usize, u8),
        SetLen(usize),
    }

    fn ops() -> impl Strategy<Value = Vec<FileOp>> {
        const MOST: usize = 4 * BLOCK;
        let op = prop_oneof![
            3 => (0..MOST, 0..2 * BLOCK, 1..=255u8).prop_map(|(at, len, byte)| FileOp::Write(at, len, byte)),
            1 => (0..MOST).prop_map(FileOp::SetLen),
        ];
        prop::collection::vec(op, 0..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_overlay_is_what_the_file_would_be_and_the_file_does_not_change(len in 0..3 * BLOCK, ops in ops()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            let mut expected = vec![7; len];
            fs::write(&path, &expected).unwrap();
            let file = fs::File::open(&path).unwrap();
            let overlay = OverlayBackend::new(FileBackend::new(file).unwrap().into()).unwrap();
            for op in ops {
                match op {
                    FileOp::Write(at, len, byte) => {
                        let written = overlay.write(at as u64, &vec![byte; len]);
                        prop_assert_eq!(written.is_ok(), at + len <= expected.len());
                        if written.is_ok() {
                            expected[at..at + len].fill(byte);
                        }
                    }
                    FileOp::SetLen(len) => {
                        overlay.set_len(len as u64).unwrap();
                        expected.resize(len, 0);
                    }
                }
                prop_assert_eq!(overlay.len().unwrap(), expected.len() as u64);
                let mut content = vec![1; expected.len()];
                overlay.read(0, &mut content).unwrap();
                prop_assert!(content == expected);
                prop_assert!(overlay.read(1, &mut content).is_err() || content.is_empty());
            }
            prop_assert_eq!(fs::read(&path).unwrap(), vec![7; len]);
        }
    }
}
