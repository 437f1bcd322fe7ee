//! Services are found by their checkout, whatever its labels are later.

use std::fs;
use std::path::{Path, PathBuf};

use port_registry::{
    Allocation, Answer, Atomicity, CheckoutPath, Claim, Error, Filter, LabelOrigin, Registry,
    Request, ServiceKey, Verdict,
};
use tempfile::TempDir;

/// A registry, and a folder for checkouts.
struct Machine {
    folder: TempDir,
    registry: Registry,
}

impl Machine {
    fn new() -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::builder()
            .with_path(folder.path().join("ports.redb"))
            .with_probe(|_| Ok(Verdict::Free))
            .open()
            .unwrap();
        Machine { folder, registry }
    }

    fn checkout(&self, name: &str) -> PathBuf {
        let root = self.folder.path().join(name);
        fs::create_dir_all(&root).unwrap();
        root.canonicalize().unwrap()
    }

    fn get(&self, claim: Claim) -> Allocation {
        let found = self.registry.get_or_allocate(claim).unwrap();
        self.registry.verify().unwrap();
        found
    }

    fn allocate(&self, claim: Claim) -> Allocation {
        let made = self.registry.allocate(claim).unwrap();
        self.registry.verify().unwrap();
        made
    }

    fn all_of(&self, root: &Path) -> Vec<Allocation> {
        let filter = Filter::new().with_dir(CheckoutPath::of(root).unwrap());
        self.registry.list(&filter).unwrap()
    }
}

fn key(instance: &str, service: &str) -> ServiceKey {
    ServiceKey::new("shop", instance, service).unwrap()
}

/// A claim of a checkout on this branch.
fn on_branch(root: &Path, branch: &str, service: &str) -> Claim {
    let mark = root.file_name().unwrap().to_str().unwrap();
    Claim::new(key(branch, service))
        .with_dir(root)
        .unwrap()
        .with_label_origin(LabelOrigin::Branch)
        .with_marked_instance(format!("{branch}-{mark}"))
        .unwrap()
}

fn typed(root: &Path, instance: &str, service: &str) -> Claim {
    Claim::new(key(instance, service))
        .with_dir(root)
        .unwrap()
        .with_label_origin(LabelOrigin::Typed)
}

fn name_of(allocation: &Allocation) -> String {
    allocation.checkout_name().unwrap().to_string()
}

#[test]
fn checkout_keeps_its_port_and_name_on_another_branch() {
    let machine = Machine::new();
    let shop = machine.checkout("shop");
    let web = machine.get(on_branch(&shop, "main", "web"));
    assert_eq!(machine.get(on_branch(&shop, "topic", "web")), web);
    let api = machine.get(on_branch(&shop, "topic", "api"));
    assert_eq!(api.key, key("main", "api"));
    assert_eq!(machine.all_of(&shop), [web, api]);
}

#[test]
fn branch_with_a_port_of_its_own_comes_first_and_then_the_checkout_name() {
    let machine = Machine::new();
    let shop = machine.checkout("shop");
    let main = machine.get(on_branch(&shop, "main", "web"));
    let topic = machine.allocate(on_branch(&shop, "topic", "web"));
    assert_ne!(topic.port, main.port);
    assert_eq!(name_of(&topic), "shop/main");
    assert_eq!(machine.get(on_branch(&shop, "topic", "web")), topic);
    assert_eq!(machine.get(on_branch(&shop, "main", "web")), main);
    assert_eq!(machine.get(on_branch(&shop, "fix", "web")), main);
    // Without the row that has the name, the one with the lowest id is left.
    let fix = machine.allocate(on_branch(&shop, "fix", "web"));
    machine.registry.release(main.id).unwrap();
    assert_eq!(machine.get(on_branch(&shop, "other", "web")), topic);
    assert_eq!(machine.get(on_branch(&shop, "fix", "web")), fix);
    // The name lasts as long as any allocation of the checkout.
    let api = machine.get(on_branch(&shop, "fix", "api"));
    assert_eq!(api.key, key("main", "api"));
    for allocation in machine.all_of(&shop) {
        machine.registry.release(allocation.id).unwrap();
    }
    let api = machine.get(on_branch(&shop, "fix", "api"));
    assert_eq!(api.key, key("fix", "api"));
}

#[test]
fn allocate_is_literal_and_refuses_a_second_port() {
    let machine = Machine::new();
    let shop = machine.checkout("shop");
    let web = machine.allocate(on_branch(&shop, "main", "web"));
    let refused = machine.registry.allocate(on_branch(&shop, "main", "web"));
    assert!(matches!(refused, Err(Error::ServiceTaken { holder }) if *holder == web));
}

