//! Checkouts, and hints that are followed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::super::machine::Machine;
use crate::PORTCTL;
use test_support::Ran;

pub(super) const REGISTER: [&str; 2] = ["scan", "--register"];

/// Runs the command that a complaint names, as somebody does who pastes it into a shell.
#[track_caller]
pub(super) fn follow(machine: &Machine, folder: &Path, ran: &Ran) -> String {
    let hint = ran.complained(1).split_once("hint: ").unwrap().1;
    let command = hint.split('`').nth(1).unwrap();
    let bin = machine.sandbox.path().join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        symlink(PORTCTL, bin.join("portctl")).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let mut shell = machine.program("sh", folder);
    shell.env("PATH", format!("{}:{path}", bin.display()));
    let followed = Ran::of(shell.args(["-ec", command]));
    assert_eq!(followed.code, Some(0), "`{command}`: {followed:?}");
    followed.stdout.trim_end().to_owned()
}

/// A repository that has its name from its remote, and so shares it with all clones.
pub(super) fn clone_of_shop(machine: &Machine, name: impl AsRef<Path>) -> PathBuf {
    let folder = machine.work().join(name);
    fs::create_dir(&folder).unwrap();
    let git = |words: &[&str]| machine.sandbox.git(&folder, words);
    git(&["init", "--quiet"]);
    let url = "https://example.com/owner/shop.git";
    git(&["remote", "add", "origin", url]);
    folder
}

/// A project, of which another one holds the ports 45 and 46.
pub(super) fn beside_a_shop(machine: &Machine) -> PathBuf {
    let compose = "services: {db: {ports: ['45:5432']}, web: {ports: ['46:80']}}";
    let [shop, blog] = ["shop", "blog"].map(|name| {
        machine.write(&format!("{name}/compose.yaml"), compose);
        machine.work().join(name)
    });
    assert_eq!(machine.run_in(&shop, &REGISTER).code, Some(0));
    blog
}
