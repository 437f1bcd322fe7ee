//! `GET /v1/allocations` and `GET /v1/allocations/{id}`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::Desk;
use crate::problem::Problem;
use crate::{body, decode};

pub(crate) async fn get(desk: Data<Desk>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let filter = decode::query(request.query_string())?;
    let list = desk.lister.list(filter).await?;
    body::large_json(list, &desk.answer_bytes)
}

pub(crate) async fn get_one(desk: Data<Desk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = decode::id(&id)?.ok_or_else(Problem::unknown_allocation)?;
    match desk.reader.allocation(id).await? {
        Some(allocation) => Ok(body::json(StatusCode::OK, &allocation)),
        None => Err(Problem::unknown_allocation()),
    }
}
