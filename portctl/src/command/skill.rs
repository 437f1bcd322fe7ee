//! `portctl skill`.

use std::env;
use std::io;

use serde::Serialize;

use super::{Done, Outcome};
use crate::args::{SkillInstall, SkillUninstall};
use crate::environment;
use crate::failure::{Failure, Report};
use crate::output;
use crate::skill::{Change, Changed, Home, Kind};
use crate::visible::visible;

/// The agents' folders in a project, and in a home folder.
const LOCAL_AGENTS: [&str; 2] = [".claude", ".agents"];
const GLOBAL_AGENTS: [&str; 3] = [".claude", ".codex", ".agents"];

/// What became of the skill in one place.
#[derive(Serialize)]
struct Entry {
    folder: String,
    #[serde(flatten)]
    change: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn install(args: &SkillInstall) -> Outcome {
    let homes = homes(args.global)?;
    if args.global && homes.is_empty() {
        return Err(
            Report::new("none of ~/.claude, ~/.codex and ~/.agents exists")
                .hint("create the one that your agent reads, or leave --global out")
                .into(),
        );
    }
    let changed = changed(args.force);
    let entries = entries(homes, |home| home.install(changed));
    Ok(tell(&entries, "--force overwrites it", args.json))
}

pub(super) fn uninstall(args: &SkillUninstall) -> Outcome {
    let changed = changed(args.force);
    let mut entries = entries(homes(args.global)?, |home| home.uninstall(changed));
    entries.retain(|entry| {
        entry
            .change
            .as_ref()
            .is_none_or(|change| change.result != Kind::Absent)
    });
    if entries.is_empty() {
        let place = if args.global { "for this user" } else { "here" };
        return Err(Report::new(format!("the skill is not installed {place}")).into());
    }
    Ok(tell(&entries, "--force removes it", args.json))
}

fn changed(force: bool) -> Changed {
    if force {
        Changed::Overwrite
    } else {
        Changed::Keep
    }
}

fn homes(global: bool) -> Result<Vec<Home>, Failure> {
    if global {
        let user = environment::home().ok_or_else(|| {
            Report::new("HOME is not an absolute path").hint("set HOME, or leave --global out")
        })?;
        let homes = GLOBAL_AGENTS.iter().map(|agent| Home::new(&user, agent));
        Ok(homes.filter(Home::has_agent).collect())
    } else {
        let here = env::current_dir()
            .map_err(|error| Report::new(format!("cannot tell the current folder: {error}")))?;
        Ok(LOCAL_AGENTS
            .iter()
            .map(|agent| Home::new(&here, agent))
            .collect())
    }
}

fn entries(homes: Vec<Home>, act: impl Fn(&Home) -> io::Result<Change>) -> Vec<Entry> {
    let entry = |home: Home| {
        let (change, error) = match act(&home) {
            Ok(change) => (Some(change), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Entry {
            folder: home.folder().display().to_string(),
            change,
            error,
        }
    };
    homes.into_iter().map(entry).collect()
}

/// Tells what was done, and fails if that is not all of it.
fn tell(entries: &[Entry], way_out: &str, as_json: bool) -> Done {
    let is_done = |entry: &Entry| entry.change.as_ref().is_some_and(|it| it.kept.is_empty());
    let is_all = entries.iter().all(is_done);
    let printed = if as_json {
        output::print_json(&entries)
    } else {
        entries.iter().try_for_each(|entry| entry.print(way_out))
    };
    if is_all {
        Done::Printed(printed)
    } else {
        Done::No(printed)
    }
}

impl Entry {
    fn print(&self, way_out: &str) -> io::Result<()> {
        if let Some(error) = &self.error {
            output::remark(&format!("error: {}", visible(error)))?;
        }
        let Some(change) = &self.change else {
            return Ok(());
        };
        for kept in &change.kept {
            output::remark(&format!(
                "kept {}: it was changed; {way_out}",
                visible(kept)
            ))?;
        }
        let words = match change.result {
            Kind::Installed => "installed",
            Kind::Updated => "updated",
            Kind::UpToDate => "up to date:",
            Kind::Removed => "removed",
            Kind::Kept | Kind::Absent => return Ok(()),
        };
        output::print(&format!("{words} {}", visible(&self.folder)))
    }
}
