//! Questions to programs of others, whose answers may come in chunks.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::server::PATIENCE;

/// The body of the answer, which says that all is well.
pub fn get(address: SocketAddr, path: &str) -> Result<String, String> {
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    read.map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    let body = match chunked {
        true => joined(body).ok_or("half an answer")?,
        false => body.to_owned(),
    };
    match status {
        "200" => Ok(body),
        other => Err(format!("{other}: {body}")),
    }
}

fn joined(mut chunks: &str) -> Option<String> {
    let mut body = String::new();
    loop {
        let (length, rest) = chunks.split_once("\r\n")?;
        let length = usize::from_str_radix(length.trim(), 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body += rest.get(..length)?;
        chunks = rest.get(length..)?.strip_prefix("\r\n")?;
    }
}

#[test]
fn chunks_are_joined() {
    assert_eq!(joined("3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n").unwrap(), "abcd");
    assert!(joined("3\r\nab").is_none());
}
