//! A file that has a hook, and changing it.

use std::fs;
use std::path::PathBuf;
use std::str::Utf8Error;

use port_registry::Checkout;
use thiserror::Error;

use super::change::HookChange;
use super::git_place::{self, GitPlace};
use super::target::Target;
use crate::env_file::{FilePlace, LockedFile, LockedFiles, PlaceError, Replaced};
use crate::hook::agents_md;
use crate::hook::claude_settings::{self, SettingsError};
use crate::hook::git_hook::{self, HookError, LINE};
use crate::marked_text::MarkError;
use crate::path::folder_of;
use crate::report::Report;

/// The reason why the content of a file cannot be changed.
#[derive(Debug, Error)]
enum ContentError {
    #[error(transparent)]
    GitHook(#[from] HookError),
    #[error(transparent)]
    AgentsMd(#[from] MarkError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("it is not text")]
    NotText(#[from] Utf8Error),
}

#[derive(Debug)]
pub(super) struct HookFile {
    target: Target,
    root: PathBuf,
    path: PathBuf,
    /// The file is in the folder of git, where links are not followed.
    is_of_git: bool,
}

impl HookFile {
    pub(super) fn find(target: Target, checkout: &Checkout) -> Result<HookFile, Report> {
        let root = checkout.root();
        let (path, is_of_git) = match target {
            Target::Git => match git_place::find(checkout)? {
                GitPlace::Git(folder) => (folder.join(git_hook::NAME), true),
                GitPlace::Husky(file) => (file, false),
            },
            Target::Claude => (root.join(".claude/settings.json"), false),
            Target::AgentsMd => (root.join("AGENTS.md"), false),
        };
        Ok(HookFile {
            target,
            root: root.to_owned(),
            path,
            is_of_git,
        })
    }

    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn install(&self) -> Result<HookChange, Report> {
        let folder = folder_of(&self.path);
        let is_new_folder = !folder.exists();
        if is_new_folder {
            fs::create_dir_all(folder).map_err(|it| self.problem(&it.to_string()))?;
        }
        let changed = self.with_file(|file| {
            let content = self.with_hook(file.content())?;
            let replaced = if self.is_of_git {
                file.replace_program(&content)
            } else {
                file.replace(&content)
            };
            Ok(match replaced? {
                Replaced::Written => HookChange::Installed,
                Replaced::Unchanged => HookChange::UpToDate,
            })
        });
        if changed.is_err() && is_new_folder {
            let _ = fs::remove_dir(folder);
        }
        changed
    }

    pub(super) fn uninstall(&self) -> Result<HookChange, Report> {
        let folder = folder_of(&self.path);
        // Opening the place needs the folder.
        if fs::symlink_metadata(&self.path).is_err() {
            return Ok(HookChange::Absent);
        }
        self.with_file(|file| {
            if !file.exists() {
                return Ok(HookChange::Absent);
            }
            let Some(content) = self.without_hook(file.content())? else {
                return Ok(HookChange::Absent);
            };
            if content.is_empty() {
                file.remove()?;
                if self.target == Target::Claude {
                    // It remains if it has other files.
                    let _ = fs::remove_dir(folder);
                }
            } else {
                file.replace(&content)?;
            }
            Ok(HookChange::Removed)
        })
    }

    /// Acts on the file while it is locked.
    fn with_file(
        &self,
        act: impl FnOnce(LockedFile) -> Result<HookChange, Report>,
    ) -> Result<HookChange, Report> {
        let place = if self.is_of_git {
            let folder = FilePlace::in_folder(folder_of(&self.path), git_hook::NAME);
            folder.map_err(PlaceError::from)
        } else {
            FilePlace::find(&self.root, &self.path)
        };
        let place = place.map_err(|it| self.place_problem(it))?;
        let files = LockedFiles::default();
        files.open(&place, &self.path).and_then(act)
    }

    fn with_hook(&self, content: &[u8]) -> Result<Vec<u8>, Report> {
        let with = match self.target {
            Target::Git => git_hook::with_block(content).map_err(ContentError::from),
            Target::AgentsMd => agents_md::with_lines(content).map_err(ContentError::from),
            Target::Claude => settings_with_hooks(content),
        };
        with.map_err(|it| self.problem(&it.to_string()))
    }

    fn without_hook(&self, content: &[u8]) -> Result<Option<Vec<u8>>, Report> {
        let without = match self.target {
            Target::Git => git_hook::without_block(content).map_err(ContentError::from),
            Target::AgentsMd => agents_md::without_lines(content).map_err(ContentError::from),
            Target::Claude => settings_without_hooks(content),
        };
        without.map_err(|it| self.problem(&it.to_string()))
    }

    fn place_problem(&self, error: PlaceError) -> Report {
        match error {
            PlaceError::Unreachable(error) => self.problem(&error.to_string()),
            PlaceError::SharedLink(link) => self.problem(&format!(
                "{} is a symbolic link that other users can replace",
                link.display()
            )),
            PlaceError::PathLeaves | PlaceError::InsideGit => {
                self.problem("it is not a file of this checkout")
            }
            PlaceError::FileLeaves | PlaceError::FolderLeaves(_) => {
                self.problem("it is a symbolic link that leads out of this checkout")
            }
        }
    }

    /// Reports that the file was not changed, and what to do by hand.
    fn problem(&self, problem: &str) -> Report {
        let file = self.path.display();
        let hint = match self.target {
            Target::Git => format!("repair it, or add what this shell line does: {LINE}"),
            Target::Claude => "repair the file, or remove it; Claude Code reads JSON".to_owned(),
            Target::AgentsMd => "repair the file, or remove its lines of port-registry".to_owned(),
        };
        Report::new(format!("{file} was not changed: {problem}")).hint(hint)
    }
}

fn settings_with_hooks(content: &[u8]) -> Result<Vec<u8>, ContentError> {
    let with = claude_settings::with_hooks(str::from_utf8(content)?)?;
    Ok(with.into_bytes())
}

fn settings_without_hooks(content: &[u8]) -> Result<Option<Vec<u8>>, ContentError> {
    let without = claude_settings::without_hooks(str::from_utf8(content)?)?;
    Ok(without.map(String::into_bytes))
}
