//! Decodes requests.
//!
//! The checks come in a fixed order, which clients see: JSON and its types, then names, then the port.
//! Unknown fields and parameters are ignored. If a field of a claim or a filter is given twice, the last
//! one counts. Claims and filters are decoded by hand, because the order of their checks and their
//! messages are a contract that serde's own errors would break. Where the text of the Go server does not name a field
//! of the wrong type, `detail` does.

mod batch;
mod claim;
mod dir;
mod fields;
mod filter;
mod json_type;
mod number;
mod query;
mod service_move;

pub(crate) use self::batch::decode_batch;
pub(crate) use self::claim::decode_claim;
pub(crate) use self::filter::decode_filter;
pub(crate) use self::number::{parse_id, parse_port};
pub(crate) use self::query::decode_query;
pub(crate) use self::service_move::decode_move;
