//! The system's answers about ports and folders, cached while a batch of requests is planned.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::assignment_order::AssignmentOrder;
use crate::checkout::compare::{self, CheckoutMatch};
use crate::error::Error;
use crate::system::probe::{Probe, Verdict};
use crate::types::port::Port;

/// A probe that takes longer is the last one of a write phase. It usually takes 10 us, but 50 ms if a firewall drops
/// the packets of a connection.
const SLOW_PROBE: Duration = Duration::from_millis(5);

/// The number of other ports that are probed to find out if this process may bind none.
const MAX_OTHERS: usize = 16;

/// Probes ports and compares folders, and caches the results for the duration of one call.
#[derive(Debug)]
pub(super) struct ProbeCache<'a> {
    probe: &'a dyn Probe,
    /// Errors are cached too, because a batch is planned again until all it needs is cached.
    ports: HashMap<Port, io::Result<Verdict>>,
    /// The claimed and the recorded folder of each comparison.
    folders: HashMap<(PathBuf, PathBuf), CheckoutMatch>,
    /// A comparison that the write phase had no time for. It is made before the next phase, because a snapshot may
    /// not lead to it: perhaps only an earlier request of the batch records the folder.
    deferred: Option<(PathBuf, PathBuf)>,
    phase: PlanningPhase,
    /// The number of ports that may still be probed in this phase.
    probes_left: usize,
    /// The ports that earlier requests of the batch name, or prefer and get.
    reserved: HashSet<Port>,
    /// The last port that the search for the best free port has given to a request of the batch.
    searched_to: Option<Port>,
}

/// The phase that plans are made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanningPhase {
    /// On a snapshot, which does not change.
    Read,
    /// In a write transaction, in which plans are carried out one after the other.
    Write,
}

impl PlanningPhase {
    /// The maximum number of probes.
    ///
    /// In the write phase 64 probes take some 0.5 ms, as long as a commit, while nobody else can write. They are
    /// needed only for ports that were allocated since the read phase, and for requests that joined later.
    fn max_probes(self) -> usize {
        match self {
            PlanningPhase::Read => 4096,
            PlanningPhase::Write => 64,
        }
    }
}

impl<'a> ProbeCache<'a> {
    pub(super) fn new(probe: &'a dyn Probe) -> ProbeCache<'a> {
        ProbeCache {
            probe,
            ports: HashMap::new(),
            folders: HashMap::new(),
            deferred: None,
            phase: PlanningPhase::Read,
            probes_left: 0,
            reserved: HashSet::new(),
            searched_to: None,
        }
    }

    /// Begins a phase, in which the batch is planned from its first request.
    pub(super) fn begin(&mut self, phase: PlanningPhase) {
        if let Some((claimed, recorded)) = self.deferred.take() {
            let found = compare::compare(&claimed, &recorded);
            self.folders.insert((claimed, recorded), found);
        }
        self.phase = phase;
        self.probes_left = phase.max_probes();
        self.reserved.clear();
        self.searched_to = None;
    }

    /// Reserves the port for a request of the batch until the next phase. `wanted` is the port that the request
    /// names or prefers.
    ///
    /// This is a forecast, so that the write phase needs few probes. It takes all better ports than a searched one for
    /// unavailable, although the request may only have avoided them.
    pub(super) fn reserve(&mut self, wanted: Option<Port>, port: Port) {
        if wanted == Some(port) {
            self.reserved.insert(port);
        } else {
            self.searched_to = Some(port);
        }
    }

    pub(super) fn searched_to(&self) -> Option<Port> {
        self.searched_to
    }

    pub(super) fn is_reserved(&self, port: Port) -> bool {
        self.reserved.contains(&port)
    }

    /// Probes a port. Returns `None` if this phase allows no more probes.
    pub(super) fn verdict(&mut self, port: Port) -> Result<Option<Verdict>, Error> {
        let probed = match self.ports.entry(port) {
            Entry::Occupied(cached) => cached.into_mut(),
            Entry::Vacant(_) if self.probes_left == 0 => return Ok(None),
            Entry::Vacant(vacant) => {
                self.probes_left -= 1;
                let begin = Instant::now();
                let probed = vacant.insert(self.probe.probe(port));
                if self.phase == PlanningPhase::Write && begin.elapsed() >= SLOW_PROBE {
                    self.probes_left = 0;
                }
                probed
            }
        };
        match probed {
            Ok(verdict) => Ok(Some(*verdict)),
            Err(error) => Err(Error::of_probe(port, copy_error(error))),
        }
    }

    /// Probes a port that a request names, like [`verdict`](Self::verdict).
    ///
    /// A sandbox may allow some ports, and neither this one nor one that the system chooses. The best other port that is not
    /// in use then decides if this process may bind none at all.
    pub(super) fn verdict_of_named(
        &mut self,
        port: Port,
        order: &AssignmentOrder,
    ) -> Result<Option<Verdict>, Error> {
        let refused = match self.verdict(port) {
            Err(error @ Error::MayNotBind { .. }) => error,
            verdict => return verdict,
        };
        let others = order.ports().filter(|it| *it != port);
        for other in others.take(MAX_OTHERS) {
            match self.verdict(other) {
                Ok(Some(Verdict::Free | Verdict::Denied)) => return Ok(Some(Verdict::Denied)),
                // It may have been found without binding it.
                Ok(Some(Verdict::Busy)) => {}
                Ok(None) => return Ok(None),
                Err(_) => break,
            }
        }
        Err(refused)
    }

    /// Compares the folder of a claim with the recorded one. Returns `None` if the result is not cached in the write
    /// phase, because a file system may be slow to respond.
    pub(super) fn compare(&mut self, claimed: &Path, recorded: &Path) -> Option<CheckoutMatch> {
        let pair = (claimed.to_owned(), recorded.to_owned());
        if let Some(&cached) = self.folders.get(&pair) {
            return Some(cached);
        }
        if self.phase == PlanningPhase::Write {
            self.deferred = Some(pair);
            return None;
        }
        let found = compare::compare(claimed, recorded);
        self.folders.insert(pair, found);
        Some(found)
    }
}

fn copy_error(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{PlanningPhase, ProbeCache, SLOW_PROBE};
    use crate::system::probe::Verdict;
    use crate::types::port::Port;

    #[test]
    fn a_slow_probe_is_the_last_one_of_a_write_phase() {
        let probe = |_: Port| {
            thread::sleep(SLOW_PROBE);
            Ok(Verdict::Free)
        };
        let mut cache = ProbeCache::new(&probe);
        let mut verdict = |phase, numbers: [u16; 2]| {
            cache.begin(phase);
            numbers.map(|number| cache.verdict(Port::new(number).unwrap()).unwrap())
        };
        let free = Some(Verdict::Free);
        assert_eq!(verdict(PlanningPhase::Read, [1, 2]), [free, free]);
        assert_eq!(verdict(PlanningPhase::Write, [3, 4]), [free, None]);
        assert_eq!(verdict(PlanningPhase::Write, [3, 4]), [free, free]);
    }
}
