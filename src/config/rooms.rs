//! `rooms.toml`: channels, role contexts, and rules for rooms.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::document::Node;
use super::kind;
use super::section::Section;
use crate::domain::access::RoomPattern;

/// The whole of `rooms.toml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rooms {
    /// By number; the room of a channel is `channel-{number}`.
    pub channels: BTreeMap<u64, Channel>,
    /// By name, such as `doctor-hospital`.
    pub role_contexts: BTreeMap<String, RoleContext>,
    /// In the order of the file.
    pub rules: Vec<Rule>,
}

/// A standing room with a list of those who may enter.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    pub name: String,
    /// E-mail addresses, in lower case.
    pub members: Vec<String>,
    /// Everyone with one of these roles may enter too.
    pub roles: Vec<String>,
}

/// A kind of meeting between roles.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleContext {
    /// Roles that may make such a meeting; never empty.
    pub may_create: Vec<String>,
}

/// What holds in the rooms that fit a pattern. What is absent is left to the next rule that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub rooms: RoomPattern,
    pub unbooked: Option<Unbooked>,
    pub moderators: Vec<Moderator>,
    /// Features of Jitsi, such as `recording`, that tokens grant or refuse.
    pub features: BTreeMap<String, bool>,
    pub max_people: Option<u32>,
    pub lobby: Option<bool>,
}

/// What happens to a room that nobody booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unbooked {
    Allow,
    Deny,
}

/// Who moderates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moderator {
    /// `role:NAME`
    Role(String),
    /// `user:E-MAIL`
    User(String),
}

pub(super) fn read(file: &Section) -> Rooms {
    Rooms {
        channels: file.table("channels", |all| {
            all.entries(channel_number, |_, one| Some(channel(one)))
        }),
        role_contexts: file.table("role_contexts", |all| {
            all.entries(role_name, |_, one| Some(role_context(one)))
        }),
        rules: file.tables("rules", |one| Some(rule(one))),
    }
}

fn channel_number(text: &str) -> Result<u64, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number: &u64| number.to_string() == text);
    number.ok_or_else(|| "must be the number of a channel".into())
}

fn channel(channel: &Section) -> Channel {
    Channel {
        name: channel.required("name", kind::text).unwrap_or_default(),
        members: channel
            .list("members", |node| kind::email(&kind::text(node)?))
            .unwrap_or_default(),
        roles: channel.list("roles", kind::text).unwrap_or_default(),
    }
}

fn role_name(text: &str) -> Result<String, String> {
    match text.is_empty() || text.chars().any(char::is_control) {
        true => Err("must be the name of a role context".into()),
        false => Ok(text.to_owned()),
    }
}

fn role_context(context: &Section) -> RoleContext {
    let may_create = context.list("may_create", kind::text).unwrap_or_default();
    if may_create.is_empty() {
        context.fault("may_create", "must name at least one role");
    }
    RoleContext { may_create }
}

fn rule(rule: &Section) -> Rule {
    Rule {
        rooms: rule
            .required("rooms", kind::room_pattern)
            .unwrap_or_else(|| RoomPattern::beginning_with("")),
        unbooked: rule.optional("unbooked", kind::one_of),
        moderators: rule.list("moderators", moderator).unwrap_or_default(),
        features: rule.table("features", |features| features.values(kind::boolean)),
        max_people: rule.optional("max_people", kind::whole(1..=100_000)),
        lobby: rule.optional("lobby", kind::boolean),
    }
}

fn moderator(node: &Node) -> Result<Moderator, String> {
    let text = kind::text(node)?;
    match text.split_once(':') {
        Some(("role", name)) if !name.is_empty() => Ok(Moderator::Role(name.to_owned())),
        Some(("user", email)) => kind::email(email).map(Moderator::User),
        _ => Err("must be \"role:\" and a role, or \"user:\" and an e-mail address".into()),
    }
}
