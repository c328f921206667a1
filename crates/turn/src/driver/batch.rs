//! Datagrams that leave: those that follow each other to one address go to the kernel together.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
};

use quinn_udp::Transmit;

use super::udp::UdpLink;
use crate::{Figures, Refused};

/// Of one send: the largest datagram of UDP over IPv4.
const MAX_BYTES: usize = 65_507;

/// One send's worth, which waits for more.
#[derive(Default)]
pub struct Batch {
    link: Option<Rc<UdpLink>>,
    to: Option<SocketAddr>,
    from: Option<IpAddr>,
    bytes: Vec<u8>,
    /// Of each datagram but the last, which may be smaller.
    segment: usize,
    segments: usize,
    /// A smaller one was the last: nothing can follow it.
    is_full: bool,
}

impl Batch {
    /// The datagram of these parts.
    pub fn push(
        &mut self,
        link: &Rc<UdpLink>,
        to: SocketAddr,
        from: Option<IpAddr>,
        parts: &[&[u8]],
        figures: &Figures,
    ) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let follows = !self.is_full
            && self.to == Some(to)
            && self.from == from
            && self
                .link
                .as_ref()
                .is_some_and(|last| Rc::ptr_eq(last, link))
            && (1..=self.segment).contains(&length)
            && self.segments < link.max_segments()
            && self.bytes.len() + length <= MAX_BYTES;
        if !follows {
            self.flush(figures);
            self.link = Some(link.clone());
            (self.to, self.from) = (Some(to), from);
            self.segment = length;
        }
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.segments += 1;
        self.is_full = length < self.segment;
    }

    pub fn flush(&mut self, figures: &Figures) {
        if let (Some(link), Some(destination)) = (self.link.take(), self.to.take()) {
            let transmit = Transmit {
                destination,
                ecn: None,
                contents: &self.bytes,
                segment_size: (self.segments > 1).then_some(self.segment),
                src_ip: self.from,
            };
            match link.send(&transmit) {
                Ok(()) => {}
                // The kernel's queue is full: media that waited would be too late.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    figures.count_refused(Refused::SlowClient);
                }
                // Too large for the path, or nobody there: as lost as on the way.
                Err(error) => tracing::trace!(%error, %destination, "datagram not sent"),
            }
        }
        self.bytes.clear();
        (self.segment, self.segments, self.is_full) = (0, 0, false);
    }
}
