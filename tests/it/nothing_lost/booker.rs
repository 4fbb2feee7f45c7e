//! A program that books rooms, asks again until it is answered, and remembers what it was promised.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::BOOKED_AT_LEAST;
use super::ledger::Booked;
use super::pulse::Pulse;
use crate::usher::KEY;
use crate::web;

const PAUSE: Duration = Duration::from_millis(5);
/// Acknowledgements between two bookings.
const BETWEEN: usize = 8;

/// The client `ataraxia`.
#[derive(Debug, Clone)]
pub struct Booker {
    url: String,
    http: Client,
    pulse: Pulse,
}

// === impl Booker ===

impl Booker {
    pub fn new(usher: &str, pulse: Pulse) -> Self {
        let http = web::client()
            .timeout(Duration::from_secs(10))
            .build()
            .expect("a client without TLS");
        Self {
            url: format!("{usher}/api/jitsi/create-room"),
            http,
            pulse,
        }
    }

    /// Books now and then until the strikes are over and there are enough.
    pub async fn book_all(self, booked: mpsc::UnboundedSender<Booked>) -> Vec<Booked> {
        let mut promised = Vec::new();
        while !self.pulse.is_over() || promised.len() < BOOKED_AT_LEAST {
            let booking = self.book(&format!("appt-{}", promised.len())).await;
            promised.push(booking.clone());
            booked.send(booking).expect("the rooms' driver outlives this");
            self.pulse.next(BETWEEN).await;
        }
        promised
    }

    /// Books one room, however often it has to be asked for.
    pub async fn book(&self, appointment: &str) -> Booked {
        loop {
            self.pulse.tried();
            if let Some(answer) = self.ask(appointment).await {
                self.pulse.acknowledged();
                let text = |field: &str| answer[field].as_str().expect("an answer has it").to_owned();
                let appointment = appointment.to_owned();
                return Booked {
                    appointment,
                    meeting: text("meetingId"),
                    room: text("roomName"),
                };
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask(&self, appointment: &str) -> Option<Value> {
        let body = json!({ "appointmentId": appointment });
        let answer = self
            .http
            .post(&self.url)
            .bearer_auth(KEY)
            .json(&body)
            .send()
            .await
            .ok()?;
        let status = answer.status().as_u16();
        assert!(status == 200 || status == 503, "usher answers {status}");
        (status == 200).then_some(())?;
        answer.json().await.ok()
    }
}
