//! Checks of the overrides of Compose that a `COMPOSE_FILE` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::patient::Patient;
use crate::compose::records::{folder, record};
use test_support::{install_script, path_with};

/// A checkout outside of git with a Compose file, a record, and a `COMPOSE_FILE` in its `.env`.
fn project(patient: &Patient, name: &str) -> (PathBuf, PathBuf) {
    let root = patient.sandbox.path().join(name);
    fs::create_dir(&root).unwrap();
    let services = "services:\n  web: {image: a}\n  db: {image: b}\n";
    fs::write(root.join("compose.yaml"), services).unwrap();
    fs::write(root.join("portctl.toml"), "").unwrap();
    let path = record(&patient.sandbox, &root, name);
    name_files(&root, &[Path::new("compose.yaml"), &path]);
    (root, path)
}

/// Writes the `COMPOSE_FILE`.
fn name_files(root: &Path, files: &[&Path]) {
    let files: Vec<&str> = files.iter().map(|it| it.to_str().unwrap()).collect();
    let text = format!(
        "COMPOSE_PATH_SEPARATOR=|\nCOMPOSE_FILE='{}'\n",
        files.join("|")
    );
    fs::write(root.join(".env"), text).unwrap();
}

/// Writes an override that publishes this port.
fn publish(path: &Path, service: &str, port: u16) {
    let text = format!(
        "name: \"a\"\nservices:\n  \"{service}\":\n    container_name: !reset null\n    ports: !override\n      \
         - {{\"protocol\": \"tcp\", \"published\": \"{port}\", \"target\": 80}}\n      \
         - {{\"protocol\": \"udp\", \"published\": \"53\", \"target\": 53}}\n"
    );
    fs::write(path, text).unwrap();
}

#[test]
fn override_that_fits_the_files_and_the_registry_is_well() {
    let patient = Patient::new();
    let (root, path) = project(&patient, "shop");
    let web = patient.allocate("web", Some(&root));
    publish(&path, "web", web.port.get());
    let findings = patient.examine_in(&root);
    findings.assert("compose", "ok", "names an override of portctl's");
    findings.assert_ok_except(&[]);
    // portctl does not check overrides that it has not made.
    name_files(&root, &[Path::new("compose.yaml"), Path::new("gone.yaml")]);
    let findings = patient.examine_in(&root);
    findings.assert("compose", "ok", "no COMPOSE_FILE names an override");
}

#[test]
fn override_that_is_gone_or_stale_is_reported_with_its_renewal() {
    let patient = Patient::new();
    let (root, path) = project(&patient, "shop");
    let web = patient.allocate("web", Some(&root));
    let port = web.port.get();
    let assert_problem = |detail: &str| {
        let findings = patient.examine_in(&root);
        let source = root.join(".env");
        let named = format!(
            "COMPOSE_FILE in {} names {}, ",
            source.display(),
            path.display()
        );
        findings.assert("compose", "problem", &format!("{named}{detail}"));
        let renewal = format!(
            "in {}, `portctl compose --print` writes it anew",
            root.display()
        );
        assert!(findings.hint("compose").starts_with(&renewal));
        findings.assert_ok_except(&["compose"]);
    };
    assert_problem("which is gone");
    fs::write(&path, "services: [").unwrap();
    assert_problem("which is not what portctl wrote");
    publish(&path, "cache", port);
    assert_problem("whose services are no longer in the other files: cache");
    publish(&path, "web", port + 1);
    assert_problem(&format!(
        "which has ports that this checkout does not have now: {}",
        port + 1
    ));
    // Included files have more services, which are not known if one is gone.
    publish(&path, "cache", port);
    fs::write(root.join("compose.yaml"), "include: [other.yaml]\n").unwrap();
    patient.examine_in(&root).assert_ok_except(&[]);
    for (service, is_known) in [("cache", true), ("web", false)] {
        let text = format!("services: {{{service}: {{image: a}}}}\n");
        fs::write(root.join("other.yaml"), text).unwrap();
        let failing: &[&str] = if is_known { &[] } else { &["compose"] };
        patient.examine_in(&root).assert_ok_except(failing);
    }
}

