//! A client with one connection that is kept alive.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A connection, opened for the first request.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    /// How often this client has searched.
    pub(crate) searches: u64,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == 200
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a whole body of JSON")
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, searches: 0 }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.try_get(path).expect("an answer")
    }

    /// Sends a request; `None` if the service does not accept it, which is so if there is no byte of an answer.
    pub(crate) fn try_get(&mut self, path: &str) -> Option<Answer> {
        self.searches += u64::from(path.starts_with("/search"));
        self.try_send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").as_bytes()).ok()?;
        self.answer()
    }

    pub(crate) fn post(&mut self, path: &str, form: &str) -> Answer {
        self.send(head(path, form.len(), "").as_bytes());
        self.send(form.as_bytes());
        self.answer().expect("an answer")
    }

    /// Sends a request for a search without its body, and returns once a handler is waiting for that.
    pub(crate) fn begin(mut self, path: &str) -> Self {
        self.send(head(path, "q=needle".len(), "Expect: 100-continue\r\nConnection: close\r\n").as_bytes());
        let mut said = *b"HTTP/1.1 ??? ????????\r\n\r\n";
        self.connection().expect("a connection").read_exact(&mut said).expect("it waits for the body");
        assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
        self
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the service reads it");
    }

    /// Whether the service accepts connections.
    pub(crate) fn is_accepted(&mut self) -> bool {
        self.connection().is_ok()
    }

    /// Reads an answer, which must be complete if it has begun.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let connection = self.connection().ok()?;
        let mut line = String::new();
        if connection.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            line.clear();
            assert!(connection.read_line(&mut line).expect("a whole head") > 0, "a whole head");
            let Some((name, value)) = line.split_once(": ") else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body).expect("a whole body");
        Some(Answer { status, body: String::from_utf8(body).expect("a text") })
    }

    fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.connection()?.get_mut().write_all(bytes)
    }

    fn connection(&mut self) -> std::io::Result<&mut BufReader<TcpStream>> {
        if self.connection.is_none() {
            let stream = TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            self.connection = Some(BufReader::new(stream));
        }
        Ok(self.connection.as_mut().expect("it is there"))
    }
}

fn head(path: &str, length: usize, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\n{more}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
}
