//! Detection of the app, instance and checkout of a folder.

mod clones;
mod configuration;
#[cfg(unix)]
mod failures;
mod fixture;
mod heads;
mod layouts;
mod roots;
