//! Tests of `portctl`, and of all the programs together.

#[cfg(unix)]
mod backends;
mod cli;
#[cfg(target_os = "linux")]
mod default_address;
mod detection;
#[cfg(unix)]
mod doctor;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(unix)]
mod homes;
#[cfg(unix)]
mod life;
// Elsewhere two probes of one port at the same moment see each other, so that a port may be passed by.
#[cfg(target_os = "linux")]
mod linearizability;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod processes;
mod readme;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod scan;
#[cfg(unix)]
mod skill;
#[cfg(unix)]
mod strangers;
#[cfg(unix)]
mod torture;
mod version;
#[cfg(unix)]
mod working_day;

/// The program under test.
const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");
