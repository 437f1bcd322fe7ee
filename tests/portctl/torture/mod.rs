//! Everybody at once on one store, and nobody lives long.
//!
//! A daemon and its HTTP clients, programs that open the store by the library, and `portctl` in process
//! allocate and release, and are killed with SIGKILL at any moment, over and over. Each tells what it is
//! about to do and what came of it. Afterwards all that was acknowledged is there, exactly, and nothing
//! that was released; no port, service or number was ever given twice; and the store is whole.
//!
//! It ends after 650 acknowledged allocations and releases, times `PORT_REGISTRY_SOAK`.

mod diary;
mod everybody;
mod workers;
