//! The root of the checkout that a folder is in, found without running git.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::system::trust;

/// The root of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The canonical path of the folder.
    pub(crate) path: PathBuf,
    pub(crate) kind: RootKind,
}

/// The reason why a folder is the root of a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKind {
    /// It has a `.git` entry. Git may still reject it.
    Git,
    /// It is outside of git and has a project file.
    ProjectFile,
    /// It is outside of git and outside of every folder with a project file.
    Plain,
}

/// A `.git` entry or project file that makes no root, although it is in a folder upward, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// It belongs to another user than this one and the owner of the folder.
    OtherUser(PathBuf),
    /// It is in the home folder, which is a root only for itself.
    Home(PathBuf),
}

/// The file that marks the root of a project outside of git.
pub(crate) const PROJECT_FILE: &str = "portctl.toml";

/// Returns the root of the checkout that a folder is in. For a file, its folder counts.
///
/// The home folder is a root only for itself. Otherwise a repository of dotfiles would make one checkout of all folders
/// below it. An entry that belongs to another user does not count either, as described at [`trust::is_trusted`].
///
/// # Errors
///
/// Returns an error if the folder does not exist, or if it or a folder above it cannot be examined.
pub(crate) fn root_of(folder: &Path) -> io::Result<Root> {
    Ok(search(folder)?.0)
}

/// Returns the entries that [`root_of`] passes over on the way upward.
///
/// # Errors
///
/// Like [`root_of`].
#[cfg(feature = "detect")]
pub(crate) fn passed_over(folder: &Path) -> io::Result<Vec<PassedOver>> {
    Ok(search(folder)?.1)
}

fn search(folder: &Path) -> io::Result<(Root, Vec<PassedOver>)> {
    let mut asked = fs::canonicalize(folder)?;
    let mut metadata = fs::metadata(&asked)?;
    if !metadata.is_dir() && asked.pop() {
        metadata = fs::metadata(&asked)?;
    }
    let mut search = Search {
        asked,
        metadata,
        passed_over: Vec::new(),
    };
    let (kind, path) = if let Some(path) = search.nearest_with(".git", is_repository)? {
        (RootKind::Git, path)
    } else if let Some(path) = search.nearest_with(PROJECT_FILE, |file, _| file.is_file())? {
        (RootKind::ProjectFile, path)
    } else {
        (RootKind::Plain, search.asked)
    };
    Ok((Root { path, kind }, search.passed_over))
}

/// A search upward from a folder.
struct Search {
    asked: PathBuf,
    metadata: Metadata,
    passed_over: Vec<PassedOver>,
}

impl Search {
    /// Returns the nearest folder upward with an entry of this name that counts.
    fn nearest_with(
        &mut self,
        name: &str,
        counts: impl Fn(&Path, &Metadata) -> bool,
    ) -> io::Result<Option<PathBuf>> {
        for folder in self.asked.ancestors() {
            let entry = folder.join(name);
            let found = match fs::symlink_metadata(&entry) {
                Err(error) if is_absence(&error) => continue,
                found => found?,
            };
            if !counts(&entry, &found) {
                continue;
            }
            if !trust::is_trusted(&found, &self.metadata) {
                self.passed_over.push(PassedOver::OtherUser(entry));
            } else if folder != self.asked && trust::is_home(folder) {
                self.passed_over.push(PassedOver::Home(entry));
            } else {
                return Ok(Some(folder.to_owned()));
            }
        }
        Ok(None)
    }
}

