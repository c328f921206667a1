//! The REST API over a few keep-alive connections, each with one request under way.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use wecall_protocol::{
    RoomId,
    rest::{CreatedRoom, ValidRoom},
};

use crate::{
    clock,
    error::{During, Error},
    poller::{Poller, Ready},
    stats::Latencies,
};

/// No answer for this long: the server hangs.
const STALL: Duration = Duration::from_secs(20);

/// Answers to these requests are below 1 kB.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;

/// Connections that create a benchmark's rooms.
const CREATING_AT_ONCE: usize = 16;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub body: Vec<u8>,
}

/// One request on a connection of its own.
pub fn get(addr: SocketAddr, path: &str) -> Result<Response, Error> {
    let mut stream = TcpStream::connect(addr).during(format!("connecting to {addr}"))?;
    let timeout = stream.set_read_timeout(Some(STALL));
    timeout.during("setting a timeout")?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\n\r\n");
    let sent = stream.write_all(request.as_bytes());
    sent.during("sending a request")?;
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer).during("reading a response")?;
        if length == 0 {
            return Err(Error::Http("the connection ended early".into()));
        }
        received.extend(&buffer[..length]);
        if let Some(response) = parse(&received)? {
            return Ok(response);
        }
    }
}

/// Creates `count` rooms of at most `size` participants.
pub fn create_rooms(addr: SocketAddr, count: usize, size: usize) -> Result<Vec<RoomId>, Error> {
    let body = format!(r#"{{"max_participants":{}}}"#, size.max(2));
    let request = post(addr, "/api/rooms", &body);
    let mut rooms = Vec::with_capacity(count);
    let mut asked = 0;
    drive(addr, CREATING_AT_ONCE.min(count), |_, answered| {
        if let Some(answered) = answered {
            rooms.push(created(&answered.response)?.room_id);
        }
        let more = asked < count;
        asked += usize::from(more);
        Ok(more.then(|| request.clone()))
    })?;
    Ok(rooms)
}

pub struct RestLoad {
    pub requests: u64,
    pub elapsed: Duration,
    pub latencies: Latencies,
}

/// Each connection creates a room, then validates it, over and over for `duration`.
pub fn create_and_validate(
    addr: SocketAddr,
    connections: usize,
    duration: Duration,
) -> Result<RestLoad, Error> {
    let create = post(addr, "/api/rooms", r#"{"room_name":"Team Meeting"}"#);
    let mut latencies = Latencies::new();
    let mut creating = vec![true; connections];
    let start = clock::now();
    drive(addr, connections, |slot, answered| {
        let Some(Answered { response, latency }) = answered else {
            return Ok(Some(create.clone()));
        };
        latencies.record(latency);
        let next = if creating[slot] {
            let room = created(&response)?.room_id;
            post(addr, &format!("/api/rooms/{room}/validate"), "")
        } else {
            let valid: ValidRoom = body("POST", "/api/rooms/{id}/validate", &response)?;
            if !valid.valid {
                return Err(Error::Http("a room just made is not valid".into()));
            }
            create.clone()
        };
        creating[slot] = !creating[slot];
        Ok((start.elapsed() < duration).then_some(next))
    })?;
    Ok(RestLoad {
        requests: latencies.count(),
        elapsed: start.elapsed(),
        latencies,
    })
}

fn post(addr: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn created(response: &Response) -> Result<CreatedRoom, Error> {
    body("POST", "/api/rooms", response)
}

fn body<'a, T: serde::Deserialize<'a>>(
    method: &'static str,
    path: &str,
    response: &'a Response,
) -> Result<T, Error> {
    let refused = |body: String| Error::Status {
        method,
        path: path.into(),
        status: response.status,
        body,
    };
    if !(200..300).contains(&response.status) {
        return Err(refused(
            String::from_utf8_lossy(&response.body).into_owned(),
        ));
    }
    serde_json::from_slice(&response.body).map_err(|error| refused(error.to_string()))
}

struct Answered {
    response: Response,
    latency: Duration,
}

struct Slot {
    stream: TcpStream,
    received: Vec<u8>,
    sent_at: Instant,
}

/// Runs a closed loop: `next` gets a connection's answer (none at first) and gives its next
/// request, or none when that connection is done.
fn drive(
    addr: SocketAddr,
    connections: usize,
    mut next: impl FnMut(usize, Option<Answered>) -> Result<Option<Vec<u8>>, Error>,
) -> Result<(), Error> {
    let mut poller = Poller::new().during("creating an epoll")?;
    let mut slots = Vec::with_capacity(connections);
    let mut under_way = 0;
    for token in 0..connections {
        let stream = TcpStream::connect(addr).during(format!("connecting to {addr}"))?;
        stream.set_nodelay(true).during("setting TCP_NODELAY")?;
        stream
            .set_nonblocking(true)
            .during("setting non-blocking")?;
        poller
            .add(&stream, token)
            .during("adding a socket to epoll")?;
        let mut slot = Slot {
            stream,
            received: Vec::new(),
            sent_at: clock::now(),
        };
        if let Some(request) = next(token, None)? {
            slot.ask(&request)?;
            under_way += 1;
        }
        slots.push(slot);
    }
    let mut ready: Vec<Ready> = Vec::new();
    let mut buffer = vec![0; MAX_RESPONSE_BYTES];
    while under_way > 0 {
        ready.clear();
        poller
            .wait(Some(STALL), &mut ready)
            .during("waiting for sockets")?;
        if ready.is_empty() {
            return Err(Error::Stalled {
                what: "waiting for an HTTP response".into(),
                after: STALL,
            });
        }
        for &Ready { token, .. } in &ready {
            let slot = &mut slots[token];
            let Some(answered) = slot.read(&mut buffer)? else {
                continue;
            };
            match next(token, Some(answered))? {
                Some(request) => slot.ask(&request)?,
                None => under_way -= 1,
            }
        }
    }
    Ok(())
}

impl Slot {
    fn ask(&mut self, request: &[u8]) -> Result<(), Error> {
        self.sent_at = clock::now();
        // A request of this size fits into the empty buffer of a socket.
        self.stream.write_all(request).during("sending a request")
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<Answered>, Error> {
        match self.stream.read(buffer) {
            Ok(0) => return Err(Error::Http("the server closed a connection".into())),
            Ok(length) => self.received.extend(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error).during("reading a response"),
        }
        let Some(response) = parse(&self.received)? else {
            return Ok(None);
        };
        self.received.clear();
        Ok(Some(Answered {
            response,
            latency: self.sent_at.elapsed(),
        }))
    }
}

/// The response in `received`; `None` when it is not whole yet.
fn parse(received: &[u8]) -> Result<Option<Response>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response
        .parse(received)
        .map_err(|error| Error::Http(error.to_string()))?;
    let httparse::Status::Complete(start) = parsed else {
        return Ok(None);
    };
    let length = content_length(response.headers)?;
    let status = response.code.unwrap_or_default();
    Ok(received.get(start..start + length).map(|body| Response {
        status,
        body: body.to_vec(),
    }))
}

fn content_length(headers: &[httparse::Header<'_>]) -> Result<usize, Error> {
    let header = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .ok_or_else(|| Error::Http("no Content-Length".into()))?;
    std::str::from_utf8(header.value)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .filter(|&length| length <= MAX_RESPONSE_BYTES)
        .ok_or_else(|| Error::Http("a Content-Length that is no length".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_is_taken_when_its_body_is_whole() {
        let whole = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello";
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).unwrap().is_none(), "{cut}");
        }
        let response = parse(whole).unwrap().expect("whole");
        assert_eq!((response.status, &*response.body), (404, &b"hello"[..]));
    }

    #[test]
    fn response_without_a_length_or_with_an_absurd_one_is_refused() {
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n").is_err());
        assert!(parse(b"nonsense\r\n\r\n").is_err());
    }
}