#[test]
fn checkouts_with_the_same_labels_never_share_a_service() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    let web = machine.get(on_branch(&one, "main", "web"));
    // The labels are taken even for a service that the first checkout does not have.
    let api = machine.get(on_branch(&two, "main", "api"));
    assert_eq!(api.key, key("main-two", "api"));
    let second = machine.get(on_branch(&two, "main", "web"));
    assert_eq!(second.key, key("main-two", "web"));
    assert_eq!(machine.get(on_branch(&one, "main", "web")), web);
    assert_eq!(machine.get(on_branch(&two, "topic", "web")), second);
    // `allocate` takes the mark too, and its own label on a branch that nobody has.
    let db = machine.allocate(on_branch(&two, "main", "db"));
    assert_eq!(db.key, key("main-two", "db"));
    let topic = machine.allocate(on_branch(&two, "topic", "db"));
    assert_eq!(topic.key, key("topic", "db"));
    assert_eq!(name_of(&topic), "shop/main-two");
}

#[test]
fn service_key_of_another_checkout_never_blocks_a_named_checkout() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    machine.get(on_branch(&one, "main", "web"));
    // The other checkout typed the label, and holds the key.
    let foreign = machine.get(typed(&two, "main", "db"));
    let db = machine.get(on_branch(&one, "main", "db"));
    assert_eq!(db.key, key("main-one", "db"));
    assert_ne!(db.port, foreign.port);
    assert_eq!(machine.get(on_branch(&one, "topic", "db")), db);
    // Without a marked instance the holder is reported.
    let claim = Claim::new(key("main", "db"))
        .with_dir(machine.checkout("three"))
        .unwrap()
        .with_label_origin(LabelOrigin::Branch);
    let refused = machine.registry.get_or_allocate(claim);
    assert!(matches!(refused, Err(Error::OtherCheckout { holder, .. }) if *holder == foreign));
}

#[test]
fn typed_labels_mean_that_key_alone() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    let variant = machine.get(typed(&one, "test-1", "db"));
    assert_eq!(variant.checkout_name(), None);
    let db = machine.get(on_branch(&one, "main", "db"));
    assert_ne!(db.port, variant.port);
    assert_eq!(machine.get(on_branch(&one, "test-1", "db")), db);
    // The name of the checkout is noted with the variant, too.
    let named = machine.registry.get(variant.id).unwrap().unwrap();
    assert_eq!(name_of(&named), "shop/main");
    // From another checkout the key is the same, and its checkout stays.
    assert_eq!(machine.get(typed(&two, "test-1", "db")), named);
    assert_eq!(machine.get(typed(&two, "main", "db")), db);
}

#[test]
fn typed_variant_with_the_label_of_its_checkout_becomes_the_checkouts_own() {
    let machine = Machine::new();
    let shop = machine.checkout("shop");
    let web = machine.get(typed(&shop, "main", "web"));
    let found = machine.get(on_branch(&shop, "main", "web"));
    assert_eq!((found.id, found.port), (web.id, web.port));
    assert_eq!(found.label_origin, LabelOrigin::Branch);
    assert_eq!(machine.get(on_branch(&shop, "topic", "web")), found);
}

#[test]
fn allocation_without_a_checkout_passes_on_to_the_first_that_uses_its_labels() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    let imported = machine.allocate(Claim::new(key("topic", "web")));
    let api = machine.get(on_branch(&one, "main", "api"));
    // The labels are the detected ones, not the name.
    let web = machine.get(on_branch(&one, "topic", "web"));
    assert_eq!((web.id, web.port), (imported.id, imported.port));
    assert_eq!(web.dir.as_deref(), Some(&*one));
    assert_eq!(name_of(&web), name_of(&api));
    assert_eq!(machine.get(on_branch(&one, "main", "web")), web);
    let other = machine.get(on_branch(&two, "topic", "web"));
    assert_ne!(other.port, web.port);
    // A user who types the labels does not say who the service belongs to.
    machine.allocate(Claim::new(key("old", "web")));
    assert_eq!(machine.get(typed(&two, "old", "web")).dir, None);
}

#[test]
fn allocation_passes_on_by_its_labels_only_if_its_checkout_is_gone() {
    let machine = Machine::new();
    let (old, new) = (machine.checkout("old"), machine.checkout("new"));
    let web = machine.get(on_branch(&old, "main", "web"));
    let api = machine.get(on_branch(&old, "main", "api"));
    fs::remove_dir(&old).unwrap();
    let moved = machine.get(on_branch(&new, "main", "web"));
    assert_eq!((moved.id, moved.port), (web.id, web.port));
    // The others pass on with it, so that they are not pruned.
    let all = machine.all_of(&new);
    assert_eq!(all[0], moved);
    assert_eq!((all[1].id, all[1].port), (api.id, api.port));
    assert_eq!(machine.all_of(&old), []);
}

