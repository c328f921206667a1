//! One WebSocket of a fake participant: the upgrade, then texts both ways, without waiting.

use std::{
    io::{self, Read, Write},
    mem,
    net::{SocketAddr, TcpStream},
    os::fd::{AsFd, BorrowedFd},
};

use crate::{
    error::{During, Error},
    frame::{self, Opcode},
};

/// Key and accept value of the example in RFC 6455 section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Headers of an upgrade response: servers send about ten.
const MAX_HEADERS: usize = 64;

pub struct Socket {
    stream: TcpStream,
    upgraded: bool,
    /// The start of a frame whose rest has not come yet.
    partial: Vec<u8>,
    /// What the socket did not take yet.
    unsent: Vec<u8>,
}

impl Socket {
    /// Connects, and asks for the upgrade. The rest happens in [`read`](Self::read).
    pub fn open(addr: SocketAddr, path: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(addr).during(format!("connecting to {addr}"))?;
        stream.set_nodelay(true).during("setting TCP_NODELAY")?;
        stream
            .set_nonblocking(true)
            .during("setting non-blocking")?;
        let mut socket = Self {
            stream,
            upgraded: false,
            partial: Vec::new(),
            unsent: Vec::new(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        socket.send(request.as_bytes())?;
        Ok(socket)
    }

    /// Sends, or keeps what the socket does not take for [`flush`](Self::flush).
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let sent = if self.unsent.is_empty() {
            self.write(bytes)?
        } else {
            0
        };
        self.unsent.extend(&bytes[sent..]);
        Ok(())
    }

    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    pub fn flush(&mut self) -> Result<(), Error> {
        let unsent = mem::take(&mut self.unsent);
        let sent = self.write(&unsent)?;
        self.unsent.extend(&unsent[sent..]);
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, Error> {
        match (&self.stream).write(bytes) {
            Ok(sent) => Ok(sent),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error).during("writing to a socket"),
        }
    }

    /// Reads once through `buffer`, which all sockets share. `on_text` gets each whole text, and
    /// the socket to answer by.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        on_text: &mut impl FnMut(&mut Self, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let length = match (&self.stream).read(buffer) {
            Ok(0) => {
                return Err(Error::Closed {
                    code: 1006,
                    reason: "the connection ended".into(),
                });
            }
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).during("reading from a socket"),
        };
        if self.partial.is_empty() {
            let used = self.take_all(&buffer[..length], on_text)?;
            self.partial.extend(&buffer[used..length]);
        } else {
            self.partial.extend(&buffer[..length]);
            let mut whole = mem::take(&mut self.partial);
            let used = self.take_all(&whole, on_text)?;
            whole.drain(..used);
            self.partial = whole;
        }
        Ok(())
    }

    fn take_all(
        &mut self,
        buffer: &[u8],
        on_text: &mut impl FnMut(&mut Self, &[u8]) -> Result<(), Error>,
    ) -> Result<usize, Error> {
        let mut used = 0;
        if !self.upgraded {
            used = upgrade(buffer)?;
            if used == 0 {
                return Ok(0);
            }
            self.upgraded = true;
        }
        while let Some(frame) = frame::decode(&buffer[used..])? {
            used += frame.consumed;
            match frame.opcode {
                Opcode::Text => on_text(self, frame.payload)?,
                Opcode::Ping => self.send(&frame::encode(Opcode::Pong, frame.payload))?,
                Opcode::Pong => {}
                Opcode::Close => return Err(closed(frame.payload)),
            }
        }
        Ok(used)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The length of the upgrade response at the start of `buffer`; 0 when it is not whole yet.
fn upgrade(buffer: &[u8]) -> Result<usize, Error> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response
        .parse(buffer)
        .map_err(|error| Error::Upgrade(error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(0);
    };
    let accepted = response.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("sec-websocket-accept")
            && header.value == ACCEPT.as_bytes()
    });
    match response.code {
        Some(101) if accepted => Ok(length),
        Some(101) => Err(Error::Upgrade(
            "101 and a wrong Sec-WebSocket-Accept".into(),
        )),
        code => Err(Error::Upgrade(format!("{code:?}"))),
    }
}

fn closed(payload: &[u8]) -> Error {
    match payload {
        [a, b, reason @ ..] => Error::Closed {
            code: u16::from_be_bytes([*a, *b]),
            reason: String::from_utf8_lossy(reason).into_owned(),
        },
        _ => Error::Closed {
            code: 1005,
            reason: String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upgrade_is_taken_whole_and_only_with_the_right_accept() {
        let response = format!("HTTP/1.1 101 Switching\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
        assert_eq!(upgrade(&response.as_bytes()[..20]).unwrap(), 0);
        assert_eq!(upgrade(response.as_bytes()).unwrap(), response.len());
        let wrong = b"HTTP/1.1 101 Switching\r\nsec-websocket-accept: no\r\n\r\n";
        assert!(upgrade(wrong).is_err());
        assert!(upgrade(b"HTTP/1.1 403 Forbidden\r\n\r\n").is_err());
    }
}
