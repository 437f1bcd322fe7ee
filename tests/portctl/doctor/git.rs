//! Checks of a git that is installed, and of repositories that it rejects.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::patient::Patient;

#[test]
fn git_that_fails_is_a_problem_with_its_last_line_and_the_fix() {
    let patient = Patient::new();
    for (code, line, fix) in [
        (
            1,
            "xcrun: error: invalid active developer path (/Library/Developer)",
            "`xcode-select --install`",
        ),
        (
            69,
            "You have not agreed to the Xcode license agreements",
            "`sudo xcodebuild -license`",
        ),
        (126, "shim: no version of git is set", "repair git"),
        (
            127,
            "git: error while loading shared libraries: libpcre2-8.so.0",
            "repair git",
        ),
    ] {
        patient.install_git(&format!(
            "echo first >&2\necho '{line}' >&2\necho >&2\nexit {code}"
        ));
        let findings = patient.examine();
        let detail = format!("git failed with exit code {code}: {line}");
        findings.assert("git", "problem", &detail);
        let hint = findings.hint("git");
        assert!(hint.contains(fix) && hint.contains("--app"), "{hint}");
        // Outside of git, nothing else depends on it.
        findings.assert_ok_except(&["git"]);
    }
    patient.install_git("exit 0");
    let findings = patient.examine();
    findings.assert("git", "problem", "git printed no version");
    fs::set_permissions(patient.bin().join("git"), PermissionsExt::from_mode(0o644)).unwrap();
    let findings = patient.examine();
    findings.assert("git", "problem", "cannot run git: Permission denied");
}

#[test]
fn git_that_fails_leaves_the_name_of_the_checkout_known() {
    let (patient, shop) = Patient::with_shop();
    let unknown = "its labels now are unknown, because git fails";
    patient.run_in(&shop, &["get", "web"]);
    patient.install_git("echo broken >&2\nexit 1");
    let findings = patient.examine_in(&shop);
    findings.assert("git", "problem", "git failed with exit code 1: broken");
    findings.assert("checkout", "ok", "its name is shop/main");
    findings.assert("checkout", "ok", unknown);
    findings.assert_ok_except(&["git"]);
}

pub(super) fn git_that_hangs_is_a_problem() {
    let (patient, shop) = Patient::with_shop();
    let path = std::env::var("PATH").unwrap();
    patient.install_git(&format!("PATH='{path}'\nsleep 1000 & wait"));
    let findings = patient.examine_in(&shop);
    let detail = "git did not answer within 5 seconds";
    findings.assert("git", "problem", detail);
    findings.assert_ok_except(&["git"]);
}

#[test]
fn repository_that_git_rejects_is_a_problem_of_the_checkout() {
    let (patient, shop) = Patient::with_shop();
    fs::write(shop.join(".git/config"), "[core\n").unwrap();
    let findings = patient.examine_in(&shop);
    findings.assert("git", "ok", "git version ");
    findings.assert("checkout", "problem", &format!("{}, ", shop.display()));
    findings.assert("checkout", "problem", "bad config line 1");
    assert!(findings.hint("checkout").starts_with("`git status`"));
    // So is a dangling link to one.
    let folder = patient.sandbox.path().join("dangling");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(".git"), "gitdir: /nowhere\n").unwrap();
    let findings = patient.examine_in(&folder);
    findings.assert("checkout", "problem", "not a git repository: /nowhere");
    findings.assert_ok_except(&["checkout"]);
}
