//! What clients may take of the daemon: times, sizes and numbers.

use std::time::Duration;

/// The most bytes of a body.
pub(crate) const BODY: usize = 64 << 10;

/// How long a client may take to send a request.
pub(crate) const REQUEST: Duration = Duration::from_secs(10);

/// How long a connection is kept without a request.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a connection may go on after a request had arrived without the next one beginning: so
/// long may its answer, the pause behind it and the next head take together. Meets who sends half a
/// head, and who does not read the answer.
pub(crate) const BETWEEN_REQUESTS: Duration = REQUEST.saturating_add(KEEP_ALIVE);

/// How many bytes are read ahead of a request that begins, in which there may be others.
pub(crate) const HEAD_SLICE: usize = 512;

/// How long a client that was dismissed has to notice: what it still sends is ignored, and what it
/// does not read is not sent.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// How many connections there are at a time; further ones wait to be accepted.
pub(crate) const CONNECTIONS: usize = 512;

/// How many connections may be waiting to be accepted.
pub(crate) const BACKLOG: u32 = 1024;

/// How many bytes of an answer the system keeps for a client that does not read it, which would
/// otherwise be some megabytes each.
pub(crate) const SEND_BUFFER: u32 = 128 << 10;

/// When all connections are taken, those go that began no request for so long.
pub(crate) const QUIET: Duration = Duration::from_secs(1);

/// Files that are open besides connections: the store, probes, the lists of processes.
pub(crate) const OTHER_FILES: usize = 64;

/// Threads for what may block: reading the store, and looking for processes.
pub(crate) const BLOCKING_THREADS: usize = 16;

/// The most requests of a batch: one for each port.
pub(crate) const BATCH_REQUESTS: usize = 65_535;

/// The most bytes of a batch: enough for a service on each port, with names of usual length.
pub(crate) const BATCH: usize = 16 << 20;

/// How many bytes of large batches and their answers may be on their way at a time.
pub(crate) const LARGE_BATCHES: usize = 64 << 20;

/// Lists that are made at a time: as many as there are cores to make them, since one of 60,000
/// allocations takes some 20 MB until its JSON is written.
pub(crate) const LISTS: usize = 2;

/// How many batches are carried out at a time; each may have to wait for other processes.
pub(crate) const BATCHES: usize = 4;

/// From how many bytes on an answer counts as large.
pub(crate) const LARGE_ANSWER: usize = 64 << 10;

/// How many bytes of large answers may be on their way at a time.
pub(crate) const LARGE_ANSWERS: usize = 64 << 20;

/// How long a write waits for its turn at most, whatever the registry is set to.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// How long requests under way may take to end once the daemon is to stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(2);

/// How long what threads are doing may take once there are no more requests.
pub(crate) const LAST_WORK: Duration = Duration::from_millis(500);
