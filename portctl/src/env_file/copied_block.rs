//! Blocks of other checkouts, as in `.env` files that tools copy into a new worktree.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::block::CheckoutMark;
use super::env_text::EnvText;
use super::planned_write::BlockFormat;

/// Limit for the size of a file that is searched for a block, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Limit for the number of files.
const MAX_FILES: usize = 64;

/// A block that names another checkout.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CopiedBlock {
    pub(crate) of: CheckoutMark,
    pub(crate) names: Vec<String>,
    pub(crate) format: BlockFormat,
}

/// Returns the block of a text if it names another checkout than this one, given by its real path.
pub(crate) fn copied_block(text: &[u8], checkout: &Path) -> Option<CopiedBlock> {
    let text = EnvText::parse(text).ok()?;
    let of = text.checkout()?;
    if of.names(checkout) {
        return None;
    }
    Some(CopiedBlock {
        of,
        names: text.block_names(),
        format: if text.is_shell_block() {
            BlockFormat::Shell
        } else {
            BlockFormat::Dotenv
        },
    })
}

/// The files whose names begin with `.env` in a folder, sorted. A folder that cannot be read has none.
pub(crate) fn env_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.filter_map(|it| Some(it.ok()?.file_name()));
    let names = names.filter(|it| it.as_encoded_bytes().starts_with(b".env"));
    let paths = names.map(|it| folder.join(it)).filter(|it| it.is_file());
    let mut paths: Vec<PathBuf> = paths.take(MAX_FILES).collect();
    paths.sort();
    paths
}

/// Reads a file for a look at its lines. Fails if it is no file or a huge one.
pub(crate) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe blocks.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut text = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BlockFormat, copied_block};

    #[test]
    fn only_blocks_of_other_checkouts_are_copied() {
        let block =
            "# >>> port-registry >>>\n# Checkout: /shop\nA=1\nB=2\n# <<< port-registry <<<\n";
        let found = copied_block(block.as_bytes(), Path::new("/feature")).unwrap();
        assert_eq!(
            (found.of.text(), found.format),
            ("/shop", BlockFormat::Dotenv)
        );
        assert_eq!(found.names, ["A", "B"]);
        assert_eq!(copied_block(block.as_bytes(), Path::new("/shop")), None);
        let unnamed = block.replace("# Checkout: /shop\n", "");
        assert_eq!(
            copied_block(unnamed.as_bytes(), Path::new("/feature")),
            None
        );
        assert_eq!(copied_block(b"A=1\n", Path::new("/feature")), None);
    }
}
