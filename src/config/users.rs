//! `users.toml`: people who may sign in.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Node;
use super::kind;
use super::notes::Once;
use super::secret::Secret;
use super::section::Section;
use crate::domain::UserId;
use crate::domain::meeting::as_reported;

/// All users by e-mail address, in lower case.
pub type Users = BTreeMap<String, User>;

/// One person.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Never given to two users. Absent: the password can be right, but there is nobody to let in.
    pub id: Option<UserId>,
    /// Defaults to the e-mail address.
    pub name: String,
    /// An Argon2id hash in PHC notation; absent: signs in elsewhere only.
    pub password: Option<Secret>,
    pub roles: Vec<String>,
    pub organisations: Vec<String>,
    /// Default true; one that is not may not sign in.
    pub active: bool,
}

pub(super) fn read(file: &Section) -> Users {
    let ids = Once::default();
    file.entries(kind::email, |email, user| Some(read_user(email, user, &ids)))
}

/// The ids of those who are switched off, as meeting servers' reports name them.
pub(super) fn switched_off(users: &Users) -> BTreeSet<UserId> {
    let inactive = users.values().filter(|user| !user.active);
    let ids = inactive.filter_map(|user| user.id.as_ref());
    ids.map(as_reported).collect()
}

fn read_user(email: &str, user: &Section, ids: &Once) -> User {
    if !user.has("id") {
        user.warn(
            "id",
            "is missing; who signs in so is told that there is no profile",
        );
    }
    User {
        id: user.optional("id", |node| user_id(ids.claim(kind::text(node)?)?)),
        name: user.or("name", email.to_owned(), kind::text),
        password: user.optional("password", password_hash),
        roles: user.list("roles", kind::text).unwrap_or_default(),
        organisations: user.list("organisations", kind::text).unwrap_or_default(),
        active: user.or("active", true, kind::boolean),
    }
}

fn user_id(text: String) -> Result<UserId, String> {
    UserId::parse(&text).map_err(|error| error.to_string())
}

fn password_hash(node: &Node) -> Result<Secret, String> {
    let hash = kind::text(node)?;
    match hash.starts_with("$argon2id$") {
        true => Ok(Secret::new(hash)),
        false => Err("must be an Argon2id hash, as `usher password` prints it".into()),
    }
}
