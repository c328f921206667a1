//! Plain HTTP that comes to the HTTPS port: someone typed the address without its scheme, and
//! would see nothing but a broken connection.

use std::{convert::Infallible, io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, time::timeout};

/// The first byte of a TLS handshake record (RFC 8446 section 5.1); no HTTP method begins so.
const TLS_HANDSHAKE: u8 = 22;

const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether the client begins with something that is no TLS. Takes no byte off the connection.
pub async fn is_plain(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    match timeout(READ_TIMEOUT, stream.peek(&mut first)).await {
        Ok(Ok(1)) => Ok(first[0] != TLS_HANDSHAKE),
        Ok(Ok(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// Sends the client to the same address with `https`.
pub async fn to_https(stream: TcpStream) -> Result<(), hyper::Error> {
    let answer = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, Infallible>(redirection(&request))
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await
}

fn redirection<B>(request: &Request<B>) -> Response<Body> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let location = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| HeaderValue::try_from(format!("https://{host}{path}")).ok());
    let mut response = Response::new(Body::from("This address speaks HTTPS.\n"));
    match location {
        Some(location) => {
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response.headers_mut().insert(header::LOCATION, location);
        }
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_stays_and_the_scheme_changes() {
        let request = Request::builder()
            .uri("/r/ABC12345?x=1")
            .header("host", "192.168.1.5:8443")
            .body(())
            .unwrap();
        let response = redirection(&request);
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(
            response.headers()[header::LOCATION],
            "https://192.168.1.5:8443/r/ABC12345?x=1"
        );
    }

    #[test]
    fn request_without_a_host_is_refused() {
        let request = Request::builder().uri("/").body(()).unwrap();
        assert_eq!(redirection(&request).status(), StatusCode::BAD_REQUEST);
    }
}
