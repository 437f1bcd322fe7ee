//! Group commits, as the daemon's writer makes them.

use std::iter;
use std::ops::Range;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use divan::Bencher;
use port_registry::{Answer, Registry, Request};

use crate::disk::{DiskCost, Series};
use crate::results;
use crate::rows::claim;
use crate::scene::{Scene, expect};

/// Number of requests that each client makes in a round.
const REQUESTS: u32 = 16;

#[divan::bench(args = [1, 8, 64], sample_count = 40, sample_size = 1)]
fn group_commit(bencher: Bencher, clients: u32) {
    let scene = Scene::new(0);
    let registry = scene.open();
    let mut series = Series::default();
    let (queue, jobs) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || commit_groups(&registry, &jobs));
        let mut next = 0;
        bencher
            .with_inputs(|| expect(scene.disk.measure()))
            .bench_local_values(|cost: DiskCost| {
                let start = Instant::now();
                thread::scope(|scope| {
                    for _ in 0..clients {
                        let (queue, numbers) = (queue.clone(), next..next + REQUESTS);
                        next += REQUESTS;
                        scope.spawn(move || ask(&queue, numbers));
                    }
                });
                series.note(start.elapsed() / (clients * REQUESTS), cost);
            });
        drop(queue);
    });
    let name = match clients {
        1 => "group commit,  1 thread, each",
        8 => "group commit,  8 threads, each",
        _ => "group commit, 64 threads, each",
    };
    results::add(name, 0, series);
}

/// A request, and the channel for its answer.
type GroupJob = (Request, Sender<bool>);

/// Commits all requests that have queued up in one group. Those that need more probes come first in the next one.
fn commit_groups(registry: &Registry, jobs: &Receiver<GroupJob>) {
    let mut left: Vec<GroupJob> = Vec::new();
    loop {
        if left.is_empty() {
            let Ok(first) = jobs.recv() else {
                return;
            };
            left.push(first);
        }
        let (mut requests, mut clients): (Vec<_>, Vec<_>) = left.drain(..).unzip();
        let answers = registry.apply_group(&mut requests, Duration::from_secs(5), |requests| {
            for (request, client) in jobs.try_iter() {
                requests.push(request);
                clients.push(client);
            }
        });
        for (answer, job) in iter::zip(expect(answers), iter::zip(requests, clients)) {
            match answer {
                Some(answer) => {
                    let _ = job.1.send(matches!(answer, Ok(Answer::Allocated(_))));
                }
                None => left.push(job),
            }
        }
    }
}

/// Allocates a port for each number, one after the other.
fn ask(queue: &Sender<GroupJob>, numbers: Range<u32>) {
    let (client, answer) = mpsc::channel();
    for number in numbers {
        expect(queue.send((Request::Allocate(claim(number)), client.clone())));
        assert!(expect(answer.recv()), "an allocation failed");
    }
}
