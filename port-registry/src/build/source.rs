//! The origin of the package that is built.

use std::env;
use std::path::{Path, PathBuf};

/// The variables that decide if a package is one of a checkout.
pub(super) const VARIABLES: [&str; 1] = ["DOCS_RS"];

/// The origin of the package that is built.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A copy that is no part of a checkout, such as a downloaded dependency. Reserve nothing, because its folder and
    /// labels would be foreign.
    Copy,
    /// A package in its own folder.
    Folder(PathBuf),
}

impl Source {
    /// Finds the origin of the package whose build script this is.
    pub(super) fn of_package() -> Source {
        let folder = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from);
        let is_on_docs_rs = env::var_os("DOCS_RS").is_some_and(|it| !it.is_empty());
        if is_on_docs_rs || is_packaged(&folder) || is_downloaded(&folder) {
            Source::Copy
        } else {
            Source::Folder(folder)
        }
    }
}

/// Tests if a package was unpacked from an archive, by cargo or `cargo vendor`.
fn is_packaged(folder: &Path) -> bool {
    // Cargo writes the first file into each archive, and the second one when it vendors a package.
    ["Cargo.toml.orig", ".cargo-checksum.json"]
        .iter()
        .any(|it| folder.join(it).is_file())
}

/// Tests if cargo downloaded a package as a dependency, for example from git.
fn is_downloaded(folder: &Path) -> bool {
    // Cargo marks complete downloads.
    let is_marked = |it: &Path| it.join(".cargo-ok").is_file();
    let cargo_home = env::var_os("CARGO_HOME").filter(|it| !it.is_empty());
    let cargo_home = cargo_home.map_or_else(
        || env::home_dir().map(|it| it.join(".cargo")),
        |it| Some(PathBuf::from(it)),
    );
    let is_in_cache = cargo_home.is_some_and(|it| {
        ["registry", "git"]
            .iter()
            .any(|kind| folder.starts_with(it.join(kind)))
    });
    is_in_cache || folder.ancestors().any(is_marked)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{is_downloaded, is_packaged};

    #[test]
    fn packages_that_cargo_unpacked_are_copies() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("app");
        fs::create_dir(&package).unwrap();
        assert!(!is_packaged(&package) && !is_downloaded(&package));
        for file in ["Cargo.toml.orig", ".cargo-checksum.json"] {
            fs::write(package.join(file), "").unwrap();
            assert!(is_packaged(&package), "{file}");
            fs::remove_file(package.join(file)).unwrap();
        }
        // A workspace from git.
        fs::write(folder.path().join(".cargo-ok"), "").unwrap();
        assert!(is_downloaded(&package));
    }
}
