//! Group commit: many clients' requests in one transaction.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use port_registry::{
    Answer, Atomicity, Claim, Error, Filter, ListenerPolicy, Registry, Request, ServiceKey, Verdict,
};

const PATIENCE: Duration = Duration::from_secs(20);

fn open(folder: &tempfile::TempDir) -> Registry {
    Registry::builder()
        .with_path(folder.path().join("ports.redb"))
        .with_probe(|_| Ok(Verdict::Free))
        .open()
        .unwrap()
}

fn claim(number: usize) -> Claim {
    Claim::new(ServiceKey::new("app", "main", format!("service-{number}")).unwrap())
}

fn allocate(number: usize) -> Request {
    Request::Allocate(claim(number))
}

#[test]
fn requests_that_arrive_while_a_group_waits_join_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (holder, waiter) = (open(&folder), open(&folder));
    let (has_turn, turn) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            holder.apply_group(&mut vec![allocate(0)], PATIENCE, |_| {
                has_turn.send(()).unwrap();
                released.recv().unwrap();
            })
        });
        turn.recv().unwrap();
        let waiting = scope.spawn(move || {
            let mut requests = vec![allocate(1)];
            let answers = waiter.apply_group(&mut requests, PATIENCE, |requests| {
                requests.push(allocate(2));
                requests.push(allocate(1));
            });
            answers.unwrap()
        });
        assert!(open(&folder).list(&Filter::new()).unwrap().is_empty());
        release.send(()).unwrap();
        let answers = waiting.join().unwrap();
        let ids: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                Some(Ok(Answer::Allocated(it))) => Ok(it.id.get()),
                Some(Err(Error::ServiceTaken { holder, .. })) => Err(holder.id.get()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(ids, [Ok(2), Ok(3), Err(2)]);
    });
    open(&folder).verify().unwrap();
}

#[test]
fn group_waits_until_its_deadline_and_reads_do_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (holder, waiter) = (open(&folder), open(&folder));
    let held = holder.allocate(claim(0)).unwrap();
    let mut requests = vec![allocate(1)];
    let answers = holder.apply_group(&mut requests, PATIENCE, |_| {
        let wait = Duration::from_millis(50);
        let start = Instant::now();
        let error = waiter
            .apply_group(&mut vec![allocate(2)], wait, |_| panic!("the lock is held"))
            .unwrap_err();
        assert!(
            matches!(error, Error::Busy { waited, .. } if waited == wait),
            "{error:?}"
        );
        assert!(start.elapsed() >= wait);

        // Requests without a write do not wait for the lock.
        let nobody = Filter::new().with_app("nobody");
        let mut settled = vec![
            Request::GetOrAllocate(claim(0)),
            Request::ReleaseMatching(nobody),
        ];
        let answer = waiter.answer_without_write(&settled[0]).unwrap();
        assert_eq!(answer, Some(Answer::Existing(held.clone())));
        let error = waiter.answer_without_write(&allocate(0)).unwrap_err();
        assert_eq!(error.holder(), Some(&held));
        assert_eq!(waiter.answer_without_write(&allocate(3)).unwrap(), None);
        let answers = waiter
            .apply_group(&mut settled, wait, |_| panic!("no write is needed"))
            .unwrap();
        assert_eq!(answers.len(), 2);
    });
    assert!(matches!(&answers.unwrap()[..], [Some(Ok(_))]));
}

#[test]
fn requests_that_need_too_many_probes_move_to_the_next_group() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder);
    let mut waiting = vec![allocate(0)];
    let late: Vec<_> = (1..200).map(allocate).collect();
    let mut groups = 0;
    while !waiting.is_empty() {
        let mut requests = waiting.clone();
        let answers = registry
            .apply_group(&mut requests, PATIENCE, |requests| {
                if groups == 0 {
                    requests.extend(late.iter().cloned());
                }
            })
            .unwrap();
        waiting = std::iter::zip(requests, answers)
            .filter(|(_, answer)| {
                assert!(matches!(answer, None | Some(Ok(_))), "{answer:?}");
                answer.is_none()
            })
            .map(|(request, _)| request)
            .collect();
        groups += 1;
    }
    assert_eq!(groups, 2);
    assert_eq!(registry.list(&Filter::new()).unwrap().len(), 200);
    registry.verify().unwrap();
}

#[test]
fn batch_with_failing_probes_terminates() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::builder()
        .with_path(folder.path().join("ports.redb"))
        .with_probe(|_| Err(std::io::Error::other("too many open files")))
        .open()
        .unwrap();
    // One request needs a write. The others need more probes than a transaction may make.
    let adopted = claim(0)
        .with_port("3000".parse().unwrap())
        .with_listener_policy(ListenerPolicy::Adopt);
    let mut requests = vec![Request::Allocate(adopted)];
    requests.extend((1..200).map(allocate));
    let answers = registry.apply(&requests, Atomicity::Each).unwrap();
    assert!(matches!(answers[0], Ok(Answer::Allocated(_))));
    for answer in &answers[1..] {
        assert!(matches!(answer, Err(Error::Probe { .. })), "{answer:?}");
    }
}

#[test]
fn trial_write_creates_the_store_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(&folder);
    registry.try_write().unwrap();
    assert!(folder.path().join("ports.redb").exists());
    assert_eq!(registry.allocate(claim(0)).unwrap().id.get(), 1);
    registry.try_write().unwrap();
    assert_eq!(registry.allocate(claim(1)).unwrap().id.get(), 2);
}
