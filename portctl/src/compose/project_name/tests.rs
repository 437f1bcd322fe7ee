use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use port_registry::Checkout;

use super::{Decided, NameInput, decide};
use crate::compose::compose_folder::ComposeFolder;
use crate::compose::name_source::NameSource;
use crate::compose::record::Record;

/// The main checkout `shop` with linked worktrees, as git lays them out, and the bare repository `proj/.bare`.
struct Machine {
    _folder: tempfile::TempDir,
    top: PathBuf,
    folder: ComposeFolder,
}

impl Machine {
    fn new(linked: &[&str]) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let machine = Machine {
            _folder: folder,
            folder: ComposeFolder::at(top.join("home/compose")),
            top,
        };
        machine.write("shop/.git/config", "[core]\n\tbare = false\n");
        machine.write("proj/.bare/config", "[core]\n\tbare = true\n");
        for root in linked {
            let is_bare = root.starts_with("proj/");
            machine.link(root, if is_bare { "proj/.bare" } else { "shop/.git" });
        }
        machine
    }

    /// Adds a linked worktree to a repository.
    fn link(&self, root: &str, repository: &str) {
        let name = root.replace('/', "+");
        let git_dir = format!("{repository}/worktrees/{name}");
        let top = self.top.display();
        self.write(&format!("{git_dir}/commondir"), "../..\n");
        self.write(
            &format!("{git_dir}/gitdir"),
            &format!("{top}/{root}/.git\n"),
        );
        self.write(
            &format!("{root}/.git"),
            &format!("gitdir: {top}/{git_dir}\n"),
        );
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.top.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Decides the name of a project folder, which is `root` or below it.
    fn decide(&self, case: &Case) -> Decided {
        let root = self.top.join(case.root);
        let checkout = Checkout::open(&root).unwrap();
        let others: Vec<PathBuf> = case.registry.iter().map(|it| self.top.join(it)).collect();
        let input = NameInput {
            checkout: &checkout,
            instance: case.instance,
            own_name: case.own_name,
            project_folder: &root.join(case.below),
            source: case.source.clone(),
            other_checkouts: &others,
            folder: &self.folder,
            records: case.records,
        };
        decide(&input).unwrap()
    }
}

#[derive(Clone)]
struct Case<'a> {
    root: &'a str,
    below: &'a str,
    instance: &'a str,
    own_name: &'a str,
    source: NameSource,
    registry: &'a [&'a str],
    records: bool,
}

fn case<'a>(root: &'a str, own_name: &'a str, source: NameSource) -> Case<'a> {
    Case {
        root,
        below: "",
        instance: root.rsplit('/').next().unwrap_or(root),
        own_name,
        source,
        registry: &[],
        records: true,
    }
}

#[test]
fn name_changes_only_in_linked_worktrees_that_would_share_it() {
    use NameSource::{Environment, File, Flag, Folder};
    for (root, own_name, source, expected) in [
        ("shop", "shop", Folder, "shop"),
        ("shop", "team", File, "team"),
        ("shop", "team", Environment, "team"),
        ("cart", "cart", Folder, "cart"),
        ("cart", "mine", Flag, "mine"),
        ("cart", "shop", File, "shop-cart"),
        ("cart", "shop", Environment, "shop-cart"),
        ("x/shop", "shop", Folder, "shop-shop"),
        // No folder has this name, so a file must have it.
        ("cart", "team", Folder, "team-cart"),
        // A lone worktree of a bare repository shares with nobody.
        ("proj/main", "proj", File, "proj"),
        ("proj/main", "main", Folder, "main"),
    ] {
        let machine = Machine::new(&["cart", "x/shop", "proj/main"]);
        let decided = machine.decide(&case(root, own_name, source.clone()));
        let label = format!("{root} {own_name} {source:?}");
        assert_eq!(decided.name, expected, "{label}");
        assert_eq!(decided.is_changed, expected != own_name, "{label}");
        assert_eq!(decided.notes.is_empty(), !decided.is_changed, "{label}");
    }
}

