//! The truth about the system: a port is free or in use, a service is up or down, and a listener belongs to a checkout.
//!
//! Tests run in process and through a daemon, where that may differ. Those that take a port that other programs use, or a
//! kernel with other settings, run in network namespaces.

mod adoption;
mod claims;
mod containers;
mod engine;
mod environment;
mod folders;
mod forwarding;
mod inspection;
mod preferences;
mod privileged;
mod quiet;
mod sandboxed;
mod scene;
mod several;
mod states;
mod unconnected;
