//! What the system says while a batch of requests is planned.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{fs, thread};

use crate::error::Error;
use crate::port::Port;
use crate::probe::{Probe, Verdict};
use crate::request::Claim;

/// Asks the system about ports and folders, and remembers what it said for the length of one call.
#[derive(Debug)]
pub(crate) struct Scout<'a> {
    probe: &'a dyn Probe,
    ports: HashMap<Port, Verdict>,
    /// Whether the second folder of a pair is another checkout than the first.
    other_checkouts: HashMap<(String, String), bool>,
    /// The pair that was asked for when there was no time for it. It may be one that only an earlier
    /// request of the batch brings about, so that a look would not come upon it.
    open_question: Option<(String, String)>,
    step: Step,
    /// How many ports may be probed in this step still.
    probes_left: usize,
    /// What earlier requests of the batch were given in this step.
    spoken_for: HashSet<Port>,
    /// Up to where the search for the best free port came in this step.
    searched_to: Option<Port>,
}

/// What the scout is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Plans are made on a snapshot, which does not change.
    Look,
    /// Plans are carried out, one after the other, and nobody else can write meanwhile.
    Write,
}

impl Step {
    /// How many ports are probed at most. While nobody else can write these take about 0.5 ms, as
    /// much as a commit; they are needed only when the ports that were probed before have been taken
    /// since, or for requests that came after the look.
    fn probes(self) -> usize {
        match self {
            Step::Look => 4096,
            Step::Write => 64,
        }
    }
}

impl<'a> Scout<'a> {
    pub(crate) fn new(probe: &'a dyn Probe) -> Scout<'a> {
        Scout {
            probe,
            ports: HashMap::new(),
            other_checkouts: HashMap::new(),
            open_question: None,
            step: Step::Look,
            probes_left: 0,
            spoken_for: HashSet::new(),
            searched_to: None,
        }
    }

    pub(crate) fn begin(&mut self, step: Step) {
        if let Some((wanted, held)) = self.open_question.take() {
            let is_other = is_other_checkout(&wanted, &held);
            self.other_checkouts.insert((wanted, held), is_other);
        }
        self.step = step;
        self.probes_left = step.probes();
        self.spoken_for.clear();
        self.searched_to = None;
    }

    /// Leaves the port to an earlier request of the same batch, for the rest of the step.
    pub(crate) fn speak_for(&mut self, claim: &Claim, port: Port) {
        match claim.port {
            Some(port) => {
                self.spoken_for.insert(port);
            }
            // All better ones were found wanting.
            None => self.searched_to = Some(port),
        }
    }

    pub(crate) fn searched_to(&self) -> Option<Port> {
        self.searched_to
    }

    pub(crate) fn is_spoken_for(&self, port: Port) -> bool {
        self.spoken_for.contains(&port)
    }

    /// What the system says of the port; `None` when no more ports may be probed in this step.
    pub(crate) fn verdict(&mut self, port: Port) -> Result<Option<Verdict>, Error> {
        if let Some(&verdict) = self.ports.get(&port) {
            return Ok(Some(verdict));
        }
        if self.probes_left == 0 {
            return Ok(None);
        }
        self.probes_left -= 1;
        let verdict = self
            .probe
            .probe(port)
            .map_err(|cause| Error::Probe { port, cause })?;
        self.ports.insert(port, verdict);
        Ok(Some(verdict))
    }

    /// Whether the folder `held` exists and is not `wanted` by another name. `None` when that is not
    /// known and cannot be found out in this step: a file system may be slow to answer.
    pub(crate) fn is_other_checkout(&mut self, wanted: &str, held: &str) -> Option<bool> {
        let pair = (wanted.to_owned(), held.to_owned());
        if let Some(&known) = self.other_checkouts.get(&pair) {
            return Some(known);
        }
        if self.step == Step::Write {
            self.open_question = Some(pair);
            return None;
        }
        let is_other = is_other_checkout(wanted, held);
        self.other_checkouts.insert(pair, is_other);
        Some(is_other)
    }
}

/// How long a file system may take to say whether a folder exists.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many threads may be left behind by file systems that do not answer.
const MOST_LEFT_BEHIND: usize = 8;

/// Whether the folder `held` exists and is not `wanted` by another name. On a file system that does
/// not answer, as on a network that is gone, it may well exist.
pub(crate) fn is_other_checkout(wanted: &str, held: &str) -> bool {
    if wanted == held {
        return false;
    }
    let (wanted, held) = (wanted.to_owned(), held.to_owned());
    answer_within(PATIENCE, move || is_another_folder(&wanted, &held)).unwrap_or(true)
}

fn is_another_folder(wanted: &str, held: &str) -> bool {
    // A folder that cannot be looked at may well exist.
    let exists = Path::new(held).try_exists().unwrap_or(true);
    let is_same =
        || matches!((fs::canonicalize(wanted), fs::canonicalize(held)), (Ok(a), Ok(b)) if a == b);
    exists && !is_same()
}

/// What `look` comes to, on a thread of its own, which is left behind if it takes too long. `None`
/// then, and when too many were left behind already.
fn answer_within<T: Send + 'static>(
    patience: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    static LEFT_BEHIND: AtomicUsize = AtomicUsize::new(0);
    if LEFT_BEHIND.load(Ordering::Relaxed) >= MOST_LEFT_BEHIND {
        return None;
    }
    let (tell, told) = mpsc::channel();
    // Set by who is first: the thread when it has looked, or the caller when it gives up.
    let is_over = Arc::new(AtomicBool::new(false));
    let thread_is_over = is_over.clone();
    let spawned = thread::Builder::new().spawn(move || {
        // Nobody may be listening any more.
        let _ = tell.send(look());
        if thread_is_over.swap(true, Ordering::Relaxed) {
            LEFT_BEHIND.fetch_sub(1, Ordering::Relaxed);
        }
    });
    spawned.ok()?;
    match told.recv_timeout(patience) {
        Ok(answer) => Some(answer),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            LEFT_BEHIND.fetch_add(1, Ordering::Relaxed);
            if !is_over.swap(true, Ordering::Relaxed) {
                return None;
            }
            // It has looked just now.
            LEFT_BEHIND.fetch_sub(1, Ordering::Relaxed);
            told.try_recv().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;

    use super::{MOST_LEFT_BEHIND, answer_within};

    #[test]
    fn what_does_not_answer_is_waited_for_only_so_long_and_so_often() {
        let patience = Duration::from_millis(10);
        let (let_go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        for _ in 0..2 * MOST_LEFT_BEHIND {
            let wait = wait.clone();
            let stuck = answer_within(patience, move || wait.lock().map(|it| it.recv()).is_ok());
            assert_eq!(stuck, None);
        }
        drop(let_go);
        let deadline = crate::deadline::Deadline::after(Duration::from_secs(20));
        let answer = deadline.poll(|| Ok::<_, ()>(answer_within(patience, || 7)));
        assert_eq!(answer, Ok(Some(7)));
    }
}
