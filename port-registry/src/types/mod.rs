//! The values that requests and answers consist of.

pub(crate) mod allocation;
pub(crate) mod allocation_id;
pub(crate) mod allocation_status;
pub(crate) mod checkout_name;
pub(crate) mod checkout_path;
pub(crate) mod claim;
pub(crate) mod filter;
pub(crate) mod label_origin;
pub(crate) mod port;
pub(crate) mod port_status;
pub(crate) mod range;
pub(crate) mod service_key;
pub(crate) mod service_move;
pub(crate) mod timestamp;
