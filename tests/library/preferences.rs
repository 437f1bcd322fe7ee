//! Preferred and avoided ports.

use std::collections::HashMap;
use std::io;

use port_registry::{
    Allocation, Answer, Atomicity, Claim, Error, Move, Port, Registry, Request, ServiceKey, Verdict,
};
use tempfile::TempDir;

/// The port that cannot be probed.
const FAILING: u16 = 3008;

/// Opens the registry of a folder, with ports 3000-3009. Other ports than these are free.
fn open(folder: &TempDir, verdicts: &[(u16, Verdict)]) -> Registry {
    let verdicts: HashMap<u16, Verdict> = verdicts.iter().copied().collect();
    let verdict = move |port: Port| match port.get() {
        FAILING => Err(io::ErrorKind::OutOfMemory.into()),
        number => Ok(verdicts.get(&number).copied().unwrap_or(Verdict::Free)),
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

fn ports(numbers: std::ops::RangeInclusive<u16>) -> impl Iterator<Item = Port> {
    numbers.map(port)
}

fn got(registry: &Registry, claim: Claim) -> u16 {
    registry.get_or_allocate(claim).unwrap().port.get()
}

#[test]
fn a_claim_gets_the_preferred_port_or_else_the_best_one() {
    let folder = tempfile::tempdir().unwrap();
    let verdicts = [(3004, Verdict::Busy), (3005, Verdict::Denied)];
    let registry = open(&folder, &verdicts);
    for (service, preferred, expected) in [
        ("web", 3003, 3003),
        ("allocated", 3003, 3000),
        ("in-use", 3004, 3001),
        ("not-for-this-user", 3005, 3002),
        ("outside-the-range", 8080, 3006),
    ] {
        let claim = claim(service).with_prefer(port(preferred));
        assert_eq!(got(&registry, claim), expected, "{service}");
    }
}

#[test]
fn a_service_keeps_its_port_whatever_a_later_claim_prefers() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[]);
    assert_eq!(got(&registry, claim("web")), 3000);
    assert_eq!(got(&registry, claim("web").with_prefer(port(3005))), 3000);
    let kept = claim("web").with_avoided_ports([port(3000)]);
    assert_eq!(got(&registry, kept), 3000);
}

#[test]
fn a_port_that_is_named_comes_before_a_preferred_one() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[(3001, Verdict::Busy)]);
    let both = |service, named| {
        let claim = claim(service).with_port(port(named));
        claim.with_prefer(port(3005))
    };
    assert_eq!(got(&registry, both("web", 3002)), 3002);
    let refused = registry.get_or_allocate(both("api", 3001));
    assert!(matches!(refused, Err(Error::PortInUse { .. })));
}

#[test]
fn an_error_of_the_probe_is_no_reason_for_another_port() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[]);
    let refused = registry.allocate(claim("web").with_prefer(port(FAILING)));
    assert!(matches!(refused, Err(Error::Probe { .. })), "{refused:?}");
}

#[test]
fn the_first_of_a_batch_gets_the_port_that_all_prefer() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[]);
    let prefer = |service| Request::GetOrAllocate(claim(service).with_prefer(port(3001)));
    let any = Request::GetOrAllocate(claim("any"));
    let requests = [any, prefer("web"), prefer("api"), prefer("db")];
    let answers = registry
        .apply(&requests, Atomicity::AllOrNothing)
        .unwrap()
        .into_iter();
    let given = answers.map(|answer| answer.unwrap().into_allocation().unwrap().port.get());
    assert!(given.eq([3000, 3001, 3002, 3003]));
    registry.verify().unwrap();
}

#[test]
fn avoided_ports_are_left_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[]);
    let avoided = || ports(3000..=3008);
    let avoiding = |service| claim(service).with_avoided_ports(avoided().chain(avoided()));
    assert!(
        avoiding("web")
            .avoided_ports()
            .iter()
            .copied()
            .eq(avoided())
    );
    assert_eq!(got(&registry, avoiding("web")), 3009);
    let refused = registry.allocate(avoiding("api"));
    assert!(matches!(refused, Err(Error::NoFreePort { .. })));
    assert_eq!(
        got(&registry, avoiding("api").with_prefer(port(3004))),
        3004
    );
    assert_eq!(got(&registry, avoiding("db").with_port(port(3005))), 3005);
    assert_eq!(got(&registry, claim("any")), 3000);
}

/// The forecast of the read phase takes avoided ports for unavailable, and a write phase makes few probes.
#[test]
fn a_batch_gets_ports_that_its_earlier_claims_avoided() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ports.redb");
    let registry = Registry::builder()
        .with_path(path)
        .with_range("3000-3399".parse().unwrap())
        .with_probe(|_: Port| Ok(Verdict::Free))
        .open()
        .unwrap();
    let first = claim("first").with_avoided_ports(ports(3000..=3199));
    let others = (1..200).map(|number| claim(&format!("service-{number}")));
    let requests: Vec<Request> = std::iter::once(first)
        .chain(others)
        .map(Request::Allocate)
        .collect();
    let answers = registry.apply(&requests, Atomicity::AllOrNothing).unwrap();
    let given = answers
        .into_iter()
        .map(|answer| answer.unwrap().into_allocation().unwrap().port.get());
    assert!(given.eq(std::iter::once(3200).chain(3000..3199)));
    registry.verify().unwrap();
}

#[test]
fn a_move_takes_the_preferred_port_or_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder, &[(3005, Verdict::Busy)]);
    let web = registry.allocate(claim("web")).unwrap();
    registry.allocate(claim("api")).unwrap();
    let moved = |before: &Allocation, preferred| {
        let wanted = Move::new(before.id).with_prefer(port(preferred));
        let answers = registry.apply(&[Request::Move(wanted)], Atomicity::Each);
        answers.unwrap().pop().unwrap().unwrap()
    };
    // Allocated, in use, outside the range, and its own.
    for preferred in [3001, 3005, 8080, 3000] {
        assert_eq!(moved(&web, preferred), Answer::Existing(web.clone()));
    }
    let Answer::Moved(web) = moved(&web, 3007) else {
        panic!("the port is available");
    };
    assert_eq!(web.port, port(3007));
    let both = Move::new(web.id)
        .with_prefer(port(3002))
        .with_port(port(3005));
    let refused = registry.move_service(both);
    assert!(matches!(refused, Err(Error::PortInUse { .. })));
}
