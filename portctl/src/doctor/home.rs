//! The folder that the registry is in, and who else can get at it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use port_registry::{Builder, Error, default_folder};

use super::exposure::{self, Location};
use super::finding::{Finding, Issue};
use crate::failure::Report;

const CHECK: &str = "home";

/// Only a file that is a registry has to be for its owner alone.
pub(super) fn check(is_registry: bool) -> Finding {
    let store = match Builder::from_env() {
        Ok(registry) => registry.store(),
        // A setting that cannot be used is told where the registry is opened.
        Err(_) => Builder::default().store(),
    };
    match store {
        Ok(store) => look(&store, is_registry),
        // It is not used at all. What others can do to it is told more exactly here.
        Err(Error::UnusableFolder { folder, .. })
            if exposure::of_folder(&folder, Location::Usual).is_some() =>
        {
            look_at(&folder, Some(&folder.join("ports.redb")), Location::Usual)
        }
        Err(error) => Issue::from(Report::from(error)).of(CHECK),
    }
}

fn look(store: &Path, is_registry: bool) -> Finding {
    let folder = store.parent().unwrap_or(store);
    let location = match default_folder() {
        Ok(usual) if usual == folder => Location::Usual,
        _ => Location::Chosen,
    };
    let is_own = is_registry || location == Location::Usual;
    look_at(folder, Some(store).filter(|_| is_own), location).but_all(obstacle(store))
}

fn look_at(folder: &Path, store: Option<&Path>, location: Location) -> Finding {
    let path = folder.display();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Finding::ok(CHECK, exposure::described(folder, &found))
            .but_all(exposure::of_folder(folder, location))
            .but_all(store.and_then(|store| exposure::of_file(store, location)))
            .but_all(exposure::of_another(folder, &found)),
        Ok(_) => Issue::problem(format!("{path} is not a folder; move it away")).of(CHECK),
        Err(error) if error.kind() == ErrorKind::NotFound => Finding::ok(
            CHECK,
            format!("{path}: there is none yet; the first allocation creates it"),
        ),
        Err(error) => Issue::problem(format!("cannot look at {path}: {error}"))
            .hint("make it readable, or name another file by PORT_REGISTRY_DB")
            .of(CHECK),
    }
}

/// What keeps a registry that is not there from being created. One that is there tells itself whether
/// it can be changed.
fn obstacle(store: &Path) -> Option<Issue> {
    if store.try_exists().unwrap_or(true) {
        return None;
    }
    let folder = store.ancestors().skip(1).find(|it| it.exists());
    let folder = folder.filter(|it| it.is_dir())?;
    let error = exposure::refusal(folder)?;
    let line = format!(
        "the registry cannot be created in {}: {error}",
        folder.display()
    );
    Some(Issue::problem(line).hint("make it writable, or name another file by PORT_REGISTRY_DB"))
}
