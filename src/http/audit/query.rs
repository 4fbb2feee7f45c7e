//! What a query asks for: every part is checked, and a name that is not known is passed over.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::audit::{ActId, Action, Filter, Outcome};
use crate::domain::{ClientId, RoomName, UserId};
use crate::http::error::ApiError;
use crate::http::query::{LIMIT, Parts, field, limit, moment, name};

/// A query that was understood.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) filter: Filter,
    pub(super) limit: usize,
    pub(super) before: Option<ActId>,
}

// === impl Query ===

impl Query {
    /// Reads what stands behind the `?`.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let pairs = Parts::parse(text);
        let one = |name| pairs.one(name);
        let filter = Filter {
            action: field("action", one("action")?, action)?,
            outcome: field("outcome", one("outcome")?, outcome)?,
            user: field("user", one("user")?, name(UserId::parse))?,
            client: field("client", one("client")?, name(ClientId::parse))?,
            room: field("room", one("room")?, name(RoomName::parse))?,
            from: field("from", one("from")?, moment)?,
            to: field("to", one("to")?, moment)?,
        };
        Ok(Self {
            filter,
            limit: field("limit", one("limit")?, limit)?.unwrap_or(LIMIT),
            before: field("cursor", one("cursor")?, before)?,
        })
    }
}

/// How an answer says where to go on.
pub(super) fn cursor(next: ActId) -> String {
    URL_SAFE_NO_PAD.encode(next.to_bytes())
}

fn action(text: &str) -> Result<Action, String> {
    let found = Action::ALL.into_iter().find(|action| action.as_str() == text);
    found.ok_or_else(|| format!("must be one of {}", Action::ALL.map(Action::as_str).join(", ")))
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let found = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text);
    found.ok_or_else(|| format!("must be one of {}", Outcome::ALL.map(Outcome::as_str).join(", ")))
}

fn before(text: &str) -> Result<ActId, String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(ActId::from_bytes)
        .ok_or_else(|| "must be the next_cursor of an answer".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Timestamp;

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn nothing_said_is_the_newest_fifty() {
        let query = Query::parse("").unwrap();
        assert_eq!(
            (query.filter, query.limit, query.before),
            (Filter::default(), 50, None)
        );
        assert!(Query::parse("colour=blue&colour=red&&=").is_ok());
    }

    #[test]
    fn every_part_is_understood() {
        let id = ActId::FIRST.following(Timestamp::UNIX_EPOCH, [7; 10]);
        let query = Query::parse(&format!(
            "action=login&outcome=refused&user=ann%40example.com&client=ataraxia&room=Caf%C3%A9&limit=200&cursor={}\
             &from=2026-11-14T10:42:03%2B03:30&to=2026-11-14T10:42:03+03:30",
            cursor(id)
        ));
        let Query {
            filter,
            limit,
            before,
        } = query.unwrap();
        assert_eq!((limit, before), (200, Some(id)));
        assert_eq!(
            (filter.from, filter.to),
            (at("2026-11-14T07:12:03Z"), at("2026-11-14T07:12:03Z"))
        );
        assert_eq!(
            (filter.action, filter.outcome),
            (Some(Action::Login), Some(Outcome::Refused))
        );
        assert_eq!(filter.user, UserId::parse("ann@example.com").ok());
        assert_eq!(filter.client, ClientId::parse("ataraxia").ok());
        assert_eq!(filter.room, RoomName::parse("café").ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, field) in [
            ("action=knock", "action"),
            ("action=", "action"),
            ("outcome=Success", "outcome"),
            ("user=", "user"),
            ("client=a.b", "client"),
            ("room=a%2Fb", "room"),
            ("from=yesterday", "from"),
            ("to=2026-11-14", "to"),
            ("to=é0000", "to"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=-1", "limit"),
            ("cursor=AAAA", "cursor"),
            ("cursor=%00", "cursor"),
            ("action=login&action=login", "action"),
        ] {
            let error = Query::parse(text).unwrap_err();
            assert_eq!(error.field(), Some(field), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange(text in any::<String>(), value in "\\PC{0,12}") {
            let _ = Query::parse(&text);
            for name in ["action", "user", "room", "from", "to", "limit", "cursor"] {
                let _ = Query::parse(&format!("{name}={value}"));
            }
        }
    }
}
