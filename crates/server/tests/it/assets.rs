//! Assets from another origin. Not every build has a web app inside:
//! what needs one looks whether it is there.

use tempfile::TempDir;

use crate::server::{Options, Response, Server, program};

const CDN: &str = "https://cdn.example.org/calls";

fn shared(response: &Response) -> [String; 3] {
    [
        "access-control-allow-origin",
        "timing-allow-origin",
        "cross-origin-resource-policy",
    ]
    .map(|name| response.header(name))
}

#[test]
fn page_loads_its_assets_from_where_they_are_said_to_be() {
    let server = Options::new().env("ASSETS__BASE_URL", CDN).start();
    for path in ["/", "/docs"] {
        let page = server.get(path);
        if !page.header("content-type").starts_with("text/html") {
            return;
        }
        assert!(!page.text().contains("\"/assets/"), "{}", page.text());
        assert!(page.text().contains(&format!("\"{CDN}/assets/")));
        let policy = page.header("content-security-policy");
        let script = format!("script-src 'self' {CDN}/assets/;");
        assert!(policy.contains(&script), "{policy}");
        assert_eq!(shared(&page), ["", "", ""]);
        let etag = page.header("etag");
        let again = server.request("GET", path, &[("if-none-match", &etag)], "");
        assert_eq!(again.status, 304);
        assert_ne!(Server::start().get(path).header("etag"), etag);
    }
}

#[test]
fn wrong_settings_are_told_at_the_start() {
    let folder = TempDir::new().unwrap();
    for (name, value, complaint) in [
        (
            "WECALL_ASSETS__BASE_URL",
            "cdn.example.org",
            "is no address",
        ),
        (
            "WECALL_ASSETS__BASE_URL",
            "https://cdn.test/?a=b",
            "a query or a fragment",
        ),
    ] {
        let mut command = program(folder.path());
        let output = command
            .args(["config", "check"])
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78), "{name}={value}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(complaint), "{said}");
    }
    let mut command = program(folder.path());
    command.args(["config", "check", "--tls-cert", "c", "--tls-key", "k"]);
    let output = command
        .env("WECALL_ASSETS__BASE_URL", "http://cdn.test")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
}
