//! Checks of the PATH, git and checkouts, and of a machine without problems.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::patient::Patient;
use crate::PORTCTL;
use serde_json::json;
use test_support::daemon::PORT_REGISTRY;
use test_support::{Ran, free_port, install, occupant_of};

#[test]
fn fresh_machine_has_no_problems_and_is_not_changed() {
    let patient = Patient::new();
    let findings = patient.examine();
    findings.assert_ok_except(&[]);
    findings.assert("home", "ok", "does not exist yet");
    findings.assert(
        "store",
        "ok",
        "does not exist yet; the first allocation creates it",
    );
    let git = format!("{}: git version 2.50.0", patient.path("bin/git"));
    findings.assert("git", "ok", &git);
    findings.assert("listeners", "ok", "no port is allocated");
    assert_eq!(fs::read_dir(patient.sandbox.home()).unwrap().count(), 0);
    // A named registry and its folders are not created, either.
    let named = patient.path("new/registry/ports.redb");
    let findings = patient.examine_with("PORT_REGISTRY_DB", &named);
    findings.assert_ok_except(&[]);
    findings.assert("store", "ok", &format!("{named} does not exist yet"));
    // The home folder is not created, either.
    let findings = patient.examine_with("HOME", patient.path("new/home"));
    findings.assert_ok_except(&[]);
}

#[test]
fn store_is_described_with_its_allocations() {
    let patient = Patient::new();
    patient.allocate("web", Some(&patient.sandbox.work()));
    let findings = patient.examine();
    findings.assert_ok_except(&[]);
    let store = patient.sandbox.store();
    let store = store.display();
    let detail = format!("{store}: format version 4, 1 allocation, 1 change in the journal");
    let expected = json!({ "check": "store", "status": "ok", "detail": detail });
    assert_eq!(findings.finding("store"), &expected);
    findings.assert("checkouts", "ok", "the recorded checkout exists");
    patient.allocate("api", None);
    fs::remove_file(format!("{store}.lock")).unwrap();
    let findings = patient.examine();
    findings.assert("store", "ok", "format version 4, 2 allocations, 2 changes");
}

#[test]
fn text_has_a_line_for_each_check_and_indents_details() {
    let patient = Patient::new();
    let web = patient.allocate("web", Some(Path::new(&patient.path("\u{1b}[31m\nred"))));
    fs::set_permissions(patient.folder(), Permissions::from_mode(0o755)).unwrap();
    // Nothing listens at this address.
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = patient.sandbox.command(PORTCTL);
    command.env("PATH", patient.bin()).arg("doctor");
    let ran = Ran::of(command.env("PORT_REGISTRY_ADDR", &address));
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""));
    let text = ran
        .stdout
        .replace(&patient.path(""), "[SANDBOX]/")
        .replace(PORTCTL, "[PORTCTL]")
        .replace(&address, "[ADDRESS]")
        .replace(&web.port.to_string(), "[PORT]");
    insta::assert_snapshot!(text, @r"
    problem  home       [SANDBOX]/home/.port-registry: mode 0755
                        [SANDBOX]/home/.port-registry is open to other users
                        hint: `chmod 700 [SANDBOX]/home/.port-registry`
    ok       store      [SANDBOX]/home/.port-registry/ports.redb: format version 4, 1 allocation, 1 change in the journal
    problem  daemon     nothing listens at [ADDRESS]
                        hint: `portctl start` starts a daemon; after `unset PORT_REGISTRY_ADDR` none is needed
    ok       pidfile    [SANDBOX]/home/.port-registry/port-registry.pid does not exist
    ok       path       this is [PORTCTL]
    ok       git        [SANDBOX]/bin/git: git version 2.50.0
    ok       checkout   [SANDBOX]/work, the current folder, outside of git and without a portctl.toml
                        it has no name yet; `portctl get` would name it work/default: the app from the folder, the instance as everywhere outside of git
    ok       ports      this process may bind ports
    ok       listeners  nothing listens on any allocated port
    warning  checkouts  `portctl prune` finds 1 allocation that nothing needs:
                        [SANDBOX]/\u{1b}[31m\u{a}red (checkout gone): port [PORT] of shop/main/web
                        hint: `portctl prune` lists them, and `portctl prune --yes` releases their ports
    ok       compose    no COMPOSE_FILE names an override of portctl's
    ");
    let mut command = patient.sandbox.command(PORTCTL);
    command.env("PATH", patient.bin()).arg("doctor");
    let ran = Ran::of(command.env("CLICOLOR_FORCE", "1"));
    assert!(
        ran.stdout
            .starts_with("\u{1b}[1;31mproblem\u{1b}[0m  home ")
    );
}

#[test]
fn several_programs_with_one_name_are_reported() {
    let patient = Patient::new();
    // A link to the same file is not another program.
    symlink(PORTCTL, patient.bin().join("portctl")).unwrap();
    patient.examine().assert_ok_except(&[]);
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
        &format!("the PATH has several programs named portctl: {both}"),
    );
    findings.assert_ok_except(&["path"]);
    let findings = patient.examine_with("PATH", path([&elsewhere, &patient.bin()]));
    let both = format!("{}, then {}", other.display(), patient.path("bin/portctl"));
    let detail = format!("the portctl in use is {PORTCTL}, but the PATH has {both}");
    findings.assert("path", "warning", &detail);
    // A file that cannot be executed is not a program.
    fs::set_permissions(&other, Permissions::from_mode(0o644)).unwrap();
    let findings = patient.examine_with("PATH", path([&elsewhere, &patient.bin()]));
    findings.assert_ok_except(&[]);
    let daemon = elsewhere.join("port-registry");
    install(&*PORT_REGISTRY, &daemon);
    let findings = patient.examine_with("PATH", path([&elsewhere, &patient.bin()]));
    let detail = format!("but the PATH has {}", daemon.display());
    findings.assert("path", "warning", &detail);
}