#[test]
fn override_of_another_checkout_is_reported() {
    let patient = Patient::new();
    let (root, _) = project(&patient, "shop");
    let (other, path) = project(&patient, "blog");
    let web = patient.allocate("web", Some(&other));
    publish(&path, "web", web.port.get());
    name_files(&root, &[Path::new("compose.yaml"), &path]);
    let findings = patient.examine_in(&root);
    let other = format!("the override of another checkout, {}", other.display());
    findings.assert("compose", "problem", &other);
    let hint = format!(
        "remove the COMPOSE_FILE line from {}; then",
        root.join(".env").display()
    );
    assert!(findings.hint("compose").starts_with(&hint));
    // So does one that direnv or a shell sets for all.
    fs::remove_file(root.join(".env")).unwrap();
    let mut command = patient.command();
    command.current_dir(&root).env("COMPOSE_FILE", &path);
    let findings = patient.examine_by(&mut command);
    findings.assert(
        "compose",
        "problem",
        "COMPOSE_FILE in the environment names",
    );
}

#[test]
fn files_that_are_no_records_or_overrides_do_no_harm() {
    let patient = Patient::new();
    let (root, path) = project(&patient, "shop");
    let records = folder(&patient.sandbox);
    for entry in fs::read_dir(&records).unwrap() {
        fs::write(entry.unwrap().path(), "[".repeat(100_000)).unwrap();
    }
    let pipes = [&path, &records.join("pipe.json")];
    let made = Command::new("mkfifo").args(pipes).status().unwrap();
    assert!(made.success());
    let findings = patient.examine_in(&root);
    findings.assert("compose", "problem", "which is gone or cannot be read");
}

#[test]
fn override_whose_project_name_is_outranked_is_reported() {
    let patient = Patient::new();
    let (root, path) = project(&patient, "shop");
    let web = patient.allocate("web", Some(&root));
    publish(&path, "web", web.port.get());
    let env_file = root.join(".env");
    let text = fs::read_to_string(&env_file).unwrap();
    fs::write(&env_file, format!("{text}COMPOSE_PROJECT_NAME=shop\n")).unwrap();
    let findings = patient.examine_in(&root);
    let place = env_file.display();
    let detail = format!("whose project a loses to COMPOSE_PROJECT_NAME=shop in {place}");
    findings.assert("compose", "problem", &detail);
    let hint = format!("write COMPOSE_PROJECT_NAME=a to {place} instead");
    assert_eq!(findings.hint("compose"), hint);
    fs::write(&env_file, format!("{text}COMPOSE_PROJECT_NAME=a\n")).unwrap();
    patient.examine_in(&root).assert_ok_except(&[]);
    let mut command = patient.command();
    command
        .current_dir(&root)
        .env("COMPOSE_PROJECT_NAME", "shop");
    let findings = patient.examine_by(&mut command);
    findings.assert("compose", "problem", "=shop in the environment");
}

#[test]
fn compose_that_is_too_old_is_a_warning_where_there_is_a_compose_file() {
    let patient = Patient::new();
    let (root, _) = project(&patient, "shop");
    fs::remove_file(root.join(".env")).unwrap();
    let bin = patient.sandbox.path().join("old");
    fs::create_dir(&bin).unwrap();
    for name in ["docker", "docker-compose"] {
        let script = "#!/bin/sh\necho Docker Compose version v2.20.3\n";
        install_script(script, &bin.join(name));
    }
    let path = path_with(&[bin]);
    let examine = || {
        let mut command = patient.command();
        command.current_dir(&root).env("PATH", &path);
        patient.examine_by(&mut command)
    };
    let findings = examine();
    findings.assert("compose", "warning", "Docker Compose 2.20.3 cannot take");
    assert_eq!(
        findings.hint("compose"),
        "update Docker Compose to 2.24.4 or later"
    );
    fs::remove_file(root.join("compose.yaml")).unwrap();
    examine().assert_ok_except(&[]);
}
