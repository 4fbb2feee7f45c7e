//! What Jitsi's Prosody, or LiveKit, will make of a token: claim by claim, in the words that people see on a refusal.
//!
//! The facts are those of jitsi-meet's `resources/prosody-plugins` (`luajwtjitsi.lib.lua`, `token/util.lib.lua`,
//! `mod_auth_token.lua`, `mod_token_verification.lua`, `mod_token_affiliation.lua`), tried on a real Prosody, and of
//! LiveKit's `protocol/auth`. Nothing here prints a key, or needs one.

mod context;
mod jitsi;
mod livekit;
mod parts;
mod place;
mod signature;

pub use parts::Pasted;

use serde_json::Value;

use self::parts::Parts;
use crate::config::daemon::{Jitsi, LiveKit};
use crate::domain::{RoomName, Timestamp};

/// What is to be judged, and against what.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The token alone; see [`Pasted`] for what people really have at hand.
    pub token: &'a str,
    /// The room somebody wants to enter with it.
    pub room: Option<&'a RoomName>,
    /// The configured deployments. None: issuer, domain and signature are not judged.
    pub jitsi: &'a [Jitsi],
    pub livekit: &'a [LiveKit],
    pub now: Timestamp,
}

/// The answer, line by line, in the order in which the server looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Which server it was judged as, and how that was chosen.
    pub judged_as: String,
    /// Whether the signature was checked with a configured key.
    pub compared: bool,
    pub lines: Vec<Line>,
    /// What follows for the holder, such as whether they become moderator.
    pub outcome: String,
}

/// One claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands, such as `header.alg` or `context.user.name`.
    pub claim: String,
    /// Shortened and safe to print; empty when it is not there.
    pub value: String,
    pub finding: Finding,
}

/// What a claim does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    Ok(String),
    /// Keeps nobody out, but is worth knowing.
    Note(String),
    /// `says` is the text that the person sees, where the server gives one.
    Refused {
        at: Step,
        says: Option<String>,
        advice: String,
    },
    /// The server fails inside and gives no answer at all; the person waits until the client gives up.
    Hangs {
        at: Step,
        advice: String,
    },
}

/// When it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// While the connection is made.
    SignIn,
    /// At the door of the room.
    Door,
}

/// Judges a token.
pub fn explain(question: &Question) -> Explanation {
    match Parts::of(question.token) {
        Err(line) => Explanation {
            judged_as: "a token of any kind".to_owned(),
            compared: false,
            lines: vec![line],
            outcome: "It opens nothing.".to_owned(),
        },
        Ok(parts) if livekit::is_one(&parts, question) => livekit::explain(&parts, question),
        Ok(parts) => jitsi::explain(&parts, question),
    }
}

// === impl Explanation ===

impl Explanation {
    /// Whether nothing was found that keeps the holder out.
    pub fn is_accepted(&self) -> bool {
        self.problem().is_none()
    }

    /// What the holder runs into first: sign-in comes before the door.
    pub fn problem(&self) -> Option<&Line> {
        let step = |line: &Line| match line.finding {
            Finding::Refused { at, .. } | Finding::Hangs { at, .. } => Some(at),
            Finding::Ok(_) | Finding::Note(_) => None,
        };
        self.lines
            .iter()
            .filter(|line| step(line).is_some())
            .min_by_key(|line| step(line))
    }
}

// === impl Line ===

impl Line {
    /// Whether a signature was looked at, with whatever result.
    fn is_checked(&self) -> bool {
        !matches!(self.finding, Finding::Note(_))
    }

    fn new(claim: &str, value: Option<&Value>, finding: Finding) -> Self {
        let value = value.map_or_else(String::new, shown);
        Self {
            claim: claim.to_owned(),
            value,
            finding,
        }
    }
}

// === impl Finding ===

impl Finding {
    fn ok(text: impl Into<String>) -> Self {
        Self::Ok(text.into())
    }

    fn note(text: impl Into<String>) -> Self {
        Self::Note(text.into())
    }

    fn refused(at: Step, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Refused {
            at,
            says: Some(says.into()),
            advice: advice.into(),
        }
    }

    fn silently_refused(at: Step, advice: impl Into<String>) -> Self {
        Self::Refused {
            at,
            says: None,
            advice: advice.into(),
        }
    }

    fn hangs(at: Step, advice: impl Into<String>) -> Self {
        Self::Hangs {
            at,
            advice: advice.into(),
        }
    }
}

/// A value as JSON, at most 60 characters, without anything that moves a terminal's cursor.
fn shown(value: &Value) -> String {
    const MAX_CHARS: usize = 60;
    let text = value.to_string();
    let printable = |c: char| match c {
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
            c.escape_unicode().to_string()
        }
        c => c.to_string(),
    };
    let short: String = text.chars().take(MAX_CHARS).map(printable).collect();
    if text.chars().count() > MAX_CHARS {
        short + "…"
    } else {
        short
    }
}

/// A number of seconds as people say it, in two units.
fn span(seconds: f64) -> String {
    let seconds = seconds.abs();
    let (big, small, size, per) = match seconds {
        s if s < 120.0 => return format!("{s:.0} s"),
        s if s < 7200.0 => ("min", "s", 60.0, 1.0),
        s if s < 172_800.0 => ("h", "min", 3600.0, 60.0),
        s if s < 1e10 => ("days", "h", 86_400.0, 3600.0),
        _ => return "centuries".to_owned(),
    };
    let whole = (seconds / size).floor();
    let rest = ((seconds - whole * size) / per).floor();
    if rest == 0.0 {
        format!("{whole:.0} {big}")
    } else {
        format!("{whole:.0} {big} {rest:.0} {small}")
    }
}

/// A claim that counts seconds, as a moment.
fn moment(seconds: f64) -> String {
    let at = Timestamp::from_timestamp(seconds as i64, 0).filter(|_| seconds.abs() < 1e11);
    at.map_or_else(
        || "a time out of reach".to_owned(),
        |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

#[cfg(test)]
mod tests;
