//! Starting, stopping and inspecting the daemon with portctl.

mod fixture;
mod refusals;
mod restarts;
mod starts;
mod supervised;
