//! Git is installed but fails.
//!
//! A failing git must not be mistaken for a folder outside of any repository. The services would get another
//! app name, and so other ports.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use port_registry::Allocation;

use super::descriptors::{self, FEWEST};
use super::observed::{allocations, error_line};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, install_script, is_available, path_with};

/// A repository named shop, on the branch main.
struct Shop {
    sandbox: Sandbox,
}

impl Shop {
    fn new() -> Shop {
        let sandbox = Sandbox::new();
        let work = sandbox.work();
        sandbox.git(&work, &["init", "--quiet"]);
        let origin = "https://example.com/owner/shop.git";
        sandbox.git(&work, &["remote", "add", "origin", origin]);
        sandbox.git(
            &work,
            &["commit", "--quiet", "--allow-empty", "-m", "First"],
        );
        let shop = Shop { sandbox };
        assert!(shop.get(&mut shop.sandbox.command("env")));
        shop
    }

    fn head(&self) -> PathBuf {
        self.sandbox.work().join(".git/HEAD")
    }

    /// Requests a port in an empty registry, under a restriction. Returns true if that succeeds.
    ///
    /// Asserts that the port is that of shop's branch main. After an error, no port is allocated.
    #[track_caller]
    fn get(&self, command: &mut Command) -> bool {
        let registry = self.sandbox.home().join(".port-registry");
        let ran = Ran::of(command.args([PORTCTL, "get", "web"]));
        let expected = if ran.code == Some(0) {
            vec![("shop".to_owned(), "main".to_owned())]
        } else {
            error_line(&ran);
            vec![]
        };
        let held = allocations(&self.sandbox);
        let names = |it: &Allocation| (it.key.app().to_owned(), it.key.instance().to_owned());
        let held: Vec<_> = held.iter().map(names).collect();
        assert_eq!(held, expected, "{ran:?}");
        if registry.exists() {
            fs::remove_dir_all(registry).unwrap();
        }
        ran.code == Some(0)
    }

    /// Returns a command that runs its arguments under strace, which does not follow into git.
    fn strace(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command("strace");
        command.args(["-qq", "-o", "/dev/null"]).args(words);
        command
    }
}

#[test]
fn checkout_keeps_its_name_with_few_file_descriptors() {
    if !descriptors::can_limit_files() {
        return;
    }
    let shop = Shop::new();
    let works =
        (FEWEST..=12).filter(|&files| shop.get(&mut descriptors::limited(&shop.sandbox, files)));
    assert!(works.count() > 0);
}

#[test]
fn git_that_cannot_be_started_is_an_error() {
    let shop = Shop::new();
    if !is_available("strace", shop.strace(&[]).arg("true")) {
        return;
    }
    for number in 1..=2 {
        let inject = format!("--inject=?clone3,?clone,?vfork:error=EAGAIN:when={number}");
        assert!(!shop.get(&mut shop.strace(&[&inject])));
    }
}

#[test]
fn unreadable_head_is_an_error() {
    let shop = Shop::new();
    if !is_available("strace", shop.strace(&[]).arg("true")) {
        return;
    }
    let head = shop.head();
    let inject = "--inject=openat:error=EIO";
    // Git reads it.
    let mut command = shop.strace(&["-f", inject, "-P", head.to_str().unwrap()]);
    assert!(!shop.get(&mut command));
}

#[test]
fn killed_git_is_an_error() {
    let shop = Shop::new();
    let folder = shop.sandbox.path().join("bin");
    fs::create_dir(&folder).unwrap();
    install_script("#!/bin/sh\nkill -KILL $$\n", &folder.join("git"));
    let mut command = shop.sandbox.command("env");
    command.env("PATH", path_with(&[folder]));
    assert!(!shop.get(&mut command));
}
