//! Random steps of a run.

use port_registry::{Atomicity, LabelOrigin, Verdict};
use proptest::prelude::*;

/// A step to perform on the registry and on the model. Names, ports and ids come from small sets of numbers, so that
/// steps often conflict.
#[derive(Clone, Debug)]
pub(super) enum ModelStep {
    Batch(Vec<RandomRequest>, Atomicity),
    /// A group, and the requests that join it once it has the writer lock.
    Group(Vec<RandomRequest>, Vec<RandomRequest>),
    /// Requests to answer without a write, where possible.
    WithoutWrite(Vec<RandomRequest>),
    Reopen,
    /// Sets the verdict of later probes of a port. `None` makes them fail.
    SetVerdict(usize, Option<Verdict>),
    /// Creates the folder of a checkout, or removes it.
    SetFolder(u8, bool),
    List(RandomFilter),
    Get(u64),
    Check(usize),
}

#[derive(Clone, Debug)]
pub(super) enum RandomRequest {
    Allocate(RandomClaim),
    GetOrAllocate(RandomClaim),
    Move(RandomMove),
    Release(u64),
    ReleaseMatching(RandomFilter),
}

/// A request of a service for a port.
#[derive(Clone, Debug)]
pub(super) struct RandomClaim {
    pub(super) key: (u8, u8, u8),
    pub(super) port: Option<usize>,
    pub(super) prefer: Option<usize>,
    pub(super) avoid: Vec<usize>,
    pub(super) dir: Option<u8>,
    pub(super) label_origin: LabelOrigin,
    /// The checkout whose mark the instance may get. Marks of two checkouts may agree.
    pub(super) mark: Option<u8>,
    pub(super) adopt: bool,
}

/// A move of a service to another port.
#[derive(Clone, Debug)]
pub(super) struct RandomMove {
    pub(super) id: u64,
    pub(super) port: Option<usize>,
    pub(super) prefer: Option<usize>,
    pub(super) adopt: bool,
}

/// A filter of allocations.
#[derive(Clone, Debug)]
pub(super) struct RandomFilter {
    pub(super) app: Option<u8>,
    pub(super) instance: Option<u8>,
    pub(super) service: Option<u8>,
    pub(super) port: Option<usize>,
    pub(super) dir: Option<u8>,
}

pub(super) fn steps() -> impl Strategy<Value = ModelStep> {
    let atomicity = prop_oneof![Just(Atomicity::Each), Just(Atomicity::AllOrNothing)];
    prop_oneof![
        8 => requests().prop_map(|request| ModelStep::Batch(vec![request], Atomicity::Each)),
        4 => (prop::collection::vec(requests(), 0..6), atomicity)
            .prop_map(|(requests, atomicity)| ModelStep::Batch(requests, atomicity)),
        4 => (prop::collection::vec(requests(), 0..5), prop::collection::vec(requests(), 0..5))
            .prop_map(|(first, late)| ModelStep::Group(first, late)),
        1 => many_changes(),
        2 => prop::collection::vec(requests(), 0..5).prop_map(ModelStep::WithoutWrite),
        1 => Just(ModelStep::Reopen),
        3 => (0..10usize, verdicts()).prop_map(|(port, verdict)| ModelStep::SetVerdict(port, verdict)),
        2 => (0..3u8, any::<bool>()).prop_map(|(dir, exists)| ModelStep::SetFolder(dir, exists)),
        2 => filters().prop_map(ModelStep::List),
        1 => (1..30u64).prop_map(ModelStep::Get),
        2 => (0..10usize).prop_map(ModelStep::Check),
    ]
}

fn requests() -> impl Strategy<Value = RandomRequest> {
    prop_oneof![
        5 => claims().prop_map(RandomRequest::Allocate),
        4 => claims().prop_map(RandomRequest::GetOrAllocate),
        4 => moves().prop_map(RandomRequest::Move),
        3 => (1..30u64).prop_map(RandomRequest::Release),
        1 => filters().prop_map(RandomRequest::ReleaseMatching),
    ]
}

fn claims() -> impl Strategy<Value = RandomClaim> {
    (
        (0..2u8, 0..2u8, 0..4u8),
        prop::option::weighted(0.3, 0..10usize),
        prop::option::weighted(0.3, 0..12usize),
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(0..12usize, 1..6)],
        prop::option::weighted(0.7, 0..3u8),
        label_origins(),
        prop::option::weighted(0.8, 0..3u8),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(key, port, prefer, avoid, dir, label_origin, mark, adopt)| RandomClaim {
                key,
                port,
                prefer,
                avoid,
                dir,
                label_origin,
                mark,
                adopt,
            },
        )
}

fn moves() -> impl Strategy<Value = RandomMove> {
    let port = prop::option::weighted(0.5, 0..10usize);
    let prefer = prop::option::weighted(0.4, 0..12usize);
    let parts = (1..30u64, port, prefer, prop::bool::weighted(0.2));
    parts.prop_map(|(id, port, prefer, adopt)| RandomMove {
        id,
        port,
        prefer,
        adopt,
    })
}

fn label_origins() -> impl Strategy<Value = LabelOrigin> {
    prop_oneof![
        6 => Just(LabelOrigin::Branch),
        1 => Just(LabelOrigin::Worktree),
        1 => Just(LabelOrigin::Detached),
        1 => Just(LabelOrigin::Folder),
        3 => Just(LabelOrigin::Typed),
        4 => Just(LabelOrigin::Api),
    ]
}

fn filters() -> impl Strategy<Value = RandomFilter> {
    (
        prop::option::of(0..2u8),
        prop::option::of(0..2u8),
        prop::option::weighted(0.3, 0..4u8),
        prop::option::weighted(0.2, 0..10usize),
        prop::option::weighted(0.3, 0..3u8),
    )
        .prop_map(|(app, instance, service, port, dir)| RandomFilter {
            app,
            instance,
            service,
            port,
            dir,
        })
}

fn verdicts() -> impl Strategy<Value = Option<Verdict>> {
    prop_oneof![
        4 => Just(Some(Verdict::Free)),
        4 => Just(Some(Verdict::Busy)),
        2 => Just(Some(Verdict::Denied)),
        1 => Just(None),
    ]
}

/// Generates a batch with so many changes that the store merges them into its tables.
fn many_changes() -> impl Strategy<Value = ModelStep> {
    (claims(), 100..300usize).prop_map(|(claim, times)| {
        let (app, instance, service) = claim.key;
        let release = RandomRequest::ReleaseMatching(RandomFilter {
            app: Some(app),
            instance: Some(instance),
            service: Some(service),
            port: None,
            dir: None,
        });
        let requests = [release, RandomRequest::Allocate(claim)];
        let requests = requests.into_iter().cycle().take(2 * times).collect();
        ModelStep::Batch(requests, Atomicity::Each)
    })
}
