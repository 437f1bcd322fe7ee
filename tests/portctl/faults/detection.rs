//! Git is installed but fails.
//!
//! A failing git must not be mistaken for a folder outside of any repository. The services would get another
//! app name, and so other ports.

use std::path::PathBuf;
use std::process::Command;

use super::descriptors::{self, FEWEST};
use super::observed::{HeldRows, error_line, rows};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, install_script, is_available};

/// A repository named shop on a branch of its own, with ports for one service on two branches, so that git decides.
struct Shop {
    sandbox: Sandbox,
    rows: HeldRows,
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
        sandbox.git(&work, &["switch", "--quiet", "--create", "topic"]);
        sandbox.run(PORTCTL, &["allocate", "web"]);
        sandbox.git(&work, &["switch", "--quiet", "main"]);
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

    /// Requests the port again under a restriction. Returns true if that succeeds.
    ///
    /// Asserts that the command gives the same port or an error, and that the registry does not change.
    #[track_caller]
    fn get_again(&self, command: &mut Command) -> bool {
        let ran = Ran::of(command.args([PORTCTL, "get", "web"]));
        if ran.code == Some(0) {
            assert_eq!(ran.printed(), self.port);
        } else {
            error_line(&ran);
        }
        assert_eq!(rows(&self.sandbox), self.rows, "{ran:?}");
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
    let works = (FEWEST..=12)
        .filter(|&files| shop.get_again(&mut descriptors::limited(&shop.sandbox, files)));
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
        assert!(!shop.get_again(&mut shop.strace(&[&inject])));
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
    assert!(!shop.get_again(&mut command));
}

#[test]
fn killed_git_is_an_error() {
    let shop = Shop::new();
    let folder = shop.sandbox.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    install_script("#!/bin/sh\nkill -KILL $$\n", &folder.join("git"));
    let mut command = shop.sandbox.command("env");
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", folder.display()));
    assert!(!shop.get_again(&mut command));
}
