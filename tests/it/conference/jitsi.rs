//! Jitsi's own mod_reservations, as pasted from the snippet, against the real usher.

use serde_json::json;

use super::{Booked, cancel, persian, setup};
use crate::prosody::people::People;
use crate::prosody::server::{MUC, Prosody, Setup, jitsi_plugins};
use crate::prosody::snippets::{paste, with_jitsi};
use crate::usher::{PROSODY_SECRET, Usher};

/// A Prosody with the snippet; jicofo's place is taken by one that says that rooms are ready.
async fn prosody(usher: &Usher) -> Option<Prosody> {
    let folders = jitsi_plugins("reservations")?;
    let changes = [("replace-me-by-a-random-secret", PROSODY_SECRET)];
    let setup = paste(
        with_jitsi(Setup::default(), &folders),
        "reservations.cfg.lua",
        &usher.url(),
        &changes,
    );
    let setup = setup
        .global(&format!("main_muc = \"{MUC}\"\nmuc_max_occupants = 100"))
        .host("authentication = \"anonymous\"")
        .muc("modules_enabled = { \"muc_max_occupants\" }\nmuc_access_whitelist = { \"auth.meet.test\" }")
        .end("Component \"focus.meet.test\" \"test_focus\"");
    Some(Prosody::start(setup).await)
}

#[tokio::test]
async fn with_jitsis_modules_rooms_open_when_they_are_booked() {
    let usher = Usher::start(setup()).await;
    let Some(prosody) = prosody(&usher).await else {
        return;
    };
    let mut people = People::start();
    let later = Booked::new(&usher, "later", 120).await;
    let refused = people.conference(&prosody, "ann", &later.jid()).await;
    assert_eq!(refused["refused"], "service-unavailable", "{refused}");
    assert_eq!(refused["text"], format!("This room opens at {}.", later.opens()));

    let ward = Booked::new(&usher, "ward", 0).await;
    let ready = people.conference(&prosody, "ann", &ward.jid()).await;
    assert_eq!(ready["done"], json!(true), "{ready}");
    people.focus(&prosody, &ward.jid()).await;
    let known = json!({ "roomPassword": "open sesame" });
    let refused = people.join(&prosody, "ann", &ward.jid()).await;
    assert_eq!(refused["refused"], "not-authorized", "no password: {refused}");
    for name in ["ann", "bob"] {
        let joined = people.join_with(&prosody, name, &ward.jid(), known.clone()).await;
        assert_eq!(joined["joined"], ward.jid(), "{joined}");
    }
    let refused = people.join_with(&prosody, "cid", &ward.jid(), known).await;
    assert_eq!(
        refused["refused"], "service-unavailable",
        "two are enough: {refused}"
    );
    let destroy = json!({ "do": "destroy", "id": "focus", "room": ward.jid(), "reason": "over" });
    assert_eq!(people.ask(destroy).await["done"], json!(true));
    usher
        .until_metrics(&[("usher_reservations_total{result=\"emptied\"}", 1.0)])
        .await;
    let again = people.conference(&prosody, "ann", &ward.jid()).await;
    assert_eq!(
        again["done"],
        json!(true),
        "it was emptied, not called off: {again}"
    );
}

#[tokio::test]
async fn with_jitsis_modules_people_are_told_in_persian() {
    let usher = Usher::start(persian()).await;
    let Some(prosody) = prosody(&usher).await else {
        return;
    };
    let mut people = People::start();
    let clinic = format!("clinic-1@{MUC}");
    let refused = people.conference(&prosody, "ann", &clinic).await;
    assert_eq!(refused["text"], "این اتاق رزرو نشده است.", "{refused}");
    let hall = format!("hall@{MUC}");
    let ready = people.conference(&prosody, "ann", &hall).await;
    assert_eq!(ready["done"], json!(true), "{ready}");
    let now = Booked::new(&usher, "now", 5).await;
    cancel(&usher, &now.id).await;
    let refused = people.conference(&prosody, "ann", &now.jid()).await;
    assert_eq!(refused["text"], "این جلسه به پایان رسیده است.", "{refused}");
}
