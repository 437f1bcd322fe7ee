//! The model itself does what the registry promises.

use port_registry::ServiceKey;
use test_support::checker::Sequential;
use test_support::model::{Answer, Model, Op, Record, Want};

fn key((app, service): (&str, &str)) -> ServiceKey {
    ServiceKey::new(app, "main", service).unwrap()
}

fn want(service: &str, port: Option<u16>) -> Want {
    Want {
        port,
        ..Want::any_port(key(("shop", service)))
    }
}

fn record(id: u64, service: &str, port: u16) -> Record {
    Record {
        id,
        key: key(("shop", service)),
        port,
        dir: None,
    }
}

#[test]
fn the_service_is_looked_at_before_the_port_and_a_failure_uses_no_number_up() {
    let mut model = Model::new(3000..=3001);
    let [web, db, api] = [
        record(1, "web", 3000),
        record(2, "db", 3001),
        record(3, "api", 3005),
    ];
    for (service, port, answer) in [
        ("web", None, Answer::Allocated(web.clone())),
        ("web", Some(3000), Answer::ServiceTaken(web.clone())),
        ("db", Some(3000), Answer::PortTaken(web.clone())),
        ("db", None, Answer::Allocated(db.clone())),
        ("web", Some(3001), Answer::ServiceTaken(web)),
        ("api", None, Answer::NoFreePort),
        ("api", Some(3005), Answer::Allocated(api)),
    ] {
        assert_eq!(model.ask(&Op::Allocate(want(service, port))), answer);
    }
    let other_port = Op::GetOrAllocate(want("db", Some(3000)));
    assert_eq!(model.ask(&other_port), Answer::ServiceTaken(db.clone()));
    let same_port = Op::GetOrAllocate(want("db", Some(3001)));
    assert_eq!(model.ask(&same_port), Answer::Existing(db));
}

#[test]
fn a_port_that_was_released_is_given_again_and_its_number_is_not() {
    let mut model = Model::new(3000..=3001);
    model.ask(&Op::Allocate(want("web", None)));
    let released = model.step(&Op::Release(1), Some(&Answer::Deleted(1)));
    let mut model = released.unwrap();
    assert_eq!(model.step(&Op::Release(1), Some(&Answer::Deleted(1))), None);
    let again = model.ask(&Op::GetOrAllocate(want("web", None)));
    assert_eq!(again, Answer::Allocated(record(2, "web", 3000)));
}
