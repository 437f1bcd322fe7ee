//! Bringing env files in line with ports that were released or moved.

use std::io::ErrorKind;
use std::path::PathBuf;

use port_registry::{Checkout, Port};

use super::super::invocation::Invocation;
use super::env_refresh::rewrite;
use super::env_writing::TrackedFile;
use super::kept_files::{self, FileRules, KeptFiles};
use super::wiring::{all_variables, variables_of_files};
use crate::backend::Backend;
use crate::checkout::{Here, TypedLabels, current_folder};
use crate::command_error::CommandError;
use crate::env_file::{
    MarkedBlock, OutsideAssignments, Replaced, block, env_files, marked_block, read_small,
};

/// Puts the current ports into the blocks of the declared files, and of the `.env*` files at the root that mention one of the
/// ports in `left`. `typed` are the labels of the services that had them.
///
/// A file without a block stays as it is, and variables of services without a port are dropped. Returns notes, also on
/// failures, because the ports have changed already.
pub(in crate::command) fn update_files(
    backend: &dyn Backend,
    typed: &TypedLabels,
    left: impl IntoIterator<Item = Port>,
) -> Vec<String> {
    let left: Vec<Port> = left.into_iter().collect();
    let mut notes = Vec::new();
    let updated = update_declared(backend, &mut notes)
        .and_then(|declared| update_others(backend, typed, &left, &declared, &mut notes));
    if let Err(error) = updated {
        let error = error.into_report().error;
        notes.push(format!("no file was updated, because {error}"));
    }
    notes
}

/// Updates the declared files, and returns them.
fn update_declared(
    backend: &dyn Backend,
    notes: &mut Vec<String>,
) -> Result<Vec<PathBuf>, CommandError> {
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
    let paths = kept_files::paths(declared);
    for (index, path) in paths.iter().enumerate() {
        // A file that cannot be read may have one.
        if read_small(path).map_or_else(
            |error| error.kind() == ErrorKind::NotFound,
            |it| !block::is_in(&it),
        ) {
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
                notes.push(format!(
                    "not up to date: {}{}",
                    report.error,
                    hint.unwrap_or_default()
                ));
            }
        }
    }
    let root = declared.root();
    let files = declared.files.iter();
    Ok(files.map(|it| root.join(&it.path)).collect())
}

/// Updates the blocks at the root that `env --write` has written.
fn update_others(
    backend: &dyn Backend,
    typed: &TypedLabels,
    left: &[Port],
    declared: &[PathBuf],
    notes: &mut Vec<String>,
) -> Result<(), CommandError> {
    let checkout = Checkout::open(&current_folder()?)?;
    let root = checkout.root();
    for path in env_files(root) {
        let block = marked_block(&read_small(&path).unwrap_or_default());
        let is_stale =
            |it: &MarkedBlock| it.of.names(root) && left.iter().any(|&port| it.mentions(port));
        if !block.is_some_and(|it| is_stale(&it)) || declared.contains(&path) {
            continue;
        }
        let written = rewrite(&checkout, &path, || {
            let here = Here::new(backend, typed.clone());
            all_variables(&here, &here.current()?)
        });
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        notes.push(match written {
            Ok(lost) if lost.is_empty() => format!("{shown} has the current ports now"),
            Ok(lost) => format!("removed {} from {shown}", lost.join(", ")),
            Err(reason) => format!("not up to date: {shown} was not changed, because {reason}"),
        });
    }
    Ok(())
}
