//! `rooms.toml`: channels, role contexts, and rules for rooms.

use std::collections::BTreeMap;

use super::document::Node;
use super::kind;
use super::section::Section;
use crate::domain::access::{Channel, FEATURES, Party, RoomPassword, RoomPattern, RoomRules, Rule};

/// The whole of `rooms.toml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rooms {
    /// Channels and rules: who may enter which room, and as what.
    pub access: RoomRules,
    /// By name, such as `doctor-hospital`.
    pub role_contexts: BTreeMap<String, RoleContext>,
}

/// A kind of meeting between roles.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleContext {
    /// Roles that may make such a meeting; never empty.
    pub may_create: Vec<String>,
}

pub(super) fn read(file: &Section) -> Rooms {
    Rooms {
        access: RoomRules {
            channels: file.table("channels", |all| {
                all.entries(channel_number, |_, one| Some(channel(one)))
            }),
            rules: file.tables("rules", |one| Some(rule(one))),
        },
        role_contexts: file.table("role_contexts", |all| {
            all.entries(role_name, |_, one| Some(role_context(one)))
        }),
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
        members: rule.list("members", party),
        guests: rule.optional("guests", kind::boolean),
        moderators: rule.list("moderators", party),
        lobby_bypass: rule.list("lobby_bypass", party),
        features: rule.has("features").then(|| {
            rule.table("features", |features| {
                features.known_values(&FEATURES, kind::boolean)
            })
        }),
        max_people: rule.optional("max_people", kind::whole(1..=100_000)),
        lobby: rule.optional("lobby", kind::boolean),
        wait_for_host: rule.optional("wait_for_host", kind::boolean),
        password: password(rule),
    }
}

fn password(rule: &Section) -> Option<RoomPassword> {
    let secret = rule.secret("password", "password_file")?;
    let written = match rule.has("password") {
        true => "password",
        false => "password_file",
    };
    RoomPassword::parse(secret.expose())
        .map_err(|error| rule.fault(written, error.to_string()))
        .ok()
}

fn party(node: &Node) -> Result<Party, String> {
    let text = kind::text(node)?;
    match text.split_once(':') {
        Some(("role", name)) if !name.is_empty() => Ok(Party::Role(name.to_owned())),
        Some(("user", email)) => kind::email(email).map(Party::User),
        _ => Err("must be \"role:\" and a role, or \"user:\" and an e-mail address".into()),
    }
}
