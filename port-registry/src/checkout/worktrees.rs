//! The checkouts of one repository, found by git's files.

use std::fs;
use std::path::{Path, PathBuf};

use super::detect::Checkout;
use super::git_files::{GitFolders, text_of, without_line_end};
use super::mark;
use super::reach::{self, CheckoutState};
use super::timeout::{RESPONSE_TIMEOUT, run_with_timeout};

/// The maximum number of linked worktrees of a repository that are examined.
const MAX_WORKTREES: usize = 1000;

impl Checkout {
    /// Tests if this is a linked worktree of a repository that has a main checkout. Runs no process.
    ///
    /// A repository without a main checkout is a bare one, such as `proj.git` or `proj/.bare`. A submodule is a main
    /// checkout, and worktrees of it are linked. Returns false if git's files cannot be read, because git reports that.
    #[doc(hidden)]
    #[must_use]
    pub fn is_beside_main_checkout(&self) -> bool {
        GitFolders::of(self.root()).is_some_and(|it| it.is_linked && !it.is_bare())
    }

    /// Tests if this is a linked worktree, also of a bare repository. Runs no process.
    #[doc(hidden)]
    #[must_use]
    pub fn is_linked_worktree(&self) -> bool {
        GitFolders::of(self.root()).is_some_and(|it| it.is_linked)
    }

    /// Returns the roots of the repository's other checkouts that exist, first the main one. Runs no process. Returns
    /// nothing if their file systems do not respond within a second.
    #[doc(hidden)]
    #[must_use]
    pub fn other_worktrees(&self) -> Vec<PathBuf> {
        let root = self.root().to_owned();
        run_with_timeout(RESPONSE_TIMEOUT, move || other_worktrees(&root)).unwrap_or_default()
    }

    /// Returns the git directory of a linked worktree, which stays where it is when the worktree moves. Returns `None` for
    /// other checkouts. Runs no process.
    #[doc(hidden)]
    #[must_use]
    pub fn worktree_git_dir(&self) -> Option<PathBuf> {
        let folders = GitFolders::of(self.root()).filter(|it| it.is_linked)?;
        folders.git_dir.canonicalize().ok()
    }

    /// Tests if the linked worktree with this git directory exists, or may exist because its file system does not respond
    /// within a second. Runs no process.
    #[doc(hidden)]
    #[must_use]
    pub fn worktree_exists(git_dir: &Path) -> bool {
        let git_dir = git_dir.to_owned();
        let is_there = move || {
            let folders = linked_root(&git_dir).and_then(|root| GitFolders::of(&root));
            folders.is_some_and(|it| it.git_dir.canonicalize().is_ok_and(|own| own == git_dir))
        };
        run_with_timeout(RESPONSE_TIMEOUT, is_there).unwrap_or(true)
    }

    /// Returns the mark that tells this checkout from others with the same labels. `length` is one of
    /// [`MARK_LENGTHS`](Self::MARK_LENGTHS).
    #[doc(hidden)]
    #[must_use]
    pub fn mark(&self, length: usize) -> String {
        mark::of(self.root().as_os_str().as_encoded_bytes(), length)
    }

    /// Finds the state of the checkout with this root, within a second, like
    /// [`Allocation::checkout_state`](crate::Allocation::checkout_state).
    #[doc(hidden)]
    #[must_use]
    pub fn state_of(root: &Path) -> CheckoutState {
        reach::state_of(root)
    }
}

/// Returns the root that git has noted for a linked worktree.
fn linked_root(git_dir: &Path) -> Option<PathBuf> {
    let link = text_of(&git_dir.join("gitdir"))?;
    // Git may note it relative to its own folder.
    let link = git_dir.join(without_line_end(&link));
    link.parent().map(Path::to_owned)
}

