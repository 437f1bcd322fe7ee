//! Docker Compose: its command line and its projects, and changing them without a change of their files.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`portctl compose` is being built on it")
)]
pub(crate) mod arguments;
pub(crate) mod host_ports;
pub(crate) mod leftover;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`portctl compose` is being built on it")
)]
pub(crate) mod model;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`portctl compose` is being built on it")
)]
pub(crate) mod name_source;
mod name_text;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`portctl compose` is being built on it")
)]
pub(crate) mod override_text;
pub(crate) mod port_names;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`portctl compose` is being built on it")
)]
pub(crate) mod project_name;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`portctl compose` is being built on it")
)]
pub(crate) mod records;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "`portctl compose` is being built on it")
)]
pub(crate) mod shared;
