//! Checkouts that conflict, and a helper that follows hints.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::super::machine::Machine;
use crate::PORTCTL;
use test_support::{Ran, path_with};

pub(super) const REGISTER: [&str; 2] = ["scan", "--register"];

/// Runs the command in a hint, as a user who pastes it into a shell. Returns its output.
#[track_caller]
pub(crate) fn follow_hint(machine: &Machine, folder: &Path, ran: &Ran) -> String {
    let hint = ran.complained(1).split_once("hint: ").unwrap().1;
    run_command_of(machine, folder, hint)
}

/// Runs the first command between backticks.
#[track_caller]
pub(super) fn run_command_of(machine: &Machine, folder: &Path, hint: &str) -> String {
    let command = hint.split('`').nth(1).unwrap();
    let bin = machine.sandbox.path().join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        symlink(PORTCTL, bin.join("portctl")).unwrap();
    }
    let mut shell = machine.program("sh", folder);
    shell.env("PATH", path_with(&[bin]));
    let followed = Ran::of(shell.args(["-ec", command]));
    assert_eq!(followed.code, Some(0), "`{command}`: {followed:?}");
    followed.stdout.trim_end().to_owned()
}

/// Creates a repository whose remote names the app, so that all clones have the same app.
pub(super) fn clone_of_shop(machine: &Machine, name: impl AsRef<Path>) -> PathBuf {
    let folder = machine.work().join(name);
    fs::create_dir(&folder).unwrap();
    let git = |words: &[&str]| machine.sandbox.git(&folder, words);
    git(&["init", "--quiet"]);
    let url = "https://example.com/owner/shop.git";
    git(&["remote", "add", "origin", url]);
    folder
}

/// Registers ports 45 and 46 for the project `shop`. Returns the folder of another project, `blog`.
pub(super) fn project_beside_shop(machine: &Machine) -> PathBuf {
    let compose = "services: {db: {ports: ['45:5432']}, web: {ports: ['46:80']}}";
    let [shop, blog] = ["shop", "blog"].map(|name| {
        machine.write(&format!("{name}/compose.yaml"), compose);
        machine.work().join(name)
    });
    assert_eq!(machine.run_in(&shop, &REGISTER).code, Some(0));
    blog
}
