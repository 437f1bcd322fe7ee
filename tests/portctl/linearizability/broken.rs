//! Clients with one bug each, whose histories the checker must reject.
//!
//! Fixed schedules trigger each bug every time. The checker accepts the same schedules without the bug, which
//! shows that it rejects the bug itself.

use std::collections::HashMap;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use port_registry::{Filter, LabelOrigin, ServiceKey};

use super::backends::{
    AnswerTimeout, HttpClient, InProcessClient, OperationOutcome, RegistryClient,
};
use super::daemon::RestartableDaemon;
use super::recorder::{ClientHistory, Recorder};
use super::round::{PORTS, key, range};
use test_support::checker::linearize;
use test_support::model::{Model, ModelAnswer, Operation, Record, Want};
use test_support::{Sandbox, free_block};

/// A store and its range of ports.
struct Place {
    sandbox: Sandbox,
    first_port: u16,
}

impl Place {
    fn new() -> Place {
        Place {
            sandbox: Sandbox::new(),
            first_port: free_block(PORTS),
        }
    }

    fn client(&self) -> InProcessClient {
        let store = self.sandbox.store();
        InProcessClient::open(&store, &range(self.first_port), Duration::from_secs(60))
    }
}

fn is_linearizable(history: &ClientHistory, first_port: u16) -> bool {
    linearize(&Model::new(range(first_port)), history).is_linearizable
}

fn want(service: &str) -> Want {
    Want::any_port(key(("shop", service)))
}

fn everything() -> Operation {
    Operation::List(Filter::new())
}

/// Answers requests for a service from a cache that it never invalidates.
struct Caching<C> {
    inner: C,
    cache: HashMap<ServiceKey, Record>,
}

impl<C: RegistryClient> RegistryClient for Caching<C> {
    fn ask(&mut self, op: &Operation) -> OperationOutcome {
        let Operation::GetOrAllocate(want) = op else {
            return self.inner.ask(op);
        };
        if let Some(record) = self.cache.get(&want.key) {
            return OperationOutcome::Answered(ModelAnswer::Existing(record.clone()));
        }
        let outcome = self.inner.ask(op);
        if let OperationOutcome::Answered(
            ModelAnswer::Allocated(record) | ModelAnswer::Existing(record),
        ) = &outcome
        {
            self.cache.insert(want.key.clone(), record.clone());
        }
        outcome
    }
}

#[test]
fn cached_answer_after_a_release_is_rejected() {
    fn history(daemon: &RestartableDaemon, mut client: impl RegistryClient) -> ClientHistory {
        let recorder = Recorder::start();
        let mut other = HttpClient::new(daemon, 1, AnswerTimeout::Long);
        recorder.ask("client", &mut client, Operation::GetOrAllocate(want("web")));
        recorder.ask("other", &mut other, Operation::Release(1));
        recorder.ask("client", &mut client, Operation::GetOrAllocate(want("web")));
        recorder.history()
    }
    let first_port = free_block(PORTS);
    let range = range(first_port);

    let daemon = RestartableDaemon::start(&range);
    let honest = HttpClient::new(&daemon, 0, AnswerTimeout::Long);
    assert!(is_linearizable(&history(&daemon, honest), first_port));

    let daemon = RestartableDaemon::start(&range);
    let caching = Caching {
        inner: HttpClient::new(&daemon, 0, AnswerTimeout::Long),
        cache: HashMap::new(),
    };
    assert!(!is_linearizable(&history(&daemon, caching), first_port));
}

/// Acknowledges releases before performing them.
struct Deferring<C> {
    inner: C,
    deferred: Vec<Operation>,
}

impl<C: RegistryClient> Deferring<C> {
    fn catch_up(&mut self) {
        for op in self.deferred.drain(..) {
            self.inner.ask(&op);
        }
    }
}

impl<C: RegistryClient> RegistryClient for Deferring<C> {
    fn ask(&mut self, op: &Operation) -> OperationOutcome {
        if let Operation::Release(_) = op {
            self.deferred.push(op.clone());
            return OperationOutcome::Answered(ModelAnswer::Deleted(1));
        }
        self.inner.ask(op)
    }
}

