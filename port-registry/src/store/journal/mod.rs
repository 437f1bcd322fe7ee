//! The journal: the commits since the database was written, one record each.

pub(super) mod file;
pub(super) mod header;
pub(super) mod record;
