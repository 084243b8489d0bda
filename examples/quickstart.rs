//! The smallest complete program: a resource that is built once, closed, and comes back.

use cells::runtime_cell;
use std::net::{AddrParseError, SocketAddr};

struct Pool {
    server: SocketAddr,
}

impl Pool {
    fn connect(server: &str) -> Result<Self, AddrParseError> {
        let server = server.parse()?;
        println!("connecting to {server}");
        Ok(Self { server })
    }

    fn shutdown(self) {
        println!("disconnecting from {}", self.server);
    }
}

/// The connections to the database.
#[runtime_cell(cooldown = "5s", dispose = Pool::shutdown)]
fn db() -> Result<Pool, AddrParseError> {
    Pool::connect("127.0.0.1:5432")
}

fn main() -> Result<(), cells::Error> {
    let pool = db()?; // the first call connects; whoever asks meanwhile waits for it
    println!("using {}", db()?.server); // the same pool

    DB.invalidate(); // nobody new gets this pool, and whoever has it may go on with it
    println!("still using {}", pool.server);
    drop(pool); // the last one out disconnects

    println!("using {} again", db()?.server); // connects anew
    DB.invalidate();
    Ok(())
}
