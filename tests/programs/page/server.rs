//! A server of the page: one request at a time, which is all that a test needs.

use cells::Page;
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Where the page is, and where its forms go.
pub const PATH: &str = "/cells";

/// Serves the page at [`PATH`] until the process ends; returns the address.
///
/// # Panics
/// If there is no free port.
pub fn serve(page: Page) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A browser opens connections that it does not use.
            let page = page.clone();
            thread::spawn(move || answer(&page, &connection));
        }
    });
    address
}

fn answer(page: &Page, connection: &TcpStream) -> Result<()> {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (status, html) = match first.split(' ').collect::<Vec<_>>()[..] {
        ["GET", PATH, _] => (200, page.to_html()),
        ["POST", PATH, _] => match page.act(&String::from_utf8_lossy(&body)) {
            Ok(done) => (200, page.notice(done.to_string()).to_html()),
            Err(error) => (error.http_status(), page.notice(format!("{error:#}")).to_html()),
        },
        _ => (404, String::new()),
    };
    let mut connection = connection;
    write!(
        connection,
        "HTTP/1.1 {status} \r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Content-Security-Policy: {}\r\nConnection: close\r\n\r\n{html}",
        html.len(),
        Page::CONTENT_SECURITY_POLICY
    )
}