#[test]
fn worktrees_of_a_bare_repository_share_the_name_of_the_file() {
    let machine = Machine::new(&["proj/main", "proj/cart"]);
    for (root, expected) in [("proj/main", "proj-main"), ("proj/cart", "proj-cart")] {
        let decided = machine.decide(&case(root, "proj", NameSource::File));
        assert_eq!(decided.name, expected);
    }
}

#[test]
fn folder_name_is_shared_with_checkouts_of_the_registry_and_project_folders_of_the_repository() {
    let machine = Machine::new(&["cart", "tax"]);
    fs::create_dir_all(machine.top.join("clones/Cart")).unwrap();
    for root in ["shop", "cart"] {
        fs::create_dir(machine.top.join(root).join("docker")).unwrap();
    }
    fs::create_dir_all(machine.top.join("cart/own")).unwrap();
    let below = |below, own_name| Case {
        below,
        ..case("cart", own_name, NameSource::Folder)
    };
    let name = |case: &Case| machine.decide(case).name;
    let root = case("cart", "cart", NameSource::Folder);
    let unrecorded = Case {
        records: false,
        ..root.clone()
    };
    assert_eq!(name(&unrecorded), "cart");
    let registry = &["clones/Cart", "cart", "gone/cart"];
    assert_eq!(name(&Case { registry, ..root }), "cart-cart");
    assert_eq!(name(&below("docker", "docker")), "docker-cart");
    assert_eq!(name(&below("own", "own")), "own");
}

#[test]
fn env_file_shares_its_name_unless_it_differs_from_those_of_other_checkouts() {
    for (own, main, expected) in [
        (
            "COMPOSE_PROJECT_NAME=dev\n",
            "COMPOSE_PROJECT_NAME=dev\n",
            "dev-cart",
        ),
        (
            "COMPOSE_PROJECT_NAME=dev\n",
            "export COMPOSE_PROJECT_NAME='dev'\n",
            "dev-cart",
        ),
        (
            "COMPOSE_PROJECT_NAME=dev\n",
            "COMPOSE_PROJECT_NAME=shop\n",
            "dev",
        ),
        ("COMPOSE_PROJECT_NAME=dev\n", "", "dev"),
        // The main checkout has it by its folder.
        ("COMPOSE_PROJECT_NAME=shop\n", "", "shop-cart"),
    ] {
        let machine = Machine::new(&["cart"]);
        machine.write("cart/.env", own);
        machine.write("shop/.env", main);
        let source = NameSource::EnvFile(machine.top.join("cart/.env"));
        let own_name = own.trim_end().rsplit('=').next().unwrap();
        let decided = machine.decide(&case("cart", own_name, source));
        assert_eq!(decided.name, expected, "{own:?} {main:?}");
    }
    // All worktrees read this one.
    let machine = Machine::new(&["cart"]);
    machine.write("all.env", "COMPOSE_PROJECT_NAME=dev\n");
    let source = NameSource::EnvFile(machine.top.join("all.env"));
    assert_eq!(
        machine.decide(&case("cart", "dev", source)).name,
        "dev-cart"
    );
}

#[test]
fn name_is_decided_once_until_that_of_compose_changes() {
    let machine = Machine::new(&["cart"]);
    let name = |own_name, source| machine.decide(&case("cart", own_name, source));
    let alone = name("cart", NameSource::Folder);
    assert!(alone.is_new && !alone.is_changed);
    // Another worktree of this name comes later.
    machine.link("x/cart", "shop/.git");
    let again = name("cart", NameSource::Folder);
    assert_eq!((&*again.name, again.is_new), ("cart", false));
    let other = machine.decide(&case("x/cart", "cart", NameSource::Folder));
    assert_eq!(other.name, "cart-cart");
    // The file names the project now.
    let named = name("shop", NameSource::File);
    assert_eq!((&*named.name, named.is_new), ("shop-cart", true));
    let again = name("shop", NameSource::File);
    assert_eq!((&*again.name, again.is_new), ("shop-cart", false));
    // The decided name may come from the environment.
    let inherited = name("shop-cart", NameSource::Environment);
    assert_eq!(
        (&*inherited.name, inherited.is_changed, inherited.is_new),
        ("shop-cart", true, false)
    );
    let overridden = name("shop-cart", NameSource::File);
    assert_eq!((&*overridden.name, overridden.is_new), ("shop-cart", false));
}

