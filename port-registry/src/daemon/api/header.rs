//! The API's own headers, and the one preference that it supports.

/// Names the daemon that answered, in every response: an [`Identity`](crate::daemon::Identity).
pub const IDENTITY: &str = "x-port-registry";
/// Carries [`REPRESENTATION`] in a deletion (RFC 7240).
pub const PREFER: &str = "prefer";
/// Carries [`REPRESENTATION`] in a response that followed it (RFC 7240, section 3).
pub const PREFERENCE_APPLIED: &str = "preference-applied";
/// Asks a deletion to answer with the released allocations (RFC 7240, section 4.2).
pub const REPRESENTATION: &str = "return=representation";