#[test]
fn allocate_stays_strict_if_the_checkout_is_gone() {
    let machine = Machine::new();
    let (old, new) = (machine.checkout("old"), machine.checkout("new"));
    machine.get(on_branch(&old, "main", "web"));
    fs::remove_dir(&old).unwrap();
    let refused = machine.registry.allocate(on_branch(&new, "main", "web"));
    assert!(matches!(refused, Err(Error::ServiceTaken { .. })));
}

#[test]
fn moved_checkout_keeps_all_its_ports_and_its_name() {
    let machine = Machine::new();
    let old = machine.checkout("old");
    let web = machine.get(on_branch(&old, "main", "web"));
    let topic = machine.allocate(on_branch(&old, "topic", "web"));
    let variant = machine.get(typed(&old, "test-1", "db"));
    let new = machine.folder.path().join("new");
    fs::rename(&old, &new).unwrap();
    let new = new.canonicalize().unwrap();
    // Its branch has a port of its own, and the name is that of another one.
    let found = machine.get(on_branch(&new, "topic", "web"));
    assert_eq!((found.id, name_of(&found)), (topic.id, name_of(&web)));
    let ids: Vec<_> = machine.all_of(&new).iter().map(|it| it.id).collect();
    assert_eq!(ids, [web.id, topic.id, variant.id]);
    let api = machine.get(on_branch(&new, "topic", "api"));
    assert_eq!(api.key, key("main", "api"));
}

#[test]
fn batch_names_a_checkout_once() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    machine.get(on_branch(&one, "main", "web"));
    let requests = ["web", "api", "db"]
        .map(|service| Request::GetOrAllocate(on_branch(&two, "main", service)));
    let answers = machine.registry.apply(&requests, Atomicity::AllOrNothing);
    for answer in answers.unwrap() {
        let Answer::Allocated(made) = answer.unwrap() else {
            panic!("a new port");
        };
        assert_eq!(made.key.instance(), "main-two");
        assert_eq!(name_of(&made), "shop/main-two");
    }
    machine.registry.verify().unwrap();
}

#[test]
fn program_that_names_its_labels_conflicts_by_the_key_alone() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    let web = machine.get(on_branch(&one, "main", "web"));
    let without_dir = Claim::new(key("main", "web"));
    assert_eq!(machine.get(without_dir), web);
    let of_other = Claim::new(key("main", "web")).with_dir(&two).unwrap();
    let refused = machine.registry.get_or_allocate(of_other);
    assert!(matches!(refused, Err(Error::OtherCheckout { .. })));
    let api = machine.get(Claim::new(key("main", "api")).with_dir(&two).unwrap());
    assert_eq!(api.checkout_name(), None);
}

#[test]
fn look_up_by_checkout_sees_changes_in_every_layer() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    // More than the recent changes hold, so that most rows are in the tables.
    for number in 0..300 {
        machine
            .registry
            .get_or_allocate(on_branch(&one, "main", &format!("service-{number}")))
            .unwrap();
    }
    machine.get(on_branch(&two, "main", "service-7"));
    let all = machine.all_of(&one);
    assert_eq!(all.len(), 300);
    assert_eq!(machine.all_of(&two).len(), 1);
    let filter = Filter::new()
        .with_dir(CheckoutPath::of(&one).unwrap())
        .with_service("service-7");
    assert_eq!(machine.registry.list(&filter).unwrap(), [all[7].clone()]);
    for allocation in &all {
        machine.registry.release(allocation.id).unwrap();
    }
    assert_eq!(machine.all_of(&one), []);
    machine.registry.verify().unwrap();
}

#[test]
fn branch_of_a_marked_checkout_gets_no_second_port_when_its_label_becomes_free() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    let first = machine.get(on_branch(&one, "main", "web"));
    let marked = machine.get(on_branch(&two, "main", "web"));
    machine.registry.release(first.id).unwrap();
    let refused = machine.registry.allocate(on_branch(&two, "main", "web"));
    assert!(
        matches!(&refused, Err(Error::ServiceTaken { holder }) if **holder == marked),
        "{refused:?}"
    );
}

#[test]
fn checkout_keeps_its_name_when_its_last_allocation_was_typed() {
    let machine = Machine::new();
    let (one, two) = (machine.checkout("one"), machine.checkout("two"));
    machine.get(on_branch(&one, "main", "web"));
    // Named like the first checkout, by an allocation that belonged to none.
    machine.allocate(Claim::new(key("main", "api")));
    let api = machine.get(on_branch(&two, "main", "api"));
    assert_eq!(name_of(&api), "shop/main");
    machine.get(typed(&two, "main-two", "web"));
    machine.registry.release(api.id).unwrap();
    let web = machine.get(on_branch(&two, "main", "web"));
    assert_eq!(web.key, key("main-two", "web"));
    assert_eq!(name_of(&web), "shop/main");
}
