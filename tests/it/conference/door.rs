//! The door of usher's own module in a real Prosody: people are told when a room opens, and get in when it does.

use serde_json::{Value, json};

use super::{Booked, cancel, persian, setup};
use crate::prosody::people::People;
use crate::prosody::server::{MUC, Prosody, Setup};
use crate::usher::{self, PROSODY_SECRET, Usher};

/// usher, and a Prosody that asks it.
struct House {
    usher: Usher,
    prosody: Prosody,
    people: People,
}

// === impl House ===

impl House {
    async fn new(setup: usher::Setup) -> Self {
        let usher = Usher::start(setup).await;
        let prosody = Prosody::start(with_door(&usher.url(), PROSODY_SECRET)).await;
        let people = People::start();
        Self {
            usher,
            prosody,
            people,
        }
    }

    async fn join(&mut self, id: &str, room: &str) -> Value {
        self.people.join(&self.prosody, id, room).await
    }

    async fn join_with(&mut self, id: &str, room: &str, more: Value) -> Value {
        self.people.join_with(&self.prosody, id, room, more).await
    }
}

fn with_door(url: &str, secret: &str) -> Setup {
    Setup::with_usher(url, secret).global("usher_door = true\nusher_roster_interval = 3600")
}

fn room(name: &str) -> String {
    format!("{name}@{MUC}")
}

#[tokio::test]
async fn a_room_opens_when_it_is_booked() {
    let mut house = House::new(setup()).await;
    let later = Booked::new(&house.usher, "later", 120).await;
    let refused = house.join("ann", &later.jid()).await;
    assert_eq!(
        (&refused["at"], &refused["refused"]),
        (&json!("room"), &json!("not-allowed")),
        "{refused}"
    );
    let text = refused["text"].as_str().unwrap();
    assert_eq!(text, format!("This room opens at {}.", later.opens()));

    let now = Booked::new(&house.usher, "now", 10).await;
    for name in ["ann", "bob"] {
        let joined = house.join(name, &now.jid()).await;
        assert_eq!(joined["joined"], now.jid(), "{joined}");
    }
    house.usher.until_metrics(&[("usher_people", 2.0)]).await;
    let asked = house
        .usher
        .metric("usher_reservations_total{result=\"booked\"}")
        .await;
    assert_eq!(asked, 1.0, "nobody asks again while somebody is in");

    cancel(&house.usher, &later.id).await;
    let refused = house.join("cid", &later.jid()).await;
    assert_eq!(refused["text"], "This meeting is over.", "{refused}");
    assert!(house.prosody.logged("stays closed: meeting_over") > 0);
}

#[tokio::test]
async fn people_are_told_in_persian() {
    let mut house = House::new(persian()).await;
    let later = Booked::new(&house.usher, "later", 120).await;
    let refused = house.join("ann", &later.jid()).await;
    let expected = format!("این اتاق در \u{2066}{}\u{2069} باز می‌شود.", later.opens());
    assert_eq!(refused["text"], expected, "{refused}");
    let refused = house.join("ann", &room("clinic-1")).await;
    assert_eq!(refused["text"], "این اتاق رزرو نشده است.", "{refused}");
}

#[tokio::test]
async fn a_room_that_jicofo_opened_is_still_shut_for_people() {
    let mut house = House::new(setup()).await;
    let clinic = room("clinic-1");
    let opened = house.people.focus(&house.prosody, &clinic).await;
    assert_eq!(opened["joined"], clinic, "services are not asked: {opened}");
    let refused = house.join("ann", &clinic).await;
    assert_eq!(refused["text"], "Nobody has booked this room.", "{refused}");
    let health_check = room("__jicofo-health-check-1");
    assert_eq!(
        house.people.focus(&house.prosody, &health_check).await["joined"],
        health_check
    );
    let joined = house.join("ann", &room("hall")).await;
    assert_eq!(joined["joined"], room("hall"), "{joined}");
}

#[tokio::test]
async fn many_who_come_at_once_ask_once() {
    let house = House::new(setup()).await;
    let hall = room("hall");
    let mut crowds: Vec<_> = (0..4).map(|_| People::start()).collect();
    let joins = crowds.iter_mut().enumerate().map(|(at, people)| {
        let (prosody, hall) = (&house.prosody, &hall);
        async move { people.join(prosody, &format!("p{at}"), hall).await }
    });
    for joined in futures_util::future::join_all(joins).await {
        assert_eq!(joined["joined"], hall, "{joined}");
    }
    house.usher.until_metrics(&[("usher_people", 4.0)]).await;
    assert_eq!(
        house.usher.metric("usher_meetings{status=\"active\"}").await,
        1.0,
        "they are in one room"
    );
}

#[tokio::test]
async fn password_and_number_of_people_come_from_the_rules() {
    let mut house = House::new(setup()).await;
    let ward = Booked::new(&house.usher, "ward", 0).await;
    let opened = house.people.focus(&house.prosody, &ward.jid()).await;
    assert_eq!(opened["joined"], ward.jid(), "{opened}");
    let refused = house.join("ann", &ward.jid()).await;
    assert_eq!(refused["refused"], "not-authorized", "no password: {refused}");
    let known = json!({ "roomPassword": "open sesame" });
    for name in ["ann", "bob"] {
        let joined = house.join_with(name, &ward.jid(), known.clone()).await;
        assert_eq!(joined["joined"], ward.jid(), "{joined}");
    }
    let refused = house.join_with("cid", &ward.jid(), known.clone()).await;
    assert_eq!(
        refused["refused"], "service-unavailable",
        "two are enough: {refused}"
    );
    house.people.leave("bob", &ward.jid()).await;
    let joined = house.join_with("cid", &ward.jid(), known).await;
    assert_eq!(joined["joined"], ward.jid(), "{joined}");
    let small = room("small-1");
    assert_eq!(house.join("ann", &small).await["joined"], small);
    assert_eq!(house.join("bob", &small).await["refused"], "service-unavailable");
    assert_eq!(
        house.prosody.logged("sesame"),
        house.prosody.logged("<password>open sesame"),
        "never logged by us"
    );
}

#[tokio::test]
async fn nobody_waits_for_usher_in_vain() {
    let mut house = House::new(setup()).await;
    house.usher.kill9();
    let clinic = room("clinic-1");
    let joined = house.join("ann", &clinic).await;
    assert_eq!(joined["joined"], clinic, "{joined}");
    house.prosody.wait_for_log("usher did not say whether").await;

    // Somebody who listens and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let prosody = Prosody::start(with_door(&url, PROSODY_SECRET)).await;
    let joined = house.people.join(&prosody, "bob", &clinic).await;
    assert_eq!(joined["joined"], clinic, "{joined}");

    // A wrong secret is a fault of the administrator, not of those who come.
    house.usher.restart().await;
    let prosody = Prosody::start(with_door(&house.usher.url(), "another secret")).await;
    let joined = house.people.join(&prosody, "cid", &clinic).await;
    assert_eq!(joined["joined"], clinic, "{joined}");
    prosody.wait_for_log("status 401").await;
}

#[tokio::test]
async fn without_the_switch_there_is_no_door() {
    let usher = Usher::start(setup()).await;
    let prosody = Prosody::start(Setup::with_usher(&usher.url(), PROSODY_SECRET)).await;
    let joined = People::start().join(&prosody, "ann", &room("clinic-1")).await;
    assert_eq!(joined["joined"], room("clinic-1"), "{joined}");
    assert_eq!(
        usher
            .metric("usher_reservations_total{result=\"not_booked\"}")
            .await,
        0.0
    );
}
