//! `portctl skill`.

use std::env;
use std::io;

use serde::Serialize;

use super::outcome::{CommandResult, of_changes};
use crate::args::{SkillInstallArgs, SkillUninstallArgs};
use crate::command_error::CommandError;
use crate::environment;
use crate::output::{self, visible};
use crate::report::Report;
use crate::skill::{EditedFiles, Installation, SkillChange, SkillResult};

/// The folders of agents in a project, and in a home folder.
const LOCAL_AGENTS: [&str; 2] = [".claude", ".agents"];
const GLOBAL_AGENTS: [&str; 3] = [".claude", ".codex", ".agents"];

/// The outcome for one installation of the skill.
#[derive(Serialize)]
struct SkillEntry {
    folder: String,
    #[serde(flatten)]
    change: Option<SkillChange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(crate) fn install(args: &SkillInstallArgs) -> CommandResult {
    let installations = installations(args.global)?;
    if args.global && installations.is_empty() {
        return Err(
            Report::new("none of ~/.claude, ~/.codex and ~/.agents exists")
                .hint("create the folder that your agent reads, or leave --global out")
                .into(),
        );
    }
    let edited = edited_files(args.force);
    let entries = entries(installations, |it| it.install(edited));
    print_entries(
        &entries,
        &force_hint("install", args.global, "overwrites"),
        args.json,
    )
}

pub(crate) fn uninstall(args: &SkillUninstallArgs) -> CommandResult {
    let edited = edited_files(args.force);
    let mut entries = entries(installations(args.global)?, |it| it.uninstall(edited));
    entries.retain(|entry| {
        entry
            .change
            .as_ref()
            .is_none_or(|change| change.result != SkillResult::Absent)
    });
    if entries.is_empty() {
        let place = if args.global { "for this user" } else { "here" };
        return Err(Report::new(format!("the skill is not installed {place}")).into());
    }
    print_entries(
        &entries,
        &force_hint("uninstall", args.global, "removes"),
        args.json,
    )
}

/// The hint about files that were edited and kept.
fn force_hint(command: &str, is_global: bool, verb: &str) -> String {
    let global = if is_global { " --global" } else { "" };
    format!("`portctl skill {command}{global} --force` {verb} it")
}

fn edited_files(force: bool) -> EditedFiles {
    if force {
        EditedFiles::Overwrite
    } else {
        EditedFiles::Keep
    }
}

fn installations(global: bool) -> Result<Vec<Installation>, CommandError> {
    if global {
        let user = environment::home().ok_or_else(|| {
            Report::new("HOME is not an absolute path").hint("set HOME, or leave --global out")
        })?;
        let installations = GLOBAL_AGENTS
            .iter()
            .map(|agent| Installation::new(&user, agent));
        Ok(installations.filter(Installation::has_agent).collect())
    } else {
        let here = env::current_dir()
            .map_err(|error| Report::new(format!("cannot find the current folder: {error}")))?;
        Ok(LOCAL_AGENTS
            .iter()
            .map(|agent| Installation::new(&here, agent))
            .collect())
    }
}

fn entries(
    installations: Vec<Installation>,
    act: impl Fn(&Installation) -> io::Result<SkillChange>,
) -> Vec<SkillEntry> {
    let entry = |installation: Installation| {
        let (change, error) = match act(&installation) {
            Ok(change) => (Some(change), None),
            Err(error) => (None, Some(error.to_string())),
        };
        SkillEntry {
            folder: installation.folder().display().to_string(),
            change,
            error,
        }
    };
    installations.into_iter().map(entry).collect()
}

/// Prints what was done. Fails if something was not done.
fn print_entries(entries: &[SkillEntry], fix: &str, as_json: bool) -> CommandResult {
    let printed = if as_json {
        output::print_json(&entries)
    } else {
        entries.iter().try_for_each(SkillEntry::print)
    };
    let failures = entries.iter().flat_map(|it| it.report_failures(fix));
    of_changes(printed, failures.collect(), "changes were not made")
}

impl SkillEntry {
    fn print(&self) -> io::Result<()> {
        let words = match self.change.as_ref().map(|it| it.result) {
            Some(SkillResult::Installed) => "installed",
            Some(SkillResult::Updated) => "updated",
            Some(SkillResult::UpToDate) => "up to date:",
            Some(SkillResult::Removed) => "removed",
            Some(SkillResult::Kept | SkillResult::Absent) | None => return Ok(()),
        };
        output::print(&format!("{words} {}", visible(&self.folder)))
    }

    /// Reports the error, or the files that were kept because they were edited.
    fn report_failures<'a>(&'a self, fix: &'a str) -> impl Iterator<Item = Report> {
        let kept = self.change.iter().flat_map(|change| &change.kept);
        let kept = kept.map(move |kept| {
            Report::new(format!("{kept} was changed by hand, and is kept")).hint(fix)
        });
        self.error.iter().map(Report::new).chain(kept)
    }
}
