//! The stored rows: the tables, the recent changes that are not in them yet, and the changes of one transaction.

pub(super) mod base;
mod changed_ports;
pub(super) mod changes;
pub(super) mod free_ports;
pub(super) mod recent;
pub(crate) mod rows;
pub(super) mod schema;
mod table_source;
pub(crate) mod write_txn;
