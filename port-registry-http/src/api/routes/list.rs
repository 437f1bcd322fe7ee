//! `GET /v1/allocations` and `GET /v1/allocations/{id}`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::{Error, Filter};

use crate::api::app_state::AppState;
use crate::api::decode::{decode_query, parse_id};
use crate::api::response;
use crate::api_error::ApiError;
use crate::json;

pub(crate) async fn get(
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let filter = decode_query(request.query_string())?;
    let turn = if finds_one(&filter) {
        None
    } else {
        Some(state.take_turn(&state.lists).await?)
    };
    let list = state.blocking(move |registry| {
        let document = json::to_vec(&registry.list(&filter)?);
        // Keep the turn until the document has taken its permits, or is dropped because the client is gone.
        Ok::<_, Error>((document, turn))
    });
    let (list, _turn) = list.await?;
    response::large_json(HttpResponse::Ok(), list, &state.response_bytes)
}

/// Tests if at most one allocation can match, so that the list takes no turn.
fn finds_one(filter: &Filter) -> bool {
    let has_key =
        filter.app().is_some() && filter.instance().is_some() && filter.service().is_some();
    has_key || filter.port().is_some()
}

pub(crate) async fn get_one(
    state: Data<AppState>,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?.ok_or_else(ApiError::unknown_allocation)?;
    match state.blocking(move |registry| registry.get(id)).await? {
        Some(allocation) => Ok(response::json(StatusCode::OK, &allocation)),
        None => Err(ApiError::unknown_allocation()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::test::TestRequest;
    use actix_web::web::Data;

    use super::get;
    use crate::api::app_state::tests::{block_on, state};

    #[test]
    fn lists_of_one_allocation_do_not_queue_behind_full_lists() {
        let (state, _folder) = state(Duration::ZERO);
        let state = Data::new(state);
        state.lists.forget_permits(usize::MAX);
        for (query, is_answered) in [
            ("?port=3000", true),
            ("?app=shop&instance=main&service=web", true),
            ("?app=shop&instance=main", false),
            ("", false),
        ] {
            let request = TestRequest::with_uri(&format!("/v1/allocations{query}"));
            let answer = block_on(get(state.clone(), request.to_http_request()));
            assert_eq!(answer.is_ok(), is_answered, "{query}");
        }
    }
}
