//! The page of a meeting: who, when, where one stands; then the room itself. Without scripts it shows the same and is
//! loaded again.

mod words;

use askama::Template;

use super::{Asset, Frame, rendered};
use words::Words;

/// Everything that the page of a meeting shows to one person.
#[derive(Debug, Clone, Template)]
#[template(path = "join.html")]
pub struct JoinPage<'a> {
    pub frame: Frame<'a>,
    /// Its id.
    pub meeting: &'a str,
    pub title: Option<&'a str>,
    /// The name of whoever looks.
    pub you: &'a str,
    /// The names of others who take part.
    pub people: Vec<String>,
    /// How many more there are, whose names are not known here.
    pub others: usize,
    /// None: whenever people come.
    pub time: Option<JoinTime>,
    /// IANA name of the zone in which the time was agreed.
    pub zone: &'a str,
    /// The moment at which the page was made (RFC 3339).
    pub now: String,
    /// Whether it starts without cameras.
    pub audio: bool,
    /// Whether the person may let others in.
    pub moderates: bool,
    pub place: JoinPlace<'a>,
    /// `too_early`, `waiting`, `denied`, `removed`, `ready`, `over`, `cancelled` or `in_person`.
    pub state: &'static str,
    /// Of those who wait: whether the host has to come first.
    pub host_is_missing: bool,
}

/// When a meeting takes place; moments are RFC 3339 in UTC.
#[derive(Debug, Clone)]
pub struct JoinTime {
    pub starts_at: String,
    pub ends_at: String,
    /// The start for people, with its zone.
    pub shown: String,
    pub minutes: u32,
    /// When people may come in, and the same for people; none where they may now.
    pub opens_at: Option<(String, String)>,
}

/// Where it takes place.
#[derive(Debug, Clone, Copy)]
pub enum JoinPlace<'a> {
    /// In a frame on this page.
    Jitsi { domain: &'a str },
    /// With an app: this page has no client for it.
    LiveKit { server: &'a str, room: &'a str },
}

// === impl JoinPage ===

impl JoinPage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn say(&self) -> &'static Words {
        Words::of(self.frame.language)
    }

    fn heading(&self) -> &str {
        self.title.unwrap_or(self.say().meeting)
    }

    fn address(&self) -> String {
        format!("{}/m/{}", self.frame.base, self.meeting)
    }

    fn other_language(&self) -> String {
        self.frame.other_language(&self.address())
    }

    /// Whether another look will show another state before anybody does anything here.
    fn changes_by_itself(&self) -> bool {
        matches!(self.state, "too_early" | "waiting" | "denied" | "removed")
    }

    /// Ready, but not here.
    fn is_elsewhere(&self) -> bool {
        matches!(self.place, JoinPlace::LiveKit { .. })
    }

    fn domain(&self) -> &str {
        match self.place {
            JoinPlace::Jitsi { domain } => domain,
            JoinPlace::LiveKit { .. } => "",
        }
    }
}
