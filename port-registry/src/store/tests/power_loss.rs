//! The power fails at every point at which the disk is told to sync, or a file is renamed or removed.
//!
//! A random workload runs on the real library, which tells the simulated [`Disk`] each change that it
//! makes. At each such point the disk is asked several times what would be left, and what it says is
//! opened: all that was answered before must be there, of what was under way all or nothing, and
//! everything must work. Then the next workload goes on from one of these images, or from where a
//! process was killed.
//!
//! `PORT_REGISTRY_SOAK` multiplies the number of workloads.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;

use super::disk::{Disk, Left, Syncs};
use super::{claim, open, report, scratch, soak, try_open};
use crate::store::disk::witness::{self, Change};
use crate::{Allocation, Answer, Atomicity, Error, Filter, Port, Registry, Request};
use fastrand::Rng;

/// Where the store is, so that folders have to be created too.
const STORE: &str = "home/.port-registry/ports.redb";

/// What the disk is asked to lose at each moment.
const LOSSES: [Left; 6] = [
    Left::Everything,
    Left::Nothing,
    Left::Percent(10),
    Left::Percent(50),
    Left::Percent(50),
    Left::Percent(90),
];

/// What is stored, and the number that is given next.
#[derive(Clone, Debug, PartialEq)]
struct State {
    rows: Vec<Allocation>,
    next_id: u64,
}

impl State {
    fn new() -> State {
        State {
            rows: Vec::new(),
            next_id: 1,
        }
    }
}

/// Something that is done to the registry.
#[derive(Clone, Debug)]
enum Step {
    Apply(Vec<Request>),
    TryWrite,
    Reopen,
    /// The other of two handles goes on.
    Swap,
}

/// A moment at which the power may fail, or the process be killed.
struct Moment {
    disk: Disk,
    /// How many answers had been given.
    answers: usize,
}

/// What the witness has seen so far.
struct Recording {
    disk: Disk,
    answers: usize,
    moments: Vec<Moment>,
}

impl Recording {
    fn see(&mut self, change: &Change<'_>) {
        if matches!(
            change,
            Change::Sync(_) | Change::SyncFolder(_) | Change::Rename(..) | Change::Remove(_)
        ) {
            self.mark();
        }
        self.disk.make(change);
    }

    fn mark(&mut self) {
        self.moments.push(Moment {
            disk: self.disk.clone(),
            answers: self.answers,
        });
    }

    fn mark_answer(&mut self) {
        self.answers += 1;
        self.mark();
    }
}

/// What a workload did.
struct Run {
    moments: Vec<Moment>,
    /// What might be there before anything was answered.
    before: Vec<State>,
    /// What was there at each answer.
    states: Vec<State>,
}

impl Run {
    /// Does random things to the store of a folder, whose content is on the disk.
    fn of(root: &Path, disk: Disk, before: Vec<State>, steps: u64, random: &mut Rng) -> Run {
        let recording = Rc::new(RefCell::new(Recording {
            disk,
            answers: 0,
            moments: Vec::new(),
        }));
        let seen_by = recording.clone();
        let witness = move |change: &Change<'_>| {
            seen_by.borrow_mut().see(change);
            Ok(())
        };
        let mut states = Vec::new();
        witness::during(witness, || {
            let path = root.join(STORE);
            let mut handles = [open(&path), open(&path)];
            // What is told once must be there from then on, even if its commit was never answered.
            states.push(found_by(&handles[0], &before).unwrap().clone());
            recording.borrow_mut().mark_answer();
            for _ in 0..steps {
                let mut next_id = states.last().unwrap().next_id;
                match step(random) {
                    Step::Apply(requests) => {
                        let answers = handles[0].apply(&requests, Atomicity::Each).unwrap();
                        let ids = answers.iter().flatten().filter_map(|answer| match answer {
                            Answer::Allocated(allocation) => Some(allocation.id.get() + 1),
                            _ => None,
                        });
                        next_id = ids.fold(next_id, u64::max);
                    }
                    Step::TryWrite => handles[0].try_write().unwrap(),
                    Step::Reopen => handles[0] = open(&path),
                    Step::Swap => handles.swap(0, 1),
                }
                let rows = handles[0].list(&Filter::default()).unwrap();
                states.push(State { rows, next_id });
                recording.borrow_mut().mark_answer();
            }
        });
        let mut recording = recording.borrow_mut();
        recording.mark();
        Run {
            moments: std::mem::take(&mut recording.moments),
            before,
            states,
        }
    }

    /// What may be found after a moment: what was told, or that and all of what was asked.
    fn possible(&self, moment: &Moment) -> &[State] {
        match moment.answers {
            0 => &self.before,
            answers => &self.states[answers - 1..self.states.len().min(answers + 1)],
        }
    }

    /// Looks at what would be left after each moment; gives how many images there were, and what was
    /// wrong with them.
    fn look(&self, losses: &[Left], random: &mut Rng) -> (u32, Vec<String>) {
        let mut images = 0;
        let mut failures = Vec::new();
        for moment in &self.moments {
            for &left in losses {
                let folder = scratch();
                moment
                    .disk
                    .after_power_loss(left, random)
                    .write_to(folder.path());
                images += 1;
                if let Err(failure) = check(folder.path(), self.possible(moment)) {
                    failures.push(format!("{left:?}: {failure}"));
                }
            }
        }
        (images, failures)
    }
}

