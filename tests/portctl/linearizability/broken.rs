//! Clients with a fault each. Their schedules make sure that the fault is met, whatever
//! the machine does. The same schedules without the fault prove that it is the fault which is refused.

use std::collections::HashMap;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use port_registry::{Filter, ServiceKey};

use super::backends::{Backend, InProcess, Outcome, OverHttp, Patience};
use super::recorder::{ClientHistory, Recorder};
use super::round::{PORTS, key, range};
use super::server::Server;
use test_support::checker::linearize;
use test_support::model::{Answer, Model, Op, Record, Want};
use test_support::{Sandbox, free_block};

/// A store, and where its ports are chosen from.
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

    fn backend(&self) -> InProcess {
        let store = self.sandbox.store();
        InProcess::open(&store, &range(self.first_port), Duration::from_secs(60))
    }
}

fn is_explained(history: &ClientHistory, first_port: u16) -> bool {
    linearize(&Model::new(range(first_port)), history).is_linearizable
}

fn want(service: &str) -> Want {
    Want::any_port(key(("shop", service)))
}

fn everything() -> Op {
    Op::List(Filter::new())
}

/// Answers for a service from what it was told before.
struct Caching<D> {
    inner: D,
    cache: HashMap<ServiceKey, Record>,
}

impl<D: Backend> Backend for Caching<D> {
    fn ask(&mut self, op: &Op) -> Outcome {
        let Op::GetOrAllocate(want) = op else {
            return self.inner.ask(op);
        };
        if let Some(record) = self.cache.get(&want.key) {
            return Outcome::Answered(Answer::Existing(record.clone()));
        }
        let outcome = self.inner.ask(op);
        if let Outcome::Answered(Answer::Allocated(record) | Answer::Existing(record)) = &outcome {
            self.cache.insert(want.key.clone(), record.clone());
        }
        outcome
    }
}

#[test]
fn an_answer_from_a_cache_after_the_release_is_refused() {
    fn history(server: &Server, mut client: impl Backend) -> ClientHistory {
        let recorder = Recorder::start();
        let mut other = OverHttp::new(server, 1, Patience::Enough);
        recorder.ask("client", &mut client, Op::GetOrAllocate(want("web")));
        recorder.ask("other", &mut other, Op::Release(1));
        recorder.ask("client", &mut client, Op::GetOrAllocate(want("web")));
        recorder.history()
    }
    let first_port = free_block(PORTS);
    let range = range(first_port);

    let server = Server::start(&range);
    let honest = OverHttp::new(&server, 0, Patience::Enough);
    assert!(is_explained(&history(&server, honest), first_port));

    let server = Server::start(&range);
    let caching = Caching {
        inner: OverHttp::new(&server, 0, Patience::Enough),
        cache: HashMap::new(),
    };
    assert!(!is_explained(&history(&server, caching), first_port));
}

/// Says that something is released before it is.
struct Deferring<D> {
    inner: D,
    deferred: Vec<Op>,
}

impl<D: Backend> Deferring<D> {
    fn catch_up(&mut self) {
        for op in self.deferred.drain(..) {
            self.inner.ask(&op);
        }
    }
}

impl<D: Backend> Backend for Deferring<D> {
    fn ask(&mut self, op: &Op) -> Outcome {
        if let Op::Release(_) = op {
            self.deferred.push(op.clone());
            return Outcome::Answered(Answer::Deleted(1));
        }
        self.inner.ask(op)
    }
}

#[test]
fn a_write_that_is_told_of_before_it_is_done_is_refused() {
    fn history<D: Backend>(
        place: &Place,
        mut client: D,
        catch_up: impl FnOnce(&mut D),
    ) -> ClientHistory {
        let recorder = Recorder::start();
        let mut other = place.backend();
        recorder.ask("client", &mut client, Op::Allocate(want("web")));
        recorder.ask("client", &mut client, Op::Release(1));
        recorder.ask("other", &mut other, Op::Find(1));
        catch_up(&mut client);
        recorder.ask("other", &mut other, everything());
        recorder.history()
    }
    let place = Place::new();
    let honest = history(&place, place.backend(), |_| ());
    assert!(is_explained(&honest, place.first_port));

    let place = Place::new();
    let deferring = Deferring {
        inner: place.backend(),
        deferred: Vec::new(),
    };
    let deferring = history(&place, deferring, Deferring::catch_up);
    assert!(!is_explained(&deferring, place.first_port));
}

/// Asks again when an answer was lost, as if nothing could have happened.
struct Repeating<D>(D);

impl<D: Backend> Backend for Repeating<D> {
    fn ask(&mut self, op: &Op) -> Outcome {
        let _lost = self.0.ask(op);
        self.0.ask(op)
    }
}

#[test]
fn a_write_that_is_done_twice_is_refused() {
    fn history(place: &Place, mut client: impl Backend) -> ClientHistory {
        let recorder = Recorder::start();
        recorder.ask("client", &mut client, Op::Allocate(want("web")));
        recorder.ask("other", &mut place.backend(), everything());
        recorder.history()
    }
    let place = Place::new();
    assert!(is_explained(
        &history(&place, place.backend()),
        place.first_port
    ));

    let place = Place::new();
    let repeating = Repeating(place.backend());
    assert!(!is_explained(&history(&place, repeating), place.first_port));
}

/// A registry in memory that looks for a free port and then takes it.
struct Sham<'a> {
    records: &'a Mutex<Vec<Record>>,
    first_port: u16,
    /// Where it waits, between looking and taking, until all have looked; it keeps the others out
    /// meanwhile if there is none.
    all_have_looked: Option<&'a Barrier>,
}

impl Backend for Sham<'_> {
    fn ask(&mut self, op: &Op) -> Outcome {
        let mut records = self.records.lock().unwrap();
        let Op::Allocate(want) = op else {
            return Outcome::Answered(Answer::Listed(records.clone()));
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
        };
        records.push(record.clone());
        Outcome::Answered(Answer::Allocated(record))
    }
}

#[test]
fn a_port_that_two_were_given_because_both_looked_first_is_refused() {
    // No system is asked whether these ports are free.
    const FIRST_PORT: u16 = 3000;
    fn history(all_have_looked: Option<&Barrier>) -> ClientHistory {
        let records = Mutex::default();
        let backend = || Sham {
            records: &records,
            first_port: FIRST_PORT,
            all_have_looked,
        };
        let recorder = Recorder::start();
        thread::scope(|scope| {
            for service in ["web", "db"] {
                scope.spawn(|| recorder.ask(service, &mut backend(), Op::Allocate(want(service))));
            }
        });
        recorder.ask("afterwards", &mut backend(), everything());
        recorder.history()
    }
    assert!(is_explained(&history(None), FIRST_PORT));
    assert!(!is_explained(&history(Some(&Barrier::new(2))), FIRST_PORT));
}
