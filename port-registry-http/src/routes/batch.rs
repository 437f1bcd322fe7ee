//! `POST /v1/batch`: several requests to `/v1/allocations` that take effect together, or none.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::{Allocation, Answer, Atomicity, Error};
use serde::Serialize;
use tokio::time::timeout;

use super::Desk;
use super::release::Deleted;
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
    let requests = decode::batch(&body::read(&request, payload).await?)?;
    let turn = timeout(desk.registry.wait(), desk.batches.acquire()).await;
    let _turn = turn.map_err(|_| Problem::busy())?;
    let health = desk.health.clone();
    let answers = desk
        .read(move |registry| {
            let answers = registry.apply(&requests, Atomicity::AllOrNothing);
            match &answers {
                Ok(answers)
                    if answers
                        .iter()
                        .any(|it| matches!(it, Ok(Answer::Allocated(_)))) =>
                {
                    health.note_success();
                }
                Ok(_) | Err(Error::Busy { .. }) => {}
                Err(error) => health.note_failure(&Problem::from(error)),
            }
            answers
        })
        .await?;
    for (index, answer) in answers.iter().enumerate() {
        match answer {
            // One that failed by itself is among the others.
            Ok(_) | Err(Error::NotApplied) => {}
            Err(error) => {
                let problem = Problem::from(error).of_request(index);
                return Err(desk.with_listener(problem).await);
            }
        }
    }
    let answers = answers.iter().flatten().map(reply).collect();
    Ok(body::json(StatusCode::OK, &Answers { answers }))
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