fn other_worktrees(root: &Path) -> Vec<PathBuf> {
    let Some(folders) = GitFolders::of(root) else {
        return Vec::new();
    };
    let Ok(common_dir) = folders.common_dir.canonicalize() else {
        return Vec::new();
    };
    let linked = fs::read_dir(common_dir.join("worktrees"));
    let linked = linked.into_iter().flatten().flatten();
    let linked = linked
        .take(MAX_WORKTREES)
        .filter_map(|entry| linked_root(&entry.path()));
    let mut linked: Vec<PathBuf> = linked.collect();
    linked.sort();
    let own = root.canonicalize();
    let mut others: Vec<PathBuf> = Vec::new();
    for other in folders.main_root().into_iter().chain(linked) {
        let Ok(other) = other.canonicalize() else {
            continue;
        };
        let is_own = own.as_ref().is_ok_and(|own| *own == other);
        // Another repository may be at a place that git has noted.
        let is_of_repository = || {
            let found = GitFolders::of(&other);
            found.is_some_and(|it| it.common_dir.canonicalize().ok().as_ref() == Some(&common_dir))
        };
        if !is_own && !others.contains(&other) && is_of_repository() {
            others.push(other);
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use crate::Checkout;

    /// Repositories as git lays them out.
    struct Repositories {
        _folder: tempfile::TempDir,
        top: PathBuf,
    }

    impl Repositories {
        fn new(files: &[(&str, &str)]) -> Repositories {
            let folder = tempfile::tempdir().unwrap();
            let top = folder.path().canonicalize().unwrap();
            let repositories = Repositories {
                _folder: folder,
                top,
            };
            for (file, text) in files {
                repositories.write(file, text);
            }
            repositories
        }

        fn write(&self, file: &str, text: &str) {
            let file = self.top.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }

        fn open(&self, root: &str) -> Checkout {
            let checkout = Checkout::open(self.top.join(root)).unwrap();
            assert_eq!(checkout.root(), self.top.join(root));
            checkout
        }

        #[track_caller]
        fn assert_others(&self, root: &str, expected: &[&str]) {
            let others = self.open(root).other_worktrees();
            let others: Vec<&Path> = others
                .iter()
                .map(|it| it.strip_prefix(&self.top).unwrap())
                .collect();
            let expected: Vec<&Path> = expected.iter().map(Path::new).collect();
            assert_eq!(others, expected, "{root}");
        }
    }

    #[test]
    fn linked_worktree_is_beside_a_main_checkout_unless_the_repository_is_bare() {
        let it = Repositories::new(&[
            ("shop/.git/config", "[core]\n\tbare = false\n"),
            ("shop/.git/worktrees/cart/commondir", "../..\n"),
            ("cart/.git", "gitdir: ../shop/.git/worktrees/cart\n"),
            ("proj/.bare/config", "[core]\n\tbare = true\n"),
            ("proj/.bare/worktrees/main/commondir", "../..\n"),
            ("proj/main/.git", "gitdir: ../.bare/worktrees/main\n"),
            ("proj/.git", "gitdir: ./.bare\n"),
            (
                "shop/.git/modules/lib/config",
                "[core]\n\tworktree = ../../../lib\n",
            ),
            ("shop/lib/.git", "gitdir: ../.git/modules/lib\n"),
        ]);
        for (root, is_linked, is_beside) in [
            ("cart", true, true),
            ("shop", false, false),
            ("proj/main", true, false),
            ("proj", false, false),
            ("shop/lib", false, false),
        ] {
            let checkout = it.open(root);
            assert_eq!(checkout.is_linked_worktree(), is_linked, "{root}");
            assert_eq!(checkout.is_beside_main_checkout(), is_beside, "{root}");
        }
        for broken in ["gitdir: /nowhere", "", "\u{0}"] {
            it.write("broken/.git", broken);
            let checkout = it.open("broken");
            assert!(!checkout.is_linked_worktree(), "{broken:?}");
            assert!(!checkout.is_beside_main_checkout(), "{broken:?}");
            it.assert_others("broken", &[]);
        }
    }

    #[test]
    fn linked_worktree_is_recognized_where_it_moved_to() {
        let it = Repositories::new(&[
            ("shop/.git/config", "[core]\n\tbare = false\n"),
            ("shop/.git/worktrees/cart/commondir", "../..\n"),
            ("shop/.git/worktrees/cart/gitdir", "../../../../cart/.git\n"),
            ("cart/.git", "gitdir: ../shop/.git/worktrees/cart\n"),
        ]);
        let git_dir = it.top.join("shop/.git/worktrees/cart");
        assert_eq!(it.open("cart").worktree_git_dir(), Some(git_dir.clone()));
        assert_eq!(it.open("shop").worktree_git_dir(), None);
        assert!(Checkout::worktree_exists(&git_dir));
        fs::rename(it.top.join("cart"), it.top.join("tax")).unwrap();
        assert!(!Checkout::worktree_exists(&git_dir));
        it.write("shop/.git/worktrees/cart/gitdir", "../../../../tax/.git\n");
        assert!(Checkout::worktree_exists(&git_dir));
        it.write("tax/.git", "gitdir: ../other/.git\n");
        assert!(!Checkout::worktree_exists(&git_dir));
    }

    #[test]
    fn checkouts_of_a_repository_find_each_other() {
        let it = Repositories::new(&[
            ("shop/.git/config", "[core]\n\tbare = false\n"),
            ("shop/.git/worktrees/cart/commondir", "../..\n"),
            ("cart/.git", "gitdir: ../shop/.git/worktrees/cart\n"),
            ("shop/.git/worktrees/tax/commondir", "../..\n"),
            // As with `worktree.useRelativePaths`.
            (
                "shop/.git/worktrees/tax/gitdir",
                "../../../../trees/tax/.git\n",
            ),
            ("trees/tax/.git", "gitdir: ../../shop/.git/worktrees/tax\n"),
            // Removed, and replaced by another repository.
            ("shop/.git/worktrees/gone/gitdir", "/nowhere/gone/.git\n"),
            (
                "shop/.git/worktrees/other/gitdir",
                "../../../../other/.git\n",
            ),
            ("other/.git/config", ""),
            ("shop/.git/worktrees/broken/gitdir", ""),
        ]);
        let gitdir = format!("{}/cart/.git\n", it.top.display());
        it.write("shop/.git/worktrees/cart/gitdir", &gitdir);
        it.assert_others("shop", &["cart", "trees/tax"]);
        it.assert_others("cart", &["shop", "trees/tax"]);
        it.assert_others("trees/tax", &["shop", "cart"]);
        it.assert_others("other", &[]);
    }

    #[test]
    fn bare_repository_is_no_checkout_of_its_worktrees() {
        let it = Repositories::new(&[
            ("proj/.bare/config", "[core]\n\tbare = true\n"),
            ("proj/.bare/worktrees/main/commondir", "../..\n"),
            ("proj/.bare/worktrees/main/gitdir", "../../../main/.git\n"),
            ("proj/main/.git", "gitdir: ../.bare/worktrees/main\n"),
            ("proj/.bare/worktrees/cart/commondir", "../..\n"),
            ("proj/.bare/worktrees/cart/gitdir", "../../../cart/.git\n"),
            ("proj/cart/.git", "gitdir: ../.bare/worktrees/cart\n"),
        ]);
        it.assert_others("proj/main", &["proj/cart"]);
        it.assert_others("proj/cart", &["proj/main"]);
    }

    #[test]
    fn submodule_is_the_main_checkout_of_its_worktrees() {
        let it = Repositories::new(&[
            (
                "shop/.git/modules/lib/config",
                "[core]\n\tworktree = ../../../lib\n",
            ),
            ("shop/lib/.git", "gitdir: ../.git/modules/lib\n"),
            ("shop/.git/modules/lib/worktrees/fix/commondir", "../..\n"),
            (
                "shop/.git/modules/lib/worktrees/fix/gitdir",
                "../../../../../../fix/.git\n",
            ),
            (
                "fix/.git",
                "gitdir: ../shop/.git/modules/lib/worktrees/fix\n",
            ),
        ]);
        it.assert_others("fix", &["shop/lib"]);
        it.assert_others("shop/lib", &["fix"]);
    }
}
