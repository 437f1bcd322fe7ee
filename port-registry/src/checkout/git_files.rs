//! Git's own files about a repository, read without git.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The maximum number of bytes that are read from one of git's files.
const MAX_SIZE: u64 = 1 << 16;

/// The git directories of a checkout.
#[derive(Debug)]
pub(super) struct GitFolders {
    /// The git directory of the checkout.
    pub(super) git_dir: PathBuf,
    /// The git directory that all checkouts of the repository share.
    pub(super) common_dir: PathBuf,
    /// True if the checkout is a linked worktree.
    pub(super) is_linked: bool,
}

impl GitFolders {
    /// Finds the git directories of the checkout with this root. Returns `None` if it has none, or if git's files cannot be
    /// read, because git reports that.
    pub(super) fn of(root: &Path) -> Option<GitFolders> {
        let entry = root.join(".git");
        if entry.is_dir() {
            return Some(GitFolders {
                git_dir: entry.clone(),
                common_dir: entry,
                is_linked: false,
            });
        }
        let link = text_of(&entry)?;
        let git_dir = root.join(link.strip_prefix("gitdir:")?.trim());
        Some(match text_of(&git_dir.join("commondir")) {
            Some(common_dir) => GitFolders {
                common_dir: git_dir.join(without_line_end(&common_dir)),
                git_dir,
                is_linked: true,
            },
            // A submodule has none.
            None => GitFolders {
                common_dir: git_dir.clone(),
                git_dir,
                is_linked: false,
            },
        })
    }

    /// Tests if the repository has no main checkout.
    pub(super) fn is_bare(&self) -> bool {
        // With `extensions.worktreeConfig`, the second file has the settings of the main worktree.
        let files = ["config", "config.worktree"].map(|name| self.common_dir.join(name));
        let mut texts = files.iter().filter_map(|file| text_of(file));
        !files[0].is_file() || texts.any(|text| is_bare(&text))
    }

    /// Returns the root of the repository's main checkout. Returns `None` if there is none, or if its place is unknown.
    pub(super) fn main_root(&self) -> Option<PathBuf> {
        if self.is_bare() {
            return None;
        }
        let config = text_of(&self.common_dir.join("config")).unwrap_or_default();
        if let Some(worktree) = core_setting(&config, "worktree") {
            // A submodule.
            return Some(self.common_dir.join(worktree));
        }
        let common_dir = self.common_dir.canonicalize().ok()?;
        let is_usual = common_dir.file_name().is_some_and(|it| it == ".git");
        is_usual.then(|| common_dir.parent().map(Path::to_owned))?
    }
}

/// Tests if a file of git's configuration makes the repository bare.
fn is_bare(config: &str) -> bool {
    let value = core_setting(config, "bare").map(|it| it.to_ascii_lowercase());
    value.is_some_and(|it| ["true", "yes", "on", "1"].contains(&it.as_str()))
}

/// Returns the last value of a setting in the section `core`.
fn core_setting(config: &str, setting: &str) -> Option<String> {
    let mut is_core = false;
    let mut found = None;
    for line in config.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let name = section.split(']').next().unwrap_or_default();
            is_core = name.trim().eq_ignore_ascii_case("core");
        } else if is_core {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let (name, value) = line.split_once('=').unwrap_or((line, "true"));
            if name.trim().eq_ignore_ascii_case(setting) {
                found = Some(value.trim().trim_matches('"').to_owned());
            }
        }
    }
    found
}

/// Returns the text of a file. Returns `None` if it is no file, too large, or no text.
pub(super) fn text_of(file: &Path) -> Option<String> {
    // Reading a pipe, which another user may have made, would not end.
    if !file.is_file() {
        return None;
    }
    let mut text = String::new();
    let read = File::open(file)
        .ok()?
        .take(MAX_SIZE)
        .read_to_string(&mut text);
    let length = read.ok()?;
    (length as u64 != MAX_SIZE).then_some(text)
}

/// Removes the line break at the end of a path in one of git's files.
pub(super) fn without_line_end(text: &str) -> &str {
    text.trim_end_matches(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::is_bare;

    #[test]
    fn configuration_tells_bare_repositories() {
        for (config, expected) in [
            ("", false),
            ("[core]\n\tbare = true\n", true),
            (
                "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
                false,
            ),
            ("[core]\nbare\n", true),
            ("[Core]\n  Bare = \"YES\" # a comment\n", true),
            ("[core]\nbare = true\nbare = false\n", false),
            ("[remote \"core\"]\nbare = true\n", false),
            ("[core]\n[user]\nbare = true\n", false),
        ] {
            assert_eq!(is_bare(config), expected, "{config:?}");
        }
    }
}
