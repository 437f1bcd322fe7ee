//! The daemon's wire contract: paths, headers, bodies and error codes.
//!
//! The daemon and `portctl` share these definitions, so that neither spells out a path or matches a text. Clients
//! in other languages read `openapi.json`, which describes the same contract.

mod answers;
mod batch;
mod error_body;
mod error_code;
pub mod header;
pub mod path;

pub use self::answers::{Deleted, Granted, Health, HealthStatus, ReleaseStatus, Released};
pub use self::batch::{Batch, BatchAnswer, BatchAnswers, BatchItem, ById, CREATED, Method};
pub use self::error_body::{ErrorBody, Subject};
pub use self::error_code::ErrorCode;
