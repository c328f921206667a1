use std::sync::LazyLock;

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use utoipa::OpenApi;

use super::{client_config, create_room, create_token, get_room, health, validate_room};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "WeCall",
        description = "Rooms for video calls. Calls themselves run over the WebSocket at `/ws`, \
                       whose messages the message reference describes.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "rooms", description = "Creating and finding rooms"),
        (name = "server", description = "What clients need to know"),
        (name = "health", description = "For those who watch the server"),
    ),
    paths(
        create_room::create_room,
        get_room::get_room,
        validate_room::validate_room,
        create_token::create_token,
        client_config::client_config,
        health::health,
        health::livez,
        health::readyz,
    )
)]
struct Document;

/// The OpenAPI 3.1 document of the REST API.
pub fn openapi_json() -> String {
    Document::openapi()
        .to_pretty_json()
        .expect("the document holds nothing that JSON cannot")
        + "\n"
}

pub async fn openapi() -> Response<Body> {
    static JSON: LazyLock<String> = LazyLock::new(openapi_json);
    let mut response = Response::new(Body::from(JSON.as_str()));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_is_openapi_3_1_with_every_endpoint() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(
            paths,
            [
                "/api/config",
                "/api/rooms",
                "/api/rooms/{room_id}",
                "/api/rooms/{room_id}/tokens",
                "/api/rooms/{room_id}/validate",
                "/health",
                "/livez",
                "/readyz"
            ]
        );
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let text = openapi_json();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(
                document["components"]["schemas"][name].is_object(),
                "{name}"
            );
        }
    }
}
