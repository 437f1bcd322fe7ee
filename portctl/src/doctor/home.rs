//! Checks the registry's folder and the access of other users to it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use port_registry::daemon::{default_folder, store_files};
use port_registry::{Builder, Error};

use super::exposure::{self, StoreLocation};
use super::finding::{Finding, Issue};
use crate::report::Report;

const CHECK: &str = "home";

/// Checks the folder. The mode of a chosen file is checked only if the file is a registry.
pub(super) fn check(is_registry: bool) -> Finding {
    let store = match Builder::from_env() {
        Ok(registry) => registry.store_path(),
        // The store check reports invalid settings.
        Err(_) => Builder::default().store_path(),
    };
    match store {
        Ok(store) => check_store(&store, is_registry),
        // The registry rejects the folder; the permission check explains it more exactly.
        Err(Error::UnusableFolder { folder, .. })
            if exposure::of_folder(&folder, StoreLocation::Default).is_some() =>
        {
            check_folder(
                &folder,
                Some(&folder.join("ports.redb")),
                StoreLocation::Default,
            )
        }
        Err(error) => Issue::from(Report::from(error)).of(CHECK),
    }
}

fn check_store(store: &Path, is_registry: bool) -> Finding {
    let folder = store.parent().unwrap_or(store);
    let location = match default_folder() {
        Ok(usual) if usual == folder => StoreLocation::Default,
        _ => StoreLocation::Chosen,
    };
    let is_own = is_registry || location == StoreLocation::Default;
    check_folder(folder, Some(store).filter(|_| is_own), location).with_all(obstacle(store))
}

fn check_folder(folder: &Path, store: Option<&Path>, location: StoreLocation) -> Finding {
    let path = folder.display();
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Finding::ok(CHECK, exposure::described(folder, &found))
            .with_all(exposure::of_folder(folder, location))
            .with_all(store.into_iter().flat_map(|store| exposed(store, location)))
            .with_all(exposure::of_other_owner(folder, &found)),
        Ok(_) => Issue::problem(format!("{path} is not a folder"))
            .hint("move it away")
            .of(CHECK),
        Err(error) if error.kind() == ErrorKind::NotFound => Finding::ok(
            CHECK,
            format!("{path} does not exist yet; the first allocation creates it"),
        ),
        Err(error) => Issue::problem(format!("cannot access {path}: {error}"))
            .hint("make it readable, or set PORT_REGISTRY_DB to another file")
            .of(CHECK),
    }
}

/// Reports the files of the registry that other users have too much access to.
fn exposed(store: &Path, location: StoreLocation) -> impl Iterator<Item = Issue> {
    let files = store_files(store).into_iter();
    files.filter_map(move |file| exposure::of_file(&file, location))
}

/// Reports why a missing registry cannot be created. The store check reports an existing one that cannot be written.
fn obstacle(store: &Path) -> Option<Issue> {
    if store.try_exists().unwrap_or(true) {
        return None;
    }
    let folder = store.ancestors().skip(1).find(|it| it.exists());
    let folder = folder.filter(|it| it.is_dir())?;
    let error = exposure::write_error(folder)?;
    let line = format!(
        "the registry cannot be created in {}: {error}",
        folder.display()
    );
    Some(Issue::problem(line).hint("make it writable, or set PORT_REGISTRY_DB to another file"))
}
