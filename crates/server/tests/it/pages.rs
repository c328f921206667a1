//! The web app, as far as every build has it, and headers of every answer.

use crate::server::Server;

#[test]
fn page_comes_at_every_address_of_the_app() {
    let server = Server::start();
    let page = server.get("/");
    assert_eq!(page.status, 200);
    let room = server.request("GET", "/r/ABC12345", &[("accept", "text/html")], "");
    assert_eq!((room.status, room.body), (200, page.body));
}

#[test]
fn missing_file_is_no_page() {
    let server = Server::start();
    for path in ["/assets/app-gone.js", "/none.txt", "/index.html"] {
        let response = server.get(path);
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.header("content-type"), "application/problem+json");
        assert_eq!(response.header("cache-control"), "no-store");
    }
    assert_eq!(server.get("/ca.pem").status, 404);
}

#[test]
fn page_is_for_reading() {
    let server = Server::start();
    let head = server.request("HEAD", "/", &[], "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let post = server.request("POST", "/", &[], "");
    assert_eq!(
        (post.status, post.header("allow").as_str()),
        (405, "GET, HEAD")
    );
}

#[test]
fn every_answer_is_safe_to_show() {
    let server = Server::start();
    for path in [
        "/",
        "/api/config",
        "/api/none",
        "/assets/none.js",
        "/health",
    ] {
        let response = server.get(path);
        assert_eq!(
            response.header("x-content-type-options"),
            "nosniff",
            "{path}"
        );
        assert_eq!(response.header("referrer-policy"), "no-referrer", "{path}");
        let policy = response.header("content-security-policy");
        assert!(policy.starts_with("default-src '"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(response.header("strict-transport-security"), "", "{path}");
    }
}

#[test]
fn page_that_the_browser_has_is_not_sent_again() {
    let server = Server::start();
    let page = server.get("/");
    // Without the web app there is one sentence, which is not worth a tag.
    if page.header("content-type").starts_with("text/html") {
        let etag = page.header("etag");
        let again = server.request("GET", "/", &[("if-none-match", &etag)], "");
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert!(page.header("permissions-policy").contains("camera=(self)"));
        assert_eq!(page.header("cache-control"), "no-cache");
        assert_eq!(server.get("/docs").status, 200);
    } else {
        assert!(page.text().contains("cargo xtask run"));
    }
}
