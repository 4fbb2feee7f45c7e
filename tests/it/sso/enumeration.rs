//! Nobody learns from the outside which names there are: not by words, and not by the work that is done.

use super::browser::Browser;
use super::{ANN, LOGIN, SARA, api_login, dear, setup, to_portal};
use crate::api::{Said, without};
use crate::usher::Usher;

const NOBODY: &str = "nobody@example.com";

/// The answer without what differs from request to request.
fn told(said: &Said) -> (u16, String, Vec<(String, String)>) {
    let varies = ["x-request-id", "date", "set-cookie", "content-length"];
    let headers = said
        .headers
        .iter()
        .filter(|(name, _)| !varies.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let body = match serde_json::from_str(&said.text) {
        Ok(json) => without(json, &["/request_id"]).to_string(),
        Err(_) => said.text.clone(),
    };
    (said.status.as_u16(), body, headers.collect())
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
    let usher = Usher::start(setup()).await;
    let wrong = api_login(&usher, SARA, "guess", "/team1").await;
    let unknown = api_login(&usher, NOBODY, "guess", "/team1").await;
    let off = api_login(&usher, "off@example.com", "guess", "/team1").await;
    assert_eq!(wrong.status, 401);
    assert_eq!(told(&wrong), told(&unknown));
    assert_eq!(told(&wrong), told(&off));
    let page = async |name: &str| {
        let browser = Browser::of(&usher);
        let mut page = browser.sign_in(LOGIN, &to_portal("/team1"), name, "guess").await;
        page.text = page
            .text
            .replace(&super::browser::csrf(&page), "")
            .replace(name, "");
        told(&page)
    };
    assert_eq!(page(SARA).await, page(NOBODY).await);
}

/// Processor time, since the clock on the wall says more about the machine than about the daemon.
#[tokio::test]
async fn an_unknown_name_costs_as_much_work_as_a_known_one() {
    // So much work that what else a start brings with it does not count.
    let usher = Usher::start(dear(19_456, 20)).await;
    assert_eq!(api_login(&usher, ANN, "guess", "/team1").await.status, 401);
    let work = async |name: &str| {
        let before = usher.processor_ticks();
        for _ in 0..4 {
            assert_eq!(api_login(&usher, name, "guess", "/team1").await.status, 401);
        }
        usher.processor_ticks() - before
    };
    let (unknown, known) = (work(NOBODY).await, work(SARA).await);
    assert!(
        unknown * 3 >= known && known * 3 >= unknown,
        "{unknown} and {known} ticks"
    );
    assert!(known > 0, "a hash takes more than a tick");
}

#[tokio::test]
async fn guessing_is_slowed_with_a_time_to_wait() {
    let usher = Usher::start(setup()).await;
    let mut refused = None;
    for _ in 0..40 {
        let said = api_login(&usher, NOBODY, "guess", "/team1").await;
        if said.status == 429 {
            refused = Some(said);
            break;
        }
    }
    let said = refused.expect("forty guesses are too many");
    said.assert_refused(429, "rate_limited");
    assert!(said.header("retry-after").parse::<u64>().unwrap() > 0);
}

/// Tries that are sent away unlooked at cost nothing, so they must not cost us a record each.
#[tokio::test]
async fn guesses_that_are_sent_away_do_not_fill_the_audit_trail() {
    let usher = Usher::start(setup()).await;
    let (mut tried, mut noted) = (0_u32, 0.0);
    while f64::from(tried) - noted < 50.0 {
        let batch = (0..50).map(|_| api_login(&usher, NOBODY, "guess", "/team1"));
        let answers = futures_util::future::join_all(batch).await;
        assert!(answers.iter().all(|answer| answer.status != 200));
        tried += 50;
        noted = 0.0;
        for outcome in ["refused", "failed"] {
            let name = format!("usher_audit_records_total{{action=\"login\",outcome=\"{outcome}\"}}");
            noted += usher.metric(&name).await;
        }
        assert!(tried < 5000, "all of them are written down");
    }
    assert!(noted >= 20.0, "those that were looked at are");
}
