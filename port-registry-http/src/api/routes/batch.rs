//! `POST /v1/batch`: several requests to `/v1/allocations` that take effect together, or none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use port_registry::daemon::api::{BatchAnswer, BatchAnswers, Deleted};
use port_registry::{Allocation, Answer, Atomicity, Error, Registry};
use serde::Serialize;

use super::release::deleted;
use crate::api::app_state::AppState;
use crate::api::{body, decode};
use crate::api_error::ApiError;
use crate::json;
use crate::workers::store_health::Health;

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
        let done = carry_out(registry, &health, &body).map_err(|error| {
            let document = error.to_json();
            (error.without_others(), document)
        });
        drop((body, permit));
        // The turn ends when the response is counted.
        Ok::<_, ApiError>((done, turn))
    });
    let (done, _turn) = done.await?;
    Ok(match done {
        Ok(document) => body::due_json(document, &state.answer_bytes),
        Err((first, document)) => {
            let response = body::large_json(first.head(), document, &state.answer_bytes);
            response.unwrap_or_else(|_| first.error_response())
        }
    })
}

/// Carries out a batch beside the writer, because the writer's groups commit what can be done of them.
fn carry_out(registry: &Registry, health: &Health, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let requests = decode::batch(body)?;
    let answers = registry.apply(&requests, Atomicity::AllOrNothing);
    health.note(answers.as_deref());
    let answers = all_done(registry, answers?)?;
    let answers = answers.iter().map(answer).collect();
    Ok(json::to_vec(&BatchAnswers { answers }))
}

/// Returns the answers, or the errors of the requests that failed by themselves. Only the first one, which
/// decides the response, names the process that listens on its port: looking for processes is slow.
fn all_done(
    registry: &Registry,
    answers: Vec<Result<Answer, Error>>,
) -> Result<Vec<Answer>, ApiError> {
    let mut done = Vec::with_capacity(answers.len());
    let answers = answers.into_iter().enumerate();
    let mut errors = answers.filter_map(|(index, answer)| match answer {
        Ok(answer) => {
            done.push(answer);
            None
        }
        Err(Error::NotApplied) => None,
        Err(error) => Some(ApiError::from(error).of_request(index)),
    });
    let first = errors.next().map(|error| error.with_listener(registry));
    match ApiError::of_batch(first.into_iter().chain(errors)) {
        None => Ok(done),
        Some(error) => Err(error),
    }
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

    /// A batch of this item, over and over, that is too small to count as large.
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
    fn large_answers_of_small_batches_share_the_room_for_large_answers() {
        let (state, _folder) = state(Duration::from_secs(5));
        let state = Data::new(state);
        let room = state.answer_bytes.available_permits();
        let claim = r#"{"method":"PUT","body":{"app":"a","instance":"i","service":"s"}}"#;
        block_on(async {
            for (item, status) in [("1", 400), (claim, 200)] {
                let response = ask(&state, batch_of(item)).await;
                assert_eq!(response.status(), status);
                let taken = room - state.answer_bytes.available_permits();
                let body = to_bytes(response.into_body()).await.unwrap();
                assert_eq!(body.len(), taken);
                assert_eq!(state.answer_bytes.available_permits(), room);
            }
        });
    }

    #[test]
    fn failed_batch_without_room_for_its_errors_reports_the_first() {
        let (state, _folder) = state(Duration::from_secs(5));
        let state = Data::new(state);
        state.answer_bytes.forget_permits(usize::MAX);
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
