//! Assets from another origin, and those of other versions. Not every build has a web app inside:
//! what needs one looks whether it is there.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Options, Response, Server, program};

const CDN: &str = "https://cdn.example.org/calls";

fn export(folder: &Path) -> Output {
    let mut command: Command = program(folder);
    command.args(["assets", "export", "out"]).output().unwrap()
}

/// The exported folder, if this build has something to export.
fn exported() -> Option<TempDir> {
    let folder = TempDir::new().unwrap();
    let output = export(folder.path());
    if output.status.success() {
        return Some(folder);
    }
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("not part of this build"), "{complaint}");
    assert!(!folder.path().join("out").exists());
    None
}

fn manifest(folder: &Path) -> Value {
    let name = format!("out/manifest-{}.json", env!("CARGO_PKG_VERSION"));
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

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
        assert!(!page.text().contains("src=\"/assets/"), "{}", page.text());
        assert!(page.text().contains(&format!("\"{CDN}/assets/")));
        let policy = page.header("content-security-policy");
        let script = format!("script-src 'self' {CDN}/assets/");
        assert!(policy.contains(&script), "{policy}");
        assert_eq!(shared(&page), ["", "", ""]);
        let etag = page.header("etag");
        let again = server.request("GET", path, &[("if-none-match", &etag)], "");
        assert_eq!(again.status, 304);
        assert_ne!(Server::start().get(path).header("etag"), etag);
    }
}

#[test]
fn every_exported_file_is_what_the_server_answers() {
    let Some(folder) = exported() else { return };
    let server = Options::new().env("ASSETS__BASE_URL", CDN).start();
    let files = manifest(folder.path());
    let files = files["files"].as_array().unwrap();
    assert!(
        files
            .iter()
            .any(|file| file["content_type"] == "text/css; charset=utf-8")
    );
    for file in files {
        let name = file["file"].as_str().unwrap();
        let content = fs::read(folder.path().join("out").join(name)).unwrap();
        assert_eq!(file["size"], content.len());
        let encoding = file["content_encoding"].as_str().unwrap_or_default();
        let plain = match encoding {
            "" => name,
            _ => name.rsplit_once('.').unwrap().0,
        };
        let accept = [(
            "accept-encoding",
            if encoding.is_empty() {
                "identity"
            } else {
                encoding
            },
        )];
        let answer = server.request("GET", &format!("/{plain}"), &accept, "");
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.body, content, "{name}");
        assert_eq!(answer.header("content-encoding"), encoding, "{name}");
        assert_eq!(file["content_type"], answer.header("content-type"));
        assert_eq!(file["cache_control"], answer.header("cache-control"));
        assert_eq!(shared(&answer), ["*", "*", "cross-origin"], "{name}");
    }
}

#[test]
fn export_leaves_alone_what_is_there() {
    let Some(folder) = exported() else { return };
    let out = folder.path().join("out");
    let old = out.join("assets/app-oldoldol.js");
    fs::write(&old, "of last year").unwrap();
    let files = manifest(folder.path());
    let first = out.join(files["files"][0]["file"].as_str().unwrap());
    let written = fs::metadata(&first).unwrap().modified().unwrap();
    let output = export(folder.path());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(" 0 of them new"), "{said}");
    assert_eq!(fs::read(&old).unwrap(), b"of last year");
    let modified = fs::metadata(&first).unwrap().modified().unwrap();
    assert_eq!(modified, written);
    // What was broken meanwhile is put right.
    fs::write(&first, "half").unwrap();
    assert!(export(folder.path()).status.success());
    assert_ne!(fs::read(&first).unwrap(), b"half");
}

#[test]
fn assets_of_other_versions_are_served_beside_the_own_ones() {
    let folder = TempDir::new().unwrap();
    let assets = folder.path().join("assets");
    fs::create_dir(&assets).unwrap();
    fs::write(folder.path().join("outside-a1b2c3d4.js"), "outside").unwrap();
    let server = Options::new()
        .env("ASSETS__EXTRA_DIR", folder.path().to_str().unwrap())
        .start();
    let path = "/assets/Chat-a1b2c3d4.js";
    let missing = server.get(path);
    assert_eq!(missing.status, 404);
    assert_eq!(missing.header("cache-control"), "no-store");

    // An export into the folder while the server runs.
    fs::write(assets.join("Chat-a1b2c3d4.js"), "export {};").unwrap();
    fs::write(assets.join("Chat-a1b2c3d4.js.br"), "br").unwrap();
    fs::write(assets.join("notes.txt"), "hush").unwrap();
    let found = server.get(path);
    assert_eq!((found.status, found.text()), (200, "export {};"));
    assert_eq!(
        found.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(found.header("cache-control").contains("immutable"));
    assert_eq!(found.header("x-content-type-options"), "nosniff");
    let brotli = [("accept-encoding", "br")];
    let small = server.request("GET", path, &brotli, "");
    assert_eq!(
        (small.text(), small.header("content-encoding").as_str()),
        ("br", "br")
    );
    assert_ne!(small.header("etag"), found.header("etag"));
    let etag = small.header("etag");
    let tag = [brotli[0], ("if-none-match", &etag)];
    assert_eq!(server.request("GET", path, &tag, "").status, 304);
    assert_eq!(server.request("HEAD", path, &[], "").status, 200);

    for path in [
        "/assets/notes.txt",
        "/assets/../outside-a1b2c3d4.js",
        "/assets/..%2foutside-a1b2c3d4.js",
        "/assets/%2e%2e/outside-a1b2c3d4.js",
        "/assets/..\\outside-a1b2c3d4.js",
        "/assets//etc/passwd-a1b2c3d4.js",
        "/outside-a1b2c3d4.js",
        "/assets/Chat-a1b2c3d4.js.br",
        "/assets/Chat-a1b2c3d4.js/",
    ] {
        let response = server.get(path);
        assert!(
            matches!(response.status, 400 | 404),
            "{path}: {}",
            response.status
        );
        assert_eq!(response.header("cache-control"), "no-store", "{path}");
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
        (
            "WECALL_ASSETS__EXTRA_DIR",
            "no/such/folder",
            "assets.extra_dir",
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
