//! The checkout that a folder is in.

use std::io;
use std::path::Path;
use std::sync::OnceLock;

use super::file_status::{self, FileStatus};
use super::git::{Git, GitError};
use super::hooks_folder::HooksFolder;
use super::labels::{AppOrigin, Labels};
use super::layout::{self, Layout};
use super::project_file::PortctlToml;
use super::root::{self, PassedOver, Root, RootKind};
use crate::error::Error;

/// The checkout that a folder is in.
///
/// ```
/// use port_registry::Checkout;
///
/// let here = Checkout::open(".")?;
/// let labels = here.labels()?;
/// println!("{:?}/{:?} in {}", labels.app, labels.instance, here.root().display());
/// # Ok::<(), port_registry::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkout {
    root: Root,
    labels: OnceLock<Labels>,
}

impl Checkout {
    /// Finds the checkout that a folder is in. This runs no process.
    ///
    /// Its root is the nearest folder upward with a `.git` entry. Outside of git, it is the nearest folder upward with a
    /// `portctl.toml`, or else the folder itself. The home folder is a root only for itself, and an entry that belongs to
    /// another user than the folder does not count.
    ///
    /// # Errors
    ///
    /// Returns [`Checkout`](Error::Checkout) if the folder does not exist or cannot be examined.
    pub fn open(folder: impl AsRef<Path>) -> Result<Checkout, Error> {
        let folder = folder.as_ref();
        let root = root::root_of(folder).map_err(|source| Error::Checkout {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Checkout {
            root,
            labels: OnceLock::new(),
        })
    }

    /// Returns the root of the checkout, a canonical path.
    pub fn root(&self) -> &Path {
        &self.root.path
    }

    /// Returns the reason why the folder is the root of a checkout.
    #[doc(hidden)]
    #[must_use]
    pub fn root_kind(&self) -> RootKind {
        self.root.kind
    }

    /// Returns the entries that make no root, although they are in a folder upward from this one.
    ///
    /// # Errors
    ///
    /// Like [`open`](Self::open).
    #[doc(hidden)]
    pub fn passed_over(folder: &Path) -> io::Result<Vec<PassedOver>> {
        root::passed_over(folder)
    }

    /// Reads the project file at the root. Returns `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error that names the file if it cannot be read.
    #[doc(hidden)]
    pub fn project_file(&self) -> io::Result<Option<PortctlToml>> {
        if self.is_plain_folder() {
            // A project file there belongs to another user.
            return Ok(None);
        }
        PortctlToml::read(self.root())
    }

    /// Returns the version of git, as it prints it. Returns `None` if git is not installed.
    ///
    /// # Errors
    ///
    /// Fails if git fails, or does not answer within five seconds.
    #[doc(hidden)]
    pub fn git_version(folder: &Path) -> io::Result<Option<String>> {
        match Git::new(folder).version() {
            Err(GitError::NotInstalled) => Ok(None),
            version => version.map(Some).map_err(GitError::into_io),
        }
    }

    /// Returns the labels of the checkout. The first call runs git, unless the checkout is outside of git. Without git,
    /// every checkout counts as outside of git.
    ///
    /// # Errors
    ///
    /// Returns [`Checkout`](Error::Checkout) if git fails, rejects the repository, or does not answer within five seconds.
    /// There is no fallback, because other labels would lead to other ports. The next call asks git again.
    pub fn labels(&self) -> Result<&Labels, Error> {
        if let Some(labels) = self.labels.get() {
            return Ok(labels);
        }
        let in_file = self.project_file().and_then(|file| match file {
            Some(file) => file.app(&file.parse()?),
            None => Ok(None),
        });
        let in_file = in_file.map_err(|source| Error::Checkout {
            folder: self.root().to_owned(),
            source,
        })?;
        let mut labels = match self.git() {
            Some(git) => Labels::of_repository(&git).map_err(|it| self.error(it))?,
            None => Labels::of_folder(self.root()),
        };
        if in_file.is_some() {
            labels.app = in_file;
            labels.app_origin = AppOrigin::ProjectFile;
        }
        Ok(self.labels.get_or_init(|| labels))
    }

    /// Returns the state of a file in git, which need not exist. A relative path begins at the root.
    ///
    /// # Errors
    ///
    /// Returns [`Checkout`](Error::Checkout) if the file is not in the checkout, and like [`labels`](Self::labels).
    #[doc(hidden)]
    pub fn file_status(&self, file: &Path) -> Result<FileStatus, Error> {
        let Some(git) = self.git() else {
            return Ok(FileStatus::NoRepository);
        };
        let file = file_status::path_in(self.root(), file).map_err(|source| Error::Checkout {
            folder: self.root().to_owned(),
            source,
        })?;
        FileStatus::of(&git, &file).map_err(|it| self.error(it))
    }

    /// Returns the folder from which git runs hooks. Returns `None` if the checkout is outside of git.
    ///
    /// # Errors
    ///
    /// Like [`labels`](Self::labels), and also if git is not installed.
    #[doc(hidden)]
    pub fn hooks_folder(&self) -> Result<Option<HooksFolder>, Error> {
        let folder = self.git().map(|git| HooksFolder::of(&git)).transpose();
        folder.map_err(|it| self.error(it))
    }

    /// Tests if the repository has a branch of this name. A branch without commits does not exist yet.
    ///
    /// # Errors
    ///
    /// Like [`labels`](Self::labels), and also if git is not installed.
    #[doc(hidden)]
    pub fn has_branch(&self, name: &str) -> Result<bool, Error> {
        match self.git() {
            Some(git) => has_branch(&git, name).map_err(|it| self.error(it)),
            None => Ok(false),
        }
    }

    /// Tests if the checkout is a folder outside of git and of every project with a project file.
    pub(crate) fn is_plain_folder(&self) -> bool {
        self.root.kind == RootKind::Plain
    }

    /// Returns this checkout under another path of its root.
    pub(super) fn at(&self, path: &Path) -> Checkout {
        Checkout {
            root: Root {
                path: path.to_owned(),
                kind: self.root.kind,
            },
            labels: self.labels.clone(),
        }
    }

    fn git(&self) -> Option<Git<'_>> {
        (self.root.kind == RootKind::Git).then(|| Git::new(self.root()))
    }

