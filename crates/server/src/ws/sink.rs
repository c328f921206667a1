use super::frame::{Opcode, put_frame};

/// Takes messages on their way to the socket, as many as are worth one write.
pub struct MessageSink<'a> {
    bytes: &'a mut Vec<u8>,
    budget: usize,
}

impl<'a> MessageSink<'a> {
    /// A sink that is full when `bytes` has grown to `budget`.
    pub fn new(bytes: &'a mut Vec<u8>, budget: usize) -> Self {
        Self { bytes, budget }
    }

    /// Whether the handler shall wait with the next message until it is asked again. A message
    /// that begins within the budget may end beyond it, so that a large one gets through as well.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= self.budget
    }

    /// One text message, which is all `parts` in a row.
    pub fn text<const N: usize>(&mut self, parts: [&str; N]) {
        put_frame(self.bytes, Opcode::Text, &parts.map(str::as_bytes));
    }

    /// A ping; its payload comes back to `on_pong` when the peer has everything sent before it.
    pub fn ping(&mut self, payload: [u8; 8]) {
        put_frame(self.bytes, Opcode::Ping, &[&payload]);
    }
}
