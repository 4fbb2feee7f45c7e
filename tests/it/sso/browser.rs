//! A browser without scripts: it keeps cookies, follows nothing by itself, and fills in forms.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder};
use url::Url;

use crate::api::Said;
use crate::usher::Usher;
use crate::web;

pub struct Browser {
    http: Client,
    home: String,
    jar: Mutex<BTreeMap<String, String>>,
}

const FORM: &str = "application/x-www-form-urlencoded";

// === impl Browser ===

impl Browser {
    pub fn of(usher: &Usher) -> Self {
        let http = web::client().redirect(reqwest::redirect::Policy::none()).build();
        Self {
            http: http.expect("a client without TLS"),
            home: usher.url(),
            jar: Mutex::default(),
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    pub fn keep(&self, name: &str, value: &str) {
        self.jar().insert(name.into(), value.into());
    }

    pub fn forget(&self, name: &str) {
        self.jar().remove(name);
    }

    /// A visit by address.
    pub async fn visit(&self, path: &str, query: &str) -> Said {
        self.send(self.get(path, query)).await
    }

    pub fn get(&self, path: &str, query: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}?{query}", self.home))
    }

    pub fn form(&self, path: &str, query: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}?{query}", self.home));
        request.header(CONTENT_TYPE, FORM).body(self::query(fields))
    }

    /// Sends a request with the cookies, and keeps those that come back.
    pub async fn send(&self, request: RequestBuilder) -> Said {
        let jar: Vec<_> = self
            .jar()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = if jar.is_empty() {
            request
        } else {
            request.header(COOKIE, jar.join("; "))
        };
        let answer = Said::to(request).await;
        self.take(&answer.headers);
        answer
    }

    /// Opens the login page and sends its form; the form goes where the page says.
    pub async fn sign_in(&self, path: &str, query: &str, username: &str, password: &str) -> Said {
        let page = self.visit(path, query).await;
        assert_eq!(page.status, 200, "{page:?}");
        self.submit(&page, &[("username", username), ("password", password)])
            .await
    }

    /// Sends the first form of a page.
    pub async fn submit(&self, page: &Said, fields: &[(&str, &str)]) -> Said {
        self.submit_to(&action(page, 0), page, fields).await
    }

    /// Sends the last form of a page: that for guests.
    pub async fn submit_last(&self, page: &Said, fields: &[(&str, &str)]) -> Said {
        let forms = page.text.matches("<form").count();
        self.submit_to(&action(page, forms - 1), page, fields).await
    }

    async fn submit_to(&self, action: &str, page: &Said, fields: &[(&str, &str)]) -> Said {
        let (path, query) = action.split_once('?').unwrap_or((action, ""));
        let csrf = csrf(page);
        let all: Vec<_> = [("csrf", csrf.as_str())]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        self.send(self.form(path, query, &all)).await
    }

    fn take(&self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("cookies are ASCII");
            let (pair, attributes) = line.split_once(';').expect("cookies have attributes");
            let (name, value) = pair.split_once('=').expect("cookies have values");
            assert!(
                attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"),
                "{line}"
            );
            if attributes.contains("Max-Age=0") {
                self.forget(name);
            } else {
                self.keep(name, value);
            }
        }
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a form on the page must carry.
pub fn csrf(page: &Said) -> String {
    between(&page.text, "name=\"csrf\" value=\"", 0)
}

/// Where a form of the page goes.
fn action(page: &Said, nth: usize) -> String {
    between(&page.text, " action=\"", nth)
}

fn between(text: &str, before: &str, nth: usize) -> String {
    let (start, _) = text
        .match_indices(before)
        .nth(nth)
        .unwrap_or_else(|| panic!("no {before} in\n{text}"));
    let rest = &text[start + before.len()..];
    let value = rest.split('"').next().expect("a text has a beginning");
    value.replace("&#38;", "&").replace("&amp;", "&")
}

pub fn query(pairs: &[(&str, &str)]) -> String {
    let encode =
        |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    pairs.iter().map(encode).collect::<Vec<_>>().join("&")
}

/// A parameter in the query of an address.
pub fn parameter(address: &str, name: &str) -> Option<String> {
    let url = Url::parse(address).unwrap_or_else(|_| panic!("no address: {address:?}"));
    let mut pairs = url.query_pairs();
    pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}
