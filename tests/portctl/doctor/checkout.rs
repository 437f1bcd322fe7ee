//! Checks of the checkout that the current folder is in.

use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::Path;

use serde_json::json;

use super::patient::{Findings, Patient};
use test_support::daemon::Daemon;

/// Asserts the lines of the finding, which is not wrong. The first one is the root with the reason.
#[track_caller]
fn assert_lines(findings: &Findings, root: &Path, reason: &str, lines: &[&str]) {
    let mut expected = vec![format!("{}, {reason}", root.display())];
    expected.extend(lines.iter().map(|&line| line.to_owned()));
    let finding = json!({"check": "checkout", "status": "ok", "detail": expected.join("\n")});
    assert_eq!(findings.finding("checkout"), &finding);
    findings.assert_ok_except(&[]);
}

const NEW: &str = "it has no name yet; `portctl get` would name it shop/main: the app from the repository's folder, the \
                   instance from the branch";
const NAME: &str = "its name is shop/main since its first allocation: the app from the repository's folder, the \
                    instance from the branch";
const GIT: &str = "the nearest folder upward with a .git";
const PLAIN: &str = "the current folder, outside of git and without a portctl.toml";

#[test]
fn checkout_has_its_root_and_the_rule_that_gave_its_name() {
    let (patient, shop) = Patient::with_shop();
    let (git, get) = (&patient.sandbox, ["get", "web", "api"]);
    let below = shop.join("below");
    fs::create_dir(&below).unwrap();
    assert_lines(&patient.examine_in(&below), &shop, GIT, &[NEW]);
    patient.run_in(&shop, &get);
    assert_lines(
        &patient.examine_in(&below),
        &shop,
        GIT,
        &[NAME, "2 allocations here"],
    );

    let tree = patient.sandbox.path().join("cart");
    git.git(&shop, &["worktree", "add", "-q", "../cart"]);
    patient.run_in(&tree, &get);
    let name = "its name is shop/cart since its first allocation: the app from the repository's folder, \
                the instance from git's name of the worktree";
    assert_lines(
        &patient.examine_in(&tree),
        &tree,
        GIT,
        &[name, "2 allocations here"],
    );

    let detached = patient.sandbox.path().join("detached");
    git.git(
        &patient.sandbox.path(),
        &["clone", "-q", "shop", "detached"],
    );
    let url = "git@example.com:me/basket.git";
    git.git(&detached, &["remote", "set-url", "origin", url]);
    git.git(&detached, &["checkout", "-q", "--detach"]);
    patient.run_in(&detached, &get);
    patient.examine_in(&detached).assert(
        "checkout",
        "ok",
        "the app from the URL of origin, the instance from the commit, because no branch was checked out",
    );

    let work = patient.sandbox.work();
    patient.run_in(&work, &get);
    let name = "its name is work/default since its first allocation: the app from the folder, \
         the instance as everywhere outside of git";
    assert_lines(
        &patient.examine_in(&work),
        &work,
        PLAIN,
        &[name, "2 allocations here"],
    );

    let project = patient.sandbox.path().join("project");
    fs::create_dir_all(project.join("web")).unwrap();
    fs::write(project.join("portctl.toml"), "").unwrap();
    let reason = "the nearest folder upward with a portctl.toml, outside of git";
    let new = "it has no name yet; `portctl get` would name it project/default: the app from the folder, \
               the instance as everywhere outside of git";
    assert_lines(
        &patient.examine_in(&project.join("web")),
        &project,
        reason,
        &[new, "its portctl.toml declares 0 services"],
    );
    fs::write(project.join("portctl.toml"), "app = 'basket'\n").unwrap();
    let findings = patient.examine_in(&project);
    findings.assert(
        "checkout",
        "ok",
        "basket/default: the app from portctl.toml, ",
    );
    fs::write(project.join("portctl.toml"), "app = 1\n").unwrap();
    let findings = patient.examine_in(&project);
    findings.assert(
        "checkout",
        "problem",
        "portctl.toml:1: `app` must be a text",
    );
    assert_eq!(findings.hint("checkout"), "correct the file");
}

#[test]
fn another_name_by_git_is_told_and_is_no_problem() {
    let (patient, shop) = Patient::with_shop();
    patient.run_in(&shop, &["get", "web"]);
    patient.sandbox.git(&shop, &["switch", "-q", "-c", "topic"]);
    let now =
        "git would now call it shop/topic; it stays shop/main until its last port is released";
    assert_lines(
        &patient.examine_in(&shop),
        &shop,
        GIT,
        &[NAME, "1 allocation here", now],
    );
    // The row that gave the name may go first.
    patient.run_in(&shop, &["allocate", "web"]);
    patient.run_in(&shop, &["release", "--id", "1"]);
    let name = "its name is shop/main since its first allocation, which is released";
    assert_lines(
        &patient.examine_in(&shop),
        &shop,
        GIT,
        &[name, "1 allocation here", now],
    );
    // Without a repository, nobody else names it.
    fs::remove_dir_all(shop.join(".git")).unwrap();
    let now = "outside of git, it would now be called shop/default; it stays shop/main until its last port is \
               released";
    assert_lines(
        &patient.examine_in(&shop),
        &shop,
        PLAIN,
        &[name, "1 allocation here", now],
    );
}

