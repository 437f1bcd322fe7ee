//! `portctl doctor` finds every problem and changes nothing.

mod checkout;
#[cfg(target_os = "linux")]
mod compose;
mod files;
mod git;
#[cfg(target_os = "linux")]
mod listeners;
mod machine;
mod patient;
mod served;
mod timeouts;
