//! `POST /v1/batch`: several requests to `/v1/allocations` that take effect together, or none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::{Allocation, Answer, Atomicity, Error, Registry};
use serde::Serialize;
use tokio::time::timeout;

use super::Desk;
use super::release::Deleted;
use crate::health::Health;
use crate::problem::Problem;
use crate::{body, decode};

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
    desk: Data<Desk>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let (body, permit) = body::read_large(&request, payload, &desk.batch_bytes).await?;
    let turn = timeout(desk.registry.wait(), desk.batches.acquire()).await;
    let _turn = turn.map_err(|_| Problem::busy())?;
    let health = desk.health.clone();
    let document = desk.blocking(move |registry| carry_out(registry, &health, &body));
    match document.await {
        Ok(document) => Ok(body::sized_json(document.into(), permit)),
        Err(problem) => Err(desk.with_listener(problem).await),
    }
}

/// Carries out a batch beside the writer, whose groups have no room for what fails as a whole.
fn carry_out(registry: &Registry, health: &Health, body: &[u8]) -> Result<Vec<u8>, Problem> {
    let requests = decode::batch(body)?;
    let answers = registry.apply(&requests, Atomicity::AllOrNothing);
    health.note(answers.as_deref());
    let answers = answers?;
    for (index, answer) in answers.iter().enumerate() {
        match answer {
            // One that failed by itself is among the others.
            Ok(_) | Err(Error::NotApplied) => {}
            Err(error) => return Err(Problem::from(error).of_request(index)),
        }
    }
    let answers = answers.iter().flatten().map(reply).collect();
    Ok(body::to_json(&Answers { answers }))
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
