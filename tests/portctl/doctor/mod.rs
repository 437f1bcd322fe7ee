//! `portctl doctor` finds every problem and changes nothing.

mod checkout;
mod files;
mod git;
#[cfg(target_os = "linux")]
mod listeners;
mod machine;
mod patient;
mod served;
mod timeouts;
