//! The page: everything that is known of the cells at one moment, as one HTML text.

use crate::image;
use crate::observe::timeline::Timeline;
use crate::picture::act::{PageAction, PageActionError, Request};
use crate::picture::markup::Text;
use crate::picture::sections;
use crate::picture::svg::STYLE;
use crate::program::all_cells;
use crate::program::graph;
use crate::program::health_report::Health;
use crate::program::startup::startup;
use std::fmt;
use std::fmt::Write;

const OWN_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Returns a page about all cells: [`Page::to_html`] with its defaults.
///
/// ```
/// let html = cells::page(); // the answer to a `GET`, of the type `text/html; charset=utf-8`
/// assert!(html.starts_with("<!doctype html>"));
/// ```
#[doc(alias("dashboard", "admin page", "status page"))]
#[inline]
pub fn page() -> String {
    Page::new().to_html()
}

/// A page about all cells of the program, for people: what is wrong, every cell with its figures, the graph with the states,
/// the start-up, and the last events.
///
/// It is one HTML text that needs no network: a route of the program serves it. It works without its script, which only
/// sorts, filters and enlarges. It follows the reader's preference for light or dark, and is meant for keyboards,
/// screen readers and phones too.
///
/// The page tells errors and names of cells to whoever reads it. Serve it only to those who may know them.
///
/// # Content security policy
///
/// The page brings [`CONTENT_SECURITY_POLICY`](Self::CONTENT_SECURITY_POLICY) along, in a `<meta>`. A server that sends a
/// policy of its own sends this one for this route.
///
/// # Actions
///
/// The library has no server. With [`actions`](Self::actions) the page has buttons that send a form to a route of the
/// program, which hands the form to [`act`](Self::act):
///
/// ```
/// use cells::{Page, Timeline, TimelineObserver};
/// use std::sync::Arc;
///
/// // Once, when the program begins:
/// let timeline = Timeline::new(200);
/// cells::set_global_observer(Arc::new(TimelineObserver::with_fallback(timeline.clone())));
/// let page = Page::new().timeline(&timeline).actions("/cells", "a secret of the operator");
///
/// // GET /cells
/// let html = page.to_html();
/// # assert!(html.starts_with("<!doctype html>"));
///
/// // POST /cells, with the body of the request; in a task it is `page.act_async(body).await`
/// # let body = "token=guess&close=x";
/// let (status, html) = match page.act(body) {
///     Ok(done) => (200, page.notice(done.to_string()).to_html()),
///     Err(error) => (error.http_status(), page.notice(format!("{error:#}")).to_html()),
/// };
/// # assert_eq!(status, 403);
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    actions: Option<Actions>,
    timeline: Option<Timeline>,
    health: Option<Health>,
    notice: Option<String>,
}

#[derive(Clone)]
struct Actions {
    url: String,
    token: String,
}

