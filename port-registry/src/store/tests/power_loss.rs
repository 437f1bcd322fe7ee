//! Power failures at every sync, rename and removal of a file.
//!
//! A random workload runs on the real library, and its changes are applied to a [`SimulatedDisk`]. At each of
//! these points the test opens several images of the surviving data. All answered requests must be there, the
//! current one as a whole or not at all, and everything must work. Then the next workload goes on from one of the
//! images, or from a point at which the process was killed.
//!
//! `PORT_REGISTRY_SOAK` multiplies the number of workloads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread;

use fastrand::Rng;

use super::disk::{SimulatedDisk, Survivors, SyncBehaviour};
use super::fixtures::{claim, open, report, scratch, soak, try_open};
use crate::store::boot;
use crate::store::deviation::{self, Deviation};
use crate::store::disk::witness::{self, DiskChange};
use crate::store::fault::{self, Access};
use crate::store::files::StoreFiles;
use crate::store::journal::file::JournalFile;
use crate::store::mark::MarkReader;
use crate::{
    Allocation, AllocationId, Atomicity, Error, Filter, Move, Port, Registry, Request, Timestamp,
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

    /// Returns the state with these rows, after one with this next id. New allocations are among the rows.
    fn of(rows: Vec<Allocation>, before: u64) -> RegistryState {
        let last_id = rows.last().map_or(0, |row| row.id.get());
        RegistryState {
            rows,
            next_id: before.max(last_id + 1),
        }
    }
}

/// Returns the rows without their times, because a request may be repeated in another second.
fn listed(registry: &Registry) -> Vec<Allocation> {
    without_times(registry.list(&Filter::new()).unwrap())
}

fn without_times(mut rows: Vec<Allocation>) -> Vec<Allocation> {
    for row in &mut rows {
        row.created_at = Timestamp::from_unix_seconds(0).unwrap();
    }
    rows
}

/// A step of the workload.
#[derive(Clone, Debug)]
enum WorkloadStep {
    Apply(Vec<Request>),
    ApplyWithFault(Vec<Request>, DiskFault),
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
    /// The rows that others read at this point.
    seen: Vec<Allocation>,
}

/// A fault that prevents changes to the disk.
#[derive(Clone, Copy, Debug)]
struct DiskFault {
    /// The number of changes before it.
    after: u32,
    kind: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultKind {
    /// The disk fails once.
    Transient,
    /// The disk fails until the end of the step.
    Lasting,
    /// The process is killed.
    Kill,
    /// A sync fails, and the process is killed before it can react.
    KillAfterFailedSync,
}

/// The changes that were observed so far.
struct DiskRecording {
    disk: SimulatedDisk,
    answers: usize,
    failure_points: Vec<FailurePoint>,
    fault: Option<DiskFault>,
    is_killed: bool,
    path: PathBuf,
    /// Reads all the time, as another process does.
    observer: Registry,
}

impl DiskRecording {
    fn see(&mut self, change: &DiskChange<'_>) -> io::Result<()> {
        if matches!(
            change,
            DiskChange::Sync(_)
                | DiskChange::SyncFolder(_)
                | DiskChange::Rename(..)
                | DiskChange::Remove(_)
        ) {
            self.mark();
        } else {
            self.observe();
        }
        let is_refusable = !matches!(change, DiskChange::Created(..));
        match (self.next_fault().filter(|_| is_refusable), change) {
            (None, _) => {
                self.disk.make(change);
                return Ok(());
            }
            (Some(FaultKind::Kill), _) => return Err(witness::killed()),
            (Some(FaultKind::KillAfterFailedSync), _) => {
                if let DiskChange::Sync(file) = change {
                    self.disk.fail_sync(*file);
                }
                return Err(witness::killed());
            }
            (Some(_), DiskChange::Sync(file)) => self.disk.fail_sync(*file),
            // A part may have been written.
            (Some(_), DiskChange::Write(file, offset, data)) => {
                let part = &data[..data.len() / 2];
                self.disk.make(&DiskChange::Write(*file, *offset, part));
            }
            (Some(_), _) => {}
        }
        Err(io::Error::from(io::ErrorKind::Other))
    }

