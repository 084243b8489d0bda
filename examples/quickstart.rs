//! The smallest complete program: a resource that is built once, closed and built again.

use cells::runtime_cell;
use std::net::{AddrParseError, SocketAddr};

struct Pool(SocketAddr);

impl Pool {
    fn disconnect(self) {
        println!("disconnecting from {}", self.0);
    }
}

/// The connections to the database.
#[runtime_cell(cooldown = "5s", dispose = Pool::disconnect)]
fn db() -> Result<Pool, AddrParseError> {
    println!("connecting");
    Ok(Pool("127.0.0.1:5432".parse()?))
}

fn main() -> Result<(), cells::Error> {
    let pool = db()?; // the first call connects; calls that come meanwhile wait for it
    println!("using {}", db()?.0); // the same pool

    DB.invalidate(); // no new caller gets this pool, but whoever has it may go on using it
    println!("still using {}", pool.0);
    drop(pool); // the last user disconnects

    println!("using {} again", db()?.0); // connects again
    DB.invalidate();
    Ok(())
}