#[test]
fn typed_name_of_one_command_decides_nothing() {
    let machine = Machine::new(&["cart"]);
    let typed = machine.decide(&case("cart", "shop", NameSource::Flag));
    assert_eq!((&*typed.name, typed.is_changed), ("shop", false));
    let decided = machine.decide(&case("cart", "shop", NameSource::File));
    assert_eq!(decided.name, "shop-cart");
    let typed = machine.decide(&case("cart", "other", NameSource::Flag));
    assert_eq!(
        (&*typed.name, &*typed.record.project),
        ("other", "shop-cart")
    );
}

#[test]
fn taken_name_gets_a_mark() {
    let machine = Machine::new(&["cart", "trees/shop-cart", "tax"]);
    let cart = Checkout::open(machine.top.join("cart")).unwrap();
    let by_folder = machine.decide(&case("cart", "shop", NameSource::File));
    assert_eq!(by_folder.name, format!("shop-cart-{}", cart.mark(4)));
    // The instance is no name that Compose allows.
    let tax = Checkout::open(machine.top.join("tax")).unwrap();
    let foreign = Case {
        instance: "\u{5e97}",
        ..case("tax", "shop", NameSource::File)
    };
    assert_eq!(
        machine.decide(&foreign).name,
        format!("shop-{}", tax.mark(4))
    );
}

#[test]
fn name_of_a_checkout_that_is_gone_is_free_again() {
    let machine = Machine::new(&["cart"]);
    let record = |root: &str| {
        let root = machine.top.join(root);
        fs::create_dir_all(&root).unwrap();
        let mut record = Record::new(&root, &root);
        record.project = "shop-cart".to_owned();
        machine.folder.save(&record).unwrap();
        root
    };
    let other = record("other");
    let unrecorded = Case {
        records: false,
        ..case("cart", "shop", NameSource::File)
    };
    assert_ne!(machine.decide(&unrecorded).name, "shop-cart");
    fs::remove_dir(other).unwrap();
    assert_eq!(machine.decide(&unrecorded).name, "shop-cart");
}

#[test]
fn main_checkout_is_told_about_another_one_with_its_name() {
    let machine = Machine::new(&["cart"]);
    machine.write("clone/.git/config", "");
    let shop = case("shop", "shop", NameSource::File);
    assert_eq!(machine.decide(&shop).notes, [] as [&str; 0]);
    let clone = machine.decide(&case("clone", "shop", NameSource::File));
    assert_eq!((&*clone.name, clone.notes.len()), ("shop", 1));
    assert!(clone.notes[0].starts_with(&machine.top.join("shop").display().to_string()));
}

#[test]
fn worktrees_that_decide_at_once_get_different_names() {
    let roots: Vec<String> = (0..8).map(|it| format!("{it}/cart")).collect();
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let machine = Machine::new(&roots);
    let decide = |root: &&str| machine.decide(&case(root, "shop", NameSource::File)).name;
    let names: BTreeSet<String> = thread::scope(|scope| {
        let threads: Vec<_> = roots
            .iter()
            .map(|it| scope.spawn(move || decide(it)))
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(names.len(), roots.len(), "{names:?}");
}

#[test]
fn deciding_without_a_record_writes_nothing_and_gives_the_name_of_the_record() {
    let machine = Machine::new(&["cart"]);
    let recorded = case("cart", "shop", NameSource::File);
    let unrecorded = Case {
        records: false,
        ..recorded.clone()
    };
    let before = machine.decide(&unrecorded).name;
    assert!(!machine.top.join("home").exists());
    assert_eq!(machine.decide(&recorded).name, before);
    assert_eq!(machine.decide(&unrecorded).name, before);
    assert!(Path::exists(&machine.top.join("home/compose")));
}
