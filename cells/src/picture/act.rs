//! What the buttons of the page do: the form that a browser sends, checked, and carried out.
//!
//! A form is untrusted input: without the token nothing happens, and nothing is said of any cell.

use crate::declared::any_cell::AnyCell;
use crate::error::{Error, UnavailableError};
use crate::observe::observer::CloseResult;
use crate::program::all_cells;
use crate::program::caught::{caught, caught_async};
use std::error::Error as StdError;
use std::fmt;

/// What a form of the [page](crate::Page) has done. `Display` says it in one line.
///
/// ```
/// use cells::{Page, PageAction, runtime_cell};
///
/// #[runtime_cell]
/// fn page_size() -> u32 {
///     100
/// }
///
/// let page = Page::new().actions("/cells", "secret");
/// // A browser sends such a form; what its names and values are is between the page and `act`.
/// match page.act("token=guess&close=page_size") {
///     Ok(PageAction::Refreshed { cell, generation }) => println!("{cell} has generation {generation}"),
///     Ok(done) => println!("{done}"),
///     Err(error) => assert_eq!(error.to_string(), "the token is not the right one"),
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PageAction {
    /// The cell was refreshed.
    Refreshed {
        /// The cell's name.
        cell: &'static str,
        /// The generation of the new payload.
        generation: u64,
    },
    /// The cell was closed. Where a lease is still out or a disposer runs, the result says so.
    Closed(CloseResult),
}

/// Why a form of the [page](crate::Page) has done nothing.
///
/// ```
/// use cells::{Page, PageActionError};
///
/// let page = Page::new().actions("/cells", "secret");
/// let error = page.act("token=guess&close=limit").unwrap_err();
/// assert!(matches!(error, PageActionError::Forbidden));
/// assert_eq!(error.http_status(), 403);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PageActionError {
    /// The page has no actions, or the token is not the right one.
    Forbidden,
    /// The form names no action, or no cell.
    Malformed,
    /// No cell of the program is the one that the form names.
    NoSuchCell,
    /// The cell is not one with which this can be done.
    CannotBeDone {
        /// The cell's name.
        cell: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// The cell could not be refreshed, also because its factory panicked; what was there before is still there, unless the error was fatal.
    Failed(Error),
}

impl PageActionError {
    /// Returns the HTTP status for it: 403, 400, 404, 409 or 503.
    ///
    /// The [type](Self) has an example.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::Malformed => 400,
            Self::NoSuchCell => 404,
            Self::CannotBeDone { .. } => 409,
            Self::Failed(_) => 503,
        }
    }
}

impl fmt::Display for PageAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refreshed { cell, generation } => {
                write!(f, "cell `{cell}`: refreshed; generation {generation}")
            }
            Self::Closed(result) => result.fmt(f),
        }
    }
}

impl fmt::Display for PageActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden => f.write_str("the token is not the right one"),
            Self::Malformed => f.write_str("the form is not one of this page"),
            Self::NoSuchCell => f.write_str("the program has no such cell; reload the page"),
            Self::CannotBeDone { cell, reason } => write!(f, "cell `{cell}`: {reason}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl StdError for PageActionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            _ => None,
        }
    }
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Refresh,
    Close,
}

impl Verb {
    /// Its name in a form.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Close => "close",
        }
    }
}

/// A form whose sender may do what it asks for, and can.
pub(crate) struct Request {
    cell: AnyCell,
    verb: Verb,
}

