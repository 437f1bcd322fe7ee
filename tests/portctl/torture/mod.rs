//! All kinds of clients use one store while they are killed at random.
//!
//! A daemon, its HTTP clients, programs with the library, and `portctl` in process allocate, move and release
//! ports.
//! SIGKILL ends each of them at random moments, over and over. Each worker announces every request and reports
//! its result, and lists all allocations now and then. A list must contain the worker's own. In the end, the store must be intact and contain exactly the acknowledged allocations that were
//! not released. No port, service or id may ever have been allocated twice.
//!
//! The test ends after 650 acknowledged changes, times `PORT_REGISTRY_SOAK`.

mod diary;
mod everybody;
mod stalls;
mod workers;
