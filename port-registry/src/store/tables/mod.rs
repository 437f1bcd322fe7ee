//! The stored rows: the tables of a database, the changes in the journal, and those of one transaction.

pub(super) mod base;
mod changed_ports;
pub(super) mod changes;
mod free_ports;
pub(crate) mod rows;
pub(super) mod schema;
pub(super) mod write_tables;
pub(crate) mod write_txn;
