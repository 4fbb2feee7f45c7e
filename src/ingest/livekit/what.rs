//! What each event means, in the domain's words.

use super::{Reader, text, wire, word};
use crate::domain::observation::{Arrival, Departure, LeaveReason, OccupantId, Part, Person, Role, What};
use crate::domain::participant::Participant;
use crate::ingest::{IngestError, LONGEST_NAME, bad_field, bounded};

// === impl Reader ===

impl Reader<'_> {
    pub(super) fn what(&self, part: &Part) -> Result<Option<What>, IngestError> {
        Ok(match self.body.event() {
            "room_started" => Some(What::RoomOpened {
                part: part.clone(),
                opened_at: self.opened_at()?,
                since: self.created_at,
            }),
            "room_finished" => Some(What::RoomClosed {
                part: part.clone(),
                opened_at: self.opened_at()?,
                for_everyone: word::is_on_request(text(&self.body.room_end_reason)),
            }),
            "participant_joined" => self.joined(part)?,
            "participant_left" => self.left(part)?,
            "participant_connection_aborted" => self.aborted(part)?,
            "egress_started" => Some(self.recording(part)?),
            "egress_updated" if word::is_recording(text(&self.egress()?.status)) => {
                Some(self.recording(part)?)
            }
            "egress_ended" => Some(self.recorded_until_now(part)?),
            _ => None,
        })
    }

    fn joined(&self, part: &Part) -> Result<Option<What>, IngestError> {
        let (participant, _) = self.participant()?;
        let is_person = participant.is_person(self.counting());
        Ok(is_person.then(|| What::Entered(participant.arrival(part))))
    }

    /// Somebody who counts no more has been hidden since they came; that ends what is known of them and adds nothing.
    fn left(&self, part: &Part) -> Result<Option<What>, IngestError> {
        let (participant, reason) = self.participant()?;
        let departure = participant.departure(part, reason);
        Ok(match participant.is_person(self.counting()) {
            true => Some(What::Left(departure)),
            false if participant.is_hidden => Some(What::Aborted(departure)),
            false => None,
        })
    }

    fn aborted(&self, part: &Part) -> Result<Option<What>, IngestError> {
        let (participant, reason) = self.participant()?;
        let is_person = participant.is_person(self.counting());
        Ok(is_person.then(|| What::Aborted(participant.departure(part, reason))))
    }

    /// Who it is about, and why they went if they did.
    fn participant(&self) -> Result<(Participant, LeaveReason), IngestError> {
        let said = self
            .body
            .participant
            .as_ref()
            .ok_or_else(|| bad_field("participant", "is missing"))?;
        let permission = said.permission.as_ref();
        let participant = Participant {
            sid: bounded("participant.sid", text(&said.sid), LONGEST_NAME)?.to_owned(),
            identity: text(&said.identity).to_owned(),
            name: text(&said.name).to_owned(),
            kind: word::kind(text(&said.kind)),
            is_hidden: permission.is_some_and(|may| may.hidden || may.recorder || may.agent),
            joined_at: self.began("participant.joinedAt", said.joined_at_ms, said.joined_at)?,
        };
        Ok((participant, word::leave_reason(text(&said.disconnect_reason))))
    }

    /// Where it goes on already, since then: an egress is told to start before it has a time of its own.
    fn recording(&self, part: &Part) -> Result<What, IngestError> {
        Ok(What::Entered(Arrival {
            occupant: self.recorder()?,
            part: part.clone(),
            entered_at: None,
            role: Role::Recorder,
            person: Person::default(),
        }))
    }

    fn recorded_until_now(&self, part: &Part) -> Result<What, IngestError> {
        Ok(What::Left(Departure {
            occupant: self.recorder()?,
            part: part.clone(),
            entered_at: None,
            role: Role::Recorder,
            person: Person::default(),
            reason: word::end_of_egress(text(&self.egress()?.status)),
        }))
    }

    fn recorder(&self) -> Result<OccupantId, IngestError> {
        let id = text(&self.egress()?.egress_id);
        Ok(OccupantId(
            bounded("egressInfo.egressId", id, LONGEST_NAME)?.to_owned(),
        ))
    }

    pub(super) fn egress(&self) -> Result<&wire::Egress, IngestError> {
        let egress = self.body.egress_info.as_ref();
        egress.ok_or_else(|| bad_field("egressInfo", "is missing"))
    }
}
