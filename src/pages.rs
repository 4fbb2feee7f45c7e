//! Pages for people: templates and what they need, compiled in.
//!
//! A page is a value that renders itself; every text that comes from outside is escaped by the template engine. Pages
//! work without JavaScript where the browser's own means suffice, load nothing from elsewhere, and run no inline script.

mod asset;
mod join;
pub mod reference;
mod sample;
mod words;

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::daemon::Language;
pub use asset::Asset;
pub use join::{JoinPage, JoinPlace, JoinTime};
pub use sample::{SampleApp, script as sample_script};
use words::Words;

/// What every page knows.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub language: Language,
    /// Path of usher's public address, without a trailing slash: `/usher`, or nothing.
    pub base: &'a str,
}

/// Why the login page is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProblem {
    Wrong,
    Inactive,
    /// Seconds to wait.
    TooMany(u64),
    Busy,
    /// The form was too old, or came from another browser: it is to be sent again.
    Stale,
    MissingField,
    /// Of the OpenID Connect provider: cannot be reached now.
    ProviderAway,
    /// Of the OpenID Connect provider: said no, or what it said did not check out.
    ProviderRefused,
}

/// Name and password, and the other ways in.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage<'a> {
    pub frame: Frame<'a>,
    /// The program that asks; empty where it is usher itself.
    pub client: &'a str,
    /// The room that the person wants to enter, readable.
    pub room: Option<&'a str>,
    /// Where the form goes: path and query. All fields of the form: `csrf`, `username`, `password`.
    pub action: &'a str,
    pub csrf: &'a str,
    /// What was typed before.
    pub username: &'a str,
    pub problem: Option<LoginProblem>,
    /// Whether there are passwords to sign in with at all.
    pub passwords: bool,
    /// Where the button "continue with …" leads, with the name of the provider.
    pub provider: Option<(&'a str, &'a str)>,
    /// Where the form for guests goes, where guests may enter: fields `csrf`, `name`.
    pub guest: Option<&'a str>,
}

/// "You are signed out."
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    pub frame: Frame<'a>,
}

/// Asks whether one really wants to sign out, when another site sent the browser here. The form is a POST with `csrf`.
#[derive(Debug, Template)]
#[template(path = "confirm_logout.html")]
pub struct ConfirmLogoutPage<'a> {
    pub frame: Frame<'a>,
    pub action: &'a str,
    pub csrf: &'a str,
}

/// Something cannot be done, in words; no way back, since none can be trusted.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    pub frame: Frame<'a>,
    pub sentence: &'a str,
    pub code: &'a str,
    pub request_id: &'a str,
}

/// A button that opens Jitsi's app: browsers leave a dead tab behind a redirect to an app.
#[derive(Debug, Template)]
#[template(path = "open_app.html")]
pub struct OpenAppPage<'a> {
    pub frame: Frame<'a>,
    /// `org.jitsi.meet://…`, `intent://…` or `jitsi-meet://…`.
    pub link: &'a str,
    /// The room, readable.
    pub room: &'a str,
}

// === impl Frame ===

impl Frame<'_> {
    fn say(&self) -> &'static Words {
        Words::of(self.language)
    }

    fn asset(&self, asset: Asset) -> String {
        format!("{}/assets/{}", self.base, asset.file())
    }

    /// Where the other language is chosen, to come back to a page of ours: path and query.
    fn other_language(&self, page: &str) -> String {
        let back = utf8_percent_encode(page, NON_ALPHANUMERIC);
        format!("{}/language/{}?back={back}", self.base, self.say().other_lang)
    }
}

// === impl LoginProblem ===

impl LoginProblem {
    /// Whether it is about what was typed.
    fn is_about_fields(self) -> bool {
        matches!(self, Self::Wrong | Self::MissingField)
    }
}

// === impl LoginPage ===

impl LoginPage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn sentence(&self) -> Option<String> {
        self.problem.map(|problem| problem.sentence(self.frame.language))
    }

    fn concerns_fields(&self) -> bool {
        self.problem.is_some_and(LoginProblem::is_about_fields)
    }

    fn other_language(&self) -> String {
        self.frame.other_language(self.action)
    }
}

// === impl SignedOutPage ===

impl SignedOutPage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }
}

// === impl ConfirmLogoutPage ===

impl ConfirmLogoutPage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }
}

// === impl ErrorPage ===

impl ErrorPage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }
}

// === impl OpenAppPage ===

impl OpenAppPage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }
}

fn rendered(page: &impl Template) -> String {
    page.render()
        .expect("text is written into memory, which cannot fail")
}

#[cfg(test)]
mod tests;
