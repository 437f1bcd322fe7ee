//! Changes to the free ports, on top of the runs in the table of free ports.

use std::collections::BTreeMap;
use std::iter;
use std::ops::RangeInclusive;

use crate::types::port::Port;

/// The ports that became free or taken, as maximal runs of equal ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct ChangedPorts {
    /// The last port of each run and `true` if its ports are free, by first port.
    runs: BTreeMap<u16, (u16, bool)>,
}

impl ChangedPorts {
    pub(in crate::store) fn set(&mut self, port: Port, is_free: bool) {
        let port = port.get();
        let (mut start, mut end) = (port, port);
        // Cut the port out of its run.
        if let Some((&first, &(last, was_free))) = self.runs.range(..=port).next_back()
            && port <= last
        {
            if was_free == is_free {
                return;
            }
            self.runs.remove(&first);
            if first < port {
                self.runs.insert(first, (port - 1, was_free));
            }
            if port < last {
                self.runs.insert(port + 1, (last, was_free));
            }
        }
        // Join it with the runs on both sides.
        if let Some((&first, &(last, free))) = self.runs.range(..port).next_back()
            && free == is_free
            && last + 1 == port
        {
            start = first;
        }
        if let Some(after) = port.checked_add(1)
            && let Some(&(last, free)) = self.runs.get(&after)
            && free == is_free
        {
            end = last;
            self.runs.remove(&after);
        }
        self.runs.insert(start, (end, is_free));
    }

    /// Applies the changes to the runs of free ports in a span. Ports that became free are returned as separate runs.
    pub(in crate::store) fn apply<E>(
        &self,
        mut runs: impl Iterator<Item = Result<RangeInclusive<u16>, E>>,
        span: RangeInclusive<u16>,
    ) -> impl Iterator<Item = Result<RangeInclusive<u16>, E>> {
        let (first, last) = span.into_inner();
        let before = self.runs.range(..=first).next_back();
        let from = before.map_or(first, |(&start, _)| start);
        let changed = self.runs.range(from..=last);
        let mut changed = changed
            .map(move |(&start, &(end, is_free))| (start.max(first), end.min(last), is_free))
            .filter(|(start, end, _)| start <= end)
            .peekable();
        // The rest of the current run, and the first undecided port.
        let mut rest: Option<RangeInclusive<u16>> = None;
        let mut undecided = u32::from(first);
        iter::from_fn(move || {
            loop {
                let run = match rest.take().map(Ok).or_else(|| runs.next()) {
                    Some(Ok(run)) => Some(run),
                    Some(Err(error)) => return Some(Err(error)),
                    None => None,
                };
                let run = match run.map(RangeInclusive::into_inner) {
                    Some((_, end)) if u32::from(end) < undecided => continue,
                    // `undecided` is at most `end`, so it fits.
                    Some((start, end)) => {
                        Some((start.max(u16::try_from(undecided).unwrap_or(end)), end))
                    }
                    None => None,
                };
                match (run, changed.peek().copied()) {
                    (Some((start, end)), Some((cut, _, _))) if start < cut && cut <= end => {
                        rest = Some(cut..=end);
                        return Some(Ok(start..=cut - 1));
                    }
                    (Some((start, end)), Some((cut, ..))) if end < cut => {
                        return Some(Ok(start..=end));
                    }
                    (Some((start, end)), None) => return Some(Ok(start..=end)),
                    (None, None) => return None,
                    (run, Some((start, end, is_free))) => {
                        changed.next();
                        rest = run.map(|(start, end)| start..=end);
                        undecided = u32::from(end) + 1;
                        if is_free {
                            return Some(Ok(start..=end));
                        }
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::ops::RangeInclusive;

    use proptest::prelude::*;

    use super::ChangedPorts;
    use crate::types::port::Port;

    /// Returns the free ports of a span as runs.
    fn runs(is_free: &[bool], span: RangeInclusive<u16>) -> Vec<RangeInclusive<u16>> {
        let mut runs = Vec::new();
        for port in span.filter(|port| is_free[usize::from(*port)]) {
            match runs.pop() {
                Some(run) if *RangeInclusive::end(&run) + 1 == port => {
                    runs.push(*run.start()..=port);
                }
                run => {
                    runs.extend(run);
                    runs.push(port..=port);
                }
            }
        }
        runs
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn changes_apply_to_runs_as_to_single_ports(
            mut is_free in prop::collection::vec(any::<bool>(), 41),
            changes in prop::collection::vec((1..=40u16, any::<bool>()), 0..60),
            (from, to) in (1..=40u16, 1..=40u16),
        ) {
            let before = is_free.clone();
            let mut changed = ChangedPorts::default();
            for (port, free) in changes {
                changed.set(Port::new(port).unwrap(), free);
                is_free[usize::from(port)] = free;
            }
            let span = from.min(to)..=from.max(to);
            let beneath = runs(&before, span.clone()).into_iter().map(Ok::<_, Infallible>);
            let seen = changed.apply(beneath, span.clone()).map(|run| match run {
                Ok(run) => run,
            });
            let seen: Vec<u16> = seen.flatten().collect();
            let expected: Vec<u16> = runs(&is_free, span).into_iter().flatten().collect();
            prop_assert_eq!(seen, expected);
            let runs: Vec<_> = changed.runs.iter().collect();
            for pair in runs.windows(2) {
                let [(_, (end, free)), (start, (_, next_free))] = pair else { unreachable!() };
                prop_assert!(end + 1 < **start || (end < *start && free != next_free), "maximal");
            }
        }
    }

    #[test]
    fn the_last_port_can_be_taken_and_freed() {
        let mut changed = ChangedPorts::default();
        let all = || iter_of(1..=u16::MAX);
        changed.set(Port::MAX, false);
        assert_eq!(seen(&changed, all()), [1..=u16::MAX - 1]);
        changed.set(Port::MAX, true);
        assert_eq!(
            seen(&changed, all()),
            [1..=u16::MAX - 1, u16::MAX..=u16::MAX]
        );
        assert_eq!(seen(&changed, iter_of(5..=6)), [5..=6, u16::MAX..=u16::MAX]);
    }

    fn iter_of(
        run: RangeInclusive<u16>,
    ) -> impl Iterator<Item = Result<RangeInclusive<u16>, Infallible>> {
        std::iter::once(Ok(run))
    }

    fn seen(
        changed: &ChangedPorts,
        runs: impl Iterator<Item = Result<RangeInclusive<u16>, Infallible>>,
    ) -> Vec<RangeInclusive<u16>> {
        let runs = changed.apply(runs, 1..=u16::MAX);
        runs.map(|run| match run {
            Ok(run) => run,
        })
        .collect()
    }
}
