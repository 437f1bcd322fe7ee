//! `GET /openapi.json`.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;

/// The document that describes the API.
const DOCUMENT: &str = include_str!("../../openapi.json");

pub(crate) async fn get() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ContentType::json())
        .body(DOCUMENT)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::DOCUMENT;

    #[test]
    fn the_document_is_of_this_version() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(DOCUMENT.ends_with("}\n"));
    }
}
