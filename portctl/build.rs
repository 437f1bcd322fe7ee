//! Sets `PORTCTL_COMMIT` and `PORTCTL_COMMIT_DATE` for `portctl version`, if the source is a checkout of the project itself.
//! They stay unset in an archive of the source or a copy in another repository.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    run_more_tests_at_once();
    link_debug_builds_at_a_fixed_address();
    let Some(root) = git(&["rev-parse", "--show-toplevel"]) else {
        return;
    };
    // Read at run time, because the checkout may have been moved since this script was compiled.
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    if manifest.parent().and_then(|it| it.canonicalize().ok())
        != Path::new(&root).canonicalize().ok()
    {
        return;
    }
    // These files change with the commit and with the branch that is checked out.
    let branch = git(&["symbolic-ref", "-q", "HEAD"]);
    for name in ["HEAD", "logs/HEAD", "packed-refs"]
        .into_iter()
        .chain(branch.as_deref())
    {
        if let Some(path) = git(&["rev-parse", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let Some(commit) = git(&[
        "-c",
        "log.showSignature=false",
        "log",
        "-1",
        "--format=%h %cd",
        "--abbrev=9",
        "--date=format-local:%Y-%m-%d",
    ]) else {
        return;
    };
    if let Some((commit, date)) = commit.split_once(' ') {
        println!("cargo::rustc-env=PORTCTL_COMMIT={commit}");
        println!("cargo::rustc-env=PORTCTL_COMMIT_DATE={date}");
    }
}

/// Returns the output of git, with times in UTC. Returns `None` if git is missing or fails.
fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(words)
        .env("TZ", "UTC")
        // In a hook, these may name another repository.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Makes `cargo test` run two tests for each processor, because half of their time is waiting for processes and for time
/// limits. Cargo passes these variables to the tests too. One in the environment has precedence.
fn run_more_tests_at_once() {
    const THREADS: &str = "RUST_TEST_THREADS";
    println!("cargo::rerun-if-env-changed={THREADS}");
    let processors = std::thread::available_parallelism();
    if let Ok(processors) = processors
        && env::var_os(THREADS).is_none()
    {
        println!("cargo::rustc-env={THREADS}={}", processors.get() * 2);
    }
}

/// Makes debug builds for Linux start in half of the processor time, 1.2 instead of 2.3 ms, because nothing in them is
/// relocated: the tests start some ten thousand of them. Releases keep their random addresses.
fn link_debug_builds_at_a_fixed_address() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    if is("PROFILE", "debug")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
