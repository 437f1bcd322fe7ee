//! Folders that look like the root of a checkout.

use std::fs;

use super::fixture::{assert_detected, assert_undetected, shop};
use test_support::Sandbox;
#[cfg(unix)]
use test_support::{NOBODY, Ran};

#[test]
fn repository_of_the_home_folder_is_only_its_own() {
    let sandbox = Sandbox::in_memory();
    let home = sandbox.home();
    sandbox.git(&home, &["init", "-q"]);
    fs::write(home.join("portctl.toml"), "").unwrap();
    for name in ["a", "b"] {
        let folder = home.join("code").join(name);
        fs::create_dir_all(&folder).unwrap();
        assert_detected(&sandbox, &folder, name, "default", &folder);
    }
    assert_detected(&sandbox, &home, "home", "main", &home);
}

#[test]
fn project_file_marks_the_root_outside_of_git() {
    let (sandbox, shop) = shop();
    let work = sandbox.work();
    fs::write(work.join("portctl.toml"), "").unwrap();
    fs::create_dir(work.join("web")).unwrap();
    assert_detected(&sandbox, &work.join("web"), "work", "default", &work);
    // In a repository it marks none.
    fs::create_dir(shop.join("web")).unwrap();
    fs::write(shop.join("web/portctl.toml"), "").unwrap();
    assert_detected(&sandbox, &shop.join("web"), "shop", "main", &shop);
}

#[test]
fn empty_git_folder_is_outside_of_git() {
    let sandbox = Sandbox::in_memory();
    let work = sandbox.work();
    fs::create_dir(work.join(".git")).unwrap();
    assert_detected(&sandbox, &work, "work", "default", &work);
}

#[test]
fn broken_git_entry_is_an_error_even_inside_a_repository() {
    let (sandbox, shop) = shop();
    let inside = shop.join("inside");
    fs::create_dir(&inside).unwrap();
    fs::write(inside.join(".git"), "gitdir: /nowhere/at/all\n").unwrap();
    assert_undetected(&sandbox, &inside, "/nowhere/at/all");
    fs::write(inside.join(".git"), "").unwrap();
    assert_undetected(&sandbox, &inside, "invalid gitfile format");
    fs::remove_file(inside.join(".git")).unwrap();
    // Git itself would go on to the repository around it.
    fs::create_dir_all(inside.join(".git/hooks")).unwrap();
    assert_undetected(&sandbox, &inside, "not a git repository");
}

#[test]
fn work_tree_elsewhere_is_an_error() {
    let (sandbox, shop) = shop();
    let work = sandbox.work();
    sandbox.git(&shop, &["config", "core.worktree", work.to_str().unwrap()]);
    assert_undetected(&sandbox, &shop, "core.worktree");
    // The other folder is not changed by it.
    assert_detected(&sandbox, &work, "work", "default", &work);
}

#[cfg(unix)]
#[test]
fn repository_of_another_user_does_not_speak_for_a_folder_of_this_user() {
    use std::os::unix::fs::{MetadataExt, chown};
    let (sandbox, shop) = shop();
    let mine = shop.join("mine");
    fs::create_dir(&mine).unwrap();
    if fs::metadata(&mine).unwrap().uid() != 0 {
        // Only root can give files away.
        return;
    }
    chown(shop.join(".git"), Some(NOBODY), None).unwrap();
    assert_detected(&sandbox, &mine, "mine", "default", &mine);
    // In that user's own folder it counts, and git reads it.
    let ran = Ran::of(
        sandbox
            .command("chown")
            .arg("-R")
            .arg(NOBODY.to_string())
            .arg(&shop),
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_detected(&sandbox, &shop, "shop", "main", &shop);
    assert_detected(&sandbox, &mine, "shop", "main", &shop);
    // Under sudo, also in a folder of root.
    chown(&mine, Some(0), None).unwrap();
    assert_detected(&sandbox, &mine, "mine", "default", &mine);
    let mut portctl = sandbox.command(crate::PORTCTL);
    portctl.env("SUDO_UID", NOBODY.to_string());
    super::fixture::assert_detected_by(&sandbox, &mut portctl, &mine, "shop", "main", &shop);
}
