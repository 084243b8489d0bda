//! The attribute `#[runtime_cell]` of the package `runtime-cells`. Depend on that one, which re-exports it.

mod emit;
mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;
mod tokens;

use proc_macro::TokenStream;

/// Declares a runtime cell. The function below the attribute builds what the cell holds.
///
/// That function is the cell's *factory*, and its value is the *payload*. In its place the attribute emits two items:
/// the *accessor*, a function with the same name, visibility and docs but without parameters, and the cell itself, a
/// `static`. The first call of the accessor runs the factory; all callers share the one payload.
///
/// ```
/// use cells::{Ref, runtime_cell};
/// use std::net::{AddrParseError, SocketAddr};
///
/// struct Pool(SocketAddr);
///
/// impl Pool {
///     fn shutdown(self) {}
/// }
///
/// #[runtime_cell(cooldown = "5s", dispose = Pool::shutdown)]
/// fn db() -> Result<Pool, AddrParseError> {
///     Ok(Pool("127.0.0.1:5432".parse()?))
/// }
///
/// let pool: Ref<'static, Pool> = db()?; // or a `cells::Error`
/// assert_eq!(pool.0.port(), 5432);
/// DB.invalidate(); // the next call of `db()` connects again
/// # Ok::<(), cells::Error>(())
/// ```
///
/// | The factory returns | The accessor returns |
/// |---|---|
/// | `T` | `Ref<'static, T>`: a *lease*, which keeps the payload usable |
/// | `Result<T, E>`, or another type named `Result` (`io::Result<T>`, `anyhow::Result<T>`) | `Result<Ref<'static, T>, cells::Error>` |
/// | either, with the key `permanent` | `&'static T`, or `Result<&'static T, cells::Error>` |
///
/// `T` is `Send + Sync + 'static` and written out: no `impl Trait`, no borrow. `E` converts into `cells::BoxError`.
/// The function has no generics, is not `const`, `unsafe` or `extern`, and is not named `main`. It can be in a module or
/// inside another function, but not in an `impl` or a `trait`, because a static cannot be there.
///
/// # Parameters
///
/// A factory takes only cells as parameters. The parameter `store` gets the payload of the static `STORE`, which must
/// be in scope; `#[from(path::TO_STATIC)]` names another static. If the compiler cannot find a value `STORE`, it is
/// this static that is missing. The accessor takes no parameters. Values that are no cells are no parameters: the body
/// reads them where they are, or a cell of their own does.
///
/// | Type of the parameter | What the factory gets |
/// |---|---|
/// | `&T`, or what `&T` coerces to (`&str`, `&dyn Trait`) | the payload, while the factory runs |
/// | `Ref<'static, T>` | a lease, which the new payload may keep: the dependency is not disposed before that lease is dropped |
///
/// ```
/// use cells::{Ref, runtime_cell};
///
/// mod settings {
///     #[cells::runtime_cell]
///     pub fn current() -> String {
///         "fish".to_owned()
///     }
/// }
///
/// #[runtime_cell]
/// fn store() -> Vec<String> {
///     vec!["one fish".to_owned(), "two birds".to_owned()]
/// }
///
/// struct Search {
///     found: usize,
///     word: Ref<'static, String>,
/// }
///
/// #[runtime_cell]
/// fn search(store: &[String], #[from(settings::CURRENT)] word: Ref<'static, String>) -> Search {
///     Search { found: store.iter().filter(|line| line.contains(&**word)).count(), word }
/// }
///
/// assert_eq!((search().found, search().word.len()), (1, 4));
/// ```
///
/// Dependencies are built first, in the order of the parameters. If one fails, this cell fails too, with that error as
/// the source; therefore a factory that depends on a fallible cell must return a `Result`. Cells that depend on each
/// other in a circle do not compile: the compiler reports a cycle (`E0391`), and the notes of that error point at the
/// parameters that form it.
///
/// # Async functions
///
/// An `async fn` declares an `AsyncCell`, whose accessor is an `async fn` too. The future of the factory must be
/// `Send`. A plain cell may depend only on plain cells; an `async` or `blocking` cell may depend on any.
///
/// # Permanent cells
///
/// The key `permanent` declares a `PermanentCell`, for what lives as long as the process: settings, metrics, regular
/// expressions. A read costs as much as that of a `LazyLock`.
///
/// ```
/// use cells::runtime_cell;
/// use std::{io, path::PathBuf};
///
/// #[runtime_cell(permanent)]
/// fn home() -> io::Result<PathBuf> {
///     std::env::current_dir()
/// }
///
/// let path: &'static PathBuf = home()?;
/// assert!(path.is_absolute());
/// # Ok::<(), cells::Error>(())
/// ```
///
/// Until the payload is built, the cell can fail and be retried like any other. After that nothing takes the payload
/// away: `close`, `invalidate` and `refresh` do not compile. At shutdown the function in `dispose` gets `&T`, after
/// every other cell that the permanent one does not depend on has been closed. Without `dispose` nothing is called,
/// not even `Close::close`. Other factories take the payload as `&T`, or as `&'static T` to keep it; there is no `Ref` to it. The factory
/// runs on the caller's thread: `async` and `blocking` do not go with `permanent`.
///
/// # Provided cells
///
/// A value that only `main` has, or a host, comes into a cell by its static. The key `provided` allows it; the function
/// then needs no body, and with one the body builds what the cell holds if nobody provides.
///
/// ```
/// use cells::runtime_cell;
/// use std::time::SystemTime;
///
/// #[runtime_cell(provided)]
/// fn args() -> Vec<String>;
///
/// type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;
///
/// #[runtime_cell(provided)]
/// fn clock() -> Clock {
///     Box::new(SystemTime::now)
/// }
///
/// ARGS.provide(vec!["-v".to_owned()]).unwrap(); // where nothing is published yet
/// CLOCK.replace(Box::new(|| SystemTime::UNIX_EPOCH)).unwrap(); // in the place of what is there
/// assert_eq!((args().len(), clock()()), (1, SystemTime::UNIX_EPOCH));
/// ```
///
/// Until a value is provided, `args()` panics with a line that names this call, or returns it as an error if the return
/// type is a `Result`. `close` and `invalidate` end a provided value like any other, and another one can be provided then.
/// Without a body there is no factory, so nothing that is about one compiles: parameters, attributes, and the keys
/// `factory`, `adjuster`, `blocking`, `detached`, `cooldown`, `retry`, `backoff`, `transient`, `fresh`, `eager_refresh`,
/// `fatal`, `linger`, `max_waiters` and `wait_timeout`. A value that is provided may have an end: `expires`.
///
/// # Keys
///
/// Keys are separated by commas, in any order. They are shown here by example, each with what happens if it is left
/// out.
///
/// ## Names
///
/// | Key | Default | Effect |
/// |---|---|---|
/// | `name = "search"` | the function's name | Names the cell in errors, events and logs. |
/// | `cell = SEARCH` | the function's name in `SCREAMING_SNAKE_CASE` | Names the static. A function whose name capitals do not change needs this key; a parameter of such a name means the static with the suffix `_CELL`. |
/// | `factory = build_search` | only the cell can call the factory | Also keeps your original function, under this name and with the accessor's visibility, so that a test can call it with its own arguments. |
/// | `crate = ::cells` | `::cells` | The path to the crate `cells`, if that is renamed or re-exported. |
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell(name = "price list", cell = LIST, factory = read_prices)]
/// fn prices() -> Vec<u32> {
///     vec![3, 5]
/// }
///
/// assert_eq!(read_prices(), *prices()); // a test calls the factory alone
/// assert_eq!(LIST.name(), "price list");
/// ```
///
/// ## The kind of cell
///
/// | Key | Default | Effect |
/// |---|---|---|
/// | `fallible` | the cell can fail if the return type is named `Result`, and the payload is that type's first parameter | Leaves it to the compiler what the payload is: for an alias of `Result` with another name, or with other parameters. |
/// | `infallible` | as above | The return type is the payload, even if its name is `Result`. |
/// | `permanent` | a payload can be closed and built again | Keeps the payload for the life of the process; see [above](#permanent-cells). |
/// | `provided` | only the factory builds the payload | The program may provide the payload, too; see [above](#provided-cells). |
///
/// ## When and where the factory runs
///
/// The last three need the feature `tokio` of the package `runtime-cells`.
///
/// | Key | Default | Effect |
/// |---|---|---|
/// | `eager` | built on first use | `warm_up` builds the cell. |
/// | `after = [CONFIG, STORE]` | only the dependencies come first | A warm-up that builds them too builds this cell after those, and a shutdown closes it before them. The factory does not get their payloads. |
/// | `blocking` | a plain function runs on the caller's thread | A plain function runs on tokio's pool for blocking work, and the accessor is an `async fn`. The factory goes on if its callers give up. |
/// | `detached` | the factory of an `async fn` runs in the caller's task, and is cancelled with it | The factory runs in a task of its own, and goes on if its callers give up. |
/// | `runtime = "own"` | one payload in the process | An `async` or `blocking` cell has one payload for each tokio runtime, so each `#[tokio::test]` has its own. |
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn log() -> String {
///     "app.log".to_owned()
/// }
///
/// #[runtime_cell(eager, after = [LOG])]
/// fn server() -> u16 {
///     8080
/// }
///
/// assert!(cells::warm_up().is_ok());
/// assert!(SERVER.is_ready());
/// ```
///
/// ## Limits for callers, and failures
///
/// A cell that cannot fail has no error to return at a limit, and nothing to repeat. There these keys do not compile, and
/// callers wait as long as it takes.
///
/// | Key | Default | Effect |
/// |---|---|---|
/// | `max_waiters = 64` | no limit | How many callers may wait while another caller runs the factory. One more gets an error at once. |
/// | `wait_timeout = "1500ms"` | 1500 ms | How long a call may wait for a build that another call began. Then the call gets an error, and the build goes on. A const expression equal to `Duration::ZERO` means no limit. |
/// | `cooldown = "5s"` | none: the next call tries again | How long after a failure calls get the same error again and the factory does not run. With `cooldown = "1s..1m"` that time doubles with each failure in a row, up to the longest, and starts over after a success. |
/// | `retry = 3` | a failure is final | How often one build runs the factory again after it has failed. Only the last error reaches the callers. |
/// | `backoff = "100ms..5s"` | `"100ms..5s"` | How long the build waits before it runs the factory again: a time that doubles, up to the longest. With `"100ms"` alone it does not double. Needs `retry`. |
/// | `transient = LoadError::is_timeout` | any error | Which errors `retry` repeats the factory for: a function of `&E` that returns a `bool`, by its path or as a closure. Needs `retry`. |
///
/// ```
/// use cells::runtime_cell;
/// use std::io;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
///
/// fn is_timeout(error: &io::Error) -> bool {
///     error.kind() == io::ErrorKind::TimedOut
/// }
///
/// #[runtime_cell(retry = 3, backoff = "1ms..5ms", transient = is_timeout, cooldown = "1s..1m", wait_timeout = "10s")]
/// fn db() -> io::Result<u32> {
///     match ATTEMPTS.fetch_add(1, Ordering::Relaxed) {
///         0 => Err(io::ErrorKind::TimedOut.into()),
///         attempts => Ok(attempts),
///     }
/// }
///
/// assert_eq!(*db()?, 1);
/// # Ok::<(), cells::Error>(())
/// ```
///
/// A time that doubles has jitter, so that many processes do not try at once: half of it, and a random part of the other half.
///
/// ## The age of a payload
///
/// Until shortly before that, no read looks at a clock. These keys do not compile with `permanent`, whose payload never ends.
///
/// | Key | Default | Effect |
/// |---|---|---|
/// | `fresh = "50m"` | a payload is fresh for as long as it lives | How long a payload is fresh. After that, the next call gets it as it is, and starts one refresh in the background. |
/// | `eager_refresh` | a stale payload is refreshed when it is next asked for | Refreshes the payload at the end of `fresh` although nobody asks for it. Needs `fresh`, and does not go with `linger`. |
/// | `fatal = AuthError::is_revoked` | a payload stays if its refresh fails | For which errors a failed refresh ends the payload at once: a function of `&E` that returns a `bool`, by its path or as a closure. Needs `fresh`. |
/// | `expires = Token::expires_at` | age does not end a payload | How long a payload may be used. After that nobody gets it, and the next call builds another one. |
/// | `linger = "30s"` | a payload stays | How long a payload stays that nobody uses: it is closed between one such time and two after its last lease has ended, and built again when it is next asked for. |
///
/// `fresh` and `expires` take a duration, or a function of `&T`, by its path or as a closure, that is called once for each
/// payload. It returns a `Duration` from when the payload is published, an `Instant` or a `SystemTime`, or an `Option` of one
/// of these, where `None` is without end.
///
/// ```
/// use cells::runtime_cell;
/// use std::io;
/// use std::time::{Duration, Instant};
///
/// struct Token {
///     expires_at: Instant,
/// }
///
/// impl Token {
///     fn refresh_at(&self) -> Instant {
///         self.expires_at - Duration::from_secs(300)
///     }
/// }
///
/// fn is_revoked(error: &io::Error) -> bool {
///     error.kind() == io::ErrorKind::PermissionDenied
/// }
///
/// #[runtime_cell(fresh = Token::refresh_at, expires = |token| token.expires_at, fatal = is_revoked)]
/// fn token() -> io::Result<Token> {
///     Ok(Token { expires_at: Instant::now() + Duration::from_secs(3600) })
/// }
///
/// assert!(token()?.expires_at > Instant::now() && !TOKEN.snapshot().stale);
/// # Ok::<(), cells::Error>(())
/// ```
///
/// A duration is a whole number followed by `ms`, `s`, `m` (minutes) or `h`, and is checked at compile time. A const
/// expression of type `Duration` works too. Where a range is allowed, it is one string or has a const expression at each end:
/// `"1s..1m"`, `FIRST..LONGEST`.
///
/// ## The end of a payload, and hooks
///
/// | Key | Default | Effect |
/// |---|---|---|
/// | `dispose = Pool::shutdown` | `Close::close` if the payload implements `Close`, otherwise a plain drop | The function that ends a payload: `fn(T)` or `fn(T) -> Result<(), E>`. In an async cell it may be an `async fn`; in a permanent one it takes `&T`. `dispose = drop` drops a payload even if it implements `Close`. |
/// | `dispose_timeout = "10s"` | closes and shutdowns wait for the disposer as their own limits say, and run it themselves | How long they wait for the disposer, which runs on a thread of its own, or on its runtime. It goes on after that; the result says `Disposing`, and the log that it takes long. |
/// | `closed_last` | a shutdown closes a cell when nothing depends on it any more | A shutdown, and `close_all`, close the cell after all others but those that it depends on: for telemetry, to which the others' disposers still write. |
/// | `observer = TimelineObserver::default()` | none | An `Observer`, which is notified of what happens in this cell. |
/// | `adjuster = NoopFactoryAdjuster` | none | A `FactoryAdjuster`, or for an async cell an `AsyncFactoryAdjuster`: a wrapper that calls the factory, for example to retry. |
///
/// ```
/// use cells::{CloseStatus, TimelineObserver, runtime_cell};
///
/// struct Log(Vec<String>);
///
/// fn flush(log: Log) -> std::io::Result<()> {
///     println!("{} lines", log.0.len());
///     Ok(())
/// }
///
/// #[runtime_cell(dispose = flush, dispose_timeout = "10s", closed_last, observer = TimelineObserver::default())]
/// fn log() -> Log {
///     Log(vec!["begin".to_owned()])
/// }
///
/// drop(log());
/// assert_eq!(LOG.close().status, CloseStatus::Ok);
/// ```
///
/// The expressions of `observer` and `adjuster` are evaluated on first use.
///
/// ## Health
///
/// What `cells::health` says of the program because of this cell.
///
/// | Key | Default | Effect |
/// |---|---|---|
/// | `optional` | a cell that failed, or that cools down, makes the program unready | The program is degraded by such a cell, but ready. |
/// | `check = Pool::ping` | a payload works until somebody says otherwise | Asks the payload whether it works: a function of `&T`, by its path or as a closure, that returns a `bool`, a `Result`, or a future of one of these. Runs only while there is a payload, one at a time, and at most once a second. |
///
/// ```
/// use cells::runtime_cell;
///
/// struct Pool;
///
/// impl Pool {
///     fn ping(&self) -> bool {
///         true // asks the server
///     }
/// }
///
/// #[runtime_cell(optional, check = Pool::ping)]
/// fn statistics() -> Pool {
///     Pool
/// }
///
/// drop(statistics());
/// assert!(cells::health().degraded.is_empty());
/// ```
///
/// # Attributes
///
/// | Attribute of the function | Where it goes |
/// |---|---|
/// | `cfg` | to every emitted item |
/// | doc comments | to the accessor |
/// | `must_use` | to the accessor, and to the function named by `factory` |
/// | `deprecated`, `doc(…)` | to the accessor and the static |
/// | lint levels | to every item that contains the function's own tokens; `expect` becomes `allow`, because the lint fires in only one of them |
/// | any other, and those of parameters except `from` | stay on the factory |
///
/// A factory that calls its own name calls the accessor, and gets the error for a re-entrant call.
#[doc(alias(
    "LazyLock",
    "OnceLock",
    "OnceCell",
    "lazy_static",
    "once",
    "memoize",
    "singleton",
    "global",
    "bean",
    "component",
    "DI",
    "dependency injection",
    "inject",
    "provider",
    "connection pool",
    "circuit breaker",
    "TTL"
))]
#[proc_macro_attribute]
pub fn runtime_cell(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::runtime_cell(args.into(), item.into()).into()
}
