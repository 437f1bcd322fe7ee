//! Limits on clients: times, sizes and counts.

use std::time::Duration;

/// Size limit of a body, in bytes.
pub(crate) const BODY: usize = 64 << 10;

/// Time limit for sending a head, and for sending a body.
pub(crate) const REQUEST: Duration = Duration::from_secs(10);

/// Time limit from the arrival of a request until its response has been read.
pub(crate) const RESPONSE: Duration = Duration::from_secs(15);

/// Time for which clients are told that an idle connection is kept.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Time for which an idle connection is kept. A request that a client sends at the last moment it was told has this much
/// more time to arrive, before it would meet a connection that is being closed.
pub(crate) const IDLE: Duration = KEEP_ALIVE.saturating_add(Duration::from_secs(5));

/// Bytes of a head, or of the end of a body, that are read at once.
pub(crate) const SLICE: usize = 512;

/// Grace period before a dismissed connection is closed. Until then its input is ignored.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// Connections that may be open at a time. Further ones wait until there is room.
pub(crate) const CONNECTIONS: usize = 512;

/// Connections of users who are not served that may be open at a time, to read the reason. Further ones are closed at once.
pub(crate) const DENIED_CONNECTIONS: usize = 16;

/// Connections that may wait to be accepted.
pub(crate) const BACKLOG: u32 = 1024;

/// Bytes of a response that the system buffers for a client that does not read it. The system's default
/// is several megabytes for each connection.
pub(crate) const SEND_BUFFER: u32 = 128 << 10;

/// Time since a connection's last progress after which it may be closed in favour of a new one when all connections are taken.
/// Clients that pause for less between two requests keep theirs.
pub(crate) const STALLED: Duration = Duration::from_secs(1);

/// Time for a dismissed client to go before another one is dismissed.
pub(crate) const DISMISSAL: Duration = Duration::from_millis(250);

/// Files that may be open besides connections: the store, probes, lists of processes.
#[cfg(unix)]
pub(crate) const OTHER_FILES: usize = 64;

/// Threads for work that may block: reads of the store, batches, lists of processes.
pub(crate) const BLOCKING_THREADS: usize = 16;

/// Requests that a batch may contain: one for each port.
pub(crate) const BATCH_REQUESTS: usize = 65_535;

/// Size limit of a batch, in bytes. It suffices for a service on each port, with names of usual length.
pub(crate) const BATCH: usize = 16 << 20;

/// Bytes of large batches and their decoded requests that may be in memory at a time.
pub(crate) const LARGE_BATCHES: usize = 64 << 20;

/// Size limit of the errors of a failed batch, in bytes. It suffices for each request of the largest batch
/// to name its holder, with names of usual length.
pub(crate) const BATCH_ERRORS: usize = 32 << 20;

/// Lists that are made at a time. One of 60,000 allocations takes about 40 MB until its JSON is written.
pub(crate) const LISTS: usize = 4;

/// Batches that are carried out at a time. Each occupies a blocking thread while it waits for its turn
/// to write.
pub(crate) const BATCHES: usize = 4;

/// Health checks that are made at a time. After a failed write each occupies a blocking thread while it
/// waits for its turn to write.
pub(crate) const HEALTH_CHECKS: usize = 1;

/// Size from which a response counts as large, in bytes.
pub(crate) const LARGE_RESPONSE: usize = 64 << 10;

/// Bytes of large responses that may be in memory at a time.
pub(crate) const LARGE_RESPONSES: usize = 64 << 20;

/// Upper bound of the time for which a write waits for its turn.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Time for requests in progress to end when the daemon stops.
pub(crate) const DRAIN: Duration = Duration::from_secs(2);

/// Time for the writer to end when there are no more requests.
pub(crate) const LAST_WORK: Duration = Duration::from_millis(500);

/// Time for blocking threads to end when the daemon stops.
pub(crate) const LAST_READS: Duration = Duration::from_millis(100);

/// Time for writing the last lines of the log when the daemon stops.
pub(crate) const LAST_LINES: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::{DRAIN, Duration, LAST_LINES, LAST_READS, LAST_WORK};

    /// The daemon waits for nothing else between the signal and its end.
    #[test]
    fn the_waits_of_a_shutdown_add_up_to_at_most_the_three_seconds_that_the_readme_promises() {
        let waits = DRAIN + LAST_WORK + LAST_READS + LAST_LINES;
        assert!(waits <= Duration::from_secs(3), "{waits:?}");
    }
}
