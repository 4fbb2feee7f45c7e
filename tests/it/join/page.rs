//! The page itself, as a browser without scripts has it.

use super::*;
use crate::sso::browser::{Browser, parameter};

/// Visits the page and signs in on the way; where that leads, and the page itself.
async fn arrive(clinic: &Clinic, browser: &Browser, who: &str) -> Said {
    let page = format!("/m/{}", clinic.id());
    let sent = browser.visit(&page, "").await;
    assert_eq!(sent.status, 303, "{sent:?}");
    let sign_in = sent.header("location").to_owned();
    assert_eq!(
        parameter(&sign_in, "next").as_deref(),
        Some(page.as_str()),
        "{sign_in}"
    );
    let path = sign_in
        .strip_prefix(&clinic.usher.url())
        .expect("an address of ours");
    let (path, query) = path.split_once('?').expect("a query");
    let back = browser
        .sign_in(path, query, &format!("{who}@example.com"), PASSWORD)
        .await;
    assert_eq!(back.status, 303, "{back:?}");
    assert_eq!(back.header("location"), format!("{}{page}", clinic.usher.url()));
    browser.visit(&page, "").await
}

/// The states whose section is not hidden.
fn shown(page: &Said) -> Vec<&str> {
    let sections = page.text.split("<section data-state=\"").skip(1);
    sections
        .filter(|rest| !rest.split('>').next().is_some_and(|tag| tag.ends_with(" hidden")))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[tokio::test]
async fn a_person_signs_in_sees_the_meeting_and_goes_in_without_scripts() {
    let clinic = Clinic::of(KEY).await;
    let browser = Browser::of(&clinic.usher);
    let page = arrive(&clinic, &browser, "patient").await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(shown(&page), ["ready"]);
    assert_eq!(page.header("cache-control"), "no-store");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self' https://meet.test; "),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !page.text.contains("jwt"),
        "{policy}"
    );
    for part in [
        "Consultation &#38; &#60;i&#62;",
        "Dr. Sara",
        "Nina",
        "Ann &#60;b&#62;",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let room = text(&clinic.meeting["roomName"]);
    let entered = browser
        .send(browser.form(&format!("/m/{}", clinic.id()), "", &[]))
        .await;
    assert_eq!(entered.status, 303, "{entered:?}");
    let place = entered.header("location");
    assert!(
        place.starts_with(&format!("https://meet.test/{room}?jwt=")),
        "{place}"
    );
}

#[tokio::test]
async fn without_scripts_the_page_counts_as_waiting_and_looks_again() {
    let clinic = Clinic::of(LOBBY_KEY).await;
    let browser = Browser::of(&clinic.usher);
    let page = arrive(&clinic, &browser, "patient").await;
    assert_eq!(shown(&page), ["waiting"]);
    assert!(page.text.contains("http-equiv=\"refresh\""), "{}", page.text);
    let refused = browser
        .send(browser.form(&format!("/m/{}", clinic.id()), "", &[]))
        .await;
    let back = format!("{}/m/{}", clinic.usher.url(), clinic.id());
    assert_eq!(
        (refused.status.as_u16(), refused.header("location")),
        (303, back.as_str())
    );
    let doctor = clinic.sign_in("doctor").await;
    let said = clinic.admit(&doctor, &json!({"userId": "u-patient"})).await;
    assert_eq!(said.status, 200, "{said:?}");
    let page = browser.visit(&format!("/m/{}", clinic.id()), "").await;
    assert_eq!(shown(&page), ["ready"]);
}

#[tokio::test]
async fn strangers_learn_nothing_not_even_that_there_is_something() {
    let clinic = Clinic::of(KEY).await;
    let browser = Browser::of(&clinic.usher);
    let there = arrive(&clinic, &browser, "stranger").await;
    let nothing = browser.visit("/m/0199c2a8-7c1e-7f00-8000-000000000001", "").await;
    let without_id = |said: &Said| {
        let id = said.header("x-request-id");
        said.text.replace(id, "")
    };
    assert_eq!((there.status.as_u16(), nothing.status.as_u16()), (404, 404));
    assert_eq!(without_id(&there), without_id(&nothing));
    let entered = browser
        .send(browser.form(&format!("/m/{}", clinic.id()), "", &[]))
        .await;
    assert_eq!(entered.status, 404);
    let unknown = Browser::of(&clinic.usher)
        .visit("/m/0199c2a8-7c1e-7f00-8000-000000000001", "")
        .await;
    assert_eq!(
        unknown.status, 303,
        "who has not signed in is asked to, whatever is there"
    );
    assert_eq!(Browser::of(&clinic.usher).visit("/m/x", "").await.status, 404);
}

#[tokio::test]
async fn another_site_can_move_nobody() {
    let clinic = Clinic::of(LOBBY_KEY).await;
    let (doctor, patient) = (Browser::of(&clinic.usher), Browser::of(&clinic.usher));
    arrive(&clinic, &doctor, "doctor").await;
    arrive(&clinic, &patient, "patient").await;
    let post = |rest: &str, site: &'static str| {
        let address = format!("{}{}", clinic.usher.url(), clinic.path(rest));
        let request = clinic.usher.http.post(address).header("Sec-Fetch-Site", site);
        request
            .header("Content-Type", "text/plain")
            .body("{\"all\":true}")
    };
    for site in ["cross-site", "same-site"] {
        let admit = doctor.send(post("/admit", site)).await;
        admit.assert_refused(401, "unauthenticated");
        let here = patient.send(post("/waiting", site)).await;
        here.assert_refused(401, "unauthenticated");
        let enter = patient.form(&format!("/m/{}", clinic.id()), "", &[]);
        let entered = patient.send(enter.header("Sec-Fetch-Site", site)).await;
        assert_eq!(entered.status, 401, "{entered:?}");
    }
    let admit = doctor.send(post("/admit", "same-origin")).await;
    assert_eq!(admit.status, 200, "{admit:?}");
    let here = patient.send(post("/waiting", "same-origin")).await;
    assert_eq!(here.json()["data"]["state"], "ready", "{here:?}");
}

#[tokio::test]
async fn the_page_speaks_persian_and_tells_the_time_of_the_meetings_zone() {
    let clinic = Clinic::booked(KEY, &json!({"scheduledAt": "2031-01-15T10:00:00Z"})).await;
    let browser = Browser::of(&clinic.usher);
    arrive(&clinic, &browser, "patient").await;
    let request = browser.get(&format!("/m/{}", clinic.id()), "");
    let page = browser.send(request.header("Accept-Language", "fa")).await;
    assert!(
        page.text.contains("<html lang=\"fa\" dir=\"rtl\">"),
        "{}",
        page.text
    );
    assert_eq!(shown(&page), ["too_early"]);
    assert!(page.text.contains("2031-01-15 09:45 (UTC)"), "{}", page.text);
    assert!(
        page.text.contains("datetime=\"2031-01-15T10:00:00Z\""),
        "{}",
        page.text
    );
}
