//! From what the provider says about somebody to a user of ours; only computes.

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};

use crate::config::daemon::Oidc;
use crate::domain::{User, UserId, hex};

/// What the provider said about one person: the ID token, and what only the userinfo endpoint knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Claims(pub(super) Map<String, Value>);

/// Whether the provider has seen to it that the address is theirs (OpenID Connect Core section 5.1).
const VERIFIED: &str = "email_verified";

/// In characters; a token has room for twice as much.
const LONGEST_NAME: usize = 128;

/// In characters; a longer role or organisation is none of ours.
const LONGEST_VALUE: usize = 256;

/// Directories put people into hundreds of groups.
const MOST_VALUES: usize = 256;

// === impl Claims ===

impl Claims {
    /// Whether something is missing that the configuration asks for.
    pub(super) fn lack_something(&self, settings: &Oidc) -> bool {
        let claims = &settings.claims;
        let always = [&claims.roles, &claims.name, &claims.email, &claims.username];
        let mut asked_for = always.into_iter().chain(&claims.organisations);
        let unproven = !settings.trust_unverified_email && !self.0.contains_key(VERIFIED);
        unproven || asked_for.any(|path| self.get(path).is_none())
    }

    /// Takes over what is not there yet. That an address is verified counts for the one that it was said of: the two
    /// sources may know different ones.
    pub(super) fn fill_in(&mut self, others: Map<String, Value>, settings: &Oidc) {
        let mut others = Self(others);
        let email = &settings.claims.email;
        match self.get(email) {
            None => drop(self.0.remove(VERIFIED)),
            Some(own) if others.get(email) != Some(own) => drop(others.0.remove(VERIFIED)),
            Some(_) => {}
        }
        for (name, value) in others.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    /// The user whom the provider calls `subject`.
    pub(super) fn user(&self, subject: &str, settings: &Oidc) -> User {
        let claims = &settings.claims;
        let id = user_id(&settings.issuer, subject);
        let email = self.email(settings);
        let username = self
            .text(&claims.username)
            .filter(|name| !name.contains('@') || Some(name.to_lowercase()) == email)
            .or_else(|| email.clone())
            .unwrap_or_else(|| id.to_string());
        let organisations = claims.organisations.as_deref();
        User {
            name: self.text(&claims.name).unwrap_or_else(|| username.clone()),
            username,
            email,
            roles: self.roles(settings),
            organisations: organisations.map_or_else(Vec::new, |path| self.values(path).collect()),
            id,
        }
    }

    /// The address in lower case, if it may count: whoever has it counts as the person whom a room's list names by it.
    fn email(&self, settings: &Oidc) -> Option<String> {
        let verified = match self.0.get(VERIFIED) {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        };
        if !verified && !settings.trust_unverified_email {
            return None;
        }
        let email = self.get(&settings.claims.email)?.as_str()?;
        let lower = email.to_lowercase();
        (is_address(&lower) && !email.contains(becomes_ascii)).then_some(lower)
    }

    fn roles(&self, settings: &Oidc) -> Vec<String> {
        let values = self.values(&settings.claims.roles);
        match &settings.roles {
            Some(known) => {
                let mut roles: Vec<_> = values.filter_map(|value| known.get(&value).cloned()).collect();
                roles.sort_unstable();
                roles.dedup();
                roles
            }
            None => values.collect(),
        }
    }

    /// The values of a list, or the only one.
    fn values(&self, path: &str) -> impl Iterator<Item = String> {
        let values = match self.get(path) {
            Some(Value::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        let good = |value: &&str| {
            let length = value.chars().count();
            (1..=LONGEST_VALUE).contains(&length) && !value.chars().any(char::is_control)
        };
        values
            .iter()
            .filter_map(Value::as_str)
            .filter(good)
            .take(MOST_VALUES)
            .map(str::to_owned)
    }

    /// A text for people: one line, its ends trimmed, cut where it is too long.
    fn text(&self, path: &str) -> Option<String> {
        let text = self.get(path)?.as_str()?.replace(char::is_control, " ");
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = line.chars().take(LONGEST_NAME).collect();
        (!cut.is_empty()).then_some(cut)
    }

    /// By its name, which may hold dots itself (`https://example.com/roles`), or by its path.
    fn get(&self, path: &str) -> Option<&Value> {
        let within = || {
            let (first, rest) = path.split_once('.')?;
            rest.split('.')
                .try_fold(self.0.get(first)?, |value, name| value.get(name))
        };
        self.0.get(path).or_else(within)
    }
}

/// The same for ever: only the pair of the two is never given to somebody else (OpenID Connect Core section 5.7).
fn user_id(issuer: &str, subject: &str) -> UserId {
    let mut hash = Context::new(&SHA256);
    hash.update(issuer.as_bytes());
    hash.update(b"\0");
    hash.update(subject.as_bytes());
    let digits = hex(&hash.finish().as_ref()[..16]);
    UserId::parse(&format!("oidc:{digits}")).expect("37 characters without a control character are an id")
}

/// Lower case would make a plain letter of it, and of the address that of somebody else: U+212A is a `K` to the eye, and
/// its lower case is `k`.
fn becomes_ascii(c: char) -> bool {
    !c.is_ascii() && c.to_lowercase().all(|lower| lower.is_ascii())
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    let whole = parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    whole && text.len() <= 254 && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn settings() -> Oidc {
        Oidc {
            issuer: "https://id.test".into(),
            name: "id.test".into(),
            client_id: "usher".into(),
            client_secret: None,
            scopes: Vec::new(),
            claims: crate::config::daemon::oidc::Claims::default(),
            roles: None,
            trust_unverified_email: false,
        }
    }

    fn claims(value: Value) -> Claims {
        let Value::Object(map) = value else {
            panic!("claims are an object")
        };
        Claims(map)
    }

    fn user(value: Value, settings: &Oidc) -> User {
        claims(value).user("sub-1", settings)
    }

    #[test]
    fn a_user_is_known_by_issuer_and_subject_alone() {
        let (here, there) = (
            settings(),
            Oidc {
                issuer: "https://id.tes".into(),
                ..settings()
            },
        );
        let id = |subject: &str, settings: &Oidc| claims(json!({})).user(subject, settings).id.to_string();
        assert_eq!(id("a", &here), "oidc:7f3f07aa93c7d1bd6766df816e104e45");
        assert_ne!(id("a", &here), id("a", &there));
        assert_ne!(
            id("a", &here),
            id("A", &here),
            "subjects are compared to the letter"
        );
        assert_ne!(
            id("ta", &there),
            id("a", &here),
            "issuer and subject do not run together"
        );
        let bare = user(json!({}), &here);
        assert_eq!(
            (&bare.name, &bare.username),
            (&bare.id.to_string(), &bare.id.to_string())
        );
        assert_eq!(bare.email, None);
    }

    #[test]
    fn everything_is_where_the_configuration_says() {
        let mut settings = settings();
        settings.claims.roles = "realm_access.roles".into();
        settings.claims.organisations = Some("https://a.test/org".into());
        let described = json!({
            "name": "  Dr.\nSara ", "preferred_username": "sara", "email": "Sara@A.Test", "email_verified": true,
            "realm_access": { "roles": ["doctor", "", 7, "a\u{7}b"] }, "https://a.test/org": "hospital-1",
        });
        let user = user(described, &settings);
        assert_eq!((user.name.as_str(), user.username.as_str()), ("Dr. Sara", "sara"));
        assert_eq!(user.email.as_deref(), Some("sara@a.test"));
        assert_eq!(user.roles, ["doctor"]);
        assert_eq!(user.organisations, ["hospital-1"]);
    }

    #[test]
    fn only_a_verified_address_makes_somebody_the_person_of_that_address() {
        let posing = |verified: Value| json!({ "email": "boss@a.test", "email_verified": verified, "preferred_username": "Boss@a.test" });
        for doubtful in [json!(false), json!(null), json!("false"), json!(1)] {
            let user = user(posing(doubtful), &settings());
            assert_eq!((user.email, user.username), (None, user.id.to_string()));
        }
        for proven in [json!(true), json!("true")] {
            let user = user(posing(proven), &settings());
            assert_eq!(
                (user.email.as_deref(), user.username.as_str()),
                (Some("boss@a.test"), "Boss@a.test")
            );
        }
        let trusting = Oidc {
            trust_unverified_email: true,
            ..settings()
        };
        assert_eq!(
            user(posing(json!(false)), &trusting).email.as_deref(),
            Some("boss@a.test")
        );
    }

    #[test]
    fn an_address_that_only_looks_alike_is_nobodys() {
        let user = user(
            json!({ "email": "\u{212a}ate@a.test", "email_verified": true }),
            &settings(),
        );
        assert_eq!(user.email, None);
        assert_ne!(user.username, "kate@a.test");
    }

    #[test]
    fn an_address_is_verified_where_it_was_said_and_nowhere_else() {
        let verified = json!({ "email_verified": true });
        let boss = json!({ "email": "boss@a.test" });
        let own = json!({ "email": "sara@a.test", "email_verified": true });
        for (said, more) in [
            (boss.clone(), own),
            (boss.clone(), verified.clone()),
            (verified, boss),
        ] {
            let mut said = claims(said);
            said.fill_in(claims(more).0, &settings());
            assert_eq!(said.user("sub-1", &settings()).email, None);
        }
        let mut said = claims(json!({ "email": "sara@a.test" }));
        said.fill_in(
            claims(json!({ "email": "sara@a.test", "email_verified": true })).0,
            &settings(),
        );
        let user = said.user("sub-1", &settings());
        assert_eq!(user.email.as_deref(), Some("sara@a.test"));
    }

    #[test]
    fn a_table_of_roles_lets_nothing_else_through() {
        let table = BTreeMap::from([
            ("/staff".to_owned(), "doctor".to_owned()),
            ("/all".to_owned(), "doctor".to_owned()),
        ]);
        let mapped = Oidc {
            roles: Some(table),
            ..settings()
        };
        let groups = || json!({ "groups": ["/staff", "admin", "/all"] });
        assert_eq!(user(groups(), &mapped).roles, ["doctor"]);
        assert_eq!(user(groups(), &settings()).roles, ["/staff", "admin", "/all"]);
    }

    #[test]
    fn what_the_id_token_leaves_out_is_filled_in_and_nothing_else() {
        let mut said = claims(
            json!({ "name": "Sara", "email": "a@b.test", "email_verified": true, "preferred_username": "s" }),
        );
        assert!(said.lack_something(&settings()), "no groups");
        let Value::Object(more) = json!({ "groups": ["doctor"], "name": "Somebody else" }) else {
            unreachable!()
        };
        said.fill_in(more, &settings());
        assert!(!said.lack_something(&settings()));
        let user = said.user("sub-1", &settings());
        assert_eq!(
            (user.name.as_str(), user.roles.as_slice()),
            ("Sara", ["doctor".to_owned()].as_slice())
        );
    }

    proptest! {
        #[test]
        fn no_description_is_too_strange(name in any::<String>(), email in any::<String>(), group in any::<String>(), subject in any::<String>()) {
            let described = json!({ "name": name, "email": email, "email_verified": true, "groups": [group] });
            let user = claims(described).user(&subject, &settings());
            prop_assert!(!user.name.is_empty() && user.name.chars().count() <= LONGEST_NAME);
            prop_assert!(!user.name.chars().any(char::is_control));
        }
    }
}
