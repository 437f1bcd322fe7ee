//! Steps of a run, chosen at random.

use port_registry::{Atomicity, Verdict};
use proptest::prelude::*;

/// One thing that is done to the registry and to the model. Small numbers stand for names, ports
/// of the range and ids, so that steps meet each other.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Batch(Vec<Ask>, Atomicity),
    /// The second part comes when the turn to write has.
    Group(Vec<Ask>, Vec<Ask>),
    Look(Vec<Ask>),
    Reopen,
    /// From now on the system says this of a port; `None` for an error.
    Say(usize, Option<Verdict>),
    List(Pick),
    Get(u64),
    Check(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Ask {
    Allocate(Wish),
    GetOrAllocate(Wish),
    Release(u64),
    ReleaseMatching(Pick),
}

/// A service that wants a port.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) key: (u8, u8, u8),
    pub(super) port: Option<usize>,
    pub(super) dir: Option<u8>,
    pub(super) adopt: bool,
}

/// A filter.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    pub(super) app: Option<u8>,
    pub(super) instance: Option<u8>,
    pub(super) service: Option<u8>,
    pub(super) port: Option<usize>,
}

pub(super) fn steps() -> impl Strategy<Value = Step> {
    let atomicity = prop_oneof![Just(Atomicity::Each), Just(Atomicity::AllOrNothing)];
    prop_oneof![
        8 => asks().prop_map(|ask| Step::Batch(vec![ask], Atomicity::Each)),
        4 => (prop::collection::vec(asks(), 0..6), atomicity)
            .prop_map(|(asks, atomicity)| Step::Batch(asks, atomicity)),
        4 => (prop::collection::vec(asks(), 0..5), prop::collection::vec(asks(), 0..5))
            .prop_map(|(first, late)| Step::Group(first, late)),
        1 => wear(),
        2 => prop::collection::vec(asks(), 0..5).prop_map(Step::Look),
        1 => Just(Step::Reopen),
        3 => (0..10usize, verdicts()).prop_map(|(port, verdict)| Step::Say(port, verdict)),
        2 => picks().prop_map(Step::List),
        1 => (1..30u64).prop_map(Step::Get),
        2 => (0..10usize).prop_map(Step::Check),
    ]
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![
        5 => wishes().prop_map(Ask::Allocate),
        4 => wishes().prop_map(Ask::GetOrAllocate),
        3 => (1..30u64).prop_map(Ask::Release),
        1 => picks().prop_map(Ask::ReleaseMatching),
    ]
}

fn wishes() -> impl Strategy<Value = Wish> {
    (
        (0..2u8, 0..2u8, 0..4u8),
        prop::option::weighted(0.3, 0..10usize),
        prop::option::weighted(0.5, 0..3u8),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(key, port, dir, adopt)| Wish {
            key,
            port,
            dir,
            adopt,
        })
}

fn picks() -> impl Strategy<Value = Pick> {
    (
        prop::option::of(0..2u8),
        prop::option::of(0..2u8),
        prop::option::weighted(0.3, 0..4u8),
        prop::option::weighted(0.2, 0..10usize),
    )
        .prop_map(|(app, instance, service, port)| Pick {
            app,
            instance,
            service,
            port,
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

/// So many changes that the store puts those that it keeps apart into its tables.
fn wear() -> impl Strategy<Value = Step> {
    (wishes(), 100..300usize).prop_map(|(wish, times)| {
        let (app, instance, service) = wish.key;
        let release = Ask::ReleaseMatching(Pick {
            app: Some(app),
            instance: Some(instance),
            service: Some(service),
            port: None,
        });
        let asks = [release, Ask::Allocate(wish)];
        let asks = asks.into_iter().cycle().take(2 * times).collect();
        Step::Batch(asks, Atomicity::Each)
    })
}