#[test]
fn repository_without_an_installed_git_is_named_by_its_folder() {
    let (patient, shop) = Patient::with_shop();
    patient.run_in(&shop, &["get", "web"]);
    fs::remove_file(patient.bin().join("git")).unwrap();
    let findings = patient.examine_in(&shop);
    findings.assert("git", "warning", "git is not on the PATH");
    let now = "outside of git, it would now be called shop/default; it stays shop/main until";
    findings.assert("checkout", "ok", now);
}

#[test]
fn checkout_with_the_labels_of_another_one_names_it() {
    let (patient, shop) = Patient::with_shop();
    let (top, second) = (
        patient.sandbox.path(),
        patient.sandbox.path().join("a/shop"),
    );
    patient
        .sandbox
        .git(&top, &["clone", "-q", "shop", "a/shop"]);
    patient.run_in(&shop, &["get", "web"]);
    let other = format!(
        "because shop/main is the name of another checkout, {}",
        shop.display()
    );
    let findings = patient.examine_in(&second);
    findings.assert(
        "checkout",
        "ok",
        "it has no name yet; `portctl get` would name it shop/main-",
    );
    findings.assert("checkout", "ok", &other);
    let predicted = findings.detail("checkout").to_owned();
    patient.run_in(&second, &["get", "web"]);
    let registered = &patient
        .registry()
        .list(&port_registry::Filter::new())
        .unwrap()[1];
    let name = format!("{}/{}", registered.key.app(), registered.key.instance());
    assert!(predicted.contains(&name), "{predicted}: {name}");
    let name = NAME.replace("shop/main", &name);
    let mark = format!("it has a mark, {other}");
    let findings = patient.examine_in(&second);
    assert_lines(
        &findings,
        &second,
        GIT,
        &[&name, "1 allocation here", &mark],
    );
    patient.run_in(&shop, &["release", "--yes"]);
    let mark = "it has a mark, because shop/main was the name of another checkout";
    let findings = patient.examine_in(&second);
    assert_lines(&findings, &second, GIT, &[&name, "1 allocation here", mark]);
}

#[test]
fn allocations_that_get_finds_otherwise_are_counted() {
    let (patient, shop) = Patient::with_shop();
    patient.run_in(&shop, &["get", "db", "--instance", "test-1"]);
    let typed = "1 allocation here, 1 with labels that were typed or sent by a program, which only --app and --instance find";
    assert_lines(&patient.examine_in(&shop), &shop, GIT, &[typed, NEW]);
    // Rows that the next `get` takes over.
    patient.allocate("web", None);
    let unowned =
        "1 allocation with these labels and without an existing checkout can pass on to this one";
    assert_lines(
        &patient.examine_in(&shop),
        &shop,
        GIT,
        &[typed, NEW, unowned],
    );
    patient.run_in(&shop, &["get", "web"]);
    let typed = typed.replace("1 allocation here", "2 allocations here");
    assert_lines(&patient.examine_in(&shop), &shop, GIT, &[NAME, &typed]);
}

#[test]
fn variables_that_type_labels_are_warned_of() {
    let (patient, shop) = Patient::with_shop();
    for variable in ["PORT_REGISTRY_APP", "PORT_REGISTRY_INSTANCE"] {
        let mut command = patient.command();
        let findings = patient.examine_by(command.current_dir(&shop).env(variable, "blue"));
        findings.assert(
            "checkout",
            "warning",
            &format!("{variable}=blue is set, so every command"),
        );
        let hint = findings.hint("checkout");
        assert!(hint.starts_with(&format!("`unset {variable}`")), "{hint}");
        findings.assert_ok_except(&["checkout"]);
        let findings = patient.examine_by(command.env(variable, "a\u{1}b"));
        findings.assert("checkout", "problem", &format!("{variable}: "));
    }
    let mut command = patient.command();
    command
        .env("PORT_REGISTRY_APP", "a")
        .env("PORT_REGISTRY_INSTANCE", "b");
    assert_eq!(
        patient
            .examine_by(&mut command)
            .hint("checkout")
            .lines()
            .count(),
        2
    );
}

