//! `GET /healthz`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use port_registry::daemon::api::{Health, HealthStatus};
use port_registry::daemon::full_message;

use crate::api::app_state::AppState;
use crate::api::response;
use crate::api_error::ApiError;

pub(crate) async fn get(state: Data<AppState>) -> HttpResponse {
    let problem = find_problem(&state).await;
    let detail = problem.unwrap_or_else(|error| Some(error.to_string()));
    let (code, status) = match detail {
        None => (StatusCode::OK, HealthStatus::Ok),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Error),
    };
    response::json(code, &Health { status, detail })
}

/// Returns the reason why the store does not work. Returns `None` if it works.
async fn find_problem(state: &AppState) -> Result<Option<String>, ApiError> {
    let turn = state.take_turn(&state.health_checks).await?;
    let health = state.health.clone();
    let examined = state.blocking(move |registry| {
        let _turn = turn;
        let problem = health.examine(registry).err();
        Ok::<_, ApiError>(problem.map(|error| full_message(&error)))
    });
    examined.await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::web::{Data, Path};
    use port_registry::{Claim, Request, ServiceKey};
    use tokio::runtime;
    use tokio::task::{LocalSet, yield_now};
    use tokio::time::timeout;

    use super::get;
    use crate::api::app_state::tests::state;
    use crate::api::routes::list;
    use crate::api_error::ApiError;
    use crate::limits;

    #[test]
    fn health_checks_that_wait_for_a_writer_leave_threads_for_others() {
        let wait = Duration::from_secs(30);
        let (state, _folder) = state(wait);
        let state = Data::new(state);
        // After a failure, health checks also write.
        state.health.note_failure(&ApiError::busy());
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(limits::BLOCKING_THREADS)
            .build()
            .unwrap();
        let key = ServiceKey::new("shop", "main", "web").unwrap();
        let mut requests = vec![Request::Allocate(Claim::new(key))];
        let mut found = None;
        // The closure runs while this thread has its turn to write.
        let turn = state.registry.apply_group(&mut requests, wait, |_| {
            let tasks = LocalSet::new();
            for _ in 0..limits::BLOCKING_THREADS {
                tasks.spawn_local(get(state.clone()));
            }
            let other = tasks.run_until(async {
                // Let the health checks begin first.
                yield_now().await;
                let one = list::get_one(state.clone(), Path::from("1".to_owned()));
                timeout(wait / 3, one).await
            });
            found = Some(runtime.block_on(other));
        });
        assert!(turn.is_ok());
        let unknown = found.unwrap().expect("it is answered").unwrap_err();
        assert_eq!(unknown.to_string(), "allocation not found");
    }
}
