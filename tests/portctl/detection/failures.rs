//! Git is installed but does not answer as git does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::fixture::{assert_detected_by, detect, shop};
use crate::PORTCTL;
use test_support::{Ran, Sandbox, install_script, path_with};

#[test]
fn repository_that_git_cannot_read_is_an_error() {
    let (sandbox, shop) = shop();
    std::fs::write(shop.join(".git/config"), "[core\n").unwrap();
    let run = |words: &[&str]| Ran::of(sandbox.command(PORTCTL).args(words).current_dir(&shop));
    let ran = run(&["get", "web"]);
    let complaint = ran.complained(1);
    for expected in [
        "cannot identify the checkout of",
        "bad config line 1",
        "--app NAME and --instance NAME together need no checkout",
    ] {
        assert!(complaint.contains(expected), "{complaint}");
    }
    run(&["get", "web", "--app", "shop", "--instance", "main"]).printed();
    assert!(
        run(&["list", "--all", "--json"])
            .printed()
            .contains("\"app\":\"shop\"")
    );
}

/// Creates a folder for programs, which comes first in the `PATH` of a command.
fn portctl_with_programs(sandbox: &Sandbox) -> (Command, PathBuf) {
    let folder = sandbox.path().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let mut portctl = sandbox.command(PORTCTL);
    portctl.env("PATH", path_with(&[&folder]));
    (portctl, folder)
}

/// Asserts that a script in place of git is an error that contains these texts.
#[track_caller]
fn assert_error(shop: &(Sandbox, PathBuf), script: &str, expected: &[&str]) {
    let (sandbox, folder) = shop;
    let (mut portctl, programs) = portctl_with_programs(sandbox);
    install_script(script, &programs.join("git"));
    assert_error_by(sandbox, portctl.current_dir(folder), expected);
}

#[track_caller]
fn assert_error_by(sandbox: &Sandbox, portctl: &mut Command, expected: &[&str]) {
    let ran = detect(sandbox, portctl);
    let complaint = ran.complained(1);
    for expected in expected {
        assert!(complaint.contains(expected), "{expected}: {complaint}");
    }
    assert!(
        complaint.contains("cannot identify the checkout of"),
        "{complaint}"
    );
}

#[test]
fn git_that_fails_is_quoted() {
    let shop = shop();
    for (code, text) in [
        (
            1,
            "xcrun: error: invalid active developer path (/Library/Developer)",
        ),
        (69, "You have not agreed to the Xcode license agreements"),
        (126, "shim: no version of git is set"),
        (
            127,
            "git: error while loading shared libraries: libpcre2-8.so.0",
        ),
    ] {
        let script =
            format!("#!/bin/sh\necho first >&2\necho '{text}' >&2\necho >&2\nexit {code}\n");
        let exit = format!("exit code {code}: ");
        assert_error(&shop, &script, &[text, &exit]);
    }
    assert_error(&shop, "#!/bin/sh\nkill -KILL $$\n", &["signal: 9"]);
}

#[test]
fn git_that_prints_something_else_is_an_error_with_its_version() {
    let shop = shop();
    let version = "if [ \"$3\" = --version ]; then echo git version 1.8.3; exit; fi\n";
    for script in [
        // Git prints options back that it does not know.
        "shift 3; for word; do echo \"$word\"; done",
        "echo false; echo --absolute-git-dir; echo .git; pwd",
        "echo hello",
        "exit 0",
        "echo false; pwd; pwd; pwd; pwd",
    ] {
        let script = format!("#!/bin/sh\n{version}{script}\n");
        assert_error(&shop, &script, &["git version 1.8.3"]);
    }
    // Another folder is no answer either.
    let script = "#!/bin/sh\necho false; pwd; pwd; echo /\n";
    assert_error(&shop, script, &["core.worktree"]);
}

#[test]
fn git_that_hangs_is_an_error() {
    let shop = shop();
    let script = "#!/bin/sh\nsleep 1000 & wait\n";
    assert_error(&shop, script, &["git did not answer within 5 seconds"]);
}

#[test]
fn git_that_leaves_a_process_behind_is_answered() {
    let (sandbox, shop) = shop();
    let (mut portctl, programs) = portctl_with_programs(&sandbox);
    let path = std::env::var("PATH").unwrap();
    let script = format!("#!/bin/sh\nsleep 1000 &\nPATH='{path}' git \"$@\"\n");
    install_script(&script, &programs.join("git"));
    assert_detected_by(&sandbox, &mut portctl, &shop, "shop", "main", &shop);
}

#[test]
fn git_that_cannot_be_executed_is_an_error() {
    let (sandbox, shop) = shop();
    let programs = sandbox.path().join("bin");
    fs::create_dir(&programs).unwrap();
    let run = |folder: &Path| {
        let mut portctl = sandbox.command(PORTCTL);
        portctl.env("PATH", &programs).current_dir(folder);
        portctl
    };
    fs::write(programs.join("git"), "#!/bin/sh\n").unwrap();
    assert_error_by(&sandbox, &mut run(&shop), &["cannot run git"]);
    fs::remove_file(programs.join("git")).unwrap();
    install_script("#!/nowhere/sh\n", &programs.join("git"));
    assert_error_by(&sandbox, &mut run(&shop), &["cannot run git"]);
    fs::remove_file(programs.join("git")).unwrap();
    // A folder is no program.
    fs::create_dir(programs.join("git")).unwrap();
    assert_detected_by(&sandbox, &mut run(&shop), &shop, "shop", "default", &shop);
}