    fn error(&self, error: GitError) -> Error {
        Error::Checkout {
            folder: self.root().to_owned(),
            source: error.into_io(),
        }
    }
}

fn has_branch(git: &Git, name: &str) -> Result<bool, GitError> {
    // Git matches patterns, which no branch contains in its name.
    if name.contains(['*', '?', '[', '\\', '\0', '\n']) {
        return Ok(false);
    }
    // A git that prints nothing would look like one without branches.
    Layout::of(git)?;
    let reference = format!("refs/heads/{name}");
    let answer = git.run(&["for-each-ref", "--format=%(refname)", &reference], &[0])?;
    Ok(layout::lines(&answer).contains(&reference.as_bytes()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::chown;

    use super::Checkout;

    #[test]
    fn project_file_of_another_user_does_not_name_the_app() {
        const OTHER: u32 = 12345;
        let folder = tempfile::tempdir().unwrap();
        let shop = folder.path().join("shop");
        let file = shop.join("portctl.toml");
        fs::create_dir(&shop).unwrap();
        fs::write(&file, "app = 'theirs'").unwrap();
        let app = || {
            let checkout = Checkout::open(&shop).unwrap();
            checkout.labels().unwrap().app.clone()
        };
        assert_eq!(app().as_deref(), Some("theirs"));
        if chown(&file, Some(OTHER), None).is_ok() {
            // Only root can give files away.
            assert_eq!(app().as_deref(), Some("shop"));
        }
    }
}
