//! `POST /v1/batch`: several requests to `/v1/allocations` that take effect together, or none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::{Allocation, Answer, Atomicity, Error, Registry};
use serde::Serialize;
use tokio::time::timeout;

use super::release::Deleted;
use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::health::Health;
use crate::{body, decode, json};

#[derive(Serialize)]
struct Answers<'a> {
    answers: Vec<Reply<'a>>,
}

/// What the request would have been answered alone.
#[derive(Serialize)]
struct Reply<'a> {
    status: u16,
    body: Document<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Document<'a> {
    Allocation(&'a Allocation),
    Deleted(Deleted),
}

pub(crate) async fn post(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (body, permit) = body::read_large(&request, payload, &state.batch_bytes).await?;
    let turn = timeout(state.registry.wait(), state.batches.acquire()).await;
    let _turn = turn.map_err(|_| ApiError::busy())?;
    let health = state.health.clone();
    let document = state.blocking(move |registry| carry_out(registry, &health, &body));
    match document.await {
        Ok(document) => Ok(body::sized_json(document.into(), permit)),
        Err(error) => Err(state.with_listener(error).await),
    }
}

/// Carries out a batch beside the writer, whose groups have no room for what fails as a whole.
fn carry_out(registry: &Registry, health: &Health, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let requests = decode::batch(body)?;
    let answers = registry.apply(&requests, Atomicity::AllOrNothing);
    health.note(answers.as_deref());
    let answers = answers?;
    for (index, answer) in answers.iter().enumerate() {
        match answer {
            // One that failed by itself is among the others.
            Ok(_) | Err(Error::NotApplied) => {}
            Err(error) => return Err(ApiError::from(error).of_request(index)),
        }
    }
    let answers = answers.iter().flatten().map(reply).collect();
    Ok(json::to_vec(&Answers { answers }))
}

fn reply(answer: &Answer) -> Reply<'_> {
    let (status, body) = match answer {
        Answer::Allocated(allocation) => (StatusCode::CREATED, Document::Allocation(allocation)),
        Answer::Existing(allocation) => (StatusCode::OK, Document::Allocation(allocation)),
        answer => (StatusCode::OK, Document::Deleted(Deleted::by(answer))),
    };
    Reply {
        status: status.as_u16(),
        body,
    }
}
