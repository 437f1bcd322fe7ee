//! Files that `portctl env --write` must not write, and how it finds the others.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::hints::fixture::follow_hint;
use super::machine::{Machine, both_ways};

const WRITE: [&str; 3] = ["env", "--write", ".env"];

/// Creates a repository with a commit that ignores `.env`. Returns its folder.
fn repository(machine: &Machine, name: &str) -> PathBuf {
    let folder = machine.work().join(name);
    machine.write(&format!("{name}/.gitignore"), ".env\n");
    for words in [
        &["init", "--quiet"][..],
        &["add", "."],
        &["commit", "--quiet", "-m", "First"],
    ] {
        machine.sandbox.git(&folder, words);
    }
    folder
}

/// Creates a repository `shop` with a worktree at this path, relative to it, and a service in both.
fn shop_with_worktree(machine: &Machine, path: &str) -> (PathBuf, PathBuf) {
    let shop = repository(machine, "shop");
    let words = ["worktree", "add", "--quiet", path];
    machine.sandbox.git(&shop, &words);
    let worktree = shop.join(path).canonicalize().unwrap();
    for folder in [&shop, &worktree] {
        machine.run_in(folder, &["get", "web"]).printed();
    }
    (shop, worktree)
}

/// Returns the names of everything in a folder, sorted.
pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn path_that_leads_out_of_the_checkout_and_in_again_is_in_it() {
    both_ways(|machine| {
        let shop = machine.work().join("shop");
        fs::create_dir(&shop).unwrap();
        machine.run_in(&shop, &["get", "web"]).printed();
        let ran = machine.run_in(&shop, &["env", "--write", "../shop/.env"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(shop.join(".env").exists());
    });
}

#[test]
fn link_to_the_file_of_the_main_checkout_is_refused_and_the_hint_separates_it() {
    both_ways(|machine| {
        let (shop, feature) = shop_with_worktree(machine, "../feature");
        fs::write(shop.join(".env"), "SECRET=1\n").unwrap();
        machine.run_in(&shop, &WRITE).printed();
        let before = fs::read(shop.join(".env")).unwrap();
        for target in [shop.join(".env"), "../shop/.env".into()] {
            symlink(&target, feature.join(".env")).unwrap();
            let ran = machine.run_in(&feature, &WRITE);
            let complaint = ran.complained(1);
            let file = shop.join(".env");
            let problem = format!(
                "error: .env is a symbolic link to {}, which is in another checkout ({})",
                file.display(),
                shop.display()
            );
            assert!(complaint.starts_with(&problem), "{complaint}");
            assert!(feature.join(".env").is_symlink());

            follow_hint(machine, &feature, &ran);
            let port = machine
                .run_in(&feature, &["get", "web"])
                .printed()
                .to_owned();
            let own = fs::read_to_string(feature.join(".env")).unwrap();
            assert!(own.starts_with("SECRET=1\n"), "{own}");
            assert!(own.contains(&format!("\nWEB_PORT={port}\n")), "{own}");
            assert!(!feature.join(".env").is_symlink());
            assert_eq!(fs::read(shop.join(".env")).unwrap(), before);
            fs::remove_file(feature.join(".env")).unwrap();
        }
        assert_eq!(names_in(&feature), [".git", ".gitignore"]);

        // A link to nothing is replaced by a new file.
        symlink("../shop/none", feature.join(".env")).unwrap();
        let ran = machine.run_in(&feature, &WRITE);
        assert!(ran.complained(1).contains("in another checkout"), "{ran:?}");
        follow_hint(machine, &feature, &ran);
        assert!(feature.join(".env").is_file());
        assert!(!shop.join("none").exists());
    });
}

#[test]
fn paths_that_leave_the_checkout_are_refused() {
    both_ways(|machine| {
        let (shop, feature) = shop_with_worktree(machine, "../feature");
        let outside = machine.work().join("outside");
        machine.write("outside/.env", "A=1\n");
        fs::create_dir(feature.join("sub")).unwrap();
        symlink(&outside, feature.join("linked")).unwrap();
        symlink("../shop", feature.join("main")).unwrap();
        symlink("linked/.env", feature.join("through")).unwrap();
        symlink("../../outside/.env", feature.join("sub/.env")).unwrap();
        let absolute = outside.join("new.env");
        let other = format!("in another one ({})", shop.display());
        for (file, problem) in [
            ("../outside/new.env", "is not in this checkout"),
            (absolute.to_str().unwrap(), "is not in this checkout"),
            ("sub/../../outside/.env", "is not in this checkout"),
            ("../shop/.env", &*other),
            ("linked/.env", "the symbolic link linked"),
            ("linked/new.env", "leads out of this checkout"),
            ("main/.env", "leads to another checkout"),
            ("through", "through is a symbolic link"),
            ("sub/.env", "sub/.env is a symbolic link"),
            (".git/config", "in a folder of git's own"),
        ] {
            let ran = machine.run_in(&feature, &["env", "--write", file]);
            assert!(ran.complained(1).contains(problem), "{file}: {ran:?}");
            assert_eq!(names_in(&outside), [".env"], "{file}");
            assert_eq!(names_in(&shop), [".git", ".gitignore"], "{file}");
        }
        assert_eq!(fs::read(outside.join(".env")).unwrap(), b"A=1\n");

        // The shell may write anywhere.
        let file = "../outside/new file.env";
        let ran = machine.run_in(&feature, &["env", "web", "--write", file]);
        follow_hint(machine, &feature, &ran);
        let printed = machine.run_in(&feature, &["env"]).printed().to_owned();
        let written = fs::read_to_string(outside.join("new file.env")).unwrap();
        assert_eq!(written.trim_end(), printed);
    });
}

#[test]
fn file_of_a_nested_or_surrounding_checkout_is_refused() {
    both_ways(|machine| {
        let (shop, nested) = shop_with_worktree(machine, "trees/feat");
        fs::create_dir(nested.join("sub")).unwrap();
        for file in ["trees/feat/.env", "trees/feat/sub/.env"] {
            let ran = machine.run_in(&shop, &["env", "--write", file]);
            let problem = format!("{file} is in another checkout ({})", nested.display());
            assert!(ran.complained(1).contains(&problem), "{ran:?}");
            assert!(!shop.join(file).exists());
            follow_hint(machine, &shop, &ran);
            let port = machine
                .run_in(&nested, &["get", "web"])
                .printed()
                .to_owned();
            let text = fs::read_to_string(shop.join(file)).unwrap();
            assert!(text.contains(&format!("WEB_PORT={port}\n")), "{text}");
        }
        let ran = machine.run_in(&nested, &["env", "--write", "../../.env"]);
        let problem = format!("in another one ({})", shop.display());
        assert!(ran.complained(1).contains(&problem), "{ran:?}");
        assert!(!shop.join(".env").exists());
    });
}

#[test]
fn paths_that_stay_in_the_checkout_are_written() {
    both_ways(|machine| {
        let shop = repository(machine, "shop");
        let sub = shop.join("sub");
        fs::create_dir_all(sub.join("deep")).unwrap();
        symlink(&shop, machine.work().join("alias")).unwrap();
        symlink("sub/deep", shop.join("relative")).unwrap();
        symlink(&sub, shop.join("absolute")).unwrap();
        symlink("relative/../target", shop.join("chain")).unwrap();
        fs::write(sub.join("target"), "").unwrap();
        machine.run_in(&shop, &["get", "web"]).printed();
        let alias = machine.work().join("alias/5");
        let real = shop.join("6");
        for (folder, typed, written) in [
            (&shop, "1", "1"),
            (&shop, "./sub/../2", "2"),
            (&sub, "../3", "3"),
            (&sub, "deep/4", "sub/deep/4"),
            (&sub, alias.to_str().unwrap(), "5"),
            (&sub, real.to_str().unwrap(), "6"),
            (&shop, "relative/7", "sub/deep/7"),
            (&shop, "relative/../8", "sub/8"),
            (&shop, "absolute/9", "sub/9"),
            (&shop, "chain", "sub/target"),
        ] {
            let ran = machine.run_in(folder, &["env", "--write", typed]);
            assert_eq!(ran.code, Some(0), "{typed}: {ran:?}");
            let text = fs::read_to_string(shop.join(written)).unwrap();
            assert!(text.contains("WEB_PORT="), "{typed}: {text}");
        }
        assert!(shop.join("chain").is_symlink());
        // Names of another checkout do not change where this one is.
        let words = ["get", "web", "--app", "a", "--instance", "b"];
        machine.run_in(&shop, &words).printed();
        let words = ["env", "--app", "a", "--instance", "b", "--write", ".env"];
        assert_eq!(machine.run_in(&shop, &words).code, Some(0));
        symlink("loop", shop.join("loop")).unwrap();
        let ran = machine.run_in(&shop, &["env", "--write", "loop"]);
        assert!(
            ran.complained(1).contains("too many symbolic links"),
            "{ran:?}"
        );
    });
}

#[test]
fn tracked_file_is_written_only_when_asked_to() {
    both_ways(|machine| {
        let shop = repository(machine, "shop");
        machine.write("shop/tracked.env", "A=1\n");
        machine.sandbox.git(&shop, &["add", "tracked.env"]);
        machine.run_in(&shop, &["get", "web"]).printed();
        let ran = machine.run_in(&shop, &["env", "--write", "tracked.env", "web"]);
        let complaint = ran.complained(1);
        assert!(complaint.contains("git tracks it"), "{complaint}");
        let file = shop.join("tracked.env");
        assert_eq!(fs::read(&file).unwrap(), b"A=1\n");
        let followed = follow_hint(machine, &shop, &ran);
        assert_eq!(followed, "wrote 1 port to tracked.env");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("A=1\n# >>>"), "{text}");

        // There is nothing to refuse if the file stays as it is.
        let ran = machine.run_in(&shop, &["env", "--write", "tracked.env"]);
        assert_eq!(ran.printed(), "tracked.env has the 1 port already");
        // Git tracks a file that is only missing.
        fs::remove_file(&file).unwrap();
        let ran = machine.run_in(&shop, &["env", "--write", "tracked.env"]);
        assert!(ran.complained(1).contains("git tracks it"), "{ran:?}");
        assert!(!file.exists());

        let ran = machine.run_in(&shop, &["env", "--tracked"]);
        assert!(
            ran.complained(2).contains("--tracked needs --write"),
            "{ran:?}"
        );
    });
}

#[test]
fn file_is_written_without_the_answer_of_git_only_when_asked_to() {
    both_ways(|machine| {
        let shop = repository(machine, "shop");
        machine.run_in(&shop, &["get", "web"]).printed();
        fs::write(shop.join(".git/config"), "[core\n").unwrap();
        let ran = machine.run_in(&shop, &WRITE);
        let complaint = ran.complained(1);
        for expected in [
            ".env was not changed, because git does not tell if it tracks it",
            "bad config line 1",
        ] {
            assert!(complaint.contains(expected), "{complaint}");
        }
        assert!(!shop.join(".env").exists());
        let followed = follow_hint(machine, &shop, &ran);
        assert_eq!(followed, "wrote 1 port to .env");
    });
}

#[test]
fn file_that_git_does_not_ignore_is_mentioned_when_it_is_written() {
    both_ways(|machine| {
        let shop = repository(machine, "shop");
        machine.run_in(&shop, &["get", "web"]).printed();
        let ran = machine.run_in(&shop, &WRITE);
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "ignored");
        let write = ["env", "--write", "new.env"];
        let ran = machine.run_in(&shop, &write);
        let note = "note: new.env is not ignored by git; add it to .gitignore\n";
        assert_eq!((ran.code, &*ran.stderr), (Some(0), note));
        let ran = machine.run_in(&shop, &write);
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "unchanged");
        // Outside of git.
        machine.run(&["get", "web"]).printed();
        let ran = machine.run(&WRITE);
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""));
    });
}
