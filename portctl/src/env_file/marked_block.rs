//! Blocks of checkouts: other ones', as in `.env` files that tools copy into a new worktree, and this one's.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use port_registry::Port;

use super::block::CheckoutMark;
use super::env_text::EnvText;
use super::planned_write::BlockFormat;

/// Limit for the size of a file that is searched for a block, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Limit for the number of files.
const MAX_FILES: usize = 64;

/// A block that names its checkout.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MarkedBlock {
    pub(crate) of: CheckoutMark,
    pub(crate) names: Vec<String>,
    /// The numbers in its values, ports among them.
    numbers: Vec<u16>,
    pub(crate) format: BlockFormat,
}

impl MarkedBlock {
    /// Returns true if one of its values mentions this port.
    pub(crate) fn mentions(&self, port: Port) -> bool {
        self.numbers.contains(&port.get())
    }
}

/// Returns the block of a text. Returns `None` if it has none, or one that names no checkout.
pub(crate) fn marked_block(text: &[u8]) -> Option<MarkedBlock> {
    let text = EnvText::parse(text).ok()?;
    let assignments = text.block_assignments();
    let numbers = assignments.iter().flat_map(|(_, value)| {
        let numbers = value.split(|it: char| !it.is_ascii_digit());
        numbers.filter_map(|it| it.parse::<u16>().ok())
    });
    Some(MarkedBlock {
        of: text.checkout()?,
        numbers: numbers.collect(),
        names: assignments.into_iter().map(|(name, _)| name).collect(),
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
    use port_registry::Port;

    use super::{BlockFormat, marked_block};

    #[test]
    fn block_is_read_with_its_checkout_names_and_ports() {
        let block = "# >>> port-registry >>>\n# Checkout: /shop4\nA=1\nB='http://localhost:3000/'\n# <<< port-registry <<<\n";
        let found = marked_block(block.as_bytes()).unwrap();
        assert_eq!(
            (found.of.text(), found.format),
            ("/shop4", BlockFormat::Dotenv)
        );
        assert_eq!(found.names, ["A", "B"]);
        let mentioned = [1, 4, 3000].map(|it| found.mentions(Port::new(it).unwrap()));
        assert_eq!(mentioned, [true, false, true]);
        let unnamed = block.replace("# Checkout: /shop4\n", "");
        for text in [&*unnamed, "A=1\n"] {
            assert_eq!(marked_block(text.as_bytes()), None);
        }
    }
}
