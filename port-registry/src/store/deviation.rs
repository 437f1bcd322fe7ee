//! Deviations from the protocol. The tests of power failures make them, and must notice each of them.

/// A step that is left out or made too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deviation {
    /// The mark is published before the record is synced.
    MarkBeforeSync,
    /// A record whose append has failed is merged.
    MergeUnacknowledged,
    /// A record behind the mark is synced, but not written again before.
    AdoptWithoutWriting,
}

impl Deviation {
    /// Tests if this thread deviates. It never does outside of tests.
    pub(super) fn is_made(self) -> bool {
        made::current() == Some(self)
    }
}

#[cfg(not(test))]
mod made {
    pub(super) fn current() -> Option<super::Deviation> {
        None
    }
}

#[cfg(test)]
pub(super) mod made {
    use std::cell::Cell;

    use super::Deviation;

    thread_local! {
        static MADE: Cell<Option<Deviation>> = const { Cell::new(None) };
    }

    pub(super) fn current() -> Option<Deviation> {
        MADE.get()
    }

    /// Runs `f`, and deviates meanwhile.
    pub(crate) fn during<T>(deviation: Option<Deviation>, f: impl FnOnce() -> T) -> T {
        MADE.set(deviation);
        let result = f();
        MADE.set(None);
        result
    }
}
