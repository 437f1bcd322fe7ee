//! `POST /v1/batch`: several requests to `/v1/allocations` that take effect together, or none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::daemon::api::{BatchAnswer, BatchAnswers, Deleted};
use port_registry::{Allocation, Answer, Atomicity, Error, Registry};
use serde::Serialize;

use super::release::deleted;
use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::health::Health;
use crate::{body, decode, json};

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
    let turn = state.turn(&state.batches).await?;
    let health = state.health.clone();
    let done = state.blocking(move |registry| {
        let _turn = turn;
        // A failed batch may have an error for each of its requests, so they are written here too.
        let done = carry_out(registry, &health, &body).map_err(|error| {
            let document = error.to_json();
            (error, document)
        });
        Ok::<_, ApiError>(done)
    });
    Ok(match done.await? {
        Ok(document) => body::sized_json(HttpResponse::Ok(), document, permit),
        Err((error, document)) => body::sized_json(error.head(), document, permit),
    })
}

/// Carries out a batch beside the writer, because the writer's groups commit what can be done of them.
fn carry_out(registry: &Registry, health: &Health, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let requests = decode::batch(body)?;
    let answers = registry.apply(&requests, Atomicity::AllOrNothing);
    health.note(answers.as_deref());
    let answers = answers?;
    if let Some(error) = ApiError::of_batch(errors(registry, &answers)) {
        return Err(error);
    }
    let answers = answers.iter().flatten().map(answer).collect();
    Ok(json::to_vec(&BatchAnswers { answers }))
}

/// Returns the errors of the requests that failed by themselves. Only the first one, which decides the
/// response, names the process that listens on its port: looking for processes is slow.
fn errors(registry: &Registry, answers: &[Result<Answer, Error>]) -> Vec<ApiError> {
    let failed = answers.iter().enumerate().filter_map(|(index, answer)| {
        let error = answer.as_ref().err()?;
        let is_own = !matches!(error, Error::NotApplied);
        is_own.then(|| ApiError::from(error).of_request(index))
    });
    let mut errors: Vec<_> = failed.collect();
    if let Some(first) = errors.first_mut() {
        *first = first.clone().with_listener(registry);
    }
    errors
}

fn answer(answer: &Answer) -> BatchAnswer<Document<'_>> {
    let (status, body) = match answer {
        Answer::Allocated(allocation) => (StatusCode::CREATED, Document::Allocation(allocation)),
        Answer::Existing(allocation) => (StatusCode::OK, Document::Allocation(allocation)),
        answer => (StatusCode::OK, Document::Deleted(deleted(answer))),
    };
    BatchAnswer {
        status: status.as_u16(),
        body,
    }
}
