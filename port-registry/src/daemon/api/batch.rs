//! Batches: several requests that take effect together.

use serde::{Deserialize, Serialize};

use crate::types::allocation_id::AllocationId;

/// The body of a request to [`path::BATCH`](super::path::BATCH).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<B> {
    /// The requests, in the order in which they are carried out.
    pub requests: Vec<BatchItem<B>>,
}

impl<B> Batch<B> {
    /// Makes a batch of requests with one method.
    pub fn new(method: Method, bodies: impl IntoIterator<Item = B>) -> Batch<B> {
        let requests = bodies.into_iter();
        Batch {
            requests: requests.map(|body| BatchItem { method, body }).collect(),
        }
    }
}

/// One request of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchItem<B> {
    /// The method of the same request to [`path::ALLOCATIONS`](super::path::ALLOCATIONS), or to the
    /// [path of an allocation](super::path::allocation).
    pub method: Method,
    /// The body of that request, or [`ById`] with its fields.
    pub body: B,
}

/// The methods that a batch can contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Allocates.
    Post,
    /// Gets or allocates.
    Put,
    /// Moves a service to another port: a [`Move`](crate::Move).
    Patch,
    /// Releases.
    Delete,
}

/// The body of a deletion, in a batch, of one allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ById {
    /// The id of the allocation.
    pub id: AllocationId,
}

/// The answer to a [`Batch`] that took effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAnswers<B> {
    /// One answer for each request, in their order.
    pub answers: Vec<BatchAnswer<B>>,
}

/// The answer to one request of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAnswer<B> {
    /// The HTTP status of the same request alone: [`CREATED`] for a new allocation.
    pub status: u16,
    /// The body of that answer.
    pub body: B,
}

/// The status of a request that made a new allocation.
pub const CREATED: u16 = 201;
