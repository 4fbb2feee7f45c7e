//! Who has which seat, case by case, and what holds for everybody.

use proptest::prelude::*;

use super::*;
use crate::domain::access::opening::tests::booking;

fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

fn user(name: &str, roles: &[&str], hospitals: &[&str]) -> User {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    User {
        id: id(name),
        username: name.to_owned(),
        name: name.to_owned(),
        email: None,
        roles: owned(roles),
        organisations: owned(hospitals),
    }
}

/// An appointment of `doctor` and `patient` at `hospital-1`, to which `guest` is invited.
fn appointment() -> Booking {
    let mut booking = booking(None);
    booking.details.participants = vec![id("guest")];
    booking.details.appointment = Some(Appointment {
        hospital: Some("hospital-1".into()),
        doctor: Some(id("doctor")),
        patient: Some(id("patient")),
        ..Appointment::default()
    });
    booking
}

#[test]
fn each_has_the_seat_of_their_part() {
    let booking = appointment();
    let (moderator, participant) = (Some(Seat::Moderator), Some(Seat::Participant));
    // Seat, manages, reads what is written about the patient.
    for (user, seat, manages, reads) in [
        (user("doctor", &[], &[]), moderator, true, true),
        (user("patient", &[], &[]), participant, false, true),
        (user("guest", &[], &[]), participant, false, false),
        (user("guest", &["doctor"], &[]), moderator, true, false),
        (
            user("desk", &["hospital"], &["hospital-1"]),
            participant,
            true,
            true,
        ),
        (user("desk", &["hospital"], &["hospital-2"]), None, false, false),
        (user("desk", &[], &["hospital-1"]), None, false, false),
        (user("root", &["admin"], &[]), participant, true, true),
        (user("other", &["doctor"], &[]), None, false, false),
        (user("stranger", &[], &[]), None, false, false),
    ] {
        let viewer = Viewer::User(&user);
        assert_eq!(booking.seat(&user), seat, "{user:?}");
        assert_eq!(booking.is_seen_by(viewer), seat.is_some(), "{user:?}");
        assert_eq!(booking.is_managed_by(viewer), manages, "{user:?}");
        assert_eq!(booking.health_is_read_by(viewer), reads, "{user:?}");
    }
}

#[test]
fn a_token_is_for_those_who_are_named() {
    let mut booking = appointment();
    booking.details.created_by = Some(id("creator"));
    for (who, is_named) in [
        ("doctor", true),
        ("patient", true),
        ("guest", true),
        ("creator", true),
        ("stranger", false),
    ] {
        assert_eq!(booking.is_open_to(&id(who)), is_named, "{who}");
    }
    booking.details.participants.clear();
    booking.details.appointment = None;
    assert!(
        booking.is_open_to(&id("stranger")),
        "it names nobody but who made it"
    );
}

#[test]
fn a_program_sees_what_it_has_booked() {
    let booking = appointment();
    let other = ClientId::parse("other").unwrap();
    for (id, is_admin, sees, reads) in [
        (&booking.client, false, true, true),
        (&other, false, false, false),
        (&other, true, true, false),
    ] {
        let viewer = Viewer::Client { id, is_admin };
        assert_eq!(booking.is_seen_by(viewer), sees);
        assert_eq!(booking.is_managed_by(viewer), sees);
        assert_eq!(booking.health_is_read_by(viewer), reads);
        assert_eq!(viewer.sees_everything(), is_admin);
    }
}

#[test]
fn a_patient_who_booked_calls_off_and_no_more() {
    let mut booking = appointment();
    booking.details.created_by = Some(id("patient"));
    let patient = user("patient", &[], &[]);
    let viewer = Viewer::User(&patient);
    let at = crate::domain::access::opening::tests::at(0);
    assert_eq!(booking.seat(&patient), Some(Seat::Participant));
    assert!(!booking.is_managed_by(viewer));
    for (status, may) in [
        (Status::Scheduled, true),
        (Status::Cancelled { started_at: None, at }, true),
        (Status::Active { started_at: at }, false),
    ] {
        assert_eq!(booking.is_called_off_by(viewer, &status), may, "{status:?}");
    }
    booking.details.created_by = Some(id("guest"));
    assert!(
        !booking.is_called_off_by(viewer, &Status::Scheduled),
        "booked by another"
    );
    booking.details.hosts = vec![id("patient")];
    assert_eq!(booking.seat(&patient), Some(Seat::Moderator), "named as a host");
}

#[test]
fn lists_are_those_of_the_caller() {
    let desk = user("desk", &["hospital"], &["hospital-1", "hospital-2"]);
    let viewer = Viewer::User(&desk);
    assert_eq!(viewer.workplace(None), Some("hospital-1"));
    assert_eq!(viewer.workplace(Some("hospital-2")), Some("hospital-2"));
    assert_eq!(viewer.workplace(Some("hospital-3")), None);
    assert!(viewer.may_list(&desk.id) && !viewer.may_list(&id("patient")));
    assert_eq!(viewer.as_patient(), None, "is at work");
    let ann = user("ann", &[], &["hospital-1"]);
    assert_eq!(Viewer::User(&ann).workplace(None), None, "does not work there");
    assert_eq!(Viewer::User(&ann).as_patient(), Some(&ann.id));
}

proptest! {
    #[test]
    fn more_rights_never_without_fewer(
        name in "doctor|patient|guest|desk|root",
        roles in prop::collection::vec("doctor|hospital|admin|nurse", 0..3),
        hospitals in prop::collection::vec("hospital-[12]", 0..2),
        creator in prop::option::of("doctor|patient|guest|desk"),
    ) {
        let user = User { roles, organisations: hospitals, ..user(&name, &[], &[]) };
        let mut booking = appointment();
        booking.details.created_by = creator.as_deref().map(id);
        let viewer = Viewer::User(&user);
        let seen = booking.is_seen_by(viewer);
        prop_assert!(seen || !booking.is_managed_by(viewer), "who changes it sees it");
        prop_assert!(seen || !booking.health_is_read_by(viewer), "who reads of it sees it");
        prop_assert!(!booking.is_host(&user.id) || booking.seat(&user) == Some(Seat::Moderator));
        prop_assert!(!viewer.sees_everything() || seen);
        let calls_off = booking.is_called_off_by(viewer, &Status::Scheduled);
        prop_assert!(seen || !calls_off, "who calls it off sees it");
        prop_assert!(calls_off || !booking.is_managed_by(viewer), "who manages it calls it off");
        prop_assert!(!booking.is_host(&id("patient")), "nobody runs their own treatment by having booked it");
    }
}
