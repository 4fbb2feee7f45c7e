//! What callers can be refused for around meetings and appointments: status, stable code, and the words.

use http::StatusCode;

use crate::config::daemon::Language;
use crate::domain::TransitionError;

/// A refusal around a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum MeetingRefusal {
    InvalidTransition(TransitionError),
    /// The meeting is another than the caller believes (RFC 9110 section 13.1.1).
    Outdated,
    UnknownRoleContext,
    /// Nobody with the caller's roles may make such a meeting.
    RoleContextForbidden,
    /// The caller may see the meeting, and not change it.
    NotOrganiser,
    /// The room opens later.
    TooEarly {
        /// As the caller is told it, with its zone.
        opens_at: String,
    },
    /// A moderator has to come, or to let the caller in.
    Waiting,
    /// It is over, or was called off.
    Over,
    /// People meet at the hospital.
    InPerson,
    /// The room is open only to those who book it.
    NotBooked,
    /// Somebody who manages the meeting removed the person from it.
    Removed,
    /// Who hosts a meeting is not removed from it.
    HostStays,
    /// Nobody of that name is in the room now.
    NotInRoom,
    /// Not on meeting servers of that kind.
    Unsupported,
    /// The meeting server did not do it.
    BackendUnavailable,
}

// === impl MeetingRefusal ===

impl MeetingRefusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::InvalidTransition(_) | Self::Over | Self::InPerson => StatusCode::CONFLICT,
            Self::HostStays | Self::NotInRoom | Self::Unsupported => StatusCode::CONFLICT,
            Self::BackendUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Outdated => StatusCode::PRECONDITION_FAILED,
            Self::UnknownRoleContext => StatusCode::BAD_REQUEST,
            Self::RoleContextForbidden | Self::NotOrganiser => StatusCode::FORBIDDEN,
            Self::TooEarly { .. } | Self::Waiting | Self::NotBooked | Self::Removed => StatusCode::FORBIDDEN,
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::InvalidTransition(_) => "invalid_transition",
            Self::Outdated => "precondition_failed",
            Self::UnknownRoleContext => "unknown_role_context",
            Self::RoleContextForbidden => "role_context_forbidden",
            Self::NotOrganiser => "not_organiser",
            Self::TooEarly { .. } => "too_early",
            Self::Waiting => "waiting_for_host",
            Self::Over => "meeting_over",
            Self::InPerson => "no_room",
            Self::NotBooked => "room_not_booked",
            Self::Removed => "removed_from_meeting",
            Self::HostStays => "host_cannot_be_removed",
            Self::NotInRoom => "not_in_room",
            Self::Unsupported => "unsupported_by_backend",
            Self::BackendUnavailable => "backend_unavailable",
        }
    }

    /// The field that a 400 is about.
    pub(super) fn field(&self) -> Option<&'static str> {
        match self {
            Self::UnknownRoleContext | Self::RoleContextForbidden => Some("roleContext"),
            _ => None,
        }
    }

    pub(super) fn sentence(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fa => self.persian(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::InvalidTransition(step) => {
                format!("A meeting that is {} cannot become {}.", step.from, step.to)
            }
            Self::Outdated => "The meeting was changed in the meantime; please read it again.".into(),
            Self::UnknownRoleContext => "There is no such role context.".into(),
            Self::RoleContextForbidden => "You may not make such a meeting.".into(),
            Self::NotOrganiser => "Only those who organise the meeting may do that.".into(),
            Self::TooEarly { opens_at } => format!("This room opens at {opens_at}."),
            Self::Waiting => "Please wait until the host lets you in.".into(),
            Self::Over => "This meeting is over.".into(),
            Self::InPerson => "This appointment is in person and has no room.".into(),
            Self::NotBooked => "Nobody has booked this room.".into(),
            Self::Removed => "You were removed from this meeting.".into(),
            Self::HostStays => "A host cannot be removed; take them off the hosts first.".into(),
            Self::NotInRoom => "This person is not in the room now.".into(),
            Self::Unsupported => "The meeting server of this meeting cannot do that.".into(),
            Self::BackendUnavailable => "The meeting server did not do it; please try again.".into(),
        }
    }

    fn persian(&self) -> String {
        match self {
            Self::InvalidTransition(step) => {
                format!("جلسه از وضعیت {} به {} نمی‌رود.", step.from, step.to)
            }
            Self::Outdated => "جلسه در این میان تغییر کرده است؛ دوباره آن را بخوانید.".into(),
            Self::UnknownRoleContext => "چنین زمینهٔ نقشی وجود ندارد.".into(),
            Self::RoleContextForbidden => "شما اجازهٔ ساختن چنین جلسه‌ای را ندارید.".into(),
            Self::NotOrganiser => "فقط برگزارکنندگان جلسه می‌توانند این کار را انجام دهند.".into(),
            // The time keeps its own direction in the midst of Persian (UAX #9, section 2.4.2).
            Self::TooEarly { opens_at } => format!("این اتاق در \u{2066}{opens_at}\u{2069} باز می‌شود."),
            Self::Waiting => "لطفاً منتظر بمانید تا میزبان شما را بپذیرد.".into(),
            Self::Over => "این جلسه به پایان رسیده است.".into(),
            Self::InPerson => "این نوبت حضوری است و اتاقی ندارد.".into(),
            Self::NotBooked => "این اتاق رزرو نشده است.".into(),
            Self::Removed => "شما از این جلسه کنار گذاشته شده‌اید.".into(),
            Self::HostStays => "میزبان را نمی‌توان کنار گذاشت؛ نخست او را از فهرست میزبانان بردارید.".into(),
            Self::NotInRoom => "این شخص اکنون در اتاق نیست.".into(),
            Self::Unsupported => "سرور این جلسه چنین کاری را پشتیبانی نمی‌کند.".into(),
            Self::BackendUnavailable => "سرور جلسه این کار را انجام نداد؛ دوباره تلاش کنید.".into(),
        }
    }
}