    /// Returns the fault that the next change meets.
    fn next_fault(&mut self) -> Option<FaultKind> {
        let fault = self.fault.as_mut()?;
        let kind = fault.kind;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        match kind {
            FaultKind::Transient => self.fault = None,
            FaultKind::Lasting => {}
            FaultKind::Kill | FaultKind::KillAfterFailedSync => {
                fault.kind = FaultKind::Kill;
                self.is_killed = true;
            }
        }
        Some(kind)
    }

    /// Returns the state that requests lead to on a disk without faults.
    fn state_after(&self, requests: &[Request]) -> RegistryState {
        let folder = scratch();
        self.disk.copy_to(folder.path());
        let registry = open(&folder.path().join(STORE));
        let before = listed(&registry).last().map_or(0, |row| row.id.get()) + 1;
        // The changes of this thread are those of the workload.
        let applied = || registry.apply(requests, Atomicity::Each).map(drop);
        thread::scope(|scope| scope.spawn(applied).join().unwrap()).unwrap();
        RegistryState::of(listed(&registry), before)
    }

    /// Returns the rows that others read now. They wait for nobody, wherever the writer is.
    fn observe(&self) -> Vec<Allocation> {
        let seen = listed(&self.observer);
        assert_eq!(listed(&open(&self.path)), seen, "read by opening the files");
        seen
    }