/// Without the token.
impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actions").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl Page {
    /// What the page needs of a content security policy: its own style and script, by their hashes, and forms to its own
    /// origin. It may be embedded in nothing.
    ///
    /// ```
    /// let header = ("Content-Security-Policy", cells::Page::CONTENT_SECURITY_POLICY);
    /// assert!(header.1.starts_with("default-src 'none'"));
    /// ```
    pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
        style-src 'sha256-j9yu6WJiGxJAOJ+fwkK8esjT1DRlWX93xy09VUMTktc='; \
        script-src 'sha256-jH6Na0VPaksxayPCSnBnTW65EGTmCqxFl1T7+i7iGaU='; \
        form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// Creates a page without actions and events.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        image::note(image::here());
        Self { title: "Cells".to_owned(), actions: None, timeline: None, health: None, notice: None }
    }

    /// Sets the title, which is `Cells` otherwise: the name of the program, for example.
    ///
    /// ```
    /// let html = cells::Page::new().title("Code search").to_html();
    /// assert!(html.contains("<title>Code search</title>"));
    /// ```
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Shows the last events of this timeline.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn timeline(mut self, timeline: &Timeline) -> Self {
        self.timeline = Some(timeline.clone());
        self
    }

    /// Shows whether the program has started, is ready and is alive, and what is degraded, as
    /// [`health`](crate::health()) or [`health_async`](crate::health_async) has said.
    ///
    /// ```
    /// # use cells::Page;
    /// let html = Page::new().health(cells::health()).to_html();
    /// assert!(html.contains("alive"));
    /// ```
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.health = Some(health);
        self
    }

    /// Shows a button to refresh and one to close each cell where that is possible, and says at the others why it is not.
    /// They send a form to `url` by `POST`.
    ///
    /// `token` is a secret. The page asks the reader for it and does not contain it, so whoever may only read the page can do
    /// nothing, and neither can another site in the reader's browser. An empty token admits nobody.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn actions(mut self, url: impl Into<String>, token: impl Into<String>) -> Self {
        self.actions = Some(Actions { url: url.into(), token: token.into() });
        self
    }

    /// Returns the page with a message at the top: what an action has done.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn notice(&self, notice: impl Into<String>) -> Self {
        Self { notice: Some(notice.into()), ..self.clone() }
    }

    /// Does what the form asks for that a browser has sent; `form` is the body of its request. A refresh builds the payload
    /// on this thread; in a task use [`act_async`](Self::act_async).
    ///
    /// The [type](Self) has an example.
    ///
    /// # Errors
    /// If the token is not that of [`actions`](Self::actions), the cell is not there any more, it is not one with which this
    /// can be done, the program is shutting down, or the refresh fails.
    pub fn act(&self, form: &str) -> Result<PageAction, PageActionError> {
        self.request(form)?.carry_out()
    }

    /// Does what [`act`](Self::act) does, in a task.
    ///
    /// The [type](Self) has an example.
    ///
    /// # Errors
    /// As [`act`](Self::act).
    pub async fn act_async(&self, form: &str) -> Result<PageAction, PageActionError> {
        self.request(form)?.carry_out_async().await
    }

    fn request(&self, form: &str) -> Result<Request, PageActionError> {
        Request::of(form, self.actions.as_ref().map(|actions| actions.token.as_str()))
    }

    /// Writes the page, as of now. It asks no factory and waits for none, also during a shutdown.
    ///
    /// The [type](Self) has an example.
    pub fn to_html(&self) -> String {
        let cells = all_cells::listed();
        let rows = sections::rows(&cells);
        let title = Text(&self.title);
        // A `<meta>` cannot say who may embed the page.
        let policy = Self::CONTENT_SECURITY_POLICY.replace("; frame-ancestors 'none'", "");
        let mut html = String::with_capacity(64 * 1024 + 2048 * cells.len());
        let _ = write!(
            html,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n<style>{STYLE}{OWN_STYLE}</style>\n\
             </head>\n<body>\n<a class=\"skip\" href=\"#cells\">Skip to the cells</a>\n<header>\n\
             <h1><bdi>{title}</bdi></h1>\n",
            Text(&policy)
        );
        sections::summary(&mut html, &rows);
        let events = self.timeline.as_ref().map(Timeline::events);
        sections::navigation(&mut html, events.is_some());
        if let Some(notice) = &self.notice {
            let _ = writeln!(html, "<p class=\"note\" role=\"status\"><bdi>{}</bdi></p>", Text(notice));
        }
        html.push_str("</header>\n<main>\n");
        sections::wrong(&mut html, &rows, self.health.as_ref());
        sections::cells(&mut html, &rows, self.actions.as_ref().map(|actions| actions.url.as_str()));
        sections::graph(&mut html, &graph::of_listed());
        sections::startup(&mut html, &startup());
        if let Some(events) = &events {
            sections::events(&mut html, events);
        }
        let _ = write!(
            html,
            "</main>\n<footer>As of when this page was loaded. Reload it for what is new.</footer>\n\
             <script>{SCRIPT}</script>\n</body>\n</html>\n"
        );
        html
    }
}
