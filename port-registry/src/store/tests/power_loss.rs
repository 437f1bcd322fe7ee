//! Power failures at every sync, rename and removal of a file.
//!
//! A random workload runs on the real library, and its changes are applied to a [`SimulatedDisk`]. At each of
//! these points the test opens several images of the surviving data. All answered requests must be there, the
//! current one as a whole or not at all, and everything must work. Then the next workload goes on from one of the
//! images, or from a point at which the process was killed.
//!
//! `PORT_REGISTRY_SOAK` multiplies the number of workloads.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;

use fastrand::Rng;

use super::disk::{SimulatedDisk, Survivors, SyncBehaviour};
use super::fixtures::{claim, open, report, scratch, soak, try_open};
use crate::store::disk::witness::{self, DiskChange};
use crate::{
    Allocation, AllocationId, Answer, Atomicity, Error, Filter, Move, Port, Registry, Request,
};

/// The path of the store, whose folders have to be created too.
const STORE: &str = "home/.port-registry/ports.redb";

/// The images that are tested at each failure point.
const LOSSES: [Survivors; 6] = [
    Survivors::Everything,
    Survivors::Nothing,
    Survivors::Percent(10),
    Survivors::Percent(50),
    Survivors::Percent(50),
    Survivors::Percent(90),
];

/// The stored rows and the next id.
#[derive(Clone, Debug, PartialEq)]
struct RegistryState {
    rows: Vec<Allocation>,
    next_id: u64,
}

impl RegistryState {
    fn new() -> RegistryState {
        RegistryState {
            rows: Vec::new(),
            next_id: 1,
        }
    }
}

/// A step of the workload.
#[derive(Clone, Debug)]
enum WorkloadStep {
    Apply(Vec<Request>),
    TryWrite,
    Reopen,
    /// Goes on with the other of two handles.
    Swap,
}

/// A point at which the power may fail or the process may be killed.
struct FailurePoint {
    disk: SimulatedDisk,
    /// The number of requests that had been answered.
    answers: usize,
}

/// The changes that were observed so far.
struct DiskRecording {
    disk: SimulatedDisk,
    answers: usize,
    failure_points: Vec<FailurePoint>,
}

impl DiskRecording {
    fn see(&mut self, change: &DiskChange<'_>) {
        if matches!(
            change,
            DiskChange::Sync(_)
                | DiskChange::SyncFolder(_)
                | DiskChange::Rename(..)
                | DiskChange::Remove(_)
        ) {
            self.mark();
        }
        self.disk.make(change);
    }

    fn mark(&mut self) {
        self.failure_points.push(FailurePoint {
            disk: self.disk.clone(),
            answers: self.answers,
        });
    }

    fn mark_answer(&mut self) {
        self.answers += 1;
        self.mark();
    }
}

/// The result of a workload.
struct WorkloadRun {
    failure_points: Vec<FailurePoint>,
    /// The possible states before the first answer.
    before: Vec<RegistryState>,
    /// The state after each answer.
    states: Vec<RegistryState>,
}

impl WorkloadRun {
    /// Runs a random workload on a store whose folder is mirrored by the disk.
    fn of(
        root: &Path,
        disk: SimulatedDisk,
        before: Vec<RegistryState>,
        steps: u64,
        random: &mut Rng,
    ) -> WorkloadRun {
        let recording = Rc::new(RefCell::new(DiskRecording {
            disk,
            answers: 0,
            failure_points: Vec::new(),
        }));
        let seen_by = recording.clone();
        let witness = move |change: &DiskChange<'_>| {
            seen_by.borrow_mut().see(change);
            Ok(())
        };
        let mut states = Vec::new();
        witness::during(witness, || {
            let path = root.join(STORE);
            let mut handles = [open(&path), open(&path)];
            // Data that was read once must survive, even if its commit was never answered.
            states.push(found_by(&handles[0], &before).unwrap().clone());
            recording.borrow_mut().mark_answer();
            for _ in 0..steps {
                let mut next_id = states.last().unwrap().next_id;
                match step(random) {
                    WorkloadStep::Apply(requests) => {
                        let answers = handles[0].apply(&requests, Atomicity::Each).unwrap();
                        let ids = answers.iter().flatten().filter_map(|answer| match answer {
                            Answer::Allocated(allocation) | Answer::Moved(allocation) => {
                                Some(allocation.id.get() + 1)
                            }
                            _ => None,
                        });
                        next_id = ids.fold(next_id, u64::max);
                    }
                    WorkloadStep::TryWrite => handles[0].try_write().unwrap(),
                    WorkloadStep::Reopen => handles[0] = open(&path),
                    WorkloadStep::Swap => handles.swap(0, 1),
                }
                let rows = handles[0].list(&Filter::new()).unwrap();
                states.push(RegistryState { rows, next_id });
                recording.borrow_mut().mark_answer();
            }
        });
        let mut recording = recording.borrow_mut();
        recording.mark();
        WorkloadRun {
            failure_points: std::mem::take(&mut recording.failure_points),
            before,
            states,
        }
    }

    /// Returns the possible states after a failure: that of the last answer, and that of the request under way.
    fn possible(&self, point: &FailurePoint) -> &[RegistryState] {
        match point.answers {
            0 => &self.before,
            answers => &self.states[answers - 1..self.states.len().min(answers + 1)],
        }
    }

    /// Checks images of each failure point. Returns their number and their problems.
    fn check_images(&self, losses: &[Survivors], random: &mut Rng) -> (u32, Vec<String>) {
        let mut images = 0;
        let mut failures = Vec::new();
        for point in &self.failure_points {
            for &survivors in losses {
                let folder = scratch();
                point
                    .disk
                    .after_power_loss(survivors, random)
                    .write_to(folder.path());
                images += 1;
                if let Err(failure) = check(folder.path(), self.possible(point)) {
                    failures.push(format!("{survivors:?}: {failure}"));
                }
            }
        }
        (images, failures)
    }
}

