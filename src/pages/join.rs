//! The page of a meeting: who, when, where one stands; then the room itself. Without scripts it shows the same and is
//! loaded again.

mod room;
mod words;

use askama::Template;

use super::{Asset, Frame, rendered};
use room::RoomWords;
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

/// Where it takes place, always on this page.
#[derive(Debug, Clone, Copy)]
pub enum JoinPlace<'a> {
    /// In a frame that Jitsi's own script makes.
    Jitsi { domain: &'a str },
    /// By a client of ours, which connects to that server.
    LiveKit { server: &'a str },
}

// === impl JoinPage ===

impl JoinPage<'_> {
    pub fn render(&self) -> String {
        rendered(self)
    }

    fn say(&self) -> &'static Words {
        Words::of(self.frame.language)
    }

    fn say_room(&self) -> &'static RoomWords {
        RoomWords::of(self.frame.language)
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

    fn is_livekit(&self) -> bool {
        matches!(self.place, JoinPlace::LiveKit { .. })
    }

    /// The Jitsi whose script shows the room; empty where that is not Jitsi's.
    fn domain(&self) -> &str {
        match self.place {
            JoinPlace::Jitsi { domain } => domain,
            JoinPlace::LiveKit { .. } => "",
        }
    }

    /// The meeting server, for people.
    fn server(&self) -> &str {
        match self.place {
            JoinPlace::Jitsi { domain: server } | JoinPlace::LiveKit { server } => server,
        }
    }
}
