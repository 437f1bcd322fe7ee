//! `portctl doctor`: what it finds, that it finds all of it, and that it leaves everything as it is.

#![cfg(unix)]

#[path = "support/daemon.rs"]
mod daemon;
#[path = "doctor/files.rs"]
mod files;
#[cfg(target_os = "linux")]
#[path = "doctor/listeners.rs"]
mod listeners;
#[cfg(target_os = "linux")]
#[path = "support/namespace.rs"]
mod namespace;
#[path = "doctor/patient.rs"]
mod patient;
#[path = "doctor/served.rs"]
mod served;
mod support;

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use daemon::PORT_REGISTRY;
use patient::Patient;
use serde_json::json;
use support::{Ran, free_port, install};

const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");

#[test]
fn a_fresh_machine_is_well_and_stays_as_it_is() {
    let patient = Patient::new();
    let findings = patient.examine();
    findings.assert_well_but_for(&[]);
    findings.assert("home", "ok", "there is none yet");
    findings.assert(
        "store",
        "ok",
        "there is none yet; the first allocation creates it",
    );
    findings.assert("git", "ok", &patient.path("bin/git"));
    findings.assert("listeners", "ok", "no port is allocated");
    assert_eq!(fs::read_dir(patient.sandbox.home()).unwrap().count(), 0);
    // Neither does it create the file that was named, or the folders above it.
    let named = patient.path("new/registry/ports.redb");
    let findings = patient.examine_with("PORT_REGISTRY_DB", &named);
    findings.assert_well_but_for(&[]);
    findings.assert("store", "ok", &format!("{named}: there is none yet"));
    // Nor a home.
    let findings = patient.examine_with("HOME", patient.path("new/home"));
    findings.assert_well_but_for(&[]);
}

#[test]
fn a_registry_is_told_with_what_is_in_it() {
    let patient = Patient::new();
    patient.allocate("web", Some(&patient.sandbox.work()));
    let findings = patient.examine();
    findings.assert_well_but_for(&[]);
    let store = patient.sandbox.store();
    let store = store.display();
    let detail = format!("{store}: format version 2, 1 allocation");
    let expected = json!({ "check": "store", "status": "ok", "detail": detail });
    assert_eq!(findings.finding("store"), &expected);
    findings.assert("checkouts", "ok", "the recorded checkout exists");
    patient.allocate("api", None);
    fs::remove_file(format!("{store}.lock")).unwrap();
    let findings = patient.examine();
    findings.assert("store", "ok", "format version 2, 2 allocations");
}

#[test]
fn text_has_a_line_for_each_check_and_further_ones_under_it() {
    let patient = Patient::new();
    patient.allocate("web", Some(Path::new("/gone/\u{1b}[31m\nred")));
    fs::set_permissions(patient.folder(), Permissions::from_mode(0o755)).unwrap();
    // Where nothing listens.
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = patient.sandbox.command(PORTCTL);
    command.env("PATH", patient.bin()).arg("doctor");
    let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", &address));
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""));
    let told = ran
        .stdout
        .replace(&patient.path(""), "[SANDBOX]/")
        .replace(PORTCTL, "[PORTCTL]")
        .replace(&address, "[ADDRESS]");
    insta::assert_snapshot!(told, @r"
    problem  home       [SANDBOX]/home/.port-registry: mode 0755
                        [SANDBOX]/home/.port-registry is open to other users
                        hint: `chmod 700 [SANDBOX]/home/.port-registry`
    ok       store      [SANDBOX]/home/.port-registry/ports.redb: format version 2, 1 allocation
    problem  daemon     nothing listens at [ADDRESS]
                        hint: `portctl start` starts a daemon; without PORT_REGISTRY_ADDR none is needed
    ok       pidfile    [SANDBOX]/home/.port-registry/port-registry.pid: there is none
    ok       path       this is [PORTCTL]
    ok       git        [SANDBOX]/bin/git
    ok       listeners  nothing listens on any allocated port
    warning  checkouts  1 allocation belongs to a checkout that is gone:
                        /gone/\u{1b}[31m\u{a}red (1)
                        hint: `portctl prune` shows them, and frees their ports with --yes
    ");
    let mut command = patient.sandbox.command(PORTCTL);
    command.env("PATH", patient.bin()).arg("doctor");
    let ran = Ran::of(command.env("CLICOLOR_FORCE", "1"));
    assert!(
        ran.stdout
            .starts_with("\u{1b}[1;31mproblem\u{1b}[0m  home ")
    );
    assert!(!patient.sandbox.path().join("git-was-run").exists());
}

#[test]
fn programs_of_the_same_name_are_told() {
    let patient = Patient::new();
    // Another name of the same file is no other one.
    symlink(PORTCTL, patient.bin().join("portctl")).unwrap();
    patient.examine().assert_well_but_for(&[]);
    let elsewhere = patient.sandbox.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let other = elsewhere.join("portctl");
    install(PORTCTL, &other);
    let path = |folders: [&Path; 2]| env::join_paths(folders).unwrap();
    let findings = patient.examine_with("PATH", path([&patient.bin(), &elsewhere]));
    let both = format!("{}, then {}", patient.path("bin/portctl"), other.display());
    findings.assert(
        "path",
        "warning",
        &format!("several portctl on the PATH: {both}"),
    );
    findings.assert_well_but_for(&["path"]);
    let findings = patient.examine_with("PATH", path([&elsewhere, &patient.bin()]));
    let both = format!("{}, then {}", other.display(), patient.path("bin/portctl"));
    let told = format!("the portctl used here is {PORTCTL}, and on the PATH is {both}");
    findings.assert("path", "warning", &told);
    // What cannot be run is no program.
    fs::set_permissions(&other, Permissions::from_mode(0o644)).unwrap();
    let findings = patient.examine_with("PATH", path([&elsewhere, &patient.bin()]));
    findings.assert_well_but_for(&[]);
    let daemon = elsewhere.join("port-registry");
    install(&*PORT_REGISTRY, &daemon);
    let findings = patient.examine_with("PATH", path([&elsewhere, &patient.bin()]));
    let told = format!("and on the PATH is {}", daemon.display());
    findings.assert("path", "warning", &told);
}

#[test]
fn git_that_is_missing_is_told() {
    let patient = Patient::new();
    let findings = patient.examine_with("PATH", patient.sandbox.work());
    findings.assert("git", "warning", "there is no git on the PATH");
    findings.assert_well_but_for(&["git"]);
    assert!(findings.hint("git").contains("--app"));
}

#[test]
fn checkouts_that_are_gone_are_counted() {
    let patient = Patient::new();
    let gone = patient.sandbox.path().join("gone");
    patient.allocate("web", Some(&patient.sandbox.work()));
    patient.allocate("api", Some(&gone));
    patient.allocate("db", Some(&gone));
    patient.allocate("cache", None);
    let findings = patient.examine();
    findings.assert(
        "checkouts",
        "warning",
        "2 allocations belong to a checkout that is gone:\n",
    );
    findings.assert("checkouts", "warning", &format!("{} (2)", gone.display()));
    assert!(findings.hint("checkouts").starts_with("`portctl prune`"));
    findings.assert_well_but_for(&["checkouts"]);
    fs::create_dir(&gone).unwrap();
    patient
        .examine()
        .assert("checkouts", "ok", "all 2 recorded checkouts exist");
}
