//! An HTTP server with prepared answers. See [`Server`].

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Gives each connection the next answer, and none after the last.
pub(super) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Listens on a free port of this machine.
    pub(super) fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for answer in answers {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                let request = respond(stream, &answer);
                seen.lock().expect("no test panics with it").push(request);
            }
        });
        Self {
            address: format!("http://{address}/net.pt"),
            requests,
        }
    }

    /// Returns where the file is served.
    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    /// Returns the head of each answered request, in lower case.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests
            .lock()
            .expect("no test panics with it")
            .clone()
    }
}

/// Reads a request's head and sends the answer; a client may hang up before its end.
fn respond(mut stream: TcpStream, answer: &[u8]) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    drop(stream.write_all(answer));
    String::from_utf8_lossy(&head).to_lowercase()
}

/// The whole file.
pub(super) fn full(body: &[u8]) -> Vec<u8> {
    broken(body, body.len())
}

/// The file, broken off after some bytes.
pub(super) fn broken(body: &[u8], sent: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body[..sent]].concat()
}

/// The file from some byte on, and the byte that the answer says it starts at.
pub(super) fn part(body: &[u8], start: usize, said: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-range: bytes {said}-{}/{}\r\n\r\n",
        body.len() - start,
        body.len() - 1,
        body.len()
    );
    [head.as_bytes(), &body[start..]].concat()
}
