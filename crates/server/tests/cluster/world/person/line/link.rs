//! One socket, from the first attempt on.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt, future::BoxFuture};
use serde_json::Value;
use tokio::{
    net::TcpStream,
    time::{sleep_until, timeout},
};
use tokio_tungstenite::WebSocketStream;
use tungstenite::{Message, client::IntoClientRequest};

use super::super::patience::{self, Failure};

pub type Socket = Box<WebSocketStream<TcpStream>>;

pub enum Link {
    /// Until [`Command::Return`].
    Kept,
    Waiting(Instant),
    Connecting(SocketAddr, BoxFuture<'static, Result<Socket, Failure>>),
    /// `join` or `resume` is sent.
    Entering {
        node: SocketAddr,
        socket: Socket,
        asked: Instant,
        resumes: bool,
        /// The socket before it worked until it was taken over from.
        takes_over: bool,
    },
    Open(Socket),
}

/// Something that happened on a link.
pub enum Step {
    Due,
    Connected(Result<Socket, Failure>),
    Heard(Value),
    Closed(String),
}

/// Waits for what happens next on a link. Loses nothing when it is dropped half-way.
pub async fn advance(link: &mut Link) -> Step {
    match link {
        Link::Kept => std::future::pending().await,
        Link::Waiting(due) => {
            sleep_until((*due).into()).await;
            Step::Due
        }
        Link::Connecting(_, greeted) => Step::Connected(greeted.await),
        Link::Entering { socket, asked, .. } => {
            let deadline = *asked + patience::ENTER;
            tokio::select! {
                step = hear(socket) => step,
                () = sleep_until(deadline.into()) => Step::Closed("no answer".into()),
            }
        }
        Link::Open(socket) => hear(socket).await,
    }
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Step {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(message) => return Step::Heard(message),
                Err(error) => return Step::Closed(format!("{error}: {text}")),
            },
            Some(Ok(Message::Close(Some(frame)))) => {
                return Step::Closed(u16::from(frame.code).to_string());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Step::Closed(error.to_string()),
            None => return Step::Closed("end".into()),
        }
    }
}

/// A new socket that the server has greeted.
pub async fn greeted(node: SocketAddr, limit: Duration) -> Result<Socket, Failure> {
    let attempt = async {
        let stream = TcpStream::connect(node).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let request = format!("ws://{node}/ws").into_client_request().ok()?;
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .ok()?;
        match hear(&mut socket).await {
            Step::Heard(greeting) if greeting["type"] == "peer-id" => Some(Box::new(socket)),
            _ => None,
        }
    };
    match timeout(limit, attempt).await {
        Ok(Some(socket)) => Ok(socket),
        Ok(None) => Err(Failure::Closed),
        Err(_) => Err(Failure::TimedOut),
    }
}

pub async fn hand_over(socket: &mut Socket, text: String) -> Result<(), String> {
    match timeout(patience::STALLED_SEND, socket.send(text.into())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("nothing goes out".into()),
    }
}
