//! The one thread that writes: it commits what many clients ask for in groups.
//!
//! A commit costs two fdatasyncs, whatever is in it. So the thread wins the store's turn, takes all
//! that has queued up by then, commits it at once, and answers each request by itself. While it
//! does, the next group gathers.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use port_registry::{Answer, Error, Registry, Request};
use tokio::sync::oneshot;

use crate::health::Health;
use crate::problem::Problem;

/// The way to the thread. It ends when the last of these is gone, and all is answered.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: Sender<Job>,
    patience: Duration,
}

/// A request that somebody waits for.
#[derive(Debug)]
struct Job {
    request: Request,
    /// When it has waited long enough for its turn.
    due: Instant,
    client: oneshot::Sender<Result<Answer, Problem>>,
}

impl Writer {
    pub(crate) fn start(
        registry: Registry,
        health: Arc<Health>,
    ) -> std::io::Result<(Writer, JoinHandle<()>)> {
        let (queue, jobs) = mpsc::channel();
        let patience = registry.wait();
        let groups = Groups {
            registry,
            health,
            jobs,
        };
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || groups.run())?;
        Ok((Writer { queue, patience }, thread))
    }

    /// Carries out a request; its answer comes after the commit that holds it.
    pub(crate) async fn carry_out(&self, request: Request) -> Result<Answer, Problem> {
        let (client, answer) = oneshot::channel();
        let due = Instant::now() + self.patience;
        let job = Job {
            request,
            due,
            client,
        };
        self.queue.send(job).map_err(|_| Problem::stopping())?;
        answer.await.unwrap_or_else(|_| Err(Problem::stopping()))
    }
}

/// One for each request of a group; `None` for one that is to wait for the next.
type Answers = Vec<Option<Result<Answer, Error>>>;

/// What the thread works with.
struct Groups {
    registry: Registry,
    health: Arc<Health>,
    jobs: Receiver<Job>,
}

impl Groups {
    fn run(self) {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() {
                match self.jobs.recv() {
                    Ok(job) => waiting.push(job),
                    Err(_) => return,
                }
            }
            waiting.extend(self.jobs.try_iter());
            // Nobody waits for these any more.
            waiting.retain(|job| !job.client.is_closed());
            waiting = self.commit(waiting);
        }
    }

    /// Carries out a group, and what comes until its turn has come; gives back those that are to
    /// wait for the next.
    fn commit(&self, mut group: Vec<Job>) -> Vec<Job> {
        let mut requests: Vec<Request> = group.iter().map(|job| job.request.clone()).collect();
        let wait = patience(&group);
        let result = self.registry.apply_group(&mut requests, wait, |requests| {
            let late = self.jobs.try_iter().filter(|job| !job.client.is_closed());
            let arrived = group.len();
            group.extend(late);
            requests.extend(group[arrived..].iter().map(|job| job.request.clone()));
        });
        match result {
            // What one of them comes upon is not to fail the others.
            Err(Error::Damaged { .. }) if group.len() > 1 => {
                let alone = group.into_iter().map(|job| {
                    let mut request = vec![job.request.clone()];
                    let group = vec![job];
                    let result = self
                        .registry
                        .apply_group(&mut request, patience(&group), |_| {});
                    self.tell(group, result)
                });
                alone.flatten().collect()
            }
            result => self.tell(group, result),
        }
    }

    /// Tells a group what became of it; gives back those that are to wait for the next.
    fn tell(&self, group: Vec<Job>, result: Result<Answers, Error>) -> Vec<Job> {
        match result {
            Ok(answers) => self.tell_each(group, answers),
            Err(Error::Busy { .. }) => {
                let now = Instant::now();
                let (expired, waiting) = group.into_iter().partition(|job| job.due <= now);
                tell_all(expired, &Problem::busy());
                waiting
            }
            Err(error) => {
                let problem = Problem::from(error);
                self.health.note_failure(&problem);
                tell_all(group, &problem);
                Vec::new()
            }
        }
    }

    fn tell_each(&self, group: Vec<Job>, answers: Answers) -> Vec<Job> {
        let mut waiting = Vec::new();
        let mut has_written = false;
        for (job, answer) in group.into_iter().zip(answers) {
            match answer {
                None => waiting.push(job),
                Some(answer) => {
                    has_written |= matches!(answer, Ok(Answer::Allocated(_)));
                    // A client that is gone does not want it.
                    let _ = job.client.send(answer.map_err(Problem::from));
                }
            }
        }
        if has_written {
            self.health.note_success();
        }
        waiting
    }
}

/// How long the first of a group may wait still.
fn patience(group: &[Job]) -> Duration {
    let due = group.iter().map(|job| job.due).min();
    due.map_or(Duration::ZERO, |due| {
        due.saturating_duration_since(Instant::now())
    })
}

fn tell_all(jobs: Vec<Job>, problem: &Problem) {
    for job in jobs {
        let _ = job.client.send(Err(problem.clone()));
    }
}
