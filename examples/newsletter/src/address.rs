//! Addresses of mail.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An address that mail can be sent to, as far as one can tell by looking at it. The confirmation finds out the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(String);

/// Why a text is no [`Address`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address of mail")]
pub struct NotAnAddress;

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        // RFC 5321, 4.5.3.1: what a server has to accept.
        const LONGEST: usize = 254;
        let plain = |c: char| c.is_ascii_graphic() && !"()<>,;:\\\"[]".contains(c);
        let (local, domain) = text.split_once('@').ok_or(NotAnAddress)?;
        let labels = domain
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let valid = !local.is_empty()
            && local.chars().all(plain)
            && labels
            && domain.contains('.')
            && text.len() <= LONGEST;
        if valid { Ok(Self(text)) } else { Err(NotAnAddress) }
    }
}

impl AsRef<str> for Address {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