#[test]
fn write_acknowledged_before_it_is_done_is_rejected() {
    fn history<C: RegistryClient>(
        place: &Place,
        mut client: C,
        catch_up: impl FnOnce(&mut C),
    ) -> ClientHistory {
        let recorder = Recorder::start();
        let mut other = place.client();
        recorder.ask("client", &mut client, Operation::Allocate(want("web")));
        recorder.ask("client", &mut client, Operation::Release(1));
        recorder.ask("other", &mut other, Operation::Find(1));
        catch_up(&mut client);
        recorder.ask("other", &mut other, everything());
        recorder.history()
    }
    let place = Place::new();
    let honest = history(&place, place.client(), |_| ());
    assert!(is_linearizable(&honest, place.first_port));

    let place = Place::new();
    let deferring = Deferring {
        inner: place.client(),
        deferred: Vec::new(),
    };
    let deferring = history(&place, deferring, Deferring::catch_up);
    assert!(!is_linearizable(&deferring, place.first_port));
}

/// Repeats a request after a lost answer, as if the request had no effect.
struct Repeating<C>(C);

impl<C: RegistryClient> RegistryClient for Repeating<C> {
    fn ask(&mut self, op: &Operation) -> OperationOutcome {
        let _lost = self.0.ask(op);
        self.0.ask(op)
    }
}

#[test]
fn write_performed_twice_is_rejected() {
    fn history(place: &Place, mut client: impl RegistryClient) -> ClientHistory {
        let recorder = Recorder::start();
        recorder.ask("client", &mut client, Operation::Allocate(want("web")));
        recorder.ask("other", &mut place.client(), everything());
        recorder.history()
    }
    let place = Place::new();
    assert!(is_linearizable(
        &history(&place, place.client()),
        place.first_port
    ));

    let place = Place::new();
    let repeating = Repeating(place.client());
    assert!(!is_linearizable(
        &history(&place, repeating),
        place.first_port
    ));
}

/// A registry in memory that looks for a free port and then takes it, which can race.
struct RacyRegistry<'a> {
    records: &'a Mutex<Vec<Record>>,
    first_port: u16,
    /// Makes all clients wait between looking and taking. Without it, a lock covers both steps.
    all_have_looked: Option<&'a Barrier>,
}

impl RegistryClient for RacyRegistry<'_> {
    fn ask(&mut self, op: &Operation) -> OperationOutcome {
        let mut records = self.records.lock().unwrap();
        let Operation::Allocate(want) = op else {
            return OperationOutcome::Answered(ModelAnswer::Listed(records.clone()));
        };
        let is_taken = |port: &u16| records.iter().any(|record| record.port == *port);
        let port = range(self.first_port).find(|port| !is_taken(port));
        if let Some(barrier) = self.all_have_looked {
            drop(records);
            barrier.wait();
            records = self.records.lock().unwrap();
        }
        let record = Record {
            id: records.len() as u64 + 1,
            key: want.key.clone(),
            port: port.unwrap(),
            dir: None,
            label_origin: LabelOrigin::Api,
        };
        records.push(record.clone());
        OperationOutcome::Answered(ModelAnswer::Allocated(record))
    }
}

#[test]
fn port_allocated_twice_by_a_race_is_rejected() {
    // Nothing probes these ports.
    const FIRST_PORT: u16 = 3000;
    fn history(all_have_looked: Option<&Barrier>) -> ClientHistory {
        let records = Mutex::default();
        let client = || RacyRegistry {
            records: &records,
            first_port: FIRST_PORT,
            all_have_looked,
        };
        let recorder = Recorder::start();
        thread::scope(|scope| {
            for service in ["web", "db"] {
                scope.spawn(|| {
                    recorder.ask(service, &mut client(), Operation::Allocate(want(service)))
                });
            }
        });
        recorder.ask("afterwards", &mut client(), everything());
        recorder.history()
    }
    assert!(is_linearizable(&history(None), FIRST_PORT));
    assert!(!is_linearizable(
        &history(Some(&Barrier::new(2))),
        FIRST_PORT
    ));
}
