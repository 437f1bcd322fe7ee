//! `portctl skill`.

use std::env;
use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::{Done, Outcome};
use crate::args::{SkillInstall, SkillUninstall};
use crate::environment;
use crate::failure::{Failure, Report};
use crate::output;
use crate::skill::{Change, Changed, Kind, Place};
use crate::visible::visible;

/// The agents' folders in a project, and in a home folder.
const LOCAL_AGENTS: [&str; 2] = [".claude", ".agents"];
const GLOBAL_AGENTS: [&str; 3] = [".claude", ".codex", ".agents"];

/// What became of the skill in one place.
#[derive(Serialize)]
struct Entry {
    folder: PathBuf,
    #[serde(flatten)]
    change: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn install(args: &SkillInstall) -> Outcome {
    let places = places(args.global)?;
    if args.global && places.is_empty() {
        return Err(
            Report::new("none of ~/.claude, ~/.codex and ~/.agents exists")
                .hint("create the one that your agent reads, or leave --global out")
                .into(),
        );
    }
    let changed = changed(args.force);
    let entries = entries(places, |place| place.install(changed));
    Ok(tell(&entries, "--force overwrites it", args.json))
}

pub(super) fn uninstall(args: &SkillUninstall) -> Outcome {
    let changed = changed(args.force);
    let mut entries = entries(places(args.global)?, |place| place.uninstall(changed));
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

fn places(global: bool) -> Result<Vec<Place>, Failure> {
    if global {
        let home = environment::home().ok_or_else(|| {
            Report::new("HOME is not an absolute path").hint("set HOME, or leave --global out")
        })?;
        let places = GLOBAL_AGENTS.iter().map(|agent| Place::new(&home, agent));
        Ok(places.filter(Place::has_agent).collect())
    } else {
        let here = env::current_dir()
            .map_err(|error| Report::new(format!("cannot tell the current folder: {error}")))?;
        Ok(LOCAL_AGENTS
            .iter()
            .map(|agent| Place::new(&here, agent))
            .collect())
    }
}

fn entries(places: Vec<Place>, act: impl Fn(&Place) -> io::Result<Change>) -> Vec<Entry> {
    let entry = |place: Place| {
        let (change, error) = match act(&place) {
            Ok(change) => (Some(change), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Entry {
            folder: place.folder(),
            change,
            error,
        }
    };
    places.into_iter().map(entry).collect()
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
            let kept = kept.display().to_string();
            output::remark(&format!(
                "kept {}: it was changed; {way_out}",
                visible(&kept)
            ))?;
        }
        let words = match change.result {
            Kind::Installed => "installed",
            Kind::Updated => "updated",
            Kind::UpToDate => "up to date:",
            Kind::Removed => "removed",
            Kind::Absent => return Ok(()),
        };
        let folder = self.folder.display().to_string();
        output::print(&format!("{words} {}", visible(&folder)))
    }
}
