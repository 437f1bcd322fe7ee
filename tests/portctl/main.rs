//! Tests of `portctl`, alone and together with the daemon.

#[cfg(unix)]
mod backends;
mod cli;
#[cfg(unix)]
mod command_words;
#[cfg(target_os = "linux")]
mod completions;
#[cfg(target_os = "linux")]
mod compose;
#[cfg(unix)]
mod declared;
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
mod hook;
#[cfg(unix)]
mod init;
#[cfg(unix)]
mod life;
// On other systems, concurrent probes of one port see each other, so an allocation may skip a free port.
#[cfg(target_os = "linux")]
mod linearizability;
#[cfg(unix)]
mod machine;
#[cfg(target_os = "linux")]
mod odd_paths;
#[cfg(target_os = "linux")]
mod page;
#[cfg(target_os = "linux")]
mod port_order;
#[cfg(unix)]
mod processes;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod readers;
mod readme;
#[cfg(target_os = "linux")]
mod recipes;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod scan;
#[cfg(unix)]
mod situations;
#[cfg(unix)]
mod skill;
#[cfg(unix)]
mod sockets;
#[cfg(unix)]
mod strangers;
#[cfg(target_os = "linux")]
mod system;
#[cfg(unix)]
mod torture;
mod version;
#[cfg(unix)]
mod working_day;

/// The program under test.
const PORTCTL: &str = env!("CARGO_BIN_EXE_portctl");
