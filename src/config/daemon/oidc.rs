//! `[signin.oidc]`: the OpenID Connect provider that people may sign in with.

use std::collections::BTreeMap;

use url::{Host, Url};

use crate::config::document::Node;
use crate::config::kind;
use crate::config::secret::Secret;
use crate::config::section::Section;

/// One provider, such as a realm of Keycloak.
#[derive(Debug, Clone, PartialEq)]
pub struct Oidc {
    /// Its name for itself, to the letter; what follows is read from `/.well-known/openid-configuration` below it.
    /// With https, or with http on this machine.
    pub issuer: String,
    /// What people call it; the host of the issuer unless the file says more.
    pub name: String,
    pub client_id: String,
    /// Absent: a public client, which has nothing but its verifiers (RFC 7636).
    pub client_secret: Option<Secret>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    pub claims: Claims,
    /// Values of the claim of the roles, and the role that each stands for; others count for nothing. Absent: the values
    /// are the roles.
    pub roles: Option<BTreeMap<String, String>>,
    /// Whether an e-mail address counts that the provider does not call verified. Rooms know people by their address, so
    /// that is only safe where nobody can enter an address of their own choice.
    pub trust_unverified_email: bool,
}

/// Where the provider says what; with dots for a claim within a claim (`realm_access.roles`).
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    pub roles: String,
    /// Absent: nobody has organisations.
    pub organisations: Option<String>,
    /// The name that others see.
    pub name: String,
    pub email: String,
    pub username: String,
}

// === impl Claims ===

impl Default for Claims {
    fn default() -> Self {
        Self {
            roles: "groups".to_owned(),
            organisations: None,
            name: "name".to_owned(),
            email: "email".to_owned(),
            username: "preferred_username".to_owned(),
        }
    }
}

/// Whether an address may be trusted with secrets: https, or plain http that never leaves the machine.
pub fn is_confidential(url: &Url) -> bool {
    let on_this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => url.has_host(),
        "http" => on_this_machine,
        _ => false,
    }
}

pub(super) fn read(oidc: &Section) -> Oidc {
    let (issuer, host) = oidc.required("issuer", issuer).unwrap_or_default();
    let roles = oidc.table("roles", |roles| roles.values(kind::text));
    Oidc {
        issuer,
        name: oidc.or("name", host, kind::text),
        client_id: oidc.required("client_id", kind::text).unwrap_or_default(),
        client_secret: oidc.secret("client_secret", "client_secret_file"),
        scopes: oidc.list("scopes", scope).unwrap_or_else(default_scopes),
        claims: oidc.table("claims", read_claims),
        roles: oidc.has("roles").then_some(roles),
        trust_unverified_email: oidc.or("trust_unverified_email", false, kind::boolean),
    }
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn read_claims(claims: &Section) -> Claims {
    let default = Claims::default();
    Claims {
        roles: claims.or("roles", default.roles, claim),
        organisations: claims.optional("organisations", claim),
        name: claims.or("name", default.name, claim),
        email: claims.or("email", default.email, claim),
        username: claims.or("username", default.username, claim),
    }
}

/// The issuer as it is written, since it is compared to the letter, and its host.
fn issuer(node: &Node) -> Result<(String, String), String> {
    let text = kind::text(node)?;
    let url = text.parse::<Url>().ok();
    let plain = |url: &Url| {
        let bare = url.query().is_none() && url.fragment().is_none();
        bare && url.username().is_empty() && url.password().is_none()
    };
    url.filter(|url| is_confidential(url) && plain(url))
        .and_then(|url| Some((text, url.host_str()?.to_owned())))
        .ok_or_else(|| {
            "must be a URL like https://id.example.com/realms/clinic; http only on loopback".into()
        })
}

/// One word of `scope` (RFC 6749 section 3.3).
fn scope(node: &Node) -> Result<String, String> {
    let scope = kind::text(node)?;
    let allowed = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    match scope.chars().all(allowed) {
        true => Ok(scope),
        false => Err("must be one word, such as profile".into()),
    }
}

/// The path of a claim.
fn claim(node: &Node) -> Result<String, String> {
    let path = kind::text(node)?;
    match path.split('.').any(str::is_empty) || path.len() > 256 {
        true => Err("must be a claim like groups, or realm_access.roles for one within another".into()),
        false => Ok(path),
    }
}
