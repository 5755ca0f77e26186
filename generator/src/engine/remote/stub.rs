//! A server that answers as a test tells it to: raw HTTP, so that it can also misbehave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request, one of these per request, in order; the last goes on.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Sends these pieces, then closes.
    Send(Vec<String>),
    /// Sends these pieces, then says nothing more.
    Hang(Vec<String>),
}

/// The server.
pub(super) struct Stub {
    pub(super) url: String,
    /// Head and body of each request.
    pub(super) requests: Arc<Mutex<Vec<String>>>,
    /// Connections that the client closed while the server was hanging.
    pub(super) left: Arc<Mutex<usize>>,
}

impl Stub {
    pub(super) async fn start(acts: Vec<Act>) -> Self {
        Self::start_at(0, acts).await
    }

    /// At a port of the caller's choice: where its own address stands in what it sends.
    pub(super) async fn start_at(port: u16, acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (requests, left) = (Arc::default(), Arc::default());
        let acts = Arc::new(Mutex::new(VecDeque::from(acts)));
        let stub = Self { url, requests: Arc::clone(&requests), left: Arc::clone(&left) };
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                let (acts, requests, left) = (Arc::clone(&acts), Arc::clone(&requests), Arc::clone(&left));
                tokio::spawn(serve(line, acts, requests, left));
            }
        });
        stub
    }

    pub(super) fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn serve(
    mut line: TcpStream,
    acts: Arc<Mutex<VecDeque<Act>>>,
    requests: Arc<Mutex<Vec<String>>>,
    left: Arc<Mutex<usize>>,
) {
    let request = read_request(&mut line).await;
    requests.lock().unwrap().push(request);
    let act = {
        let mut acts = acts.lock().unwrap();
        if acts.len() > 1 { acts.pop_front().unwrap() } else { acts[0].clone() }
    };
    let (pieces, hangs) = match act {
        Act::Send(pieces) => (pieces, false),
        Act::Hang(pieces) => (pieces, true),
    };
    for piece in pieces {
        if line.write_all(piece.as_bytes()).await.is_err() {
            return;
        }
        line.flush().await.ok();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    if hangs {
        let mut rest = [0; 64];
        while line.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        *left.lock().unwrap() += 1;
    }
}

async fn read_request(line: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = line.read(&mut piece).await.unwrap_or(0);
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return text;
            } else {
                continue;
            };
        };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

/// A response's head; the body ends where the connection does.
pub(super) fn head(status: &str, kind: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n")
}
