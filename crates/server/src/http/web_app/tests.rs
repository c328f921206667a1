use axum::http::StatusCode;

use super::{
    files::{Encoding, Representation},
    *,
};

static SCRIPT: File = File {
    name: "assets/app-1a2b3c.js",
    content_type: "text/javascript; charset=utf-8",
    representations: &[
        Representation {
            encoding: Encoding::Identity,
            etag: "\"plain\"",
            bytes: b"let a = 1;",
        },
        Representation {
            encoding: Encoding::Brotli,
            etag: "\"brotli\"",
            bytes: b"br",
        },
        Representation {
            encoding: Encoding::Gzip,
            etag: "\"gzip\"",
            bytes: b"gz",
        },
    ],
};

static PAGE: File = File {
    name: "index.html",
    content_type: "text/html; charset=utf-8",
    representations: &[Representation {
        encoding: Encoding::Identity,
        etag: "\"page\"",
        bytes: b"<!doctype html>",
    }],
};

static DOCS: File = File {
    name: "docs.html",
    content_type: "text/html; charset=utf-8",
    representations: &[Representation {
        encoding: Encoding::Identity,
        etag: "\"docs\"",
        bytes: b"<!doctype html>",
    }],
};

fn nothing_set() -> AssetsConfig {
    AssetsConfig {
        base_url: None,
        extra_dir: None,
    }
}

fn ask(file: &'static File, headers: &[(header::HeaderName, &'static str)]) -> Response<Body> {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
    WebApp::new(&nothing_set(), &[]).file(file, &headers.collect())
}

fn text(response: &Response<Body>, name: header::HeaderName) -> &str {
    let value = response.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

#[test]
fn smallest_encoding_that_the_client_reads_is_sent() {
    let response = ask(&SCRIPT, &[(header::ACCEPT_ENCODING, "gzip, br, zstd")]);
    assert_eq!(text(&response, header::CONTENT_ENCODING), "br");
    assert_eq!(text(&response, header::ETAG), "\"brotli\"");
    assert_eq!(text(&response, header::VARY), "accept-encoding");
    assert_eq!(
        text(&response, header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );

    let response = ask(&SCRIPT, &[(header::ACCEPT_ENCODING, "gzip;q=0.9, br;q=0")]);
    assert_eq!(text(&response, header::CONTENT_ENCODING), "gzip");
}

#[test]
fn plain_bytes_go_to_a_client_that_reads_no_encoding() {
    for headers in [&[][..], &[(header::ACCEPT_ENCODING, "*;q=0")]] {
        let response = ask(&SCRIPT, headers);
        assert_eq!(text(&response, header::CONTENT_ENCODING), "");
        assert_eq!(text(&response, header::ETAG), "\"plain\"");
    }
}

#[test]
fn hashed_names_last_for_ever_and_pages_are_asked_for_again() {
    assert!(text(&ask(&SCRIPT, &[]), header::CACHE_CONTROL).contains("immutable"));
    assert_eq!(text(&ask(&PAGE, &[]), header::CACHE_CONTROL), "no-cache");
}

#[test]
fn page_that_the_client_has_is_not_sent_again() {
    for tags in ["\"page\"", "\"other\", W/\"page\"", "*"] {
        let response = ask(&PAGE, &[(header::IF_NONE_MATCH, tags)]);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{tags}");
        assert_eq!(text(&response, header::ETAG), "\"page\"");
    }
    let response = ask(&PAGE, &[(header::IF_NONE_MATCH, "\"other\"")]);
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn etag_of_one_encoding_is_none_of_another() {
    let headers = [
        (header::IF_NONE_MATCH, "\"plain\""),
        (header::ACCEPT_ENCODING, "br"),
    ];
    assert_eq!(ask(&SCRIPT, &headers).status(), StatusCode::OK);
}

#[test]
fn inline_styles_are_for_the_api_viewer_alone() {
    let policy = |file| text(&ask(file, &[]), header::CONTENT_SECURITY_POLICY).to_owned();
    assert!(!policy(&PAGE).contains("unsafe-inline"));
    assert!(policy(&DOCS).contains("style-src 'self' 'unsafe-inline'"));
    assert!(policy(&DOCS).contains("script-src 'self';"));
}

#[test]
fn worker_may_do_what_its_page_may() {
    let policy = |file| text(&ask(file, &[]), header::CONTENT_SECURITY_POLICY).to_owned();
    assert_eq!(policy(&SCRIPT), policy(&PAGE));
}

fn found(path: &str, accept: Option<&str>) -> &'static str {
    let mut headers = HeaderMap::new();
    if let Some(accept) = accept {
        headers.insert(header::ACCEPT, accept.parse().unwrap());
    }
    match find(&path.parse().unwrap(), &headers) {
        Found::File(file) => file.name,
        // The app is not in every build that is tested.
        Found::NotBuilt => "index.html",
        Found::Nothing => "",
    }
}

#[test]
fn addresses_within_the_app_give_the_page() {
    for path in ["/", "/r/ABC12345", "/new", "/no/such/page"] {
        let accept = Some("text/html,*/*;q=0.8");
        assert_eq!(found(path, accept), "index.html", "{path}");
        assert_eq!(found(path, None), "index.html", "{path}");
    }
}

#[test]
fn missing_files_are_missing() {
    for path in [
        "/assets/gone-123.js",
        "/assets/gone",
        "/none.png",
        "/index.html",
        "/ws",
        "/../x.y",
    ] {
        assert_eq!(found(path, Some("*/*")), "", "{path}");
    }
    assert_eq!(found("/r/ABC12345", Some("application/json")), "");
}

async fn answer(config: &AssetsConfig, path: &str) -> Response<Body> {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    WebApp::new(config, &[]).answer(request).await
}

#[tokio::test]
async fn assets_are_shared_with_other_origins_only_when_they_are_elsewhere() {
    let mut config = nothing_set();
    let shared = "access-control-allow-origin";
    let response = answer(&config, "/assets/gone-a1b2c3d4.js").await;
    assert!(!response.headers().contains_key(shared));
    config.base_url = Some("https://cdn.example.org".parse().unwrap());
    let response = answer(&config, "/assets/gone-a1b2c3d4.js").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()[shared], "*");
    assert_eq!(response.headers()["timing-allow-origin"], "*");
    let policy = &response.headers()["cross-origin-resource-policy"];
    assert_eq!(policy, "cross-origin");
    for path in ["/", "/favicon.svg", "/none.txt"] {
        let response = answer(&config, path).await;
        assert!(!response.headers().contains_key(shared), "{path}");
    }
}

#[tokio::test]
async fn assets_of_other_versions_come_from_their_folder_like_own_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    let file = folder.path().join("assets/Chat-a1b2c3d4.js");
    std::fs::write(file, "export {};").unwrap();
    std::fs::write(folder.path().join("assets/secret.js"), "hush").unwrap();
    let mut config = nothing_set();
    let path = "/assets/Chat-a1b2c3d4.js";
    assert_eq!(answer(&config, path).await.status(), StatusCode::NOT_FOUND);
    config.extra_dir = Some(folder.path().into());
    let response = answer(&config, path).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(text(&response, header::CACHE_CONTROL).contains("immutable"));
    assert_eq!(
        text(&response, header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(
        text(&response, header::CONTENT_SECURITY_POLICY),
        text(&ask(&SCRIPT, &[]), header::CONTENT_SECURITY_POLICY)
    );
    assert_eq!(text(&response, header::ETAG), "\"Chat-a1b2c3d4.js\"");
    let response = answer(&config, "/assets/secret.js").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}
