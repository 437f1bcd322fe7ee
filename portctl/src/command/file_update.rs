//! Bringing declared files in line with ports that were released or moved.

use super::env_writing::TrackedFile;
use super::invocation::Invocation;
use super::kept_files::{self, FileRules, KeptFiles};
use super::wiring::variables_of_files;
use crate::backend::Backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::env_file::{OutsideAssignments, Replaced, block, read_small};

/// Puts the current ports into the blocks of the declared files of this checkout. A file without a block stays as it is, and
/// variables of services without a port are dropped. Returns notes, also on what failed, because the ports have changed
/// already.
pub(super) fn update_files(backend: &dyn Backend) -> Vec<String> {
    match update(backend) {
        Ok(notes) => notes,
        Err(error) => {
            let error = error.into_report().error;
            vec![format!("no file was updated, because {error}")]
        }
    }
}

fn update(backend: &dyn Backend) -> Result<Vec<String>, CommandError> {
    let typed = TypedLabels::new(None, None)?;
    let here = Here::new(backend, typed.clone());
    let Some(declared) = here.declarations()? else {
        return Ok(Vec::new());
    };
    let rules = FileRules {
        tracked: TrackedFile::Refuse,
        outside: OutsideAssignments::Refuse,
        written: Invocation::new("sync", None, None),
        printed: Invocation::new("env", None, None),
    };
    let mut notes = Vec::new();
    let paths = kept_files::paths(declared);
    for (index, path) in paths.iter().enumerate() {
        if !block::is_in(&read_small(path).unwrap_or_default()) {
            continue;
        }
        let written = KeptFiles::single(path, &rules).and_then(|file| {
            file.write(|| {
                let here = Here::new(backend, typed.clone());
                let current = here.current()?;
                let mut all = variables_of_files(&here, declared, &current)?;
                Ok(vec![all.swap_remove(index)])
            })
        });
        match written {
            Ok(written) => {
                let changed = written.iter().filter(|it| it.replaced == Replaced::Written);
                notes.extend(changed.map(|it| it.text.clone()));
            }
            Err(error) => {
                let report = error.into_report();
                let hint = report.hint.map(|it| format!("; {it}"));
                notes.push(format!("{}{}", report.error, hint.unwrap_or_default()));
            }
        }
    }
    Ok(notes)
}
