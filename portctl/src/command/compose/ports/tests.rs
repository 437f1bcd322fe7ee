//! Assigning ports to projects, with a probe that asks no system.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use port_registry::{Allocation, Claim, Port, Registry, Verdict};
use test_support::Sandbox;

use super::super::super::invocation::Invocation;
use super::{Assigned, PortInput, assign};
use crate::backend::{self, Backend};
use crate::checkout::{Here, TypedLabels};
use crate::command_error::CommandError;
use crate::compose::model::Model;

/// A main checkout and a linked worktree beside it.
struct Checkouts {
    sandbox: Sandbox,
    backend: Box<dyn Backend>,
    /// The ports that are in use.
    busy: Arc<Mutex<BTreeSet<u16>>>,
    main: PathBuf,
    cart: PathBuf,
}

impl Checkouts {
    fn new() -> Checkouts {
        Checkouts::in_range("1-65535")
    }

    /// Makes checkouts with a registry that chooses from these ports.
    fn in_range(range: &str) -> Checkouts {
        let sandbox = Sandbox::in_memory();
        let busy: Arc<Mutex<BTreeSet<u16>>> = Arc::default();
        let seen = Arc::clone(&busy);
        let registry = Registry::builder()
            .with_path(sandbox.store())
            .with_range(range.parse().unwrap())
            .with_probe(move |port: Port| {
                Ok(if seen.lock().unwrap().contains(&port.get()) {
                    Verdict::Busy
                } else if port.get() < 1024 {
                    Verdict::Denied
                } else {
                    Verdict::Free
                })
            });
        let [main, cart] = ["shop", "cart"].map(|it| sandbox.work().join(it));
        fs::create_dir(&main).unwrap();
        sandbox.git(&main, &["init", "-q"]);
        sandbox.git(&main, &["commit", "-q", "--allow-empty", "-m", "first"]);
        sandbox.git(&main, &["worktree", "add", "-q", "../cart"]);
        Checkouts {
            backend: backend::open_with(registry).unwrap(),
            sandbox,
            busy,
            main,
            cart,
        }
    }

    fn occupy(&self, port: u16) {
        self.busy.lock().unwrap().insert(port);
    }

    fn declare(&self, services: &str) {
        let text = format!("[services]\n{services}");
        fs::write(self.main.join("portctl.toml"), text).unwrap();
    }

    fn here(&self, checkout: &Path) -> Here<'_> {
        let typed = TypedLabels::new(None, None).unwrap();
        Here::new(&*self.backend, typed).in_folder(checkout)
    }

    fn assign_as(
        &self,
        checkout: &Path,
        model: &Model,
        change: impl Fn(&mut PortInput),
    ) -> Result<Assigned, CommandError> {
        let mut input = PortInput {
            project_folder: checkout,
            allocates: true,
            is_remote: false,
            other_names: &BTreeSet::new(),
        };
        change(&mut input);
        self.assign_in(&self.here(checkout), model, input)
    }

    fn assign_in(
        &self,
        here: &Here,
        model: &Model,
        input: PortInput,
    ) -> Result<Assigned, CommandError> {
        let invocation = Invocation::new("compose", None, None);
        assign(&*self.backend, here, &invocation, model, input)
    }

    fn assign(&self, checkout: &Path, model: &Model) -> Assigned {
        self.assign_as(checkout, model, |_| ()).unwrap()
    }
}

/// Describes the ports that services have in the registry.
fn allocated(allocations: &[Allocation]) -> String {
    let allocations = allocations.iter();
    let lines = allocations.map(|it| format!("{}={}", it.key.service(), it.port));
    lines.collect::<Vec<_>>().join(" ")
}

/// Describes the entries that change.
fn changed(assigned: &Assigned) -> String {
    let services = assigned.services.iter().map(|service| {
        let ports = service.ports.iter().flatten();
        let ports: Vec<&str> = ports.map(|it| &*it.published).collect();
        format!("{}: {}", service.name, ports.join(","))
    });
    services.collect::<Vec<_>>().join("; ")
}