/// Tests if a `.git` entry is one. An empty folder is not, because sandboxes and mounts leave such folders behind.
/// Everything else counts, even if it is broken, so that git's rejection becomes an error.
fn is_repository(entry: &Path, found: &Metadata) -> bool {
    !found.is_dir() || !fs::read_dir(entry).is_ok_and(|mut entries| entries.next().is_none())
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    #[cfg(all(unix, feature = "detect"))]
    use super::{PassedOver, passed_over};
    use super::{Root, RootKind, root_of};

    /// Creates folders, and files with a content.
    fn tree(folders: &[&str], files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for path in folders {
            fs::create_dir_all(top.join(path)).unwrap();
        }
        for (path, content) in files {
            fs::write(top.join(path), content).unwrap();
        }
        (folder, top)
    }

    #[track_caller]
    fn assert_root(folder: &Path, path: &Path, kind: RootKind) {
        let path = path.to_owned();
        assert_eq!(root_of(folder).unwrap(), Root { path, kind });
    }

    #[test]
    fn the_nearest_git_entry_upward_makes_the_root() {
        let folders = ["shop/.git/hooks", "shop/web/src", "shop/trees/cart/src"];
        let files = [
            ("shop/trees/cart/.git", "gitdir: anywhere"),
            ("shop/web/portctl.toml", ""),
        ];
        let (_folder, top) = tree(&folders, &files);
        let shop = top.join("shop");
        for folder in [
            "",
            "web",
            "web/src",
            "trees",
            ".git",
            ".git/hooks",
            "web/portctl.toml",
        ] {
            assert_root(&shop.join(folder), &shop, RootKind::Git);
        }
        let cart = shop.join("trees/cart");
        assert_root(&cart, &cart, RootKind::Git);
        assert_root(&cart.join("src"), &cart, RootKind::Git);
    }

    #[test]
    fn outside_of_git_a_project_file_makes_the_root() {
        let folders = ["shop/web/src", "shop/api/portctl.toml", "plain/below"];
        let files = [("shop/portctl.toml", ""), ("shop/web/portctl.toml", "")];
        let (_folder, top) = tree(&folders, &files);
        let (shop, web) = (top.join("shop"), top.join("shop/web"));
        assert_root(&web.join("src"), &web, RootKind::ProjectFile);
        // A folder of that name is none.
        assert_root(&shop.join("api"), &shop, RootKind::ProjectFile);
        let below = top.join("plain/below");
        assert_root(&below, &below, RootKind::Plain);
    }

    #[test]
    fn an_empty_git_folder_is_no_repository() {
        let (_folder, top) = tree(&["shop/.git/objects", "shop/web/.git"], &[]);
        assert_root(&top.join("shop/web"), &top.join("shop"), RootKind::Git);
        fs::remove_dir(top.join("shop/.git/objects")).unwrap();
        let web = top.join("shop/web");
        assert_root(&web, &web, RootKind::Plain);
    }

    #[test]
    fn a_folder_that_does_not_exist_has_no_root() {
        let (_folder, top) = tree(&["shop"], &[("shop/file", "")]);
        assert!(root_of(&top.join("gone")).is_err());
        assert!(root_of(&top.join("shop/file/below")).is_err());
        assert!(root_of(Path::new("")).is_err());
        assert_root(
            Path::new("/"),
            Path::new("/"),
            root_of(Path::new("/")).unwrap().kind,
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_git_entry_counts() {
        let files = [("empty/.git", ""), ("dangling/.git", "gitdir: /nowhere")];
        let (_folder, top) = tree(&["link", "empty", "dangling"], &files);
        std::os::unix::fs::symlink("/nowhere", top.join("link/.git")).unwrap();
        for name in ["empty", "dangling", "link"] {
            let folder = top.join(name);
            assert_root(&folder, &folder, RootKind::Git);
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_to_a_folder_lead_to_its_real_root() {
        let (_folder, top) = tree(&["shop/.git/hooks", "shop/web"], &[]);
        let link = top.join("link");
        std::os::unix::fs::symlink(top.join("shop/web"), &link).unwrap();
        assert_root(&link, &top.join("shop"), RootKind::Git);
    }

    #[cfg(unix)]
    #[test]
    fn an_entry_of_another_user_counts_only_for_that_user() {
        use std::os::unix::fs::{chown, lchown, symlink};
        const OTHER: u32 = 12345;
        let folders = ["shared/.git/hooks", "shared/mine", "shared/theirs"];
        let files = [("shared/mine/portctl.toml", "")];
        let (_folder, top) = tree(&folders, &files);
        let (mine, theirs) = (top.join("shared/mine"), top.join("shared/theirs"));
        if lchown(top.join("shared/.git"), Some(OTHER), None).is_err() {
            // Only root can give files away.
            return;
        }
        chown(&theirs, Some(OTHER), None).unwrap();
        assert_root(&mine, &mine, RootKind::ProjectFile);
        assert_root(&theirs, &top.join("shared"), RootKind::Git);
        #[cfg(feature = "detect")]
        assert_eq!(
            passed_over(&mine).unwrap(),
            [PassedOver::OtherUser(top.join("shared/.git"))]
        );
        // Nor does a project file.
        chown(mine.join("portctl.toml"), Some(OTHER), None).unwrap();
        assert_root(&mine, &mine, RootKind::Plain);
        // Nor does a link of theirs to a repository of this user.
        fs::create_dir_all(top.join("own/.git/hooks")).unwrap();
        symlink(top.join("own/.git"), mine.join(".git")).unwrap();
        lchown(mine.join(".git"), Some(OTHER), None).unwrap();
        assert_root(&mine, &mine, RootKind::Plain);
    }
}