    fn mark(&mut self) {
        self.failure_points.push(FailurePoint {
            disk: self.disk.clone(),
            answers: self.answers,
            seen: self.observe(),
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
    /// The states that each step could have led to without a fault, by the number of answers before it.
    without_faults: BTreeMap<usize, Vec<RegistryState>>,
    /// The disk at the end.
    disk: SimulatedDisk,
}

impl WorkloadRun {
    /// Runs a random workload on a store whose folder is mirrored by the disk, until its end or until it is killed after
    /// so many changes.
    fn of(
        root: &Path,
        disk: SimulatedDisk,
        before: Vec<RegistryState>,
        steps: u64,
        kill: Option<u32>,
        random: &mut Rng,
    ) -> WorkloadRun {
        let path = root.join(STORE);
        let recording = Rc::new(RefCell::new(DiskRecording {
            disk,
            answers: 0,
            failure_points: Vec::new(),
            fault: kill.map(|after| DiskFault {
                after,
                kind: match after % 2 {
                    0 => FaultKind::Kill,
                    _ => FaultKind::KillAfterFailedSync,
                },
            }),
            is_killed: false,
            observer: open(&path),
            path: path.clone(),
        }));
        let seen_by = recording.clone();
        let witness = move |change: &DiskChange<'_>| seen_by.borrow_mut().see(change);
        let mut states: Vec<RegistryState> = Vec::new();
        // The first step takes over what a killed process has left.
        let mut without_faults = BTreeMap::from([(1, before.clone())]);
        witness::during(witness, || {
            let mut handles = [open(&path), open(&path)];
            // Data that was read once must survive, even if its commit was never answered.
            states.push(found_by(&handles[0], &before).unwrap().clone());
            recording.borrow_mut().mark_answer();
            for number in 0..steps {
                let step = match step(random) {
                    _ if number == 0 => WorkloadStep::TryWrite,
                    WorkloadStep::ApplyWithFault(requests, _) if kill.is_some() => {
                        WorkloadStep::Apply(requests)
                    }
                    step => step,
                };
                if let WorkloadStep::Apply(requests) | WorkloadStep::ApplyWithFault(requests, _) =
                    &step
                {
                    let state = recording.borrow().state_after(requests);
                    without_faults.insert(states.len(), vec![state]);
                }
                let is_done = match step {
                    WorkloadStep::Apply(requests) => {
                        handles[0].apply(&requests, Atomicity::Each).is_ok()
                    }
                    WorkloadStep::ApplyWithFault(requests, fault) => {
                        recording.borrow_mut().fault = Some(fault);
                        let _ = handles[0].apply(&requests, Atomicity::Each);
                        recording.borrow_mut().fault = None;
                        // The next writer decides about the outcome if it is unknown.
                        handles[random.usize(..2)].try_write().is_ok()
                    }
                    WorkloadStep::TryWrite => handles[0].try_write().is_ok(),
                    WorkloadStep::Reopen => {
                        handles[0] = open(&path);
                        true
                    }
                    WorkloadStep::Swap => {
                        handles.swap(0, 1);
                        true
                    }
                };
                if recording.borrow().is_killed {
                    break;
                }
                assert!(is_done, "a request failed on an intact disk");
                let before = states.last().unwrap().next_id;
                states.push(RegistryState::of(listed(&handles[0]), before));
                recording.borrow_mut().mark_answer();
            }
        });
        let mut recording = recording.borrow_mut();
        recording.mark();
        WorkloadRun {
            failure_points: std::mem::take(&mut recording.failure_points),
            before,
            states,
            without_faults,
            disk: recording.disk.clone(),
        }
    }

    /// Returns the possible states after a failure: that of the last answer, and that of the request under way, as it was
    /// answered or as it would have been without a fault. Data that others have read must not be lost.
    fn possible(&self, point: &FailurePoint) -> Vec<RegistryState> {
        let answers = point.answers;
        let answered = match answers {
            0 => &self.before[..],
            _ => &self.states[answers - 1..self.states.len().min(answers + 1)],
        };
        let fault_free = self.without_faults.get(&answers).into_iter().flatten();
        let seen = answered.iter().position(|state| state.rows == point.seen);
        match seen {
            Some(0) => answered.iter().chain(fault_free).cloned().collect(),
            Some(seen) => answered[seen..].to_vec(),
            None => {
                // The process was killed after the commit and before the answer.
                let mut committed = fault_free.filter(|state| state.rows == point.seen);
                let committed = committed.next().filter(|_| answered.len() == 1);
                vec![
                    committed
                        .unwrap_or_else(|| panic!("{:?} was read", point.seen))
                        .clone(),
                ]
            }
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
                let check = || check(folder.path(), &self.possible(point));
                if let Err(failure) = boot::simulated::rebooted(check) {
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
    let registry = try_open(&path)?;
    let found = found_by(&registry, possible)?;
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
    let rows = listed(registry);
    let found = possible.iter().find(|state| state.rows == rows);
    found.ok_or_else(|| format!("found {rows:?}, expected one of {possible:?}").into())
}

/// Runs workloads one after the other, each on the data that the last one left after a failure.
fn run_generations(
    seed: u64,
    generations: u32,
    syncs: SyncBehaviour,
    losses: &[Survivors],
) -> (u32, Vec<String>) {
    let mut random = Rng::with_seed(seed);
    let mut folder = scratch();
    let mut disk = SimulatedDisk::of(folder.path(), syncs);
    let mut possible = vec![RegistryState::new()];
    let mut all_images = 0;
    for generation in 0..generations {
        let steps = 5 + random.u64(..8);
        let kill = random.bool().then(|| random.u32(..100));
        let run = WorkloadRun::of(folder.path(), disk, possible, steps, kill, &mut random);
        let (images, failures) = run.check_images(losses, &mut random);
        all_images += images;
        if !failures.is_empty() {
            let failures = failures.into_iter();
            let failures = failures.map(|it| format!("seed {seed}, generation {generation}: {it}"));
            return (all_images, failures.collect());
        }
        // Nothing is lost or synced by the end of a process.
        if kill.is_some() {
            possible = run.possible(run.failure_points.last().unwrap());
            disk = run.disk;
            continue;
        }
        let point = &run.failure_points[random.usize(..run.failure_points.len())];
        possible = run.possible(point);
        let next = scratch();
        let left = *random.choice(&LOSSES).unwrap();
        let image = point.disk.after_power_loss(left, &mut random);
        image.write_to(next.path());
        boot::simulated::boot_again();
        disk = SimulatedDisk::of(next.path(), syncs);
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
        4..=5 => {
            let fault = DiskFault {
                after: random.u32(..12),
                kind: *random
                    .choice(&[FaultKind::Transient, FaultKind::Lasting])
                    .unwrap(),
            };
            WorkloadStep::ApplyWithFault(vec![request(random)], fault)
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
        let (checked, failures) = run_generations(seed, 3, SyncBehaviour::Correct, &LOSSES);
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
        2,
        None,
        &mut random,
    );
    let failure_points = creation.failure_points.iter().filter(|it| it.answers < 2);
    for (number, point) in failure_points.enumerate() {
        let next = scratch();
        let disk = point.disk.copy_to(next.path());
        let possible = creation.possible(point);
        let run = WorkloadRun::of(next.path(), disk, possible, 2, None, &mut random);
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
        let acknowledged = without_times(answers.iter().flatten().cloned().collect());
        assert_eq!(stored, acknowledged, "sync {at}: {answers:?}");
        assert_eq!(found, acknowledged, "sync {at}: {answers:?}");
        failures += answers.len() - acknowledged.len();
        if !is_met {
            break;
        }
    }
    assert!(failures > 0);
}

/// Runs workloads until one fails, and returns `true` if one does. A panic of an observer counts too.
fn is_noticed(syncs: SyncBehaviour, deviation: Option<Deviation>) -> bool {
    let losses = [Survivors::Nothing];
    (0..100).any(|seed| {
        let run =
            || deviation::made::during(deviation, || run_generations(seed, 4, syncs, &losses));
        let failed = fault::catch_panic(run).is_none_or(|(_, failures)| !failures.is_empty());
        deviation::made::during(None, || failed)
    })
}

#[test]
fn disks_that_do_not_sync_and_deviations_from_the_protocol_are_noticed() {
    assert!(is_noticed(SyncBehaviour::IgnoresFiles, None));
    assert!(is_noticed(SyncBehaviour::IgnoresFolders, None));
    for deviation in [
        Deviation::MarkBeforeSync,
        Deviation::MergeUnacknowledged,
        Deviation::AdoptWithoutWriting,
    ] {
        assert!(
            is_noticed(SyncBehaviour::Correct, Some(deviation)),
            "{deviation:?}"
        );
    }
}

#[test]
fn undoing_a_record_that_another_writer_has_adopted_is_noticed() {
    let folder = scratch();
    let path = folder.path().join("ports.redb");
    let [one, other] = [open(&path), open(&path)];
    // So many that the journal is new.
    for service in ["web", "db", "cache"] {
        one.allocate(claim(service)).unwrap();
    }
    let files = StoreFiles::at(&path);
    let end = MarkReader::default()
        .read(&files.lock)
        .unwrap()
        .current()
        .unwrap()
        .end;
    let is_sync = |change: &DiskChange<'_>| matches!(change, DiskChange::Sync(_));
    let killed = Cell::new(false);
    let kill = move |change: &DiskChange<'_>| {
        killed.set(killed.get() || is_sync(change));
        if killed.get() {
            Err(witness::killed())
        } else {
            Ok(())
        }
    };
    witness::during(kill, || one.allocate(claim("api"))).unwrap_err();
    assert_eq!(listed(&other).len(), 3, "the record is not acknowledged");
    other.try_write().unwrap();
    assert_eq!(listed(&other).len(), 4, "it was adopted");

    let journal = JournalFile::open(&files.journal, Access::ReadWrite).unwrap();
    journal.unwrap().erase(end, 8).unwrap();
    let read = try_open(&path).map(drop);
    assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
}
