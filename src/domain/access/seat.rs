//! Who may see, change and join a booked meeting, and as what; decided here alone.

use crate::domain::meeting::{Appointment, Booking, Status};
use crate::domain::{ClientId, User, UserId};

/// Who looks at a meeting.
#[derive(Debug, Clone, Copy)]
pub enum Viewer<'a> {
    /// A program; `is_admin` where it has the scope `admin`.
    Client { id: &'a ClientId, is_admin: bool },
    /// Somebody who has signed in.
    User(&'a User),
}

/// The place that somebody has in a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    Moderator,
    Participant,
}

/// May everything, everywhere.
const ADMIN: &str = "admin";
/// Treats people, and moderates where they take part.
const DOCTOR: &str = "doctor";
/// Works for the organisations that the user belongs to.
const HOSPITAL: &str = "hospital";

// === impl Viewer ===

impl<'a> Viewer<'a> {
    /// Whether every meeting is theirs to look at.
    pub fn sees_everything(self) -> bool {
        match self {
            Self::Client { is_admin, .. } => is_admin,
            Self::User(user) => user.has_role(ADMIN),
        }
    }

    /// Whether the caller may ask for the list of a person. What is on it they see one by one: a program what it has booked.
    pub fn may_list(self, user: &UserId) -> bool {
        match self {
            Self::Client { .. } => true,
            Self::User(own) => own.id == *user || self.sees_everything(),
        }
    }

    /// Who comes for themselves, since treating people and running the house is not their work.
    pub fn as_patient(self) -> Option<&'a UserId> {
        let Self::User(user) = self else { return None };
        let works_here = [ADMIN, DOCTOR, HOSPITAL].iter().any(|role| user.has_role(role));
        (!works_here).then_some(&user.id)
    }

    /// The hospital whose appointments somebody sees who works there: the one that is asked for, else their first.
    pub fn workplace(self, asked: Option<&str>) -> Option<&'a str> {
        let Self::User(user) = self else { return None };
        let own = &user.organisations;
        let found = own.iter().find(|own| asked.is_none_or(|asked| asked == *own));
        found.map(String::as_str).filter(|_| user.has_role(HOSPITAL))
    }
}

// === impl Booking ===

impl Booking {
    /// The place that a user has in it; none for those whom it does not concern.
    pub fn seat(&self, user: &User) -> Option<Seat> {
        if self.is_host(&user.id) {
            return Some(Seat::Moderator);
        }
        let details = &self.details;
        let concerned = details.participants.contains(&user.id)
            || details
                .appointment
                .as_ref()
                .is_some_and(|appointment| appointment.concerns(user));
        match user.has_role(DOCTOR) {
            true if concerned => Some(Seat::Moderator),
            _ if concerned || user.has_role(ADMIN) => Some(Seat::Participant),
            _ => None,
        }
    }

    /// Whether it says who may come; else the rules for rooms alone do.
    pub fn names_people(&self) -> bool {
        let details = &self.details;
        let of_appointment = details
            .appointment
            .as_ref()
            .is_some_and(Appointment::names_people);
        of_appointment || !details.participants.is_empty()
    }

    /// Whether somebody of that id belongs to it, as far as ids tell: it names them, or no person at all.
    pub fn is_open_to(&self, user: &UserId) -> bool {
        let details = &self.details;
        let appointment = details.appointment.iter();
        let treated =
            appointment.flat_map(|appointment| appointment.doctor.iter().chain(&appointment.patient));
        let mut named = details.participants.iter().chain(treated).peekable();
        named.peek().is_none() || self.is_host(user) || named.any(|named| named == user)
    }

    /// Whether somebody moderates by what was agreed, whatever roles they have: the creator, the hosts, the doctor. Who
    /// booked their own appointment comes to it as the patient, not to run it.
    pub fn is_host(&self, user: &UserId) -> bool {
        self.hosts().any(|host| host == user)
    }

    /// Who moderates by what was agreed; somebody may be named twice.
    pub fn hosts(&self) -> impl Iterator<Item = &UserId> {
        let details = &self.details;
        let doctor = details
            .appointment
            .as_ref()
            .and_then(|appointment| appointment.doctor.as_ref());
        let creator = details.created_by.iter().filter(|user| !self.treats(user));
        creator.chain(&details.hosts).chain(doctor)
    }

    /// Whether the caller may know of it at all. To others it does not exist.
    pub fn is_seen_by(&self, viewer: Viewer<'_>) -> bool {
        match viewer {
            Viewer::Client { id, is_admin } => is_admin || self.client == *id,
            Viewer::User(user) => self.seat(user).is_some(),
        }
    }

    /// Whether the caller may change it, end it and call it off.
    pub fn is_managed_by(&self, viewer: Viewer<'_>) -> bool {
        match viewer {
            Viewer::Client { .. } => self.is_seen_by(viewer),
            Viewer::User(user) => {
                let appointment = self.details.appointment.as_ref();
                let at_work = appointment.is_some_and(|appointment| appointment.is_at_work(user));
                let runs_it = at_work || self.seat(user) == Some(Seat::Moderator);
                user.has_role(ADMIN) || (runs_it && !self.is_removed(&user.id))
            }
        }
    }

    /// Whether the caller may call it off: who manages it, and, until it has begun, the patient who booked it.
    pub fn is_called_off_by(&self, viewer: Viewer<'_>, status: &Status) -> bool {
        let booked_for_themselves = match viewer {
            Viewer::User(user) => self.treats(&user.id) && self.details.created_by.as_ref() == Some(&user.id),
            Viewer::Client { .. } => false,
        };
        let has_begun = !matches!(
            status,
            Status::Scheduled | Status::Cancelled { started_at: None, .. }
        );
        self.is_managed_by(viewer) || (booked_for_themselves && !has_begun)
    }

    /// Whether it is the appointment of that patient.
    fn treats(&self, user: &UserId) -> bool {
        let appointment = self.details.appointment.as_ref();
        appointment.is_some_and(|appointment| appointment.patient.as_ref() == Some(user))
    }

    /// Whether the caller may read why somebody comes and what is written about them. `Client` means the one that booked it.
    pub fn health_is_read_by(&self, viewer: Viewer<'_>) -> bool {
        let Some(appointment) = &self.details.appointment else {
            return false;
        };
        match viewer {
            Viewer::Client { id, .. } => self.client == *id,
            Viewer::User(user) => appointment.concerns(user) || user.has_role(ADMIN),
        }
    }
}

// === impl Appointment ===

impl Appointment {
    fn names_people(&self) -> bool {
        self.patient.is_some() || self.doctor.is_some() || self.hospital.is_some()
    }

    /// The patient, the doctor, and the staff of the hospital.
    fn concerns(&self, user: &User) -> bool {
        let is = |named: &Option<UserId>| named.as_ref() == Some(&user.id);
        is(&self.patient) || is(&self.doctor) || self.is_at_work(user)
    }

    fn is_at_work(&self, user: &User) -> bool {
        let of_hospital = |hospital: &String| user.organisations.contains(hospital);
        user.has_role(HOSPITAL) && self.hospital.as_ref().is_some_and(of_hospital)
    }
}

#[cfg(test)]
mod tests;
