//! Detecting the app and the instance of a folder.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::git::{self, Repository};
use super::repository_name::repository_name;
use crate::error::Error;

/// The instance of a folder outside of a repository.
const DEFAULT_INSTANCE: &str = "default";

/// The checkout that a folder is in, with its names in the registry.
///
/// ```
/// use port_registry::Checkout;
///
/// let here = Checkout::of(std::path::Path::new("."))?;
/// println!("{:?}/{:?} in {}", here.app, here.instance, here.root.display());
/// # Ok::<(), port_registry::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkout {
    /// The app: the name of the repository in the URL of `origin`.
    ///
    /// Without an `origin`, it is the name of the main worktree's folder, or of the submodule. Outside of a
    /// repository, it is the name of the folder. It is `None` if there is no such name, as for `/`, or if the name
    /// is not UTF-8.
    pub app: Option<String>,
    /// The instance: the name of a linked worktree's folder, or else the branch.
    ///
    /// On a detached HEAD, it is `detached-` and the short commit. Outside of a repository, it is `default`. It is
    /// `None` if the name is not UTF-8.
    pub instance: Option<String>,
    /// The root of the checkout. Outside of a repository, it is the folder itself.
    pub root: PathBuf,
}

impl Checkout {
    /// Detects the checkout of a folder by running git. Without git, every folder counts as outside of a repository.
    ///
    /// # Errors
    ///
    /// Returns [`Checkout`](Error::Checkout) if git cannot be run or refuses to examine the repository. There is no
    /// fallback, because other names would lead to other ports.
    pub fn of(folder: &Path) -> Result<Checkout, Error> {
        // Git reports real paths.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let checkout = git::repository(&folder).and_then(|repository| match repository {
            Some(repository) => Ok(Checkout {
                app: app(&repository),
                instance: instance(&repository)?,
                root: root(repository),
            }),
            None => Ok(Checkout {
                app: file_name(&folder),
                instance: Some(DEFAULT_INSTANCE.to_owned()),
                root: folder.clone(),
            }),
        });
        checkout.map_err(|source| Error::Checkout { folder, source })
    }
}

/// Returns the root of the checkout. Beside a bare repository or inside the git directory, returns the folder that
/// contains the repository.
fn root(repository: Repository) -> PathBuf {
    match repository.top_level {
        Some(top_level) => top_level,
        None => match folder_around(&repository.common_dir) {
            Some(folder) => folder.to_owned(),
            None => repository.common_dir,
        },
    }
}

/// Returns the folder of the project if its git directory is directly inside it.
fn folder_around(common_dir: &Path) -> Option<&Path> {
    match common_dir.file_name()?.to_str()? {
        ".git" | ".bare" => common_dir.parent(),
        _ => None,
    }
}

fn app(repository: &Repository) -> Option<String> {
    let from_url = repository.origin.as_deref().and_then(repository_name);
    from_url.or_else(|| file_name(&main_folder(repository)))
}

fn instance(repository: &Repository) -> io::Result<Option<String>> {
    if let Some(top_level) = &repository.top_level
        && repository.git_dir != repository.common_dir
    {
        return Ok(file_name(top_level));
    }
    if let Some(branch) = git::branch(repository)? {
        return Ok(Some(branch));
    }
    let commit = git::short_commit(repository)?;
    Ok(commit.map(|commit| format!("detached-{commit}")))
}

/// Returns the folder of the main worktree, or the folder that it would have.
fn main_folder(repository: &Repository) -> PathBuf {
    let common_dir = &repository.common_dir;
    match &repository.top_level {
        Some(top_level) if repository.git_dir == *common_dir => top_level.clone(),
        _ => match folder_around(common_dir) {
            Some(folder) => folder.to_owned(),
            // A bare `proj.git`, or a submodule's folder in the repository of its parent.
            None if common_dir.extension() == Some(OsStr::new("git")) => {
                common_dir.with_extension("")
            }
            None => common_dir.clone(),
        },
    }
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}
