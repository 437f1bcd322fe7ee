//! `POST /v1/allocations` and `PUT /v1/allocations`, which gets or creates.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::{Answer, Request};

use super::Desk;
use crate::problem::Problem;
use crate::{body, decode};

pub(crate) async fn post(
    desk: Data<Desk>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let claim = decode::claim(&body::read(&request, payload).await?)?;
    tell(&desk, desk.writer.carry_out(Request::Allocate(claim)).await).await
}

pub(crate) async fn put(
    desk: Data<Desk>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let claim = decode::claim(&body::read(&request, payload).await?)?;
    let request = Request::GetOrAllocate(claim);
    // As a rule it takes no write, and then waits for nobody who writes.
    let look = [request.clone()];
    let looked = desk
        .blocking_read(move |registry| registry.look(&look))
        .await?;
    match looked.into_iter().next().flatten() {
        Some(answer) => tell(&desk, answer.map_err(Problem::from)).await,
        None => tell(&desk, desk.writer.carry_out(request).await).await,
    }
}

async fn tell(desk: &Desk, answer: Result<Answer, Problem>) -> Result<HttpResponse, Problem> {
    let is_new = matches!(answer, Ok(Answer::Allocated(_)));
    let allocation = match answer.map(Answer::into_allocation) {
        Ok(Some(allocation)) => allocation,
        // No claim is answered by a release.
        Ok(None) => return Err(Problem::unknown_allocation()),
        Err(problem) => return Err(desk.with_listener(problem).await),
    };
    let mut response = body::json(
        if is_new {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        },
        &allocation,
    );
    if is_new {
        let location = format!("/v1/allocations/{}", allocation.id);
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
    }
    Ok(response)
}