/// Opens an image, which must be in one of the possible states, and works with it.
fn check(root: &Path, possible: &[RegistryState]) -> Result<(), Box<dyn std::error::Error>> {
    let path = root.join(STORE);
    // Opening it repairs it, and it is closed without another commit.
    let first = try_open(&path)?;
    let found = found_by(&first, possible)?;
    drop(first);
    let registry = try_open(&path)?;
    found_by(&registry, std::slice::from_ref(found))?;
    registry.verify()?;
    let allocated = registry.allocate(claim("one more"))?;
    if found.next_id != allocated.id.get() {
        return Err(format!("id {} after {found:?}", allocated.id).into());
    }
    let others = try_open(&path)?;
    others.verify()?;
    let listed = others.list(&Filter::new())?;
    if listed.len() != found.rows.len() + 1 {
        return Err(format!("{listed:?} after {allocated:?}").into());
    }
    Ok(())
}

/// Returns the state that a registry is in, according to its list.
fn found_by<'a>(
    registry: &Registry,
    possible: &'a [RegistryState],
) -> Result<&'a RegistryState, Box<dyn std::error::Error>> {
    let rows = registry.list(&Filter::new())?;
    let found = possible.iter().find(|state| state.rows == rows);
    found.ok_or_else(|| format!("found {rows:?}, expected one of {possible:?}").into())
}

/// Runs workloads one after the other, each on the data that the last one left after a failure.
fn run_generations(seed: u64, generations: u32, syncs: SyncBehaviour) -> (u32, Vec<String>) {
    let mut random = Rng::with_seed(seed);
    let mut folder = scratch();
    let mut disk = SimulatedDisk::of(folder.path(), syncs);
    let mut possible = vec![RegistryState::new()];
    let mut all_images = 0;
    for generation in 0..generations {
        let steps = 4 + random.u64(..8);
        let run = WorkloadRun::of(folder.path(), disk, possible, steps, &mut random);
        let (images, failures) = run.check_images(&LOSSES, &mut random);
        all_images += images;
        if !failures.is_empty() {
            let failures = failures.into_iter();
            let failures = failures.map(|it| format!("seed {seed}, generation {generation}: {it}"));
            return (all_images, failures.collect());
        }
        let point = &run.failure_points[random.usize(..run.failure_points.len())];
        let next = scratch();
        disk = if random.u64(..2) == 0 {
            let left = *random.choice(&LOSSES).unwrap();
            let image = point.disk.after_power_loss(left, &mut random);
            image.write_to(next.path());
            SimulatedDisk::of(next.path(), syncs)
        } else {
            point.disk.copy_to(next.path())
        };
        possible = run.possible(point).to_vec();
        folder = next;
    }
    (all_images, Vec::new())
}

fn step(random: &mut Rng) -> WorkloadStep {
    match random.u64(..12) {
        0 => WorkloadStep::Reopen,
        1 => WorkloadStep::Swap,
        2 => WorkloadStep::TryWrite,
        3 => {
            let count = 1 + random.u64(..20);
            let mut requests: Vec<_> = (0..count).map(|_| request(random)).collect();
            // Nothing is released that was allocated in the same step, so that the rows show the next id.
            requests.sort_by_key(|request| !matches!(request, Request::ReleaseMatching(_)));
            WorkloadStep::Apply(requests)
        }
        _ => WorkloadStep::Apply(vec![request(random)]),
    }
}

