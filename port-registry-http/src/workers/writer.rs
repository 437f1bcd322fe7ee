//! The writer: one thread that commits the requests of many clients in groups.
//!
//! A commit costs two fdatasyncs, however many requests are in it. So the thread first waits for its turn
//! to write, then takes all requests that have arrived, commits them together, and answers each one.
//! Meanwhile the next group gathers.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, iter, mem};

use port_registry::{Answer, Error, Registry, Request};
use tokio::sync::oneshot;

use super::job::{JobGroup, WaitingClient, WriteJob};
use super::store_health::{StoreHealth, is_write};
use crate::api_error::ApiError;
use crate::limits;

/// A handle of the writer thread. The thread ends when all handles are dropped and all requests are
/// answered.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: Sender<WriteJob>,
    max_wait: Duration,
}

impl Writer {
    pub(crate) fn start(
        registry: Registry,
        health: Arc<StoreHealth>,
    ) -> io::Result<(Writer, JoinHandle<()>)> {
        // The registry's deadline may be infinite, but a client must get an answer.
        let max_wait = registry.wait().min(limits::LONGEST_WAIT);
        let (jobs, receiver) = mpsc::channel();
        let committer = GroupCommitter {
            registry,
            health,
            jobs: receiver,
        };
        let thread = thread::Builder::new().name("writer".to_owned());
        let thread = thread.spawn(move || committer.run())?;
        Ok((Writer { jobs, max_wait }, thread))
    }

    /// Carries out a request. The answer comes after the commit that contains it.
    pub(crate) async fn carry_out(&self, request: Request) -> Result<Answer, ApiError> {
        let due = Instant::now() + self.max_wait;
        let (answer, answered) = oneshot::channel();
        let client = WaitingClient { due, answer };
        let sent = self.jobs.send(WriteJob { request, client });
        sent.map_err(|_| ApiError::stopping())?;
        answered.await.unwrap_or_else(|_| Err(ApiError::stopping()))
    }
}

/// One answer for each request of a group. `None` stands for a request that has to wait for the next
/// group.
type GroupAnswers = Vec<Option<Result<Answer, Error>>>;

/// The work of the writer thread.
struct GroupCommitter {
    registry: Registry,
    health: Arc<StoreHealth>,
    jobs: Receiver<WriteJob>,
}

impl GroupCommitter {
    fn run(self) {
        let mut waiting = JobGroup::default();
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

    /// Carries out a group and the requests that arrive until its turn to write. Returns the jobs that
    /// have to wait for the next group.
    fn commit(&self, group: JobGroup) -> JobGroup {
        let wait = group.time_left();
        let JobGroup {
            mut requests,
            mut clients,
        } = group;
        let result = self.registry.apply_group(&mut requests, wait, |requests| {
            let early = JobGroup {
                requests: mem::take(requests),
                clients: mem::take(&mut clients),
            };
            let jobs = early.into_jobs().chain(self.jobs.try_iter());
            // Leave out requests whose clients are gone.
            let jobs = jobs.filter(|job| !job.client.answer.is_closed());
            (*requests, clients) = jobs.map(|job| (job.request, job.client)).unzip();
        });
        let group = JobGroup { requests, clients };
        let mut waiting = JobGroup::default();
        match result {
            // Damage that one request meets must not fail the others.
            Err(Error::Damaged { .. }) if group.requests.len() > 1 => {
                for job in group.into_jobs() {
                    self.commit_alone(job, &mut waiting);
                }
            }
            result => self.answer(group, result, &mut waiting),
        }
        waiting
    }

    fn commit_alone(&self, job: WriteJob, waiting: &mut JobGroup) {
        let mut group = JobGroup::default();
        group.add(job);
        let wait = group.time_left();
        let result = self.registry.apply_group(&mut group.requests, wait, |_| {});
        self.answer(group, result, waiting);
    }

    /// Answers the clients of a group. Adds the jobs that have to wait for the next group to `waiting`.
    fn answer(&self, group: JobGroup, result: Result<GroupAnswers, Error>, waiting: &mut JobGroup) {
        let jobs = group.into_jobs();
        match result {
            Ok(answers) => {
                let mut answered = answers.iter().flatten().flatten();
                if answered.any(is_write) {
                    self.health.note_success();
                }
                // Before the answers, so that this comes before what clients do next.
                self.health.note_file(&self.registry);
                for (job, answer) in iter::zip(jobs, answers) {
                    match answer {
                        None => waiting.add(job),
                        Some(answer) => job.client.send(answer.map_err(ApiError::from)),
                    }
                }
            }
            Err(Error::Busy { .. }) => {
                let now = Instant::now();
                for job in jobs {
                    if job.client.due <= now {
                        job.client.send(Err(ApiError::busy()));
                    } else {
                        waiting.add(job);
                    }
                }
            }
            Err(error) => {
                let error = ApiError::from(error);
                self.health.note_failure(&error);
                self.health.note_file(&self.registry);
                jobs.for_each(|job| job.client.send(Err(error.clone())));
            }
        }
    }
}
