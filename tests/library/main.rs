//! Tests of the library's public API.

mod build_script;
#[cfg(feature = "detect")]
mod checkout_services;
mod checkouts;
mod damage;
mod foreign_store;
#[cfg(feature = "detect")]
mod git_state;
#[cfg(feature = "daemon")]
mod groups;
#[cfg(feature = "daemon")]
mod model;
mod moves;
mod preferences;
mod store_files;