/// Opens what was left, which must be one of some states, and goes on with it.
fn check(root: &Path, possible: &[State]) -> Result<(), Box<dyn std::error::Error>> {
    let path = root.join(STORE);
    // The first look mends it, and closes it without another commit.
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
    let listed = others.list(&Filter::default())?;
    if listed.len() != found.rows.len() + 1 {
        return Err(format!("{listed:?} after {allocated:?}").into());
    }
    Ok(())
}

/// The state that a registry is in, by what it lists.
fn found_by<'a>(
    registry: &Registry,
    possible: &'a [State],
) -> Result<&'a State, Box<dyn std::error::Error>> {
    let rows = registry.list(&Filter::default())?;
    let found = possible.iter().find(|state| state.rows == rows);
    found.ok_or_else(|| format!("found {rows:?}, expected one of {possible:?}").into())
}

/// Runs workloads one after the other, each on what the last one left when the power failed or the
/// process was killed.
fn run_generations(seed: u64, generations: u32, syncs: Syncs) -> (u32, Vec<String>) {
    let mut random = Rng::with_seed(seed);
    let mut folder = scratch();
    let mut disk = Disk::of(folder.path(), syncs);
    let mut possible = vec![State::new()];
    let mut all_images = 0;
    for generation in 0..generations {
        let steps = 4 + random.u64(..8);
        let run = Run::of(folder.path(), disk, possible, steps, &mut random);
        let (images, failures) = run.look(&LOSSES, &mut random);
        all_images += images;
        if !failures.is_empty() {
            let failures = failures.into_iter();
            let told = failures.map(|it| format!("seed {seed}, generation {generation}: {it}"));
            return (all_images, told.collect());
        }
        let moment = &run.moments[random.usize(..run.moments.len())];
        let next = scratch();
        disk = if random.u64(..2) == 0 {
            let left = *random.choice(&LOSSES).unwrap();
            let image = moment.disk.after_power_loss(left, &mut random);
            image.write_to(next.path());
            Disk::of(next.path(), syncs)
        } else {
            moment.disk.copy_to(next.path())
        };
        possible = run.possible(moment).to_vec();
        folder = next;
    }
    (all_images, Vec::new())
}

fn step(random: &mut Rng) -> Step {
    match random.u64(..12) {
        0 => Step::Reopen,
        1 => Step::Swap,
        2 => Step::TryWrite,
        3 => {
            let count = 1 + random.u64(..20);
            let mut requests: Vec<_> = (0..count).map(|_| request(random)).collect();
            // Nothing is released that was allocated in the same step, so that the rows tell what
            // number is next.
            requests.sort_by_key(|request| !matches!(request, Request::ReleaseMatching(_)));
            Step::Apply(requests)
        }
        _ => Step::Apply(vec![request(random)]),
    }
}

