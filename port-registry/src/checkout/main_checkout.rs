//! Linked worktrees that leave ports to the main checkout of their repository.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::detect::Checkout;

/// The most bytes that are read of a file of git's.
const MAX_SIZE: u64 = 1 << 16;

impl Checkout {
    /// Tests if this is a linked worktree of a repository that has a main checkout. Runs no process.
    ///
    /// A repository without a main checkout is a bare one, such as `proj.git` or `proj/.bare`. A submodule is a main
    /// checkout, and worktrees of it are linked. Returns false if git's files cannot be read, because git reports that.
    #[doc(hidden)]
    #[must_use]
    pub fn is_beside_main_checkout(&self) -> bool {
        let common_dir = common_dir(self.root());
        common_dir.is_some_and(|common_dir| {
            // With `extensions.worktreeConfig`, the second file has the settings of the main worktree.
            let files = ["config", "config.worktree"].map(|name| common_dir.join(name));
            let mut texts = files.iter().filter_map(|file| text_of(file));
            files[0].is_file() && !texts.any(|text| is_bare(&text))
        })
    }
}

/// Returns the git directory of the repository, if the root is a linked worktree.
fn common_dir(root: &Path) -> Option<PathBuf> {
    let link = text_of(&root.join(".git"))?;
    let git_dir = root.join(link.strip_prefix("gitdir:")?.trim());
    // A submodule has none.
    let common_dir = text_of(&git_dir.join("commondir"))?;
    Some(git_dir.join(common_dir.trim_end_matches(['\n', '\r'])))
}

/// Tests if a file of git's configuration makes the repository bare.
fn is_bare(config: &str) -> bool {
    let mut is_core = false;
    let mut is_bare = false;
    for line in config.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let name = section.split(']').next().unwrap_or_default();
            is_core = name.trim().eq_ignore_ascii_case("core");
        } else if is_core {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let (name, value) = line.split_once('=').unwrap_or((line, "true"));
            if name.trim().eq_ignore_ascii_case("bare") {
                let value = value.trim().trim_matches('"').to_ascii_lowercase();
                is_bare = ["true", "yes", "on", "1"].contains(&value.as_str());
            }
        }
    }
    is_bare
}

/// Returns the text of a file. Returns `None` if it is no file, too large, or no text.
fn text_of(file: &Path) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::is_bare;
    use crate::Checkout;

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

    #[test]
    fn linked_worktree_is_beside_a_main_checkout_unless_the_repository_is_bare() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        let write = |file: &str, text: &str| {
            let file = top.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let is_beside =
            |root: &Path| Checkout::open(root).is_ok_and(|it| it.is_beside_main_checkout());
        write("shop/.git/config", "[core]\n\tbare = false\n");
        write("shop/.git/worktrees/cart/commondir", "../..\n");
        write("cart/.git", "gitdir: ../shop/.git/worktrees/cart\n");
        assert!(is_beside(&top.join("cart")));
        assert!(!is_beside(&top.join("shop")));

        write("proj/.bare/config", "[core]\n\tbare = true\n");
        write("proj/.bare/worktrees/main/commondir", "../..\n");
        write("proj/main/.git", "gitdir: ../.bare/worktrees/main\n");
        write("proj/.git", "gitdir: ./.bare\n");
        assert!(!is_beside(&top.join("proj/main")));
        assert!(!is_beside(&top.join("proj")));

        write(
            "shop/.git/modules/lib/config",
            "[core]\n\tworktree = ../../../lib\n",
        );
        write("shop/lib/.git", "gitdir: ../.git/modules/lib\n");
        assert!(!is_beside(&top.join("shop/lib")));

        for broken in ["gitdir: /nowhere", "", "\u{0}"] {
            write("broken/.git", broken);
            assert!(!is_beside(&top.join("broken")), "{broken:?}");
        }
    }
}
