//! Follows a configuration file: `cargo run -p reload -- FILE`, until Ctrl-C. Without a file it shows itself how a
//! configuration changes, in a directory of its own, and ends.

#[cfg(unix)]
#[tokio::main]
async fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    match run(std::env::args_os().nth(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.downcast_ref::<cells::Error>().map(cells::Error::root_cause);
            eprintln!("reload: {}", cause.map_or_else(|| error.to_string(), ToString::to_string));
            ExitCode::from(2)
        }
    }
}

#[cfg(unix)]
async fn run(file: Option<std::ffi::OsString>) -> Result<(), cells::BoxError> {
    use reload::follow::follow;
    use reload::script;
    use std::time::Duration;

    let (_dir, follower) = if let Some(file) = file {
        let follower = follow(file.into(), |_| {}).await?;
        tokio::signal::ctrl_c().await?;
        (None, follower)
    } else {
        let (dir, follower) = script::run().await?;
        (Some(dir), follower)
    };
    let closed = cells::shutdown_async(Duration::from_secs(10)).await;
    println!("\n{}\n{closed}", follower.await?);
    Ok(closed.into_result()?)
}

#[cfg(not(unix))]
fn main() {
    eprintln!("reload: this example needs Unix signals");
}
