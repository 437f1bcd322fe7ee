//! Moves of services to other ports.

use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;

use port_registry::{
    Allocation, Answer, Atomicity, CheckoutName, Claim, Error, Filter, LabelOrigin, ListenerPolicy,
    Move, Port, Registry, Request, ServiceKey, Timestamp, Verdict,
};
use tempfile::TempDir;

/// Opens the registry of a folder, with ports 3000-3009, of which these are in use.
fn open(folder: &TempDir, busy: &'static [u16]) -> Registry {
    let verdict = |port: Port| {
        Ok(if busy.contains(&port.get()) {
            Verdict::Busy
        } else {
            Verdict::Free
        })
    };
    Registry::builder()
        .with_path(folder.path().join("ports.redb"))
        .with_range("3000-3009".parse().unwrap())
        .with_probe(verdict)
        .open()
        .unwrap()
}

fn claim(service: &str) -> Claim {
    Claim::new(ServiceKey::new("shop", "main", service).unwrap())
}

fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

#[test]
fn moved_service_keeps_everything_but_its_port_id_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[3001]);
    let long_ago = Timestamp::from_unix_seconds(0).unwrap();
    let web = claim("web").with_dir(folder.path()).unwrap();
    let web = web.with_label_origin(LabelOrigin::Branch);
    let web = registry.allocate(web.with_created_at(long_ago)).unwrap();
    let moved = registry.move_service(Move::new(web.id)).unwrap();
    assert_eq!((web.port, moved.port), (port(3000), port(3002)));
    assert!(moved.id > web.id);
    assert!(moved.created_at > long_ago);
    let mut expected = web.clone();
    expected.id = moved.id;
    expected.port = moved.port;
    expected.created_at = moved.created_at;
    assert_eq!(moved, expected);
    assert_eq!(registry.list(&Filter::new()).unwrap(), [moved]);
    assert_eq!(registry.get(web.id).unwrap(), None);
    registry.verify().unwrap();
}

#[test]
fn checkout_keeps_its_name_when_its_only_service_moves() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[]);
    let name = CheckoutName::new("shop", "first").unwrap();
    let web = claim("web").with_dir(folder.path()).unwrap();
    let web = web.with_label_origin(LabelOrigin::Branch);
    let mut held = registry
        .allocate(web.with_checkout_name(name.clone()))
        .unwrap();
    for _ in 0..3 {
        held = registry.move_service(Move::new(held.id)).unwrap();
        assert_eq!(held.checkout_name(), Some(name.clone()));
    }
    let db = claim("db").with_dir(folder.path()).unwrap();
    let db = db.with_label_origin(LabelOrigin::Branch);
    let db = registry.get_or_allocate(db).unwrap();
    assert_eq!(db.key, ServiceKey::new("shop", "first", "db").unwrap());
    registry.verify().unwrap();
}

#[test]
fn refused_move_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[3002, 3003, 3004, 3005, 3006, 3007, 3008, 3009]);
    let web = registry.allocate(claim("web")).unwrap();
    let db = registry.allocate(claim("db")).unwrap();
    let to = |number: u16| registry.move_service(Move::new(web.id).with_port(port(number)));
    assert!(matches!(to(3001), Err(Error::PortTaken { holder }) if *holder == db));
    assert!(matches!(to(3002), Err(Error::PortInUse { port }) if port.get() == 3002));
    let any = registry.move_service(Move::new(web.id));
    assert!(matches!(any, Err(Error::NoFreePort { .. })), "{any:?}");
    assert_eq!(to(3000).unwrap(), web);
    assert_eq!(registry.list(&Filter::new()).unwrap(), [web.clone(), db]);

    let adopted = Move::new(web.id).with_port(port(3002));
    let adopted = adopted.with_listener_policy(ListenerPolicy::Adopt);
    let adopted = registry.move_service(adopted).unwrap();
    assert_eq!((adopted.id.get(), adopted.port), (3, port(3002)));
    let again = registry.move_service(Move::new(web.id));
    assert!(matches!(again, Err(Error::NotFound { id }) if id == web.id));
    registry.verify().unwrap();
}

#[test]
fn later_requests_of_a_batch_can_have_the_port_that_a_service_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[]);
    let web = registry.allocate(claim("web")).unwrap();
    let db = registry.allocate(claim("db")).unwrap();
    let requests = [
        Request::Move(Move::new(web.id)),
        Request::Move(Move::new(db.id)),
        Request::Allocate(claim("api")),
        Request::Allocate(claim("mail").with_port(port(3005))),
        Request::Move(Move::new(web.id)),
    ];
    let answers = registry.apply(&requests, Atomicity::Each).unwrap();
    let ports: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Ok(Answer::Moved(it) | Answer::Allocated(it)) => it.port.get(),
            Err(Error::NotFound { id }) => {
                assert_eq!(*id, web.id);
                0
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ports, [3002, 3000, 3001, 3005, 0]);

    let before = registry.list(&Filter::new()).unwrap();
    let failing = [
        Request::Move(Move::new(before[0].id)),
        Request::Move(Move::new(web.id)),
    ];
    let answers = registry.apply(&failing, Atomicity::AllOrNothing).unwrap();
    assert!(matches!(answers[0], Err(Error::NotApplied)), "{answers:?}");
    assert_eq!(registry.list(&Filter::new()).unwrap(), before);
    registry.verify().unwrap();
}

#[test]
fn concurrent_moves_and_allocations_never_give_a_port_twice() {
    let folder = tempfile::tempdir().unwrap();
    // The ports that a client has for certain, and all ids.
    let (held, ids) = (Mutex::new(HashSet::new()), Mutex::new(HashSet::new()));
    let note = |allocation: &Allocation| {
        let is_new = ids.lock().unwrap().insert(allocation.id);
        assert!(is_new, "{allocation:?}");
        let is_free = held.lock().unwrap().insert(allocation.port);
        assert!(is_free, "{allocation:?}");
    };
    thread::scope(|scope| {
        for number in 0..8u16 {
            let (folder, held, note) = (&folder, &held, &note);
            scope.spawn(move || {
                let registry = open(folder, &[]);
                let service = format!("service-{number}");
                for round in 0..12 {
                    let mut last = registry.allocate(claim(&service)).unwrap();
                    note(&last);
                    for step in 0..4 {
                        let mut wanted = Move::new(last.id);
                        if step % 2 == 0 {
                            wanted = wanted.with_port(port(3000 + (number + round) % 10));
                        }
                        held.lock().unwrap().remove(&last.port);
                        match registry.move_service(wanted) {
                            Ok(moved) if moved.id == last.id => {
                                assert!(held.lock().unwrap().insert(last.port));
                            }
                            Ok(moved) => {
                                note(&moved);
                                last = moved;
                            }
                            Err(Error::PortTaken { .. }) => {
                                assert!(held.lock().unwrap().insert(last.port));
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                    held.lock().unwrap().remove(&last.port);
                    assert_eq!(registry.release(last.id).unwrap(), last);
                }
            });
        }
    });
    let registry = open(&folder, &[]);
    assert_eq!(registry.list(&Filter::new()).unwrap(), []);
    registry.verify().unwrap();
}
