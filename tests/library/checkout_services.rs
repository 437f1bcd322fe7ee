//! The library finds the services of a checkout like `portctl get`.

use std::fs;
use std::path::PathBuf;

use port_registry::{Checkout, Claim, Error, LabelOrigin, Registry, ServiceKey, Verdict};
use test_support::Sandbox;

/// A registry, and repositories with the same origin.
struct Machine {
    sandbox: Sandbox,
    registry: Registry,
}

impl Machine {
    fn new() -> Machine {
        let sandbox = Sandbox::new();
        let registry = Registry::builder()
            .with_path(sandbox.store())
            .with_probe(|_| Ok(Verdict::Free))
            .open()
            .unwrap();
        Machine { sandbox, registry }
    }

    fn clone_of_shop(&self, name: &str) -> PathBuf {
        let root = self.sandbox.path().join(name);
        fs::create_dir(&root).unwrap();
        let git = |words: &[&str]| self.sandbox.git(&root, words);
        git(&["init", "--quiet"]);
        git(&["remote", "add", "origin", "https://example.com/o/shop.git"]);
        git(&["commit", "--quiet", "--allow-empty", "--message", "Begin"]);
        root
    }
}

#[test]
fn service_keeps_its_port_on_every_branch_and_in_every_folder_of_its_checkout() {
    let machine = Machine::new();
    let shop = machine.clone_of_shop("shop");
    let below = shop.join("apps").join("web");
    fs::create_dir_all(&below).unwrap();
    let get = |service| {
        let here = Checkout::open(&below).unwrap();
        here.get_or_allocate(&machine.registry, service).unwrap()
    };
    let web = get("web");
    assert_eq!(web.key, ServiceKey::new("shop", "main", "web").unwrap());
    assert_eq!(web.label_origin, LabelOrigin::Branch);
    machine
        .sandbox
        .git(&shop, &["switch", "--quiet", "-c", "topic"]);
    machine.sandbox.git(&shop, &["remote", "remove", "origin"]);
    assert_eq!(get(" web "), web);
    let api = get("api");
    assert_eq!(api.key.instance(), "main");
    let here = Checkout::open(&shop).unwrap();
    assert_eq!(here.allocations(&machine.registry).unwrap(), [web, api]);
}

#[test]
fn hit_needs_no_git_and_a_miss_reports_one_that_fails() {
    let machine = Machine::new();
    let shop = machine.clone_of_shop("shop");
    let get = |service| {
        let here = Checkout::open(&shop).unwrap();
        here.get_or_allocate(&machine.registry, service)
    };
    let web = get("web").unwrap();
    fs::write(shop.join(".git/config"), "[core\n").unwrap();
    assert_eq!(get("web").unwrap(), web);
    let error = get("api").unwrap_err();
    assert!(matches!(error, Error::Checkout { .. }), "{error:?}");
}

#[test]
fn clones_of_one_repository_never_share_a_port() {
    let machine = Machine::new();
    let clones = ["one", "two", "three"].map(|name| machine.clone_of_shop(name));
    let get = |root: &PathBuf| {
        let here = Checkout::open(root).unwrap();
        here.get_or_allocate(&machine.registry, "web").unwrap()
    };
    let webs = clones.each_ref().map(get);
    for (index, web) in webs.iter().enumerate() {
        assert!(webs[..index].iter().all(|it| it.port != web.port));
        assert_eq!(web.key.instance().starts_with("main-"), index > 0);
        assert_eq!(get(&clones[index]), *web);
    }
}

#[test]
fn marks_that_agree_with_those_of_another_checkout_become_longer() {
    let machine = Machine::new();
    let [one, two] = ["one", "two"].map(|name| machine.clone_of_shop(name));
    let get = |root: &PathBuf| {
        let here = Checkout::open(root).unwrap();
        here.get_or_allocate(&machine.registry, "web").unwrap()
    };
    get(&one);
    let marked = get(&two);
    machine.registry.release(marked.id).unwrap();
    // The first clone holds the key with the mark of the second one.
    let taken = Claim::new(marked.key.clone()).with_dir(&one).unwrap();
    machine.registry.allocate(taken).unwrap();
    let again = get(&two);
    let instance = again.key.instance();
    assert!(instance.starts_with(marked.key.instance()), "{instance}");
    assert_eq!(instance.len(), "main-".len() + 8);
}

#[test]
fn moved_clone_with_a_mark_keeps_its_ports() {
    let machine = Machine::new();
    let [one, two] = ["one", "two"].map(|name| machine.clone_of_shop(name));
    let get = |root: &PathBuf, service| {
        let here = Checkout::open(root).unwrap();
        here.get_or_allocate(&machine.registry, service).unwrap()
    };
    get(&one, "web");
    let [web, api] = ["web", "api"].map(|service| get(&two, service));
    assert_eq!(web.unmarked_instance(), "main");
    let moved = two.with_file_name("moved");
    fs::rename(&two, &moved).unwrap();
    let found = get(&moved, "api");
    assert_eq!((found.id, found.port), (api.id, api.port));
    assert_eq!(get(&moved, "web").id, web.id);
    // A clone beside it gets ports of its own.
    let three = machine.clone_of_shop("three");
    assert!(get(&three, "web").id > api.id);
}

#[cfg(unix)]
#[test]
fn folder_without_a_valid_label_is_an_error() {
    let machine = Machine::new();
    let folder = machine.sandbox.path().join("line\nbreak");
    fs::create_dir(&folder).unwrap();
    let here = Checkout::open(&folder).unwrap();
    let error = here.get_or_allocate(&machine.registry, "web").unwrap_err();
    assert!(
        matches!(error, Error::NoLabel { field: "app", .. }),
        "{error:?}"
    );
}
