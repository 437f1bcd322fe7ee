//! `portctl doctor` finds every problem and changes nothing.

mod files;
#[cfg(target_os = "linux")]
mod listeners;
mod machine;
mod patient;
mod served;
