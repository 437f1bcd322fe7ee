//! What the system says while a batch of requests is planned.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::io;

use crate::allocate::request::Claim;
use crate::checkout::compare::{self, Recorded};
use crate::error::Error;
use crate::port::Port;
use crate::system::probe::{Probe, Verdict};

/// Asks the system about ports and folders, and remembers what it said for the length of one call.
#[derive(Debug)]
pub(crate) struct Scout<'a> {
    probe: &'a dyn Probe,
    /// What it failed with is remembered too: a batch is tried again until all that it needs is known.
    ports: HashMap<Port, io::Result<Verdict>>,
    /// What the second folder of a pair is to the first.
    folders: HashMap<(String, String), Recorded>,
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
            folders: HashMap::new(),
            open_question: None,
            step: Step::Look,
            probes_left: 0,
            spoken_for: HashSet::new(),
            searched_to: None,
        }
    }

    pub(crate) fn begin(&mut self, step: Step) {
        if let Some((wanted, held)) = self.open_question.take() {
            let recorded = compare::compare(&wanted, &held);
            self.folders.insert((wanted, held), recorded);
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
        let said = match self.ports.entry(port) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if self.probes_left == 0 => return Ok(None),
            Entry::Vacant(unknown) => {
                self.probes_left -= 1;
                unknown.insert(self.probe.probe(port))
            }
        };
        match said {
            Ok(verdict) => Ok(Some(*verdict)),
            Err(cause) => Err(Error::Probe {
                port,
                cause: copy(cause),
            }),
        }
    }

    /// What the folder `held` is to one who comes from `wanted`. `None` when that is not known and
    /// cannot be found out in this step: a file system may be slow to answer.
    pub(crate) fn compare(&mut self, wanted: &str, held: &str) -> Option<Recorded> {
        let pair = (wanted.to_owned(), held.to_owned());
        if let Some(&known) = self.folders.get(&pair) {
            return Some(known);
        }
        if self.step == Step::Write {
            self.open_question = Some(pair);
            return None;
        }
        let recorded = compare::compare(wanted, held);
        self.folders.insert(pair, recorded);
        Some(recorded)
    }
}

fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
