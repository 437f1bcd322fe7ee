//! Refreshing the blocks that came into a checkout with a copy of another one's `.env` file.

use std::path::{Path, PathBuf};

use port_registry::{Checkout, FileStatus};

use super::wiring::all_variables;
use crate::backend::Backend;
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::env_file::variables::Variable;
use crate::env_file::{
    self, BlockContent, FilePlace, LockedFiles, MarkedBlock, OutsideAssignments, env_files,
    marked_block, read_small,
};
use crate::environment::NAMES_VARIABLE;

/// Puts the values of this checkout into the blocks of other checkouts: in the `.env*` files at its root, and in the
/// declared files, which have variables of their own. Returns notes on what was done.
///
/// A block keeps its names. Those without a value here are dropped, because the other checkout's port must not stay.
pub(in crate::command) fn refresh_copied_blocks(
    backend: &dyn Backend,
    checkout: &Checkout,
    declared: &[(PathBuf, Vec<Variable>)],
) -> Vec<String> {
    let root = checkout.root();
    let others = env_files(root).into_iter();
    let others = others.filter(|it| declared.iter().all(|(path, _)| root.join(path) != *it));
    let others = others.map(|it| (it, None));
    let declared = declared.iter();
    let declared = declared.map(|(path, own)| (root.join(path), Some(&**own)));
    let mut notes = Vec::new();
    for (path, own) in declared.chain(others) {
        // Most files have none, and need no lock.
        let text = read_small(&path).unwrap_or_default();
        let Some(copied) = marked_block(&text).filter(|it| !it.of.names(root)) else {
            continue;
        };
        let read = || -> Result<Vec<Variable>, CommandError> {
            if let Some(own) = own {
                return Ok(own.to_vec());
            }
            let here = Here::new(backend, TypedLabels::new(None, None)?).in_folder(root);
            all_variables(&here, &here.current()?)
        };
        let written = rewrite(checkout, &path, read);
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        notes.push(note(&shown.to_string(), &copied, written));
    }
    notes
}

fn note(file: &str, copied: &MarkedBlock, written: Result<Vec<String>, String>) -> String {
    let of = copied.of.text();
    match written {
        Ok(missing) if missing.is_empty() => {
            format!("{file} had the ports of another checkout, {of}; it has this one's now")
        }
        Ok(missing) => format!(
            "{file} had the ports of another checkout, {of}; it has this one's now, without {}, for which this one has no value",
            missing.join(", ")
        ),
        Err(reason) => {
            format!("{file} has the ports of another checkout, {of}, and was not changed: {reason}")
        }
    }
}

/// Writes a block anew, with the names that it has. Returns the names that it lost, or the reason why it was not written.
pub(in crate::command) fn rewrite(
    checkout: &Checkout,
    path: &Path,
    read: impl FnOnce() -> Result<Vec<Variable>, CommandError>,
) -> Result<Vec<String>, String> {
    let root = checkout.root();
    let place = FilePlace::find(root, path).map_err(|_| "it is not in this checkout".to_owned())?;
    if place.nearest_marked().is_some() {
        return Err("it is not in this checkout".to_owned());
    }
    match checkout.file_status(&place.path()) {
        Ok(FileStatus::Tracked) => return Err("git tracks it".to_owned()),
        Ok(_) => {}
        Err(error) => return Err(error.to_string()),
    }
    let files = LockedFiles::default();
    let file = files.open(&place, path).map_err(|it| it.error)?;
    // Block and ports are read while the folder is locked, so that older ones never replace newer ones.
    let Some(block) = marked_block(file.content()) else {
        return Ok(Vec::new());
    };
    let mut kept = read().map_err(|it| it.into_report().error)?;
    let has = |name: &String| block.names.contains(name);
    kept.retain(|it| has(&it.name) || it.replaced.as_ref().is_some_and(has));
    let content = BlockContent {
        checkout: root,
        variables: &kept,
        format: block.format,
        outside: OutsideAssignments::Refuse,
    };
    let planned = env_file::plan(file, &content).map_err(|it| it.to_string())?;
    planned.write().map_err(|it| it.error)?;
    let is_lost = |name: &&String| {
        let is_kept = |it: &Variable| it.name == **name || it.replaced.as_ref() == Some(*name);
        !kept.iter().any(is_kept) && *name != NAMES_VARIABLE
    };
    Ok(block.names.iter().filter(is_lost).cloned().collect())
}
