//! Tests of the model of the registry.

use port_registry::{LabelOrigin, ServiceKey};
use test_support::checker::Sequential;
use test_support::model::{Model, ModelAnswer, Operation, Record, Want};

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
        label_origin: LabelOrigin::Api,
    }
}

#[test]
fn service_conflict_comes_before_port_conflict_and_failures_use_no_id() {
    let mut model = Model::new(3000..=3001);
    let [web, db, api] = [
        record(1, "web", 3000),
        record(2, "db", 3001),
        record(3, "api", 3005),
    ];
    for (service, port, answer) in [
        ("web", None, ModelAnswer::Allocated(web.clone())),
        ("web", Some(3000), ModelAnswer::ServiceTaken(web.clone())),
        ("db", Some(3000), ModelAnswer::PortTaken(web.clone())),
        ("db", None, ModelAnswer::Allocated(db.clone())),
        ("web", Some(3001), ModelAnswer::ServiceTaken(web)),
        ("api", None, ModelAnswer::NoFreePort),
        ("api", Some(3005), ModelAnswer::Allocated(api)),
    ] {
        assert_eq!(model.ask(&Operation::Allocate(want(service, port))), answer);
    }
    let other_port = Operation::GetOrAllocate(want("db", Some(3000)));
    assert_eq!(
        model.ask(&other_port),
        ModelAnswer::ServiceTaken(db.clone())
    );
    let same_port = Operation::GetOrAllocate(want("db", Some(3001)));
    assert_eq!(model.ask(&same_port), ModelAnswer::Existing(db));
}

#[test]
fn released_port_is_allocated_again_with_a_new_id() {
    let mut model = Model::new(3000..=3001);
    model.ask(&Operation::Allocate(want("web", None)));
    let released = model.step(&Operation::Release(1), Some(&ModelAnswer::Deleted(1)));
    let mut model = released.unwrap();
    assert_eq!(
        model.step(&Operation::Release(1), Some(&ModelAnswer::Deleted(1))),
        None
    );
    let again = model.ask(&Operation::GetOrAllocate(want("web", None)));
    assert_eq!(again, ModelAnswer::Allocated(record(2, "web", 3000)));
}
