//! Subscribing, confirming and cancelling.

use crate::address::Address;
use crate::clock;
use crate::db::db;
use crate::email::mailer;
use crate::failure::Failure;
use crate::journal::journal;
use crate::token;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// How long the link of a confirmation is good for.
pub const VALID: Duration = Duration::from_hours(24);

/// Who wants to subscribe.
#[derive(Debug, Deserialize)]
pub struct Candidate {
    /// How to greet them.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Where to send the issues.
    pub email: Address,
}

/// A name goes into mail to an address that anybody may have given, so it has no room for advertisements.
fn name<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    const LONGEST: usize = 100;
    let name = String::deserialize(text)?;
    let valid = !name.trim().is_empty() && name.len() <= LONGEST && !name.contains(char::is_control);
    if valid { Ok(name) } else { Err(D::Error::custom("not a name")) }
}

/// Notes a subscription, and asks by mail to confirm it. Whoever asks again gets another link, and the old one ends; who
/// has confirmed already gets no mail, and the caller cannot tell.
///
/// # Errors
///
/// If the mail was not sent; then the candidate can ask again.
pub async fn subscribe(candidate: Candidate) -> Result<(), Failure> {
    let Candidate { name, email } = candidate;
    let token = token::random()?;
    let insert = "INSERT INTO subscriber (email, name, token, asked_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (email) DO UPDATE SET name = excluded.name, token = excluded.token, asked_at = excluded.asked_at
        WHERE confirmed_at IS NULL";
    let insert = sqlx::query(insert).bind(email.as_ref()).bind(&name).bind(&token).bind(clock::seconds());
    if insert.execute(&*db().await?).await?.rows_affected() == 0 {
        return Ok(());
    }
    let mailer = mailer()?;
    let link = mailer.link(&format!("/subscriptions/confirm?token={token}"));
    let text = format!("Dear {name},\n\nto get our newsletter, please follow this link:\n\n{link}\n");
    mailer.send(&email, "Please confirm", &text).await?;
    journal()?.write(format_args!("confirmation {email}"))?;
    Ok(())
}

/// Confirms the subscription with this token.
///
/// # Errors
///
/// If there is none, or its link is too old.
pub async fn confirm(token: &str) -> Result<(), Failure> {
    let now = clock::seconds();
    let update = "UPDATE subscriber SET confirmed_at = coalesce(confirmed_at, ?)
        WHERE token = ? AND (confirmed_at IS NOT NULL OR asked_at >= ?)";
    let oldest = now.saturating_sub_unsigned(VALID.as_secs());
    let update = sqlx::query(update).bind(now).bind(token).bind(oldest);
    found(update.execute(&*db().await?).await?.rows_affected())
}

/// Deletes the subscription with this token.
///
/// # Errors
///
/// If there is none.
pub async fn cancel(token: &str) -> Result<(), Failure> {
    let delete = sqlx::query("DELETE FROM subscriber WHERE token = ?").bind(token);
    found(delete.execute(&*db().await?).await?.rows_affected())
}

fn found(rows: u64) -> Result<(), Failure> {
    if rows == 0 { Err(Failure::UnknownLink) } else { Ok(()) }
}