#[test]
fn main_checkout_keeps_its_ports_and_a_linked_worktree_gets_others() {
    let checkouts = Checkouts::new();
    let model = Model::sample(&[
        ("db", &["127.0.0.1|5432|5432", "::1|5432|5432", "9"]),
        // This user may not bind the port, but the engine may.
        ("web", &["80|80", "3000|3000"]),
    ]);
    let cart = checkouts.assign(&checkouts.cart, &model);
    assert_eq!(
        allocated(&cart.allocations),
        "db=3001 web=3002 web-3000=3003"
    );
    assert_eq!(changed(&cart), "db: 3001,3001,; web: 3002,3003");
    assert_eq!(cart.notes, [""; 0]);
    let main = checkouts.assign(&checkouts.main, &model);
    assert_eq!(allocated(&main.allocations), "db=5432 web=80 web-3000=3000");
    assert_eq!((&*changed(&main), &main.notes), ("", &vec![]));
    assert_eq!(main.names, ["db", "web", "web-3000"]);
    let again = checkouts.assign(&checkouts.cart, &model);
    assert_eq!(again.allocations, cart.allocations);
}

#[test]
fn port_that_someone_else_has_is_noted_with_the_command_that_takes_it() {
    let checkouts = Checkouts::new();
    checkouts.occupy(5432);
    let model = Model::sample(&[("db", &["5432|5432"]), ("web", &["80|80"])]);
    let main = checkouts.assign(&checkouts.main, &model);
    assert_eq!(changed(&main), "db: 3000");
    assert!(
        main.notes[0].contains("db got port 3000, because port 5432"),
        "{:?}",
        main.notes
    );
    checkouts.busy.lock().unwrap().clear();
    let again = checkouts.assign(&checkouts.main, &model);
    assert_eq!(allocated(&again.allocations), "db=3000 web=80");
    let note = "`portctl move db --port 5432`";
    assert!(again.notes[0].contains(note), "{:?}", again.notes);
}

#[test]
fn remote_engine_gets_its_ports_without_a_probe() {
    let checkouts = Checkouts::new();
    checkouts.occupy(5432);
    let model = Model::sample(&[("db", &["5432|5432"])]);
    let remote = checkouts.assign_as(&checkouts.main, &model, |it| it.is_remote = true);
    assert_eq!(changed(&remote.unwrap()), "");
}

#[test]
fn project_file_names_ports_and_prefers_others() {
    let checkouts = Checkouts::new();
    let services = "postgres = 5432\nweb = 8080\napi = 4000\n";
    checkouts.declare(services);
    let model = Model::sample(&[("db", &["5432|5432"]), ("web", &["80|80"])]);
    let main = checkouts.assign(&checkouts.main, &model);
    assert_eq!(allocated(&main.allocations), "postgres=5432 web=8080");
    assert_eq!(changed(&main), "web: 8080");
    let here = checkouts.here(&checkouts.main);
    assert_eq!(here.held("api").unwrap().unwrap().port.get(), 4000);
}

#[test]
fn published_range_stays_a_range_of_consecutive_ports() {
    let checkouts = Checkouts::new();
    let model = Model::sample(&[("web", &["9000-9002|80", "9100|90"]), ("x", &["9001|1"])]);
    assert_eq!(changed(&checkouts.assign(&checkouts.main, &model)), "");
    checkouts.occupy(3001);
    let cart = checkouts.assign(&checkouts.cart, &model);
    assert_eq!(changed(&cart), "web: 3002-3004,3000; x: 3003");
    // The next port of the range is another one's.
    let longer = Model::sample(&[("web", &["9000-9003|80"])]);
    checkouts.occupy(3005);
    let error = checkouts
        .assign_as(&checkouts.cart, &longer, |_| ())
        .unwrap_err();
    let hint = "`portctl release web web-80 web-9002` releases these";
    assert!(format!("{error:?}").contains(hint), "{error:?}");
}

#[test]
fn range_at_the_end_of_the_ports_is_taken_and_moved() {
    let checkouts = Checkouts::new();
    let model = Model::sample(&[("web", &["65534-65535|80", "65535|81"])]);
    let main = checkouts.assign(&checkouts.main, &model);
    assert_eq!(allocated(&main.allocations), "web=65534 web-80=65535");
    let cart = checkouts.assign(&checkouts.cart, &model);
    assert_eq!(changed(&cart), "web: 3000-3001,3001");
}

