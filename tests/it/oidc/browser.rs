//! A browser as far as signing in needs one: it keeps cookies, follows redirects and sends forms.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use crate::web;

/// Cookies by origin and name. (Real browsers mix the ports of one host; our names do not collide.)
#[derive(Debug, Clone)]
pub struct Browser {
    http: Client,
    pub cookies: BTreeMap<(String, String), String>,
}

/// What a browser shows, or where it was sent to without going there.
#[derive(Debug)]
pub struct Shown {
    pub url: Url,
    pub status: StatusCode,
    pub location: Option<Url>,
    pub body: String,
}

/// No way through sign-in is longer.
const MOST_REDIRECTS: usize = 10;

// === impl Browser ===

impl Browser {
    pub fn new() -> Self {
        let http = web::client().redirect(Policy::none()).build();
        Self {
            http: http.expect("a client without TLS"),
            cookies: BTreeMap::new(),
        }
    }

    /// One request, whatever comes of it.
    pub async fn visit(&mut self, url: &str) -> Shown {
        self.send(url, None).await
    }

    /// Goes on as long as it is sent on, up to an address that begins with `stop`, which it does not visit.
    pub async fn follow(&mut self, url: &str, stop: &str) -> Shown {
        let mut shown = self.visit(url).await;
        for _ in 0..MOST_REDIRECTS {
            match &shown.location {
                Some(next) if !next.as_str().starts_with(stop) => {
                    let next = next.to_string();
                    shown = self.visit(&next).await;
                }
                _ => return shown,
            }
        }
        panic!("sent on again and again, at last to {:?}", shown.location)
    }

    /// Sends a form.
    pub async fn submit(&mut self, url: &str, fields: &[(&str, &str)]) -> Shown {
        self.send(url, Some(fields)).await
    }

    async fn send(&mut self, url: &str, form: Option<&[(&str, &str)]>) -> Shown {
        let url: Url = url.parse().unwrap_or_else(|_| panic!("{url} is no address"));
        let request = match form {
            Some(fields) => {
                let body = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                let origin = url.origin().ascii_serialization();
                self.http
                    .post(url.clone())
                    .header("origin", origin)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(body)
            }
            None => self.http.get(url.clone()),
        };
        let answer = request.header(COOKIE, self.cookies_for(&url)).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{url} does not answer: {error}"));
        for line in answer.headers().get_all(SET_COOKIE) {
            self.keep(&url, line.to_str().expect("cookies are ASCII"));
        }
        let location = answer.headers().get(LOCATION).map(|value| {
            let text = value.to_str().expect("addresses are ASCII");
            url.join(text).expect("an address")
        });
        Shown {
            status: answer.status(),
            location,
            body: answer.text().await.expect("pages are text"),
            url,
        }
    }

    fn cookies_for(&self, url: &Url) -> String {
        let origin = url.origin().ascii_serialization();
        let own = self.cookies.iter().filter(|((of, _), _)| *of == origin);
        own.map(|((_, name), value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn keep(&mut self, url: &Url, line: &str) {
        let (name, value) = line
            .split(';')
            .next()
            .and_then(|pair| pair.split_once('='))
            .expect("a cookie");
        let attributes = line.to_ascii_lowercase();
        let expired = attributes.contains("max-age=0") || attributes.contains("expires=thu, 01 jan 1970");
        let key = (url.origin().ascii_serialization(), name.to_owned());
        if expired || value.is_empty() {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }
}

// === impl Shown ===

impl Shown {
    /// A parameter of the address that it was sent to.
    pub fn sent_with(&self, name: &str) -> Option<String> {
        parameter(self.location.as_ref()?, name)
    }

    /// The address of the first link or form on the page that holds `part`.
    pub fn link(&self, part: &str) -> String {
        let links = self
            .body
            .split(['"', '\''])
            .filter(|text| text.starts_with('/') || text.starts_with("http"));
        let found = links.into_iter().find(|link| link.contains(part));
        let found = found.unwrap_or_else(|| panic!("no link with {part} on {}:\n{}", self.url, self.body));
        let plain = found.replace("&amp;", "&").replace("&#38;", "&");
        self.url.join(&plain).expect("an address").to_string()
    }

    /// The value of a hidden field.
    pub fn field(&self, name: &str) -> String {
        let after = self.body.split(&format!("name=\"{name}\"")).nth(1);
        let value = after.and_then(|rest| rest.split("value=\"").nth(1)?.split('"').next());
        value
            .unwrap_or_else(|| panic!("no field {name} on {}:\n{}", self.url, self.body))
            .to_owned()
    }
}

pub fn parameter(url: &Url, name: &str) -> Option<String> {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}
