//! Fail, cool down, come back: a server that is not up yet when the first callers ask for a connection.

use cells::{Error, runtime_cell};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;
use std::thread;

/// Where the server will listen. Until it does, connections are refused.
static ADDRESS: OnceLock<std::net::SocketAddr> = OnceLock::new();

/// The connection to the server.
#[runtime_cell(cooldown = "200ms")]
fn connection() -> io::Result<TcpStream> {
    println!("trying to connect");
    TcpStream::connect(ADDRESS.get().expect("set before the first call"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reserved = TcpListener::bind("127.0.0.1:0")?;
    let address = *ADDRESS.get_or_init(|| reserved.local_addr().expect("a bound socket has an address"));
    drop(reserved);

    // The factory fails: the error names the cell, and the factory's own error is its cause, of whatever type it is.
    let error = connection().expect_err("nobody listens");
    println!("{error:#}");
    let refused = error.downcast_ref::<io::Error>().map(io::Error::kind);
    assert_eq!(refused, Some(io::ErrorKind::ConnectionRefused));

    // A hundred callers do not make a hundred attempts to connect: they get the same error at once.
    let storm: Vec<Error> = (0..100).filter_map(|_| connection().err()).collect();
    println!(
        "{} callers turned away, all by the cooldown: {}",
        storm.len(),
        storm.iter().all(Error::is_cooldown)
    );

    let _server = TcpListener::bind(address)?;
    while let Some(retry_after) = connection().err().and_then(|error| error.retry_after()) {
        thread::sleep(retry_after);
    }
    println!("connected, in state `{}`", CONNECTION.state());

    // A connection turns out to be broken. Close exactly that one; the next call connects again. If another caller had
    // replaced it already, nothing would happen.
    let broken = connection()?;
    let closed = CONNECTION.close_generation(cells::Ref::generation(&broken));
    println!("{closed}");
    drop(broken);
    println!("back with generation {}", cells::Ref::generation(&connection()?));
    Ok(())
}
