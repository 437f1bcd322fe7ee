//! The hook of git.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::thread;

use test_support::Ran;

use super::fixture::Shop;

const HOOK: &str = ".git/hooks/post-checkout";
const MARK: &str = "# >>> port-registry >>>\n";

fn make_executable(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn new_worktree_gets_its_ports_and_file_checkouts_get_none() {
    let shop = Shop::new();
    shop.hook(&["install", "--git"]).printed();
    shop.git_with_portctl(&shop.root, &["checkout", "-q", "--", "portctl.toml"]);
    let listed = shop.run_in(&shop.root, &["list", "--all"]);
    assert!(listed.stderr.contains("no allocations"), "{listed:?}");
    let added = shop.git_with_portctl(&shop.root, &["worktree", "add", "-q", "../cart"]);
    assert!(added.stdout.is_empty(), "{added:?}");
    let cart = shop.root.with_file_name("cart");
    let listed = shop.run_in(&cart, &["list", "--json"]);
    assert!(
        listed.printed().contains("\"service\":\"web\""),
        "{listed:?}"
    );
    // From inside of a worktree, git names the repository in variables.
    shop.git_with_portctl(&cart, &["worktree", "add", "-q", "../login"]);
    let login = shop.root.with_file_name("login");
    let listed = shop.run_in(&login, &["list", "--json"]);
    assert!(listed.printed().contains("/login\""), "{listed:?}");
}

#[test]
fn failing_sync_shows_its_error_and_does_not_fail_git() {
    let shop = Shop::new();
    shop.hook(&["install", "--git"]).printed();
    shop.write("portctl.toml", "garbage\n");
    let output = shop.git_with_portctl(&shop.root, &["checkout", "-q", "-b", "other"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("error: "), "{text}");
}

#[test]
fn hook_of_the_user_keeps_every_byte_and_its_mode() {
    let shop = Shop::new();
    let text = "#!/bin/sh\nset -eu\nfalse || echo mine >&2\nexec true\n";
    let hook = shop.write(HOOK, text);
    fs::set_permissions(&hook, Permissions::from_mode(0o750)).unwrap();
    shop.hook(&["install", "--git"]).printed();
    let output = shop.git_with_portctl(&shop.root, &["checkout", "-q", "-b", "other"]);
    assert_eq!(output.stderr, b"mine\n", "{output:?}");
    let listed = shop.run_in(&shop.root, &["list", "--json"]);
    assert!(listed.printed().contains("web"), "{listed:?}");
    let installed = shop.read(HOOK);
    let again = shop.hook(&["install", "--git"]);
    assert_eq!(again.printed(), format!("up to date: {}", hook.display()));
    assert_eq!(shop.read(HOOK), installed);
    shop.hook(&["uninstall", "--git"]).printed();
    assert_eq!(shop.read(HOOK), text);
    let mode = fs::metadata(&hook).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
}

#[test]
fn hooks_that_are_no_shell_scripts_of_their_own_are_refused() {
    let shop = Shop::new();
    let hook = shop.path(HOOK);
    for (text, reason) in [
        ("#!/usr/bin/env python3\n", "it is not a shell script"),
        ("\u{7f}ELF\0", "it is not text"),
        (MARK, "line 1 opens the block"),
    ] {
        shop.write(HOOK, text);
        let refused = shop.hook(&["install", "--git"]);
        assert!(refused.complained(1).contains(reason), "{refused:?}");
        assert_eq!(shop.read(HOOK), text);
    }
    fs::remove_file(&hook).unwrap();
    let target = shop.write("shared", "#!/bin/sh\n");
    symlink(&target, &hook).unwrap();
    let refused = shop.hook(&["install", "--git"]);
    assert!(
        refused.complained(1).contains("post-checkout"),
        "{refused:?}"
    );
    assert!(hook.is_symlink() && shop.read("shared") == "#!/bin/sh\n");
}

#[test]
fn configured_folder_of_the_repository_is_used_and_another_is_refused() {
    let shop = Shop::new();
    shop.git(&["config", "core.hooksPath", "tools/hooks"]);
    shop.hook(&["install", "--git"]).printed();
    assert!(shop.read("tools/hooks/post-checkout").contains(MARK));
    assert!(!shop.path(HOOK).exists());
    let outside = shop.sandbox.work().join("hooks");
    fs::create_dir(&outside).unwrap();
    shop.git(&["config", "core.hooksPath", outside.to_str().unwrap()]);
    let refused = shop.hook(&["install", "--git"]);
    let expected = format!(
        "git runs hooks from {}",
        outside.canonicalize().unwrap().display()
    );
    assert!(refused.complained(1).contains(&expected), "{refused:?}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);

    // The command in the hint gives all worktrees the hooks of the repository.
    let step = refused.stderr.split('`').nth(1).unwrap();
    let mut shell = shop.sandbox.command("sh");
    let done = Ran::of(shell.args(["-ec", step]).current_dir(&shop.root));
    assert_eq!(done.code, Some(0), "{done:?}");
    shop.hook(&["install", "--git"]).printed();
    shop.git_with_portctl(&shop.root, &["worktree", "add", "-q", "../feature"]);
    let feature = shop.sandbox.work().join("feature");
    let listed = shop.run_in(&feature, &["list", "--json"]);
    assert!(listed.printed().contains("web"), "{listed:?}");
}

// Other systems refuse such names.
#[cfg(target_os = "linux")]
#[test]
fn configured_folder_need_not_have_a_name_in_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let shop = Shop::new();
    let config = shop.read(".git/config");
    let configured = [config.as_bytes(), b"[core]\n\thooksPath = hooks-\xff\n"].concat();
    fs::write(shop.path(".git/config"), configured).unwrap();
    shop.hook(&["install", "--git"]).printed();
    let hook = shop.root.join(OsStr::from_bytes(b"hooks-\xff"));
    let hook = fs::read_to_string(hook.join("post-checkout")).unwrap();
    assert!(hook.contains(MARK), "{hook}");
}

#[test]
fn the_file_of_husky_is_the_one_that_its_script_runs() {
    let shop = Shop::new();
    shop.git(&["config", "core.hooksPath", ".husky/_"]);
    // Like the files that husky 9 writes.
    let husky = "#!/usr/bin/env sh\nn=$(basename \"$0\")\ns=$(dirname \"$(dirname \"$0\")\")/$n\n\
                 [ ! -f \"$s\" ] && exit 0\nsh -e \"$s\" \"$@\"\n";
    shop.write(".husky/_/h", husky);
    let script = "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n";
    make_executable(&shop.write(".husky/_/post-checkout", script));
    shop.write(".husky/post-checkout", "false || :\n");
    shop.hook(&["install"]);
    assert!(shop.read(".husky/post-checkout").starts_with(MARK));
    assert_eq!(shop.read(".husky/_/post-checkout"), script);
    shop.git_with_portctl(&shop.root, &["checkout", "-q", "-b", "other"]);
    let listed = shop.run_in(&shop.root, &["list", "--json"]);
    assert!(listed.printed().contains("web"), "{listed:?}");
}

#[test]
fn installs_at_once_leave_one_block() {
    let shop = Shop::new();
    shop.write(HOOK, "#!/bin/sh\necho mine\n");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| shop.hook(&["install", "--git"]).printed().to_owned());
        }
    });
    assert_eq!(shop.read(HOOK).matches(MARK).count(), 1);
    let hooks = fs::read_dir(shop.path(".git/hooks")).unwrap();
    let drafts = hooks.filter(|it| {
        let name = it.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".portctl")
    });
    assert_eq!(drafts.count(), 0);
}
