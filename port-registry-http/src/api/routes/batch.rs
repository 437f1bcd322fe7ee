//! `POST /v1/batch`: several requests to `/v1/allocations` and below that take effect together, or none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use port_registry::daemon::api::{BatchAnswer, BatchAnswers, Deleted};
use port_registry::{Allocation, Answer, Atomicity, Error, Registry};
use serde::Serialize;

use super::release::count_deleted;
use crate::api::app_state::AppState;
use crate::api::decode::decode_batch;
use crate::api::{request_body, response};
use crate::api_error::ApiError;
use crate::json;
use crate::workers::store_health::StoreHealth;

/// The body of the response that a request of a batch would get alone.
#[derive(Serialize)]
#[serde(untagged)]
enum BatchDocument<'a> {
    Allocation(&'a Allocation),
    Deleted(Deleted),
}

pub(crate) async fn post(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let (body, permit) = request_body::read_large(&request, payload, &state.batch_bytes).await?;
    let turn = state.take_turn(&state.batches).await?;
    let health = state.health.clone();
    let done = state.blocking(move |registry| {
        let done = carry_out(registry, &health, &body).map_err(|error| {
            let document = error.to_json();
            (error.without_others(), document)
        });
        drop((body, permit));
        // Keep the turn until the response has taken its permits.
        Ok::<_, ApiError>((done, turn))
    });
    let (done, _turn) = done.await?;
    Ok(match done {
        Ok(document) => response::committed_json(document, &state.response_bytes),
        Err((first, document)) => {
            let response = response::large_json(first.head(), document, &state.response_bytes);
            response.unwrap_or_else(|_| first.error_response())
        }
    })
}

/// Carries out a batch in a transaction of its own. The writer's groups would commit the requests that
/// succeed although others fail.
fn carry_out(registry: &Registry, health: &StoreHealth, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let requests = decode_batch(body)?;
    let answers = registry.apply(&requests, Atomicity::AllOrNothing);
    health.note(answers.as_deref());
    let answers = all_succeeded(registry, answers?)?;
    let answers = answers.iter().map(to_batch_answer).collect();
    Ok(json::to_vec(&BatchAnswers { answers }))
}

/// Returns the answers, or the errors of the requests that failed by themselves. Only the first error, which
/// decides the response, names the process that listens on its port, because finding it is slow.
fn all_succeeded(
    registry: &Registry,
    answers: Vec<Result<Answer, Error>>,
) -> Result<Vec<Answer>, ApiError> {
    let mut succeeded = Vec::with_capacity(answers.len());
    let answers = answers.into_iter().enumerate();
    let mut errors = answers.filter_map(|(index, answer)| match answer {
        Ok(answer) => {
            succeeded.push(answer);
            None
        }
        Err(Error::NotApplied) => None,
        Err(error) => Some(ApiError::from(error).at_request(index)),
    });
    let first = errors.next().map(|error| error.with_listener(registry));
    match ApiError::combine(first.into_iter().chain(errors)) {
        None => Ok(succeeded),
        Some(error) => Err(error),
    }
}

fn to_batch_answer(answer: &Answer) -> BatchAnswer<BatchDocument<'_>> {
    let (status, body) = match answer {
        Answer::Allocated(allocation) => {
            (StatusCode::CREATED, BatchDocument::Allocation(allocation))
        }
        Answer::Existing(allocation) | Answer::Moved(allocation) => {
            (StatusCode::OK, BatchDocument::Allocation(allocation))
        }
        answer => (
            StatusCode::OK,
            BatchDocument::Deleted(count_deleted(answer)),
        ),
    };
    BatchAnswer {
        status: status.as_u16(),
        body,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;
    use actix_web::web::{Data, Payload};
    use actix_web::{FromRequest, HttpResponse};
    use serde_json::Value;

    use super::post;
    use crate::api::app_state::AppState;
    use crate::api::app_state::tests::{block_on, state};

    /// Makes a batch that repeats this item and is too small to count as large.
    fn batch_of(item: &str) -> String {
        let items = vec![item; 65_000 / (item.len() + 1)];
        format!(r#"{{"requests":[{}]}}"#, items.join(","))
    }

    async fn ask(state: &Data<AppState>, body: String) -> HttpResponse {
        let request = TestRequest::post().set_payload(body);
        let (request, mut payload) = request.to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        post(state.clone(), request, payload).await.unwrap()
    }

    #[test]
    fn large_responses_of_small_batches_take_permits_for_large_responses() {
        let (state, _folder) = state(Duration::from_secs(5));
        let state = Data::new(state);
        let total = state.response_bytes.available_permits();
        let claim = r#"{"method":"PUT","body":{"app":"a","instance":"i","service":"s"}}"#;
        block_on(async {
            for (item, status) in [("1", 400), (claim, 200)] {
                let response = ask(&state, batch_of(item)).await;
                assert_eq!(response.status(), status);
                let taken = total - state.response_bytes.available_permits();
                let body = to_bytes(response.into_body()).await.unwrap();
                assert_eq!(body.len(), taken);
                assert_eq!(state.response_bytes.available_permits(), total);
            }
        });
    }

    #[test]
    fn failed_batch_without_room_for_its_errors_reports_the_first() {
        let (state, _folder) = state(Duration::from_secs(5));
        let state = Data::new(state);
        state.response_bytes.forget_permits(usize::MAX);
        let body = block_on(async {
            let response = ask(&state, batch_of("1")).await;
            assert_eq!(response.status(), 400);
            to_bytes(response.into_body()).await.unwrap()
        });
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], "invalid_request");
        assert_eq!(body["request"], 0);
        assert!(body.get("errors").is_none());
    }
}
