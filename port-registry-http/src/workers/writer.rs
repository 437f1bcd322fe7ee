//! The writer: one thread that commits the requests of many clients in groups.
//!
//! A commit costs two fdatasyncs, however many requests are in it. So the thread wins the store's turn,
//! takes all requests that have arrived by then, commits them together, and answers each one. Meanwhile
//! the next group gathers.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, iter, mem};

use port_registry::{Answer, Error, Registry, Request};
use tokio::sync::oneshot;

use crate::api_error::ApiError;
use crate::limits;
use crate::workers::store_health::{Health, is_write};

/// The queue of the thread, which ends when all of these are gone and all requests are answered.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
    patience: Duration,
}

/// A request and the client that waits for its answer.
#[derive(Debug)]
struct Job {
    request: Request,
    client: Client,
}

/// The client that waits for the answer to a request.
#[derive(Debug)]
struct Client {
    /// When it has waited long enough for its turn.
    due: Instant,
    answer: oneshot::Sender<Result<Answer, ApiError>>,
}

impl Writer {
    pub(crate) fn start(
        registry: Registry,
        health: Arc<Health>,
    ) -> io::Result<(Writer, JoinHandle<()>)> {
        // The registry's deadline may be infinite; no client waits that long.
        let patience = registry.wait().min(limits::LONGEST_WAIT);
        let (sender, jobs) = mpsc::channel();
        let groups = Groups {
            registry,
            health,
            jobs,
        };
        let thread = thread::Builder::new().name("writer".to_owned());
        let thread = thread.spawn(move || groups.run())?;
        let jobs = sender;
        Ok((Writer { jobs, patience }, thread))
    }

    /// Carries out a request; its answer comes after the commit that holds it.
    pub(crate) async fn carry_out(&self, request: Request) -> Result<Answer, ApiError> {
        let due = Instant::now() + self.patience;
        let (answer, answered) = oneshot::channel();
        let client = Client { due, answer };
        let sent = self.jobs.send(Job { request, client });
        sent.map_err(|_| ApiError::stopping())?;
        answered.await.unwrap_or_else(|_| Err(ApiError::stopping()))
    }
}

/// Requests and the clients that wait for them.
#[derive(Debug, Default)]
struct Group {
    requests: Vec<Request>,
    clients: Vec<Client>,
}

impl Group {
    fn add(&mut self, job: Job) {
        self.requests.push(job.request);
        self.clients.push(job.client);
    }

    /// Returns the time for which the most impatient client will still wait.
    fn patience(&self) -> Duration {
        let due = self.clients.iter().map(|client| client.due).min();
        due.map_or(Duration::ZERO, |due| {
            due.saturating_duration_since(Instant::now())
        })
    }
}

/// One answer for each request of a group; `None` for a request that has to wait for the next group.
type Answers = Vec<Option<Result<Answer, Error>>>;

/// The work of the thread.
struct Groups {
    registry: Registry,
    health: Arc<Health>,
    jobs: Receiver<Job>,
}

impl Groups {
    fn run(self) {
        let mut waiting = Group::default();
        loop {
            if waiting.requests.is_empty() {
                match self.jobs.recv() {
                    Ok(job) => waiting.add(job),
                    Err(_) => return,
                }
            }
            self.jobs.try_iter().for_each(|job| waiting.add(job));
            waiting = self.commit(waiting);
        }
    }

    /// Carries out a group and the requests that arrive until its turn has come. Returns those that
    /// have to wait for the next group.
    fn commit(&self, group: Group) -> Group {
        let wait = group.patience();
        let Group {
            mut requests,
            mut clients,
        } = group;
        let result = self.registry.apply_group(&mut requests, wait, |requests| {
            let early = iter::zip(mem::take(&mut clients), mem::take(requests));
            let late = self.jobs.try_iter().map(|job| (job.client, job.request));
            // Leave out requests whose clients are gone.
            let here = early
                .chain(late)
                .filter(|(client, _)| !client.answer.is_closed());
            (clients, *requests) = here.unzip();
        });
        let group = Group { requests, clients };
        let mut waiting = Group::default();
        match result {
            // Damage that one request meets must not fail the others.
            Err(Error::Damaged { .. }) if group.requests.len() > 1 => {
                for (request, client) in iter::zip(group.requests, group.clients) {
                    let mut alone = Group::default();
                    alone.add(Job { request, client });
                    let wait = alone.patience();
                    let result = self.registry.apply_group(&mut alone.requests, wait, |_| {});
                    self.tell(alone, result, &mut waiting);
                }
            }
            result => self.tell(group, result, &mut waiting),
        }
        waiting
    }

    /// Answers the requests of a group. Adds those that have to wait for the next group to `waiting`.
    fn tell(&self, group: Group, result: Result<Answers, Error>, waiting: &mut Group) {
        let jobs = iter::zip(group.requests, group.clients)
            .map(|(request, client)| Job { request, client });
        match result {
            Ok(answers) => {
                let mut has_written = false;
                for (job, answer) in iter::zip(jobs, answers) {
                    match answer {
                        None => waiting.add(job),
                        Some(answer) => {
                            has_written |= answer.as_ref().is_ok_and(is_write);
                            job.client.tell(answer.map_err(ApiError::from));
                        }
                    }
                }
                if has_written {
                    self.health.note_success();
                }
            }
            Err(Error::Busy { .. }) => {
                let now = Instant::now();
                for job in jobs {
                    if job.client.due <= now {
                        job.client.tell(Err(ApiError::busy()));
                    } else {
                        waiting.add(job);
                    }
                }
            }
            Err(error) => {
                let error = ApiError::from(error);
                self.health.note_failure(&error);
                jobs.for_each(|job| job.client.tell(Err(error.clone())));
            }
        }
    }
}

impl Client {
    fn tell(self, answer: Result<Answer, ApiError>) {
        // A client that is gone does not need it.
        let _ = self.answer.send(answer);
    }
}
