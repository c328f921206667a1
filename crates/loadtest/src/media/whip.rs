//! The one request of WHIP and WHEP that starts a stream (RFC 9725 § 4.2).

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::error::{During, Error};

const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const ANSWER_BYTES: u64 = 256 * 1024;

pub fn post(addr: SocketAddr, path: &str, offer: &str) -> Result<String, Error> {
    let mut stream = TcpStream::connect(addr).during(format!("connecting to {addr}"))?;
    stream
        .set_read_timeout(Some(ANSWER_WITHIN))
        .during("setting a timeout")?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{offer}",
        offer.len()
    );
    stream
        .write_all(request.as_bytes())
        .during("sending an offer")?;
    let mut response = String::new();
    let read = stream.take(ANSWER_BYTES).read_to_string(&mut response);
    read.during(format!("waiting for the answer to POST {path}"))?;
    let (head, body) = response
        .split_once("\r\n\r\n")
        .ok_or_else(|| Error::Http("no end of the head".into()))?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    match status {
        Some(200 | 201) => Ok(body.to_owned()),
        Some(status) => Err(Error::Status {
            method: "POST",
            path: path.to_owned(),
            status,
            body: body.to_owned(),
        }),
        None => Err(Error::Http("no status".into())),
    }
}
