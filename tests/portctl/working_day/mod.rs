//! Everyday use of `portctl`: exporting ports as variables, importing allocations, and pruning them. Each test runs in
//! process and through a daemon.

mod env;
mod hints;
mod importing;
mod machine;
mod registering;