#[test]
fn missing_git_is_reported() {
    let patient = Patient::new();
    let findings = patient.examine_with("PATH", patient.sandbox.work());
    findings.assert("git", "warning", "git is not on the PATH");
    findings.assert("checkout", "ok", "outside of git");
    findings.assert_ok_except(&["git"]);
    assert!(findings.hint("git").contains("--app"));
}

#[test]
fn missing_checkouts_are_named_with_their_ports() {
    let patient = Patient::new();
    let gone = patient.sandbox.path().join("gone");
    patient.allocate("web", Some(&patient.sandbox.work()));
    let api = patient.allocate("api", Some(&gone));
    let db = patient.allocate("db", Some(&gone));
    patient.allocate("cache", None);
    let findings = patient.examine();
    findings.assert(
        "checkouts",
        "warning",
        "`portctl prune` finds 2 allocations that nothing needs:\n",
    );
    let listed = format!(
        "{} (checkout gone): port {} of shop/main/api, port {} of shop/main/db",
        gone.display(),
        api.port,
        db.port
    );
    findings.assert("checkouts", "warning", &listed);
    assert!(findings.hint("checkouts").starts_with("`portctl prune`"));
    findings.assert_ok_except(&["checkouts"]);
    fs::create_dir(&gone).unwrap();
    patient
        .examine()
        .assert("checkouts", "ok", "all 2 recorded checkouts exist");
}

#[test]
fn allocations_that_prune_keeps_are_named_with_the_reason() {
    let patient = Patient::new();
    let gone = patient.sandbox.path().join("gone");
    patient.allocate("web", Some(Path::new("/media/me/no-such-disk/shop")));
    patient.allocate("api", Some(&patient.sandbox.work()));
    let findings = patient.examine();
    // Nothing is wrong with a disk that is not mounted.
    findings.assert_ok_except(&[]);
    findings.assert(
        "checkouts",
        "ok",
        "1 of 2 recorded checkouts exist\n`portctl prune` keeps 1 allocation of /media/me/no-such-disk/shop, \
         which may only be unmounted, because it is in /media",
    );
    let served = patient.allocate("db", Some(&gone));
    let _occupant = occupant_of(served.port.get());
    let findings = patient.examine();
    let kept = format!(
        "{} (checkout gone): `portctl prune` keeps port {} of shop/main/db, which is in use",
        gone.display(),
        served.port
    );
    findings.assert("checkouts", "warning", &kept);
    assert_eq!(
        findings.hint("checkouts"),
        "`portctl release --id 3` releases it"
    );
}