#[test]
fn range_without_its_usual_ports_has_one_note() {
    let checkouts = Checkouts::new();
    checkouts.occupy(9001);
    let model = Model::sample(&[("web", &["9000-9002|80"])]);
    let main = checkouts.assign(&checkouts.main, &model);
    assert_eq!(changed(&main), "web: 3000-3002");
    let note = "the range 9000-9002 got the ports 3000-3002, because port 9001 is ";
    assert!(main.notes[0].starts_with(note), "{:?}", main.notes);
    assert_eq!(main.notes.len(), 1);
    assert_eq!(checkouts.assign(&checkouts.main, &model).notes, [""; 0]);
    checkouts.busy.lock().unwrap().clear();
    let note = "the range 9000-9002 keeps the ports 3000-3002, though its own are available; \
                after `portctl release web web-80 web-9002` it gets these";
    assert_eq!(checkouts.assign(&checkouts.main, &model).notes, [note]);
    for it in &main.allocations {
        checkouts.backend.release(it.id).unwrap();
    }
    let back = checkouts.assign(&checkouts.main, &model);
    assert_eq!((&*changed(&back), &back.notes), ("", &vec![]));
}

#[test]
fn split_range_stays_as_it_is_and_is_noted() {
    let checkouts = Checkouts::new();
    let model = Model::sample(&[("web", &["9000-9001|80"])]);
    let cart = checkouts.assign(&checkouts.cart, &model);
    checkouts.backend.release(cart.allocations[1].id).unwrap();
    let claim = Claim::new(cart.allocations[1].key.clone());
    let claim = claim.with_port(Port::new(4000).unwrap());
    let claim = claim.with_dir(&checkouts.cart).unwrap();
    let claim = claim.with_label_origin(cart.allocations[1].label_origin);
    checkouts
        .backend
        .get_or_allocate(&[&claim])
        .unwrap()
        .unwrap();
    let split = checkouts.assign(&checkouts.cart, &model);
    assert_eq!(changed(&split), "");
    let note = "not consecutive, so it stays as it is; after `portctl release web web-80`";
    assert!(split.notes[0].contains(note), "{:?}", split.notes);
}

#[test]
fn ports_that_another_process_allocated_meanwhile_count() {
    for of_main in [true, false] {
        let checkouts = Checkouts::new();
        let checkout = if of_main {
            &checkouts.main
        } else {
            &checkouts.cart
        };
        let model = Model::sample(&[("web", &["9000-9002|80"]), ("db", &["5432|5432"])]);
        let here = checkouts.here(checkout);
        assert_eq!(here.current().unwrap(), []);
        let first = checkouts.assign(checkout, &model);
        let input = PortInput {
            project_folder: checkout,
            allocates: true,
            is_remote: false,
            other_names: &BTreeSet::new(),
        };
        let second = checkouts.assign_in(&here, &model, input).unwrap();
        assert_eq!(second.allocations, first.allocations);
    }
}

#[test]
fn nothing_is_allocated_unless_all_ports_are() {
    let checkouts = Checkouts::in_range("4000-4001");
    let model = Model::sample(&[("a", &["1|1"]), ("b", &["2|2"]), ("c", &["3|3"])]);
    let refused = checkouts.assign_as(&checkouts.cart, &model, |_| ());
    assert!(refused.is_err());
    let two = Model::sample(&[("d", &["1|1"]), ("e", &["2|2"])]);
    let two = checkouts.assign(&checkouts.cart, &two);
    assert_eq!(allocated(&two.allocations), "d=4000 e=4001");
}

#[test]
fn other_subcommands_use_the_ports_that_there_are() {
    let checkouts = Checkouts::new();
    let db = Model::sample(&[("db", &["5432|5432"])]);
    let both = Model::sample(&[("db", &["5432|5432", "1|1"]), ("web", &["80|80"])]);
    let read = |model| checkouts.assign_as(&checkouts.cart, model, |it| it.allocates = false);
    assert_eq!(changed(&read(&db).unwrap()), "");
    checkouts.assign(&checkouts.cart, &db);
    let assigned = read(&both).unwrap();
    assert_eq!(changed(&assigned), "db: 3000,1");
    assert_eq!(allocated(&assigned.allocations), "db=3000");
    assert_eq!(assigned.names, ["db", "db-1", "web"]);
}

