//! Git is there, and cannot be asked: that is no sign of a folder outside of any repository, whose
//! services would get ports of their own.

use std::path::PathBuf;
use std::process::Command;

use super::descriptors::{self, FEWEST};
use super::told::{Rows, complaint, rows};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, install_script, is_to_be_had};

/// A repository by the name of shop, with a port for one of its services.
struct Shop {
    sandbox: Sandbox,
    rows: Rows,
    port: String,
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
        let port = sandbox.run(PORTCTL, &["get", "web"]).printed().to_owned();
        let listed = sandbox.run(PORTCTL, &["list", "--app", "shop", "--instance", "main"]);
        assert!(listed.printed().contains(&port), "{listed:?}");
        Shop {
            rows: rows(&sandbox),
            sandbox,
            port,
        }
    }

    fn head(&self) -> PathBuf {
        self.sandbox.work().join(".git/HEAD")
    }

    /// Asks for the port again, by a command that is hindered. Gives whether it succeeded.
    #[track_caller]
    fn is_told_the_truth(&self, command: &mut Command) -> bool {
        let ran = Ran::of(command.args([PORTCTL, "get", "web"]));
        if ran.code == Some(0) {
            assert_eq!(ran.printed(), self.port);
        } else {
            complaint(&ran);
        }
        assert_eq!(rows(&self.sandbox), self.rows, "{ran:?}");
        ran.code == Some(0)
    }

    /// What strace does to portctl alone, not to the git that it runs.
    fn strace(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command("strace");
        command.args(["-qq", "-o", "/dev/null"]).args(words);
        command
    }
}

#[test]
fn a_checkout_keeps_its_name_when_hardly_a_file_may_be_open() {
    if !descriptors::is_possible() {
        return;
    }
    let shop = Shop::new();
    let works = (FEWEST..=12)
        .filter(|&files| shop.is_told_the_truth(&mut descriptors::limited(&shop.sandbox, files)));
    assert!(works.count() > 0);
}

#[test]
fn git_that_cannot_be_started_is_an_error_and_no_other_name() {
    let shop = Shop::new();
    if !is_to_be_had("strace", shop.strace(&[]).arg("true")) {
        return;
    }
    for number in 1..=2 {
        let inject = format!("--inject=?clone3,?clone,?vfork:error=EAGAIN:when={number}");
        assert!(!shop.is_told_the_truth(&mut shop.strace(&[&inject])));
    }
}

#[test]
fn a_head_that_cannot_be_read_is_an_error_and_no_other_name() {
    let shop = Shop::new();
    if !is_to_be_had("strace", shop.strace(&[]).arg("true")) {
        return;
    }
    let head = shop.head();
    let inject = "--inject=openat:error=EIO";
    let mut command = shop.strace(&[inject, "-P", head.to_str().unwrap()]);
    assert!(!shop.is_told_the_truth(&mut command));
}

#[test]
fn git_that_is_killed_is_an_error_and_no_other_name() {
    let shop = Shop::new();
    let folder = shop.sandbox.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    install_script("#!/bin/sh\nkill -KILL $$\n", &folder.join("git"));
    let mut command = shop.sandbox.command("env");
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", folder.display()));
    assert!(!shop.is_told_the_truth(&mut command));
}