fn request(random: &mut Rng) -> Request {
    let service = format!("service-{}", random.u64(..30));
    let claim = claim(&service);
    let long = "x".repeat(random.usize(..900));
    match random.u64(..10) {
        0..=3 => Request::Allocate(claim),
        4 => Request::Allocate(claim.with_dir(format!("/checkout/{long}")).unwrap()),
        5 => Request::Allocate(claim.with_port(port(random))),
        6 => Request::GetOrAllocate(claim.with_dir(format!("/checkout/{long}")).unwrap()),
        7 => Request::Move(Move::new(AllocationId::new(1 + random.u64(..60)).unwrap())),
        8 => Request::ReleaseMatching(Filter::new().with_service(service)),
        _ => Request::ReleaseMatching(Filter::new().with_port(port(random))),
    }
}

fn port(random: &mut Rng) -> Port {
    Port::new(3000 + random.u16(..40)).unwrap()
}

#[test]
fn answered_requests_survive_a_power_failure_at_any_point() {
    let mut images = 0;
    for seed in 0..u64::from(soak()) {
        let (checked, failures) = run_generations(seed, 3, SyncBehaviour::Correct);
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        images += checked;
    }
    report(&format!("{images} images of a disk after a power failure"));
    assert!(images > 500, "{images}");
}

#[test]
fn requests_answered_after_the_creator_was_killed_survive_a_power_failure() {
    let mut random = Rng::with_seed(1);
    let folder = scratch();
    let disk = SimulatedDisk::of(folder.path(), SyncBehaviour::Correct);
    let creation = WorkloadRun::of(
        folder.path(),
        disk,
        vec![RegistryState::new()],
        1,
        &mut random,
    );
    let failure_points = creation.failure_points.iter().filter(|it| it.answers < 2);
    for (number, point) in failure_points.enumerate() {
        let next = scratch();
        let disk = point.disk.copy_to(next.path());
        let possible = creation.possible(point).to_vec();
        let run = WorkloadRun::of(next.path(), disk, possible, 1, &mut random);
        let (_, failures) = run.check_images(&[Survivors::Nothing], &mut random);
        assert!(failures.is_empty(), "{number}: {}", failures.join("\n"));
    }
}

/// Allocates three ports while the sync with this index fails. Returns the answers, the rows before and after a power
/// failure, and `false` if there were fewer syncs.
fn allocate_with_failing_sync(
    at: u32,
) -> (Vec<Result<Allocation, Error>>, [Vec<Allocation>; 2], bool) {
    let folder = scratch();
    let path = folder.path().join(STORE);
    let disk = Rc::new(RefCell::new(SimulatedDisk::of(
        folder.path(),
        SyncBehaviour::Correct,
    )));
    let syncs = Rc::new(Cell::new(0));
    let (written_to, counted_by) = (disk.clone(), syncs.clone());
    let witness = move |change: &DiskChange<'_>| {
        if let DiskChange::Sync(file) = change {
            counted_by.set(counted_by.get() + 1);
            if counted_by.get() == at + 1 {
                written_to.borrow_mut().fail_sync(*file);
                return Err(io::Error::from(io::ErrorKind::Other));
            }
        }
        written_to.borrow_mut().make(change);
        Ok(())
    };
    let listed = |registry: &Registry| registry.list(&Filter::new()).unwrap();
    let (answers, stored) = witness::during(witness, || {
        let registry = open(&path);
        let answers = ["web", "api", "db"].map(|service| registry.allocate(claim(service)));
        (answers.into(), listed(&registry))
    });
    let left = scratch();
    let image = disk
        .borrow()
        .after_power_loss(Survivors::Nothing, &mut Rng::with_seed(0));
    image.write_to(left.path());
    let found = listed(&open(&left.path().join(STORE)));
    (answers, [stored, found], syncs.get() > at)
}

#[test]
fn requests_answered_after_a_failed_sync_survive_a_power_failure() {
    let mut failures = 0;
    for at in 0.. {
        let (answers, [stored, found], is_met) = allocate_with_failing_sync(at);
        let acknowledged: Vec<_> = answers.iter().flatten().cloned().collect();
        assert_eq!(stored, acknowledged, "sync {at}: {answers:?}");
        assert_eq!(found, acknowledged, "sync {at}: {answers:?}");
        failures += answers.len() - acknowledged.len();
        if !is_met {
            break;
        }
    }
    assert!(failures > 0);
}

#[test]
fn a_disk_that_does_not_sync_is_noticed() {
    for syncs in [SyncBehaviour::IgnoresFiles, SyncBehaviour::IgnoresFolders] {
        let (_, failures) = run_generations(0, 1, syncs);
        assert!(!failures.is_empty(), "{syncs:?}");
    }
}
