//! `GET /openapi.json`.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

/// The API description.
const DOCUMENT: &str = include_str!("../../../openapi.json");

pub(crate) async fn get() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ContentType::json())
        .body(DOCUMENT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use port_registry::daemon::api::{ErrorCode, path};
    use serde_json::{Value, json};

    use super::DOCUMENT;

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    #[test]
    fn document_has_the_version_of_the_package() {
        assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(DOCUMENT.ends_with("}\n"));
    }

    #[test]
    fn document_has_all_paths_and_error_codes() {
        let document = document();
        let described = document["paths"].as_object().unwrap().keys();
        let defined = [
            path::PAGE.to_owned(),
            path::HEALTH.to_owned(),
            path::OPENAPI.to_owned(),
            path::ALLOCATIONS.to_owned(),
            format!("{}/{{id}}", path::ALLOCATIONS),
            path::BATCH.to_owned(),
            path::DAEMON.to_owned(),
            format!("{}/{{port}}", path::PORTS),
            path::STATUS.to_owned(),
        ];
        let described: BTreeSet<_> = described.cloned().collect();
        assert_eq!(described, BTreeSet::from(defined));
        let codes = &document["components"]["schemas"]["ErrorCode"]["enum"];
        assert_eq!(*codes, json!(ErrorCode::KNOWN));
    }
}
