//! Files that make cargo run a build script in each checkout.
//!
//! Cargo identifies a package by its path in its workspace. For worktrees with a common target folder, there is
//! therefore one build of the script, and one folder for its output. Cargo runs the script again if a path that it
//! printed does not exist below the package, or is newer than the output. So the script prints the path of a file,
//! relative to the package. Only the checkout that ran the script last has this file.

use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fs, io};

use super::cargo::Instructions;
use crate::fnv;

/// The folder of marks in a package. Cargo lets build scripts write to `target` of a package.
const MARKS: &str = "target/port-registry";

/// The file in the script's output folder that names the mark of the checkout that was built last.
const LAST_MARK: &str = "port-registry-mark";

/// The age of marks. They must be older than the output of the script that made them.
const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);

/// Marks a package as the one that was built last, and makes cargo run the script in every other one. A folder that
/// cannot be written is left as it is.
pub(super) fn mark(package: &Path, root: &Path, instructions: &mut Instructions) {
    let Some(output) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        return;
    };
    if let Ok(mark) = leave_mark(package, root, &output) {
        instructions.rerun_if_changed(&mark);
    }
}

/// Makes cargo run the script for every build.
pub(super) fn always_rerun(instructions: &mut Instructions) {
    if let Some(output) = env::var_os("OUT_DIR") {
        // This file is never made.
        instructions.rerun_if_changed(&Path::new(&output).join("port-registry-retry"));
    }
}

/// Creates the mark of a package, and removes the one of the package that was built last. Returns its path, relative to
/// the package.
fn leave_mark(package: &Path, root: &Path, output: &Path) -> io::Result<PathBuf> {
    let package = fs::canonicalize(package)?;
    let output = fs::canonicalize(output)?;
    let root = fs::canonicalize(root)?;
    let (mark, relative) = if let Some(path) = path_between(&package, &output, &root) {
        // No other checkout has the file in its place.
        let name = format!("port-registry-{}", hash_of(&package));
        (output.join(&name), path.join(name))
    } else {
        let path = Path::new(MARKS).join(hash_of(&output));
        make_ignored_folder(&package.join(MARKS))?;
        (package.join(&path), path)
    };
    let last = output.join(LAST_MARK);
    if let Ok(other) = fs::read_to_string(&last).map(PathBuf::from)
        && other != mark
        && other.ends_with(Path::new(MARKS).join(hash_of(&output)))
    {
        // If it is gone, so may be its checkout.
        fs::remove_file(other).ok();
    }
    fs::write(&last, mark.as_os_str().as_encoded_bytes())?;
    let file = fs::File::create(&mark)?;
    file.set_modified(SystemTime::UNIX_EPOCH + LONG_AGO)?;
    Ok(relative)
}

/// Returns the path from a package to a folder, if both are in the checkout with this root. All are canonical.
fn path_between(package: &Path, folder: &Path, root: &Path) -> Option<PathBuf> {
    let below = package.strip_prefix(root).ok()?;
    let target = folder.strip_prefix(root).ok()?;
    let mut path: PathBuf = below.components().map(|_| Component::ParentDir).collect();
    path.push(target);
    Some(path)
}

/// Makes a folder whose files git ignores.
fn make_ignored_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let ignored = folder.join(".gitignore");
    if ignored.exists() {
        return Ok(());
    }
    fs::write(ignored, "*\n")
}

fn hash_of(path: &Path) -> String {
    format!("{:016x}", fnv::hash(path.as_os_str().as_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::leave_mark;

    /// Makes the folder of a package in a checkout.
    fn package(parent: &Path, checkout: &str) -> (PathBuf, PathBuf) {
        let root = parent.join(checkout);
        let package = root.join("app");
        fs::create_dir_all(&package).unwrap();
        (root, package)
    }

    #[test]
    fn only_the_checkout_that_was_built_last_has_its_mark() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("shared/out");
        fs::create_dir_all(&output).unwrap();
        let (one_root, one) = package(folder.path(), "one");
        let (two_root, two) = package(folder.path(), "two");
        let path = leave_mark(&one, &one_root, &output).unwrap();
        assert!(path.is_relative() && one.join(&path).exists() && !two.join(&path).exists());
        for _ in 0..2 {
            assert_eq!(leave_mark(&two, &two_root, &output).unwrap(), path);
            assert!(two.join(&path).exists() && !one.join(&path).exists());
        }
        assert_eq!(leave_mark(&one, &one_root, &output).unwrap(), path);
        assert!(one.join(&path).exists() && !two.join(&path).exists());
    }

    #[test]
    fn target_folder_inside_of_a_checkout_holds_its_mark() {
        let folder = tempfile::tempdir().unwrap();
        let (root, main) = package(folder.path(), "main");
        // The nested worktree shares the target folder of the checkout around it.
        let (nested_root, nested) = package(&root, "worktrees/nested");
        let output = root.join("target/debug/build/app/out");
        fs::create_dir_all(&output).unwrap();
        let path = leave_mark(&main, &root, &output).unwrap();
        assert!(path.starts_with("../target/debug/build/app/out"));
        assert!(main.join(&path).exists() && !nested.join(&path).exists());
        assert!(!main.join("target").exists());
        let other = leave_mark(&nested, &nested_root, &output).unwrap();
        assert!(nested.join(&other).exists() && !main.join(&other).exists());
    }
}
