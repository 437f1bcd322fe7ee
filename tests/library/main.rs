//! Tests of the library, through its public interface.

mod build_script;
mod damage;
mod foreign_store;
#[cfg(feature = "daemon")]
mod groups;
#[cfg(feature = "daemon")]
mod model;
mod store_files;
