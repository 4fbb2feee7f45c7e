//! A sample of an application that lets people sign in: it asks for a room, shows who came back, and goes in through
//! Jitsi's External API. Its scripts are plain modules, to be read and copied.

mod words;

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Asset, Frame, rendered};
use words::Words;

/// What the sample pages know of the program that they stand for.
#[derive(Debug, Clone, Copy)]
pub struct SampleApp<'a> {
    pub frame: Frame<'a>,
    /// Id of the client.
    pub client: &'a str,
    /// The page that people come back to, as it is registered for the client.
    pub callback: &'a str,
    /// The Jitsi that its rooms are on.
    pub domain: &'a str,
}

#[derive(Debug, Template)]
#[template(path = "sample/index.html")]
struct IndexPage<'a> {
    frame: Frame<'a>,
    app: SampleApp<'a>,
}

#[derive(Debug, Template)]
#[template(path = "sample/callback.html")]
struct CallbackPage<'a> {
    frame: Frame<'a>,
    app: SampleApp<'a>,
}

#[derive(Debug, Template)]
#[template(path = "sample/room.html")]
struct RoomPage<'a> {
    frame: Frame<'a>,
    app: SampleApp<'a>,
}

/// The script of that file name.
pub fn script(file: &str) -> Option<&'static str> {
    match file {
        "index.js" => Some(include_str!("sample/index.js")),
        "callback.js" => Some(include_str!("sample/callback.js")),
        "room.js" => Some(include_str!("sample/room.js")),
        "session.js" => Some(include_str!("sample/session.js")),
        "usher.js" => Some(include_str!("sample/usher.js")),
        _ => None,
    }
}

// === impl SampleApp ===

impl SampleApp<'_> {
    /// The folder of the pages below usher's public address.
    pub const FOLDER: &'static str = "/client_apps/jitsi_meet";

    /// Asks for a room.
    pub fn index(self) -> String {
        let Self { frame, .. } = self;
        rendered(&IndexPage { frame, app: self })
    }

    /// Shows who has come back.
    pub fn callback(self) -> String {
        let Self { frame, .. } = self;
        rendered(&CallbackPage { frame, app: self })
    }

    /// The room itself.
    pub fn room(self) -> String {
        let Self { frame, .. } = self;
        rendered(&RoomPage { frame, app: self })
    }

    fn say(&self) -> &'static Words {
        Words::of(self.frame.language)
    }

    /// Where one signs out, to come back to the callback page.
    fn sign_out(&self) -> String {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let (client, callback) = (encoded(self.client), encoded(self.callback));
        let base = self.frame.base;
        format!("{base}/sso/api/logout/?client_id={client}&redirect_uri={callback}")
    }

    fn file(&self, name: &str) -> String {
        format!("{}{}/{name}", self.frame.base, Self::FOLDER)
    }
}