#[test]
fn entries_that_make_no_root_are_named() {
    let (patient, _) = Patient::with_shop();
    let home = patient.sandbox.home();
    patient.sandbox.git(&home, &["init", "-q"]);
    let notes = home.join("notes");
    fs::create_dir(&notes).unwrap();
    let entry = format!(
        "{} counts only in the home folder itself",
        home.join(".git").display()
    );
    patient.examine_in(&notes).assert("checkout", "ok", &entry);
    assert!(
        !patient
            .examine_in(&home)
            .detail("checkout")
            .contains("counts only")
    );

    let shared = patient.sandbox.path().join("shared");
    fs::create_dir_all(shared.join(".git/hooks")).unwrap();
    fs::create_dir(shared.join("mine")).unwrap();
    if lchown(shared.join(".git"), Some(12345), None).is_err() {
        // Only root can give files away.
        return;
    }
    let entry = format!("{} belongs to another user", shared.join(".git").display());
    patient
        .examine_in(&shared.join("mine"))
        .assert("checkout", "ok", &entry);
    // It counts in a folder of its owner.
    chown(shared.join("mine"), Some(12345), None).unwrap();
    let findings = patient.examine_in(&shared.join("mine"));
    assert!(!findings.detail("checkout").contains("another user"));
}

#[test]
fn current_folder_that_is_gone_is_a_problem() {
    let patient = Patient::new();
    let folder = patient.sandbox.path().join("brief");
    fs::create_dir(&folder).unwrap();
    let doctor = format!("rmdir '{}' && exec \"$0\" \"$@\"", folder.display());
    let mut command = patient.sandbox.command("sh");
    command
        .args(["-c", &doctor, crate::PORTCTL, "doctor", "--json"])
        .current_dir(&folder);
    let findings = Findings::of(&test_support::Ran::of(&mut command));
    findings.assert("checkout", "problem", "cannot find the current folder");
    assert!(
        findings
            .hint("checkout")
            .starts_with("change to a folder that exists")
    );
    findings.assert("git", "ok", "git version ");
    findings.assert_ok_except(&["checkout"]);
}

#[test]
fn folder_without_a_valid_label_is_a_warning() {
    let patient = Patient::new();
    let findings = patient.examine_in(Path::new("/"));
    findings.assert("checkout", "warning", "/, the current folder");
    findings.assert_ok_except(&["checkout"]);
}

#[test]
fn checkout_of_a_daemons_registry_is_described_alike() {
    let (patient, shop) = Patient::with_shop();
    patient.run_in(&shop, &["get", "web"]);
    let in_process = patient.examine_in(&shop).finding("checkout").clone();
    let daemon = Daemon::start(&patient.sandbox);
    let mut command = patient.command();
    command.current_dir(&shop);
    command.env("PORT_REGISTRY_ADDR", daemon.address.to_string());
    command.env("PORT_REGISTRY_DB", patient.path("other.redb"));
    let served = patient.examine_by(&mut command);
    assert_eq!(served.finding("checkout"), &in_process);
}

#[test]
fn folder_reached_by_another_path_is_the_checkout_that_is_recorded() {
    let (patient, shop) = Patient::with_shop();
    // As a program without canonical paths would record it.
    let link = patient.sandbox.path().join("link");
    symlink(&shop, &link).unwrap();
    patient.allocate("web", Some(&link));
    let findings = patient.examine_in(&shop);
    let known = format!("the registry knows it as {}", link.display());
    findings.assert("checkout", "ok", &known);
    findings.assert("checkout", "ok", "1 allocation here");
}

#[test]
fn ports_of_deleted_branches_are_named() {
    let (patient, shop) = Patient::with_shop();
    let git = |words: &[&str]| patient.sandbox.git(&shop, words);
    patient.run_in(&shop, &["get", "web"]);
    git(&["switch", "-q", "-c", "topic"]);
    let words = ["allocate", "web", "--json"];
    let topic: serde_json::Value = serde_json::from_str(&patient.run_in(&shop, &words)).unwrap();
    git(&["switch", "-q", "main"]);
    git(&["branch", "-q", "-D", "topic"]);
    let listed = format!(
        "{} (branch deleted): port {} of shop/topic/web",
        shop.display(),
        topic["port"]
    );
    let findings = patient.examine_in(&patient.sandbox.work());
    findings.assert("checkouts", "warning", &listed);
    fs::write(shop.join(".git/config"), "[core\n").unwrap();
    let findings = patient.examine_in(&patient.sandbox.work());
    findings.assert(
        "checkouts",
        "warning",
        "keeps the allocations of deleted branches: ",
    );
    findings.assert("checkouts", "warning", "bad config line 1");
    findings.assert_ok_except(&["checkouts"]);
}
