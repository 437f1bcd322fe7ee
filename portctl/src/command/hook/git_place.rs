//! The file of git's hook.

use std::path::{Path, PathBuf};

use port_registry::{Checkout, HooksFolder};

use crate::hook::git_hook::{LINE, NAME};
use crate::report::Report;

/// The file that git or husky runs.
#[derive(Debug)]
pub(super) enum GitPlace {
    /// A file in the folder from which git runs hooks.
    Git(PathBuf),
    /// A file of the checkout that a script of husky runs.
    Husky(PathBuf),
}

/// Finds the file.
pub(super) fn find(checkout: &Checkout) -> Result<GitPlace, Report> {
    let Some(HooksFolder {
        path,
        is_in_repository,
    }) = checkout.hooks_folder()?
    else {
        return Err(Report::new("this is not a git checkout")
            .hint("run it in a git checkout, or leave --git out"));
    };
    if let Some(folder) = husky_folder(&path)
        && folder.starts_with(checkout.root())
    {
        return Ok(GitPlace::Husky(folder.join(NAME)));
    }
    if !is_in_repository {
        let folder = path.display();
        return Err(Report::new(format!(
            "git runs hooks from {folder}, which is not in this repository"
        ))
        .hint(format!(
            "core.hooksPath names it; `git config core.hooksPath \"$(git rev-parse --path-format=absolute --git-common-dir)/hooks\"` \
             gives this repository its own, or add `{LINE}` to {folder}/{NAME}"
        )));
    }
    Ok(GitPlace::Git(path))
}

/// Returns the folder of husky whose scripts are in its subfolder `_`.
fn husky_folder(hooks: &Path) -> Option<&Path> {
    let is_husky = hooks.ends_with("_") && hooks.join("h").is_file();
    hooks.parent().filter(|_| is_husky)
}
