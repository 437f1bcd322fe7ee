//! The routes of the API: one file for each resource, named after `portctl`'s commands.

mod allocate;
mod batch;
mod check;
mod daemon;
mod health;
mod list;
mod move_;
mod openapi;
mod preferred;
mod release;
mod status;
mod table;

pub(crate) use self::table::configure;
