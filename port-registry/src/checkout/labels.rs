//! The labels of a checkout, as git and its folder give them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::git::{Git, GitError};
use super::layout::{self, Layout};
use super::repository_name::repository_name;
use crate::types::label_origin::LabelOrigin;

/// The instance of a checkout outside of git.
const DEFAULT_INSTANCE: &str = "default";

/// The labels that a checkout has now. They are names for people, and change as git does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Labels {
    /// The app: the name of the repository in the URL of `origin`.
    ///
    /// Without an `origin`, it is the name of the main worktree's folder, or of the submodule. Outside of git, it is the
    /// name of the folder. It is `None` if there is no such name, as for `/`, or if the name is not UTF-8.
    pub app: Option<String>,
    /// The instance: git's name of a linked worktree, or else the branch.
    ///
    /// During a rebase or a bisection, it is the branch on which that began. On another detached HEAD, it is
    /// `detached-` and seven digits of the commit. Outside of git, it is `default`. It is `None` if the name is not
    /// UTF-8.
    pub instance: Option<String>,
    /// The source of the instance.
    pub origin: LabelOrigin,
    /// The source of the app.
    #[doc(hidden)]
    pub app_origin: AppOrigin,
}

/// The source of a detected app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppOrigin {
    /// The URL of the remote `origin`.
    Remote,
    /// The folder of the repository's main worktree.
    Repository,
    /// The name of the submodule.
    Submodule,
    /// The folder of the checkout, outside of git.
    Folder,
    /// The project file.
    ProjectFile,
}

impl Labels {
    /// Returns the labels of a checkout outside of git.
    pub(super) fn of_folder(root: &Path) -> Labels {
        Labels {
            app: root.file_name().and_then(|it| text(it.as_ref())),
            instance: Some(DEFAULT_INSTANCE.to_owned()),
            origin: LabelOrigin::Folder,
            app_origin: AppOrigin::Folder,
        }
    }

    /// Returns the labels of a checkout, by asking git. Without git, it counts as outside of git.
    pub(super) fn of_repository(git: &Git) -> Result<Labels, GitError> {
        let layout = match Layout::of(git) {
            Err(GitError::NotInstalled) => return Ok(Labels::of_folder(git.root())),
            layout => layout?,
        };
        let (instance, origin) = match layout.worktree_name() {
            Some(name) => (text(name), LabelOrigin::Worktree),
            None => head(git, &layout)?,
        };
        let (app, app_origin) = app(git, &layout)?;
        Ok(Labels {
            app,
            instance,
            origin,
            app_origin,
        })
    }
}

fn app(git: &Git, layout: &Layout) -> Result<(Option<String>, AppOrigin), GitError> {
    // Ask only for the repository's own configuration, because the user's may replace URLs. Other exit codes are
    // errors.
    const UNSET: i32 = 1;
    let args = [
        "config",
        "--local",
        "--includes",
        "-z",
        "--get-all",
        "remote.origin.url",
    ];
    let answer = git.run(&args, &[0, UNSET])?;
    if (answer.code == UNSET) != answer.stdout.is_empty() {
        return Err(git.unexpected("git listed the URLs of origin in an unknown way"));
    }
    let mut urls = answer.stdout.split(|&byte| byte == 0);
    let name = urls
        .next()
        .and_then(|url| repository_name(str::from_utf8(url).ok()?));
    if name.is_some() {
        return Ok((name, AppOrigin::Remote));
    }
    let origin = if layout.is_of_submodule() {
        AppOrigin::Submodule
    } else {
        AppOrigin::Repository
    };
    Ok((layout.name(git.root()).and_then(text), origin))
}

/// Returns the instance that HEAD gives.
fn head(git: &Git, layout: &Layout) -> Result<(Option<String>, LabelOrigin), GitError> {
    const DETACHED: i32 = 1;
    let answer = git.run(&["symbolic-ref", "--quiet", "HEAD"], &[0, DETACHED])?;
    match (answer.code, &*layout::lines(&answer)) {
        (0, &[reference]) if reference.starts_with(b"refs/") => {
            let branch = reference.strip_prefix(b"refs/heads/").unwrap_or(reference);
            return Ok((owned(branch), LabelOrigin::Branch));
        }
        (DETACHED, []) => (),
        _ => return Err(git.unexpected("git named the branch in an unknown way")),
    }
    if let Some(branch) = interrupted_branch(layout)? {
        return Ok((owned(&branch), LabelOrigin::Branch));
    }
    let answer = git.run(&["rev-parse", "--verify", "HEAD"], &[0])?;
    match *layout::lines(&answer) {
        [id] if matches!(id.len(), 40 | 64) && id.iter().all(u8::is_ascii_hexdigit) => {
            // Never let git abbreviate it, because its configuration sets the length.
            let instance = owned(&id[..7]).map(|digits| format!("detached-{digits}"));
            Ok((instance, LabelOrigin::Detached))
        }
        _ => Err(git.unexpected("git named the commit in an unknown way")),
    }
}

/// Returns the branch on which a rebase or a bisection began that is not over.
fn interrupted_branch(layout: &Layout) -> Result<Option<Vec<u8>>, GitError> {
    for file in ["rebase-merge/head-name", "rebase-apply/head-name"] {
        // On a detached HEAD it has another text.
        if let Some(reference) = first_line_of(&layout.git_dir.join(file))?
            && let Some(branch) = reference.strip_prefix(b"refs/heads/")
        {
            return Ok(Some(branch.to_owned()));
        }
    }
    let start = first_line_of(&layout.git_dir.join("BISECT_START"))?;
    let is_commit = |it: &[u8]| matches!(it.len(), 40 | 64) && it.iter().all(u8::is_ascii_hexdigit);
    Ok(start.filter(|it| !is_commit(it)).map(|branch| {
        let name = branch.strip_prefix(b"refs/heads/").map(<[u8]>::to_owned);
        name.unwrap_or(branch)
    }))
}

/// Returns the first line of a file. Returns `None` if the file does not exist or is empty.
fn first_line_of(file: &Path) -> Result<Option<Vec<u8>>, GitError> {
    // Reading a pipe, which another user may have made, would not end.
    if !file.is_file() {
        return Ok(None);
    }
    match fs::read(file) {
        Ok(content) => {
            let line = content.split(|&byte| byte == b'\n').next();
            Ok(line.filter(|it| !it.is_empty()).map(<[u8]>::to_owned))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let file = file.display();
            Err(GitError::Other(format!("cannot read {file}: {error}")))
        }
    }
}

fn text(name: &Path) -> Option<String> {
    name.to_str().map(str::to_owned)
}

fn owned(name: &[u8]) -> Option<String> {
    str::from_utf8(name).ok().map(str::to_owned)
}
