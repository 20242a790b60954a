//! Connections: taken from a listener, spoken HTTP/1.1 with, and let finish when the server ends.
//!
//! Knows nothing of what is asked or answered. Only HTTP/1.1: whoever wants HTTP/2 or TLS puts a proxy before the server
//!, which asks in HTTP/1.1. Start at [`serve`].

use anyhow::Result;
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, Version, header},
    response::IntoResponse,
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use socket2::{Domain, Socket, Type};
use std::{io::ErrorKind, net::SocketAddr, pin::pin, time::Duration};
use tokio::net::TcpListener;
use tower::Service;

/// How long a connection may take from one answer to the end of the next request's head: longer than a proxy keeps an
/// idle connection (a minute, by habit), so that it is never the server who closes one that is being used.
pub const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Connections that the system completes before the server has taken them. Beyond it, phones wait a second to try again.
const WAITING: i32 = 4_096;
/// After an error that is not the caller's, such as no more files.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes an address.
///
/// # Errors
/// When it is in use, or not this machine's.
pub fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that starts again need not wait for connections of the one before.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(WAITING)?;
    Ok(TcpListener::from_std(socket.into())?)
}

/// Serves until `stop`; then takes no more connections and returns when those under way are answered.
pub async fn serve(listener: TcpListener, router: Router, head_within: Duration, stop: impl Future<Output = ()>) {
    let router = router.with_state(());
    let open = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_within);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_the_callers(error.kind()) => continue,
            Err(error) => {
                tracing::error!(%error, "no connection could be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // An answer is written in one piece; what is streamed should not wait for more.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
            let answer = names_one_host(&request).then(|| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                router.clone().call(request)
            });
            async move {
                match answer {
                    Some(answer) => answer.await,
                    None => Ok((StatusCode::BAD_REQUEST, NO_HOST).into_response()),
                }
            }
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

const NO_HOST: &str = "请求里应有一个 Host 头，且只有一个。\nA request has a Host header, and one only.\n";

/// As HTTP/1.1 asks of every request (RFC 9112, 3.2); before it there was no such header.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || hosts == 0 && request.version() < Version::HTTP_11
}

/// The caller went away before the connection was taken.
fn is_the_callers(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        sync::oneshot,
    };

    /// A server whose one route answers who asks; ends with what is dropped.
    async fn served(head_within: Duration) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let (stop, told) = oneshot::channel::<()>();
        let router = Router::new().route("/", get(who));
        let serving = tokio::spawn(serve(listener, router, head_within, async { drop(told.await) }));
        (address, stop, serving)
    }

    async fn asked(stream: &mut TcpStream, request: &[u8]) -> String {
        stream.write_all(request).await.unwrap();
        let mut answer = vec![0; 4_096];
        let read = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    #[tokio::test]
    async fn a_connection_is_kept_and_its_other_end_is_known() {
        let (address, _stop, _serving) = served(HEAD_WITHIN).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            let answer = asked(&mut stream, b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_request_names_one_host_or_is_refused() {
        let (address, _stop, _serving) = served(HEAD_WITHIN).await;
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "200"),
            ("GET / HTTP/1.0\r\n\r\n", "200"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let answer = asked(&mut stream, request.as_bytes()).await;
            assert_eq!(answer.get(9..12), Some(status), "{request:?}: {answer}");
        }
    }

    #[tokio::test]
    async fn whoever_never_ends_the_head_of_a_request_is_let_go() {
        let (address, _stop, _serving) = served(Duration::from_millis(50)).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: he").await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
        assert!(read.expect("the server closes the connection").is_ok());
    }

    #[tokio::test]
    async fn an_idle_connection_does_not_hold_up_the_end() {
        let (address, stop, serving) = served(HEAD_WITHIN).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        asked(&mut stream, b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
        drop(stop);
        tokio::time::timeout(Duration::from_secs(20), serving).await.expect("it ends").unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn more_connections_than_a_burst_of_phones_are_all_taken() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody takes any: what is not refused waits in the system's queue.
        let all = async {
            let mut waiting = Vec::new();
            for _ in 0..1_500 {
                waiting.push(TcpStream::connect(address).await.unwrap());
            }
            waiting.len()
        };
        let waiting = tokio::time::timeout(Duration::from_secs(60), all).await.expect("the queue is long enough");
        assert_eq!(waiting, 1_500);
    }
}
