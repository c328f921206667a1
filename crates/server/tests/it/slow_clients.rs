//! Clients that hold on to what they do not use.

use std::io::{Read, Write};

use crate::server::{Options, Server};

#[test]
fn request_that_never_ends_is_cut_off() {
    let server = Server::start();
    let mut head = server.connect();
    write!(head, "GET / HTTP/1.1\r\nhost: a\r\n").unwrap();
    let mut body = server.connect();
    write!(
        body,
        "POST /api/rooms HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         content-length: 9\r\n\r\n{{"
    )
    .unwrap();

    let mut answer = vec![];
    head.read_to_end(&mut answer).unwrap();
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 408 "),
        "{answer:?}"
    );
    let mut answer = [0; 12];
    body.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn connections_beyond_the_bound_are_closed_and_the_others_served() {
    let server = Options::new().env("LIMITS__MAX_CONNECTIONS", "1").start();
    let mut first = server.web_socket();
    let mut second = server.connect();
    // Closed before or after the request is written, in which case it is reset.
    drop(write!(second, "GET /livez HTTP/1.1\r\nhost: a\r\n\r\n"));
    let mut answer = vec![];
    drop(second.read_to_end(&mut answer));
    assert!(answer.is_empty(), "{answer:?}");

    // A close frame with its mask: the place is free once the socket is gone.
    first
        .write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])
        .unwrap();
    let mut rest = vec![];
    first.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(&[0x88, 0x02, 0x03, 0xe8]), "{rest:x?}");
}
