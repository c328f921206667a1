//! What browsers, encoders and players say to a media server; none of it ever connects.

use serde_json::{Value, json};

use crate::{
    client::{Client, Room, join},
    server::{Response, Server},
};

pub const UFRAG: &str = "abcd";
pub const PWD: &str = "0123456789abcdefghijkl";

pub const FRAGMENT: (&str, &str) = ("content-type", "application/trickle-ice-sdpfrag");

/// An offer with these sections, each as `audio sendonly`.
pub fn offer(sections: &[&str]) -> String {
    let fingerprint = vec!["AB"; 32].join(":");
    let mut sdp = String::from("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n");
    let mids: Vec<String> = (0..sections.len()).map(|mid| mid.to_string()).collect();
    sdp += &format!("a=group:BUNDLE {}\r\n", mids.join(" "));
    for (mid, section) in sections.iter().enumerate() {
        let (kind, direction) = section.split_once(' ').unwrap();
        let (pt, codec) = match kind {
            "audio" => (111, "opus/48000/2"),
            _ => (96, "VP8/90000"),
        };
        sdp += &format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {pt}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\n\
             a=ice-ufrag:{UFRAG}\r\na=ice-pwd:{PWD}\r\na=fingerprint:sha-256 {fingerprint}\r\n\
             a=setup:actpass\r\na={direction}\r\na=rtcp-mux\r\na=rtpmap:{pt} {codec}\r\n"
        );
    }
    sdp
}

pub fn publisher() -> String {
    offer(&["audio sendonly", "video sendonly"])
}

pub fn viewer() -> String {
    offer(&["video recvonly", "audio recvonly"])
}

pub fn token(server: &Server, room: &Room, kind: &str) -> String {
    let bearer = format!("Bearer {}", room.host_token);
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let path = format!("/api/rooms/{}/tokens", room.id);
    let body = json!({"kind": kind, "name": "Stage"}).to_string();
    let response = server.request("POST", &path, &headers, &body);
    assert_eq!(response.status, 201, "{}", response.text());
    response.json()["token"].as_str().unwrap().to_owned()
}

pub fn post(server: &Server, path: &str, token: &str, sdp: &str) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("content-type", "application/sdp"),
        ("authorization", bearer.as_str()),
    ];
    server.request("POST", path, &headers, sdp)
}

pub fn patch(server: &Server, location: &str, known: &str, fragment: &str) -> Response {
    let headers = [FRAGMENT, ("if-match", known)];
    server.request("PATCH", location, &headers, fragment)
}

/// A client that can take part by the media server.
pub fn member(server: &Server, room: &Room, name: &str) -> (Client, String) {
    let mut client = Client::connect(server);
    let mut message = join(room, name);
    message["capabilities"] = json!(["resume", "media-state", "sfu"]);
    client.send(message);
    let joined = client.expect("joined");
    client.expect("participants");
    let media = joined["room"]["media"]["peer_id"].as_str().unwrap();
    (client, media.to_owned())
}

pub fn offer_to(media: &str, sdp: &str) -> Value {
    json!({"type": "offer", "target_peer_id": media, "offer": {"type": "offer", "sdp": sdp}})
}

/// The way of media is told whenever anything of it changes.
pub fn expect_beside_topology(client: &mut Client, kind: &str) -> Value {
    loop {
        let message = client.receive();
        if message["type"] != "topology" {
            assert_eq!(message["type"], kind, "{message}");
            return message;
        }
    }
}