fn request(random: &mut Rng) -> Request {
    let service = format!("service-{}", random.u64(..30));
    let claim = claim(&service);
    let long = "x".repeat(random.usize(..900));
    match random.u64(..9) {
        0..=3 => Request::Allocate(claim),
        4 => Request::Allocate(claim.dir(format!("/checkout/{long}")).unwrap()),
        5 => Request::Allocate(claim.port(port(random))),
        6 => Request::GetOrAllocate(claim.dir(format!("/checkout/{long}")).unwrap()),
        7 => Request::ReleaseMatching(Filter::default().service(service)),
        _ => Request::ReleaseMatching(Filter::default().port(port(random))),
    }
}

fn port(random: &mut Rng) -> Port {
    Port::new(3000 + random.u16(..40)).unwrap()
}

#[test]
fn what_was_answered_outlasts_a_power_failure_at_any_moment() {
    let mut images = 0;
    for seed in 0..u64::from(soak()) {
        let (looked_at, failures) = run_generations(seed, 3, Syncs::AllDone);
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        images += looked_at;
    }
    report(&format!("{images} images of a disk after a power failure"));
    assert!(images > 500, "{images}");
}

#[test]
fn what_is_answered_on_a_store_whose_creator_was_killed_outlasts_a_power_failure() {
    let mut random = Rng::with_seed(1);
    let folder = scratch();
    let disk = Disk::of(folder.path(), Syncs::AllDone);
    let creation = Run::of(folder.path(), disk, vec![State::new()], 1, &mut random);
    let moments = creation.moments.iter().filter(|it| it.answers < 2);
    for (number, moment) in moments.enumerate() {
        let next = scratch();
        let disk = moment.disk.copy_to(next.path());
        let possible = creation.possible(moment).to_vec();
        let run = Run::of(next.path(), disk, possible, 1, &mut random);
        let (_, failures) = run.look(&[Left::Nothing], &mut random);
        assert!(failures.is_empty(), "{number}: {}", failures.join("\n"));
    }
}

/// Allocates three ports, while the sync after so many others fails. Gives what was answered, what was
/// stored by then, what is stored when the power has failed, and whether there was such a sync.
fn allocate_with_failing_sync(
    at: u32,
) -> (Vec<Result<Allocation, Error>>, [Vec<Allocation>; 2], bool) {
    let folder = scratch();
    let path = folder.path().join(STORE);
    let disk = Rc::new(RefCell::new(Disk::of(folder.path(), Syncs::AllDone)));
    let syncs = Rc::new(Cell::new(0));
    let (written_to, counted_by) = (disk.clone(), syncs.clone());
    let witness = move |change: &Change<'_>| {
        if let Change::Sync(file) = change {
            counted_by.set(counted_by.get() + 1);
            if counted_by.get() == at + 1 {
                written_to.borrow_mut().fail_sync(*file);
                return Err(io::Error::from(io::ErrorKind::Other));
            }
        }
        written_to.borrow_mut().make(change);
        Ok(())
    };
    let listed = |registry: &Registry| registry.list(&Filter::default()).unwrap();
    let (answers, stored) = witness::during(witness, || {
        let registry = open(&path);
        let answers = ["web", "api", "db"].map(|service| registry.allocate(claim(service)));
        (answers.into(), listed(&registry))
    });
    let left = scratch();
    let image = disk
        .borrow()
        .after_power_loss(Left::Nothing, &mut Rng::with_seed(0));
    image.write_to(left.path());
    let found = listed(&open(&left.path().join(STORE)));
    (answers, [stored, found], syncs.get() > at)
}

#[test]
fn what_was_answered_after_a_sync_failed_outlasts_a_power_failure() {
    let mut failures = 0;
    for at in 0.. {
        let (answers, [stored, found], is_met) = allocate_with_failing_sync(at);
        let told: Vec<_> = answers.iter().flatten().cloned().collect();
        assert_eq!(stored, told, "sync {at}: {answers:?}");
        assert_eq!(found, told, "sync {at}: {answers:?}");
        failures += answers.len() - told.len();
        if !is_met {
            break;
        }
    }
    assert!(failures > 0);
}

#[test]
fn a_disk_that_does_not_sync_is_noticed() {
    for syncs in [Syncs::OfFilesIgnored, Syncs::OfFoldersIgnored] {
        let (_, failures) = run_generations(0, 1, syncs);
        assert!(!failures.is_empty(), "{syncs:?}");
    }
}