#[test]
fn port_of_the_checkout_counts_under_another_name() {
    let checkouts = Checkouts::new();
    let named = Model::sample(&[("postgres", &["5432|5432"])]);
    checkouts.assign(&checkouts.main, &named);
    let model = Model::sample(&[("db", &["5432|5432"])]);
    let main = checkouts.assign(&checkouts.main, &model);
    assert_eq!(
        (&*allocated(&main.allocations), &*changed(&main)),
        ("postgres=5432", "")
    );
    let others = BTreeSet::from(["postgres".to_owned()]);
    let input = PortInput {
        project_folder: &checkouts.main,
        allocates: true,
        is_remote: false,
        other_names: &others,
    };
    let here = checkouts.here(&checkouts.main);
    let beside = checkouts.assign_in(&here, &model, input).unwrap();
    assert_eq!(allocated(&beside.allocations), "db=3000");
}

#[test]
fn port_of_another_service_of_a_linked_worktree_is_not_published_twice() {
    let checkouts = Checkouts::new();
    let claim = checkouts.here(&checkouts.cart).claim("web", 0).unwrap();
    let web = checkouts
        .backend
        .get_or_allocate(&[&claim])
        .unwrap()
        .unwrap();
    assert_eq!(web[0].allocation.port.get(), 3000);
    let api = |published| Model::sample(&[("api", &["80|80", published][..])]);
    let first = checkouts.assign(&checkouts.cart, &api("3000|3000"));
    assert_eq!(changed(&first), "api: 3001,3002");
    // As with `${PORT:-3000}:${PORT:-3000}` and a PORT in `.env`, which changes the name.
    let second = checkouts.assign(&checkouts.cart, &api("3002|3002"));
    assert_eq!(changed(&second), "api: 3001,3002");
    assert_eq!(second.allocations, first.allocations);
}

#[test]
fn in_a_bare_layout_whoever_asks_first_gets_the_ports() {
    let checkouts = Checkouts::new();
    let work = checkouts.sandbox.work();
    let git = |folder: &Path, words: &[&str]| checkouts.sandbox.git(folder, words);
    git(&work, &["clone", "-q", "--bare", "shop", "bare"]);
    let [one, two] = ["one", "two"].map(|name| {
        git(
            &work.join("bare"),
            &["worktree", "add", "-q", &format!("../{name}")],
        );
        work.join(name)
    });
    let model = Model::sample(&[("db", &["5432|5432"])]);
    assert_eq!(changed(&checkouts.assign(&one, &model)), "");
    let second = checkouts.assign(&two, &model);
    assert_eq!(changed(&second), "db: 3000");
    assert!(
        second.notes[0].contains("allocated to"),
        "{:?}",
        second.notes
    );
}

#[test]
fn variables_of_containers_that_mention_moved_ports_are_listed() {
    let checkouts = Checkouts::new();
    let mut model = Model::sample(&[("db", &["5432|5432"]), ("web", &["3000|3000"])]);
    let variables = [
        ("APP_URL", "http://localhost:3000"),
        ("DATABASE_URL", "postgres://db:5432/shop"),
        ("PORT", "3000"),
    ];
    model.services[0].environment = variables
        .map(|(name, it)| (name.into(), it.into()))
        .to_vec();
    let cart = checkouts.assign(&checkouts.cart, &model);
    let expected = "environment of db: APP_URL mentions port 3000, but web has port 3002 here";
    assert_eq!(cart.notes, [expected]);
    assert_eq!(checkouts.assign(&checkouts.main, &model).notes, [""; 0]);
}

#[test]
fn service_with_the_variable_of_another_one_is_refused() {
    let checkouts = Checkouts::new();
    checkouts.declare("other = { env = 'DB_PORT' }\n");
    let model = Model::sample(&[("db", &["5432|5432"])]);
    let error = checkouts
        .assign_as(&checkouts.main, &model, |_| ())
        .unwrap_err();
    assert!(
        format!("{error:?}").contains("share the variable DB_PORT"),
        "{error:?}"
    );
}
