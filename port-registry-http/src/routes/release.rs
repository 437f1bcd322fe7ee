//! `DELETE /v1/allocations` and `DELETE /v1/allocations/{id}`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::{Answer, Request};
use serde::Serialize;

use super::Desk;
use crate::problem::Problem;
use crate::{body, decode};

#[derive(Serialize)]
struct Deleted {
    deleted: usize,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

pub(crate) async fn delete_matching(
    desk: Data<Desk>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let filter = decode::filter(&body::read(&request, payload).await?)?;
    let answer = desk
        .writer
        .carry_out(Request::ReleaseMatching(filter))
        .await?;
    let deleted = match answer {
        Answer::Released(released) => released.len(),
        _ => 0,
    };
    Ok(body::json(StatusCode::OK, &Deleted { deleted }))
}

pub(crate) async fn delete_one(
    desk: Data<Desk>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = decode::id(&id)?.ok_or_else(Problem::unknown_allocation)?;
    desk.writer.carry_out(Request::Release(id)).await?;
    Ok(body::json(StatusCode::OK, &Status { status: "deleted" }))
}
