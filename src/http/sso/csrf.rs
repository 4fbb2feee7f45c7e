//! A form of ours is tied to the browser that it was shown in: a sealed value in the form, and a cookie that it names.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;

use crate::http::Incoming;
use crate::http::cookie::{Cookie, Cookies};
use crate::http::error::SignInRefusal;
use crate::http::form::Pairs;
use crate::http::origin::is_own_page;
use crate::signin::Purpose;

/// What a form needs.
pub(super) struct FormGuard {
    /// For the hidden field `csrf`.
    pub(super) token: String,
    pub(super) cookie: HeaderValue,
}

/// How long a form may lie open.
const FORM_LIFE: chrono::Duration = chrono::Duration::hours(12);
/// The cookie outlives the forms that name it.
const COOKIE_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
const BROWSER_BYTES: usize = 16;

/// Ties a form to this browser. One that has the cookie keeps it, so that its other windows go on working.
pub(super) fn guard(request: &Incoming) -> FormGuard {
    let fresh = || URL_SAFE_NO_PAD.encode(request.api.ambient.random::<BROWSER_BYTES>());
    let browser = browser(request).map_or_else(fresh, str::to_owned);
    let until = request.context.received_at + FORM_LIFE;
    let cookies = Cookies::new(&request.config);
    FormGuard {
        token: request.api.signin.seal().seal(Purpose::Form, &browser, until),
        cookie: cookies.set(Cookie::Form, &browser, COOKIE_LIFE),
    }
}

/// Whether the form was ours and shown in this browser.
pub(super) fn check(request: &Incoming, form: &Pairs) -> Result<(), SignInRefusal> {
    let now = request.context.received_at;
    let sealed = form.get("csrf").unwrap_or_default();
    let named: Option<String> = request.api.signin.seal().unseal(Purpose::Form, sealed, now);
    let same = |named: String| {
        browser(request).is_some_and(|own| verify_slices_are_equal(own.as_bytes(), named.as_bytes()).is_ok())
    };
    if is_own_page(&request.headers, &request.config) && named.is_some_and(same) {
        Ok(())
    } else {
        Err(SignInRefusal::StaleForm)
    }
}

fn browser(request: &Incoming) -> Option<&str> {
    let value = Cookies::new(&request.config).get(&request.headers, Cookie::Form)?;
    let ours = URL_SAFE_NO_PAD
        .decode(value)
        .is_ok_and(|bytes| bytes.len() == BROWSER_BYTES);
    ours.then_some(value)
}
