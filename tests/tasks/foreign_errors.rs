//! Errors that are no `std::error::Error` themselves, in asynchronous cells.

use anyhow::Context as _;
use cells::{Error, LifecycleError, find_error, runtime_cell};
use std::io;

fn refused() -> io::Result<u32> {
    Err(io::Error::other("refused"))
}

#[track_caller]
fn is_io(error: &Error) {
    assert_eq!(error.downcast_ref::<io::Error>().map(ToString::to_string).as_deref(), Some("refused"));
}

#[track_caller]
fn is_dependency(error: &Error, on: &str) {
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Dependency { .. })), "{error:?}");
    assert_eq!(error.downcast_ref::<Error>().map(Error::cell), Some(on), "{error:?}");
}

#[test]
fn x5_an_asynchronous_cell_keeps_an_anyhow_error() {
    #[runtime_cell]
    async fn below() -> anyhow::Result<u32> {
        refused().context("cannot connect")
    }
    #[runtime_cell]
    async fn above() -> anyhow::Result<u32> {
        Ok(*below().await.context("below")?)
    }
    #[runtime_cell]
    async fn injected(below: &u32) -> anyhow::Result<u32> {
        Ok(*below)
    }
    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Hides(#[from] Error);
    #[runtime_cell]
    async fn hidden() -> Result<u32, Hides> {
        Ok(*below().await?)
    }
    #[runtime_cell]
    async fn not_ready() -> Result<u32, Hides> {
        Ok(*NEVER.try_get_ready()?)
    }
    #[runtime_cell]
    async fn never() -> u32 {
        std::future::pending().await
    }
    pollster::block_on(async {
        is_io(&below().await.unwrap_err());
        is_dependency(&above().await.unwrap_err(), "below");
        is_io(&above().await.unwrap_err());
        is_dependency(&injected().await.unwrap_err(), "below");
        is_dependency(&hidden().await.unwrap_err(), "below");
        let error = not_ready().await.unwrap_err();
        is_dependency(&error, "never");
        assert!(error.is_unavailable());
    });
}

#[test]
fn x5_an_asynchronous_disposer_may_return_an_anyhow_result() {
    async fn fails(_: u32) -> anyhow::Result<()> {
        std::future::ready(refused()).await.map(drop).context("cannot log out")
    }
    fn fails_at_once(_: u32) -> anyhow::Result<()> {
        refused().map(drop).context("cannot log out")
    }
    #[runtime_cell(dispose = fails)]
    async fn later() -> anyhow::Result<u32> {
        Ok(1)
    }
    #[runtime_cell(dispose = fails_at_once)]
    async fn now() -> anyhow::Result<u32> {
        Ok(1)
    }
    pollster::block_on(async {
        drop((later().await.unwrap(), now().await.unwrap()));
        for result in [LATER.close().await, NOW.close().await] {
            let error = result.error.expect("it failed");
            assert!(find_error::<io::Error>(&*error).is_some(), "{error:?}");
        }
    });
}

#[cfg(feature = "tokio")]
#[test]
fn x5_a_blocking_factory_keeps_an_anyhow_error() {
    #[runtime_cell(blocking)]
    fn below() -> anyhow::Result<u32> {
        refused().context("cannot connect")
    }
    #[runtime_cell(detached)]
    async fn above() -> anyhow::Result<u32> {
        Ok(*below().await.context("below")?)
    }
    cells_test_support::current_thread().block_on(async {
        is_io(&below().await.unwrap_err());
        is_io(&above().await.unwrap_err());
    });
}
