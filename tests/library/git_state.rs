//! Files and branches of a checkout, as git knows them.

use std::fs;
use std::path::{Path, PathBuf};

use port_registry::{Checkout, FileStatus};
use test_support::Sandbox;

/// Creates a repository `shop` on the branch `main`, which ignores `*.local`.
fn shop() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    let shop = sandbox.path().join("shop");
    sandbox.git(&sandbox.path(), &["init", "-q", "shop"]);
    // The user may ignore files everywhere.
    sandbox.git(&shop, &["config", "core.excludesFile", "/dev/null"]);
    fs::create_dir(shop.join("web")).unwrap();
    fs::write(shop.join(".gitignore"), "*.local\n").unwrap();
    for name in [".env", "web/.env", "kept.local"] {
        fs::write(shop.join(name), "").unwrap();
    }
    sandbox.git(&shop, &["add", "--force", "."]);
    sandbox.git(&shop, &["commit", "-q", "-m", "Begin"]);
    (sandbox, shop)
}

#[track_caller]
fn assert_status(folder: &Path, file: impl AsRef<Path>, expected: FileStatus) {
    let checkout = Checkout::open(folder).unwrap();
    assert_eq!(checkout.file_status(file.as_ref()).unwrap(), expected);
}

#[test]
fn file_is_tracked_ignored_or_neither() {
    let (_sandbox, shop) = shop();
    for file in [".env", "web/.env", "kept.local", "web/../.env"] {
        assert_status(&shop, file, FileStatus::Tracked);
        assert_status(&shop.join("web"), shop.join(file), FileStatus::Tracked);
    }
    assert_status(&shop, "web/.env.local", FileStatus::Ignored);
    // A folder is no file, and a name is no pattern.
    for file in ["web", "new", ".en?", "*", ":(icase).ENV", "-z", "!new"] {
        assert_status(&shop, file, FileStatus::Untracked);
    }
}

#[cfg(unix)]
#[test]
fn link_has_a_status_of_its_own() {
    use std::os::unix::fs::symlink;
    let (sandbox, shop) = shop();
    symlink(".env", shop.join("link.local")).unwrap();
    symlink("web", shop.join("folder")).unwrap();
    assert_status(&shop, "link.local", FileStatus::Ignored);
    assert_status(&shop, "folder/.env", FileStatus::Tracked);
    symlink(sandbox.work(), shop.join("away")).unwrap();
    let checkout = Checkout::open(&shop).unwrap();
    assert!(checkout.file_status(Path::new("away/.env")).is_err());
}

#[test]
fn file_outside_of_git_or_beside_a_bare_repository_has_no_repository() {
    let sandbox = Sandbox::new();
    assert_status(&sandbox.work(), ".env", FileStatus::NoRepository);
    let words = ["init", "-q", "--bare", "project/.bare"];
    sandbox.git(&sandbox.path(), &words);
    let project = sandbox.path().join("project");
    fs::write(project.join(".git"), "gitdir: ./.bare\n").unwrap();
    assert_status(&project, ".env", FileStatus::NoRepository);
}

#[test]
fn branch_exists_until_it_is_deleted() {
    let (sandbox, shop) = shop();
    sandbox.git(&shop, &["branch", "feature/cart"]);
    sandbox.git(&shop, &["tag", "v1"]);
    let checkout = Checkout::open(&shop).unwrap();
    for (name, exists) in [
        ("main", true),
        ("feature/cart", true),
        ("feature", false),
        ("feature/*", false),
        ("v1", false),
        ("cart", false),
        ("", false),
        ("a\0b", false),
    ] {
        assert_eq!(checkout.has_branch(name).unwrap(), exists, "{name:?}");
    }
    sandbox.git(&shop, &["branch", "-D", "-q", "feature/cart"]);
    sandbox.git(&shop, &["pack-refs", "--all"]);
    assert!(!checkout.has_branch("feature/cart").unwrap());
    assert!(checkout.has_branch("main").unwrap());
    // A repository that cannot be read has lost no branch.
    fs::write(shop.join(".git/config"), "[core\n").unwrap();
    assert!(checkout.has_branch("main").is_err());
}

#[test]
fn labels_can_be_asked_for_again_after_an_error() {
    let (sandbox, shop) = shop();
    let config = fs::read(shop.join(".git/config")).unwrap();
    fs::write(shop.join(".git/config"), "[core\n").unwrap();
    let checkout = Checkout::open(shop.join("web")).unwrap();
    assert_eq!(checkout.root(), shop);
    assert!(checkout.labels().is_err());
    fs::write(shop.join(".git/config"), config).unwrap();
    assert_eq!(checkout.labels().unwrap().instance.as_deref(), Some("main"));
    // Labels are those of the moment when they were asked for.
    sandbox.git(&shop, &["switch", "-q", "-c", "topic"]);
    assert_eq!(checkout.labels().unwrap().instance.as_deref(), Some("main"));
}
