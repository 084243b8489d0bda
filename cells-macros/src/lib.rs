//! The `#[runtime_cell]` attribute of the `cells` crate. Depend on `cells`, which re-exports it.

mod emit;
mod expand;
mod model;
mod parse;
#[cfg(test)]
mod tests;
mod tokens;

use proc_macro::TokenStream;

/// Declares a runtime cell by the function that builds its payload.
///
/// The function becomes the cell's accessor: it keeps its name, its visibility and its docs, and returns a lease
/// on the one payload that all callers share. Beside it stands the cell itself, a static.
///
/// | The factory returns | The accessor returns |
/// |---|---|
/// | `T` | `Ref<'static, T>` |
/// | `Result<T, E>`, or whatever else is named `Result` (`io::Result<T>`, `anyhow::Result<T>`) | `Result<Ref<'static, T>, cells::Error>` |
///
/// `T` is `Send + Sync + 'static` and written out: no `impl Trait`, no borrow. `E` converts into `cells::BoxError`.
/// The function takes no generics, and is neither `const`, `unsafe` nor `extern`. It stands in a module or in another
/// function, not in an `impl` or a `trait`, where no static can stand.
///
/// # Parameters
///
/// A parameter names the cell it comes from: `store` is the payload behind the static `STORE`, which is in scope.
/// `#[from(path::TO_STATIC)]` names another.
///
/// | A parameter of the type | gets |
/// |---|---|
/// | `&T`, or what a `&T` coerces to (`&str`, `&dyn Trait`) | the payload, while the factory runs |
/// | `Ref<'static, T>` | a lease, which may go into the payload: the dependency is not disposed before it |
///
/// ```ignore
/// #[runtime_cell]
/// fn search(store: &Store, #[from(settings::CURRENT)] settings: Ref<'static, Settings>) -> Result<Index, IndexError> {
///     Index::open(store, settings)
/// }
/// ```
///
/// Dependencies are built first, in the order of the parameters; where one fails, this cell fails with its error as
/// the source. So a factory that depends on a cell that can fail returns a `Result` itself. Cells that depend on each
/// other in a circle do not compile, and the notes of the compiler's error are at the parameters that form it.
///
/// # Async functions
///
/// An `async fn` makes an `AsyncCell`, whose accessor is an `async fn` too. Its factory may depend on cells of both
/// kinds, that of a plain function on plain ones alone. Its future is `Send`.
///
/// # Permanent cells
///
/// With `permanent` the cell is a `PermanentCell`, for what lives as long as the process: settings, metrics, regular
/// expressions. The accessor returns `&'static T`, or `Result<&'static T, cells::Error>`, at the price of a `LazyLock`.
///
/// ```ignore
/// #[runtime_cell(permanent)]
/// fn settings() -> Result<Settings, SettingsError> {
///     Settings::read("settings.toml")
/// }
/// ```
///
/// Until its payload is there it is a cell like any other, and afterwards nothing takes the payload away: `close`,
/// `invalidate` and `refresh` do not compile. At shutdown the function of `dispose`, which takes `&T`, runs after all
/// other cells are closed that it does not depend on; without it nothing runs, not even `Close::close`. A factory takes
/// the payload as `&T`, for there is no `Ref` of it. The factory is no `async fn`.
///
/// # Keys
///
/// | Key, by example | Without it | |
/// |---|---|---|
/// | `name = "search"` | the function's name | the cell's name in errors, events and logs |
/// | `cell = SEARCH` | the function's name in `SCREAMING_SNAKE_CASE` | the name of the static |
/// | `factory = build_search` | nobody else reaches the factory | emits the function as it is written, also under this name, with the accessor's visibility: tests call it without the cell |
/// | `fallible` | read off the return type | says that an alias with another name is a `Result` |
/// | `permanent` | a payload is closed, and built again | the payload lives as long as the process, and the accessor returns `&'static T` |
/// | `eager` | built on first use | `warm_up` builds the cell |
/// | `after = [CONFIG, STORE]` | parameters alone order cells | these cells are built before this one where both are warmed up, and shut down after it; nothing is injected |
/// | `blocking` | a plain function runs in the caller's thread | the plain function runs on tokio's blocking pool, and the accessor is an `async fn` (feature `tokio`) |
/// | `detached` | the task that asks runs the factory | an `async fn` runs as a task of its own, which goes on where its callers give up (feature `tokio`) |
/// | `runtime = "own"` | one payload | each tokio runtime has a payload of its own (feature `tokio`) |
/// | `max_waiters = 64` | any number | how many callers may wait for a flight; the next one gets an error at once |
/// | `wait_timeout = "1500ms"` | 1500 ms | how long one call may wait; a const expression that is `Duration::ZERO` waits for ever |
/// | `cooldown = "5s"` | none | how long after a failure calls get its error, and no factory runs |
/// | `dispose = Pool::shutdown` | `Close::close` where the payload is `Close`, else a plain drop | a `fn(T)` or `fn(T) -> Result<(), E>` that ends a payload, or an `async fn` where the cell is async; `dispose = drop` is a plain drop even of a `Close`; of a permanent cell, a `fn(&T)` or `fn(&T) -> Result<(), E>` |
/// | `observer = TimelineObserver::default()` | none | an `Observer` of this cell, made on first use |
/// | `adjuster = NoopFactoryAdjuster` | none | a `FactoryAdjuster` around the factory, an `AsyncFactoryAdjuster` around that of an async cell, made on first use |
/// | `crate = ::cells` | `::cells` | where the crate `cells` is found, if it is renamed or re-exported |
///
/// A duration is a whole number with one of the units `ms`, `s`, `m`, `h`, checked when the program is compiled, or
/// any const expression of type `Duration`. `max_waiters`, `wait_timeout` and `cooldown` need a cell that can fail.
///
/// # Attributes
///
/// `cfg` goes to everything that is emitted; docs and `must_use` to the accessor; `deprecated` and `doc(…)` to the
/// accessor and the static; lint levels to all that holds the function's own tokens (`expect` as `allow`, since one
/// function becomes several items). Any other attribute stays on the factory, and so do those of parameters but `from`.
///
/// A factory that calls its own name calls the accessor, and gets the error of a re-entrant cell.
#[proc_macro_attribute]
pub fn runtime_cell(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::runtime_cell(args.into(), item.into()).into()
}
