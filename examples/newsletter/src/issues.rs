//! Publishing.

use crate::address::Address;
use crate::clock;
use crate::db::db;
use crate::email::mailer;
use crate::failure::Failure;
use crate::journal::journal;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many messages are on their way at a time.
const AT_A_TIME: usize = 8;

/// What is published.
#[derive(Debug, Deserialize)]
pub struct Issue {
    /// The subject of the messages.
    pub title: String,
    /// Their text.
    pub text: String,
}

/// How a publication went.
#[derive(Debug, Default, Serialize)]
pub struct Published {
    /// How many got the issue.
    pub sent: u32,
    /// How many did not.
    pub failed: u32,
    /// Why the last of these did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A confirmed subscriber.
#[derive(FromRow)]
struct Subscriber {
    id: i64,
    name: String,
    #[sqlx(try_from = "String")]
    email: Address,
    token: String,
}

/// Sends an issue to those confirmed subscribers who do not have it yet. So it can be published again after a failure, and
/// nobody gets it twice.
///
/// # Errors
///
/// If the database is not there. That messages failed is in the report.
pub async fn publish(slug: &str, issue: Issue) -> Result<Published, Failure> {
    let insert = "INSERT INTO issue (slug, title, text, published_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (slug) DO UPDATE SET title = excluded.title, text = excluded.text";
    let insert = sqlx::query(insert).bind(slug).bind(&issue.title).bind(&issue.text).bind(clock::seconds());
    let db = db().await?;
    insert.execute(&*db).await?;
    let select = "SELECT id, name, email, token FROM subscriber WHERE confirmed_at IS NOT NULL
        AND id NOT IN (SELECT subscriber FROM delivery WHERE issue = ?) ORDER BY id";
    let mut left = sqlx::query_as::<_, Subscriber>(select).bind(slug).fetch_all(&*db).await?.into_iter();
    drop(db); // sending takes long, and each message asks for the connections itself

    let (slug, issue) = (Arc::<str>::from(slug), Arc::new(issue));
    let send = |subscriber| deliver(slug.clone(), issue.clone(), subscriber);
    let mut under_way: JoinSet<_> = left.by_ref().take(AT_A_TIME).map(send).collect();
    let mut published = Published::default();
    while let Some(delivered) = under_way.join_next().await {
        match delivered.map_err(Failure::from).flatten() {
            Ok(new) => published.sent += u32::from(new),
            Err(error) => {
                published.failed += 1;
                published.error = Some(error.to_string());
            }
        }
        under_way.extend(left.next().map(send));
    }
    Ok(published)
}

/// Sends an issue to one subscriber, unless another publication has or is about to. A message that is cut off counts as
/// sent: a subscriber without this issue complains less than one who gets it twice.
async fn deliver(slug: Arc<str>, issue: Arc<Issue>, to: Subscriber) -> Result<bool, Failure> {
    let claim = sqlx::query("INSERT INTO delivery (issue, subscriber) VALUES (?, ?) ON CONFLICT DO NOTHING");
    if claim.bind(&*slug).bind(to.id).execute(&*db().await?).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let mailer = mailer()?;
    let link = mailer.link(&format!("/subscriptions/cancel?token={}", to.token));
    let text = format!("Dear {},\n\n{}\n\n-- \nTo get no more of this: {link}\n", to.name, issue.text);
    if let Err(error) = mailer.send(&to.email, &issue.title, &text).await {
        let forget = sqlx::query("DELETE FROM delivery WHERE issue = ? AND subscriber = ?");
        forget.bind(&*slug).bind(to.id).execute(&*db().await?).await?;
        return Err(error.into());
    }
    journal()?.write(format_args!("issue {slug} {}", to.email))?;
    Ok(true)
}