impl Request {
    /// Reads a form in `application/x-www-form-urlencoded`.
    pub(crate) fn of(form: &str, token: Option<&str>) -> Result<Self, PageActionError> {
        let fields: Vec<_> = form.split('&').filter_map(|field| field.split_once('=')).collect();
        let value = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| decoded(value));
        let given = value("token").unwrap_or_default();
        if !token.is_some_and(|token| !token.is_empty() && is_same(&given, token.as_bytes())) {
            return Err(PageActionError::Forbidden);
        }
        let asked =
            [Verb::Refresh, Verb::Close].into_iter().find_map(|verb| Some((verb, value(verb.field())?)));
        let (verb, id) = asked.ok_or(PageActionError::Malformed)?;
        let id = String::from_utf8(id).map_err(|_| PageActionError::Malformed)?;
        let cells = all_cells::listed();
        let cell = cells.into_iter().find(|cell| form_id(*cell) == id).ok_or(PageActionError::NoSuchCell)?;
        match refusal(cell) {
            Some(reason) => Err(PageActionError::CannotBeDone { cell: cell.info().name, reason }),
            None => Ok(Self { cell, verb }),
        }
    }

    pub(crate) fn carry_out(self) -> Result<PageAction, PageActionError> {
        match self.verb {
            Verb::Refresh => {
                let refresh = || self.cell.refresh().map(|lease| lease.generation());
                refreshed(self.cell, caught(self.cell, refresh))
            }
            Verb::Close => Ok(PageAction::Closed(self.cell.close())),
        }
    }

    pub(crate) async fn carry_out_async(self) -> Result<PageAction, PageActionError> {
        match self.verb {
            Verb::Refresh => {
                let refresh = caught_async(self.cell, self.cell.refresh_async()).await;
                refreshed(self.cell, refresh.map(|lease| lease.generation()))
            }
            Verb::Close => Ok(PageAction::Closed(self.cell.close())),
        }
    }
}

fn refreshed(cell: AnyCell, refresh: Result<u64, Error>) -> Result<PageAction, PageActionError> {
    let cell = cell.info().name;
    match refresh {
        Ok(generation) => Ok(PageAction::Refreshed { cell, generation }),
        Err(Error::Unavailable(UnavailableError::ShutDown { .. })) => {
            Err(PageActionError::CannotBeDone { cell, reason: SHUT_DOWN })
        }
        Err(error) => Err(PageActionError::Failed(error)),
    }
}

const SHUT_DOWN: &str = "the program is shutting down";

/// Why nothing can be done with a cell; `None` if it can.
pub(crate) fn refusal(cell: AnyCell) -> Option<&'static str> {
    let info = cell.info();
    if info.permanent {
        Some("permanent: its payload stays until the process ends")
    } else if !info.has_factory {
        Some("provided: only the program can replace its payload")
    } else if cell.here().control.is_shut_down() {
        Some(SHUT_DOWN)
    } else {
        None
    }
}

/// What identifies a cell in a form. A name would not: it may be that of several cells, and contain line breaks, which
/// browsers change.
pub(crate) fn form_id(cell: AnyCell) -> String {
    let info = cell.info();
    format!("{}::{}:{}", info.module_path, info.ident, info.line)
}

/// In a time that does not depend on where they differ.
fn is_same(given: &[u8], token: &[u8]) -> bool {
    let differences = given.iter().zip(token).fold(0, |differences, (a, b)| differences | (a ^ b));
    given.len() == token.len() && std::hint::black_box(differences) == 0
}

/// A value without its escapes. What is no escape after all is taken as it is.
fn decoded(value: &str) -> Vec<u8> {
    let mut rest = value.as_bytes();
    let mut decoded = Vec::new();
    while let [byte, after @ ..] = rest {
        rest = after;
        decoded.push(match (byte, after) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *byte,
        });
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h8_values_of_a_form_are_decoded() {
        assert_eq!(decoded("a%3A%3ab+c%"), b"a::b c%");
        assert_eq!(decoded("%zz%e2%82%ac"), "%zz€".as_bytes());
        assert_eq!(decoded("%+f"), b"% f");
    }

    #[test]
    fn h8_without_the_token_nothing_is_said() {
        let forbidden =
            |form: &str, token| matches!(Request::of(form, token), Err(PageActionError::Forbidden));
        for form in ["", "token=", "token=wrong&refresh=a", "token=secre", "token=secret2", "refresh=a"] {
            assert!(forbidden(form, Some("secret")), "{form}");
        }
        assert!(forbidden("token=secret", None));
        assert!(forbidden("token=&refresh=a", Some("")), "an empty token admits nobody");
        let malformed = Request::of("token=%73ecret", Some("secret"));
        assert!(matches!(malformed, Err(PageActionError::Malformed)));
        let gone = Request::of("token=secret&close=gone::GONE:1", Some("secret"));
        assert!(matches!(gone, Err(PageActionError::NoSuchCell)));
    }
}
