//! The table of free ports, which contains the last port of each maximal run by its first port.
//!
//! The time to find, take or release a port grows with the logarithm of the number of runs, not with the number of
//! ports.

use std::ops::{RangeBounds, RangeInclusive};

use redb::{ReadableTable, Table};

use crate::store::fault::Fault;
use crate::types::port::Port;

/// Returns the runs, clipped to a span, in ascending order.
pub(in crate::store) fn runs(
    free: &impl ReadableTable<u16, u16>,
    span: RangeInclusive<u16>,
) -> Result<impl Iterator<Item = Result<RangeInclusive<u16>, Fault>>, Fault> {
    let (first, last) = span.into_inner();
    // A run may start before the span and end in it.
    let from = last_run(free, ..=first)?.map_or(first, |(start, _)| start);
    let runs = free.range(from..=last)?;
    Ok(runs.filter_map(move |run| {
        run.map_err(Fault::from)
            .map(|(start, end)| {
                let run = start.value().max(first)..=end.value().min(last);
                (!run.is_empty()).then_some(run)
            })
            .transpose()
    }))
}

/// Removes a port from its run.
pub(in crate::store) fn take(free: &mut Table<u16, u16>, port: Port) -> Result<(), Fault> {
    let port = port.get();
    let run = last_run(free, ..=port)?.filter(|(_, end)| *end >= port);
    let Some((start, end)) = run else {
        return Err(Fault::Damaged(format!("port {port} is not among the free")));
    };
    if start < port {
        free.insert(start, port - 1)?;
    } else {
        free.remove(start)?;
    }
    if port < end {
        free.insert(port + 1, end)?;
    }
    Ok(())
}

/// Adds a port, joined with the runs on both sides.
pub(in crate::store) fn release(free: &mut Table<u16, u16>, port: Port) -> Result<(), Fault> {
    let port = port.get();
    let start = match last_run(free, ..port)? {
        Some((start, end)) if end.checked_add(1) == Some(port) => start,
        _ => port,
    };
    let end = match port.checked_add(1) {
        Some(after) => free.remove(after)?.map_or(port, |end| end.value()),
        None => port,
    };
    free.insert(start, end)?;
    Ok(())
}

/// Tests if the runs contain exactly the ports that are not taken. `taken` has an entry for each port and for 0.
pub(in crate::store) fn are_all_but(
    free: &impl ReadableTable<u16, u16>,
    taken: &[bool],
) -> Result<bool, Fault> {
    let mut expected = Vec::new();
    let mut port = 1;
    for run in taken[1..].chunk_by(|a, b| a == b) {
        let after = port + run.len();
        if !run[0] {
            expected.push((port, after - 1));
        }
        port = after;
    }
    let mut runs = Vec::new();
    for run in free.iter()? {
        let (start, end) = run?;
        runs.push((usize::from(start.value()), usize::from(end.value())));
    }
    Ok(runs == expected)
}

/// Returns the last of the runs that start in a range.
fn last_run(
    free: &impl ReadableTable<u16, u16>,
    starts: impl RangeBounds<u16>,
) -> Result<Option<(u16, u16)>, Fault> {
    match free.range(starts)?.next_back() {
        Some(run) => {
            let (start, end) = run?;
            Ok(Some((start.value(), end.value())))
        }
        None => Ok(None),
    }
}
