//! The values that labels of metrics may take: closed sets, so that no name of a room or a person can become one.

/// A closed set of label values, each with its place in tables of ready-made counters.
pub trait Label: Copy + 'static {
    /// Every value, in the order of [`Label::index`].
    const ALL: &'static [Self];

    fn as_str(self) -> &'static str;

    /// The place of this value in [`Label::ALL`].
    fn index(self) -> usize;
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$value_doc])* $value,)+ }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$value,)+];

            fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text,)+ }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    )+};
}

labels! {
    /// A route by its template, as in `usher_http_requests_total{route}` and in the request log.
    Route {
        GenerateToken = "/api/jitsi/generate-token",
        CreateRoom = "/api/jitsi/create-room",
        ValidateToken = "/api/jitsi/validate-token",
        RoomCreated = "/events/room/created",
        RoomDestroyed = "/events/room/destroyed",
        OccupantJoined = "/events/occupant/joined",
        OccupantLeft = "/events/occupant/left",
        ProsodyEvents = "/prosody/events",
        LiveKitWebhook = "/livekit/webhook",
        AsapKey = "/asap/{kid}.pem",
        ControlKey = "/asap/control/{kid}.pem",
        Jwks = "/.well-known/jwks.json",
        SsoLogin = "/sso/login/",
        SsoGuest = "/sso/guest/",
        SsoApiLogin = "/sso/api/login/",
        SsoValidate = "/sso/api/validate-token/",
        SsoRefresh = "/sso/api/refresh-token/",
        SsoUserInfo = "/sso/api/user-info/",
        SsoLogout = "/sso/api/logout/",
        SsoAuthorize = "/sso/authorize",
        SsoToken = "/sso/token",
        OidcStart = "/sso/oidc/start",
        OidcCallback = "/sso/oidc/callback",
        SignedOut = "/sso/signed-out",
        ClientAuth = "/api/auth/client/",
        LiveKitGenerate = "/api/livekit/generate-token",
        LiveKitToken = "/api/livekit/token",
        Audit = "/api/audit",
        Meetings = "/api/meetings",
        MeetingsOfUser = "/api/meetings/user/{user}",
        AdHoc = "/api/meetings/adhoc",
        Meeting = "/api/meetings/{meeting}",
        MeetingStatus = "/api/meetings/{meeting}/status",
        MeetingToken = "/api/meetings/{meeting}/token",
        MeetingAttendance = "/api/meetings/{meeting}/attendance",
        MeetingInvitation = "/api/meetings/{meeting}/invite.ics",
        MeetingWaiting = "/api/meetings/{meeting}/waiting",
        MeetingAdmit = "/api/meetings/{meeting}/admit",
        MeetingPerson = "/api/meetings/{meeting}/people/{person}",
        MeetingMute = "/api/meetings/{meeting}/people/{person}/mute",
        Appointments = "/api/appointments",
        Appointment = "/api/appointments/{appointment}",
        AppointmentsOfUser = "/api/appointments/user/{user}",
        Usage = "/api/usage",
        LiveEvents = "/api/events",
        LiveSocket = "/api/events/ws",
        Conferences = "/conference",
        Conference = "/conference/{id}",
        JoinPage = "/m/{meeting}",
        OpenApi = "/openapi.json",
        ApiPage = "/openapi",
        Asset = "/assets/{file}",
        Language = "/language/{tag}",
        SamplePage = "/client_apps/jitsi_meet/{page}",
        Live = "/live",
        Ready = "/ready",
        Metrics = "/metrics",
        /// No route took the request, or it never became one.
        Unmatched = "unmatched",
    }

    /// A method of HTTP.
    Method {
        Get = "GET",
        Head = "HEAD",
        Post = "POST",
        Put = "PUT",
        Patch = "PATCH",
        Delete = "DELETE",
        Options = "OPTIONS",
        /// Any other, or unknown because the head could not be read.
        Other = "other",
    }

    /// What a token is for.
    TokenKind {
        Jitsi = "jitsi",
        LiveKit = "livekit",
    }

    /// How a request for a token ended.
    TokenResult {
        Issued = "issued",
        /// The caller may not have it.
        Refused = "refused",
        /// It could not be made or recorded.
        Failed = "failed",
    }

    /// What a check found; the texts are the codes of the HTTP contract.
    TokenCheck {
        Valid = "valid",
        Malformed = "malformed",
        BadSignature = "bad_signature",
        UnknownKey = "unknown_key",
        WrongAlgorithm = "wrong_algorithm",
        Expired = "expired",
        NotYetValid = "not_yet_valid",
        WrongIssuer = "wrong_issuer",
        WrongAudience = "wrong_audience",
        WrongSubject = "wrong_subject",
        WrongRoom = "wrong_room",
        Revoked = "revoked",
    }

    /// How somebody proves who they are.
    SignInMethod {
        Password = "password",
        /// The OpenID Connect provider said so.
        Provider = "provider",
        /// Not at all, where the rules let guests in.
        Guest = "guest",
    }

    /// How an attempt to sign in ended.
    SignInResult {
        Success = "success",
        Refused = "refused",
        /// It could not be checked or recorded.
        Failed = "failed",
    }

    /// A meeting that is not over.
    MeetingStatus {
        Scheduled = "scheduled",
        Active = "active",
    }

    /// Who reports what happens in rooms.
    Source {
        EventSync = "event_sync",
        Prosody = "prosody",
        LiveKit = "livekit",
    }

    /// What a webhook of LiveKit tells.
    WebhookEvent {
        RoomStarted = "room_started",
        RoomFinished = "room_finished",
        ParticipantJoined = "participant_joined",
        ParticipantLeft = "participant_left",
        ParticipantConnectionAborted = "participant_connection_aborted",
        TrackPublished = "track_published",
        TrackUnpublished = "track_unpublished",
        EgressStarted = "egress_started",
        EgressUpdated = "egress_updated",
        EgressEnded = "egress_ended",
        IngressStarted = "ingress_started",
        IngressEnded = "ingress_ended",
        AgentJobStarted = "agent_job_started",
        AgentJobEnded = "agent_job_ended",
        /// Newer than usher, or not read.
        Other = "other",
    }

    /// What became of one report.
    Verdict {
        /// It changed a meeting.
        Accepted = "accepted",
        /// It said what was known already.
        Repeated = "repeated",
        /// It is about a meeting that is no longer followed.
        Stale = "stale",
        /// It is about somebody or something that is not counted.
        Ignored = "ignored",
        /// It is about a room of another program on the same server.
        Foreign = "foreign",
        /// The sender could not prove who it is.
        Refused = "refused",
        /// It could not be read.
        Malformed = "malformed",
        /// It could not be stored; the sender is told to try again.
        Failed = "failed",
    }

    /// What became of one question of a meeting server whether a room may open.
    Reservation {
        /// A meeting is booked there, and its time is now.
        Booked = "booked",
        /// The rules let it open although nobody booked it.
        Unbooked = "unbooked",
        /// The server read what is booked.
        Shown = "shown",
        /// The server said that the room is empty again.
        Emptied = "emptied",
        TooEarly = "too_early",
        /// The meeting was ended for everyone, or called off.
        Over = "over",
        /// The rules keep rooms closed that nobody booked.
        NotBooked = "not_booked",
        /// There is no such meeting.
        Unknown = "unknown",
        /// The server could not prove who it is.
        Refused = "refused",
        /// It could not be read.
        Malformed = "malformed",
        /// The store could not be read.
        Failed = "failed",
    }

    /// What usher concluded by itself because nobody had reported it.
    Correction {
        /// A room is open whose opening was never reported.
        MissedStart = "missed_start",
        /// Somebody is in whose joining was never reported.
        MissedJoin = "missed_join",
        /// Somebody is gone whose leaving was never reported.
        MissedLeave = "missed_leave",
        /// A room is gone whose end was never reported.
        MissedEnd = "missed_end",
        /// A late fact changed the figures of a completed meeting.
        Amended = "amended",
        /// A room was begun again under its old name: its server had lost it with everybody inside.
        ServerLost = "server_lost",
        /// A room is over that is still listed, though nothing serves it.
        Ghost = "ghost",
    }

    /// What a LiveKit server is asked to list.
    ListingOf {
        Rooms = "rooms",
        People = "people",
    }

    /// How it answers.
    ListingResult {
        Ok = "ok",
        /// It was not reached, or did not answer in time, or nothing that could be read: so LiveKit answers a key that it
        /// does not know.
        Away = "away",
        /// It does not let usher ask, or does not know the question.
        Refused = "refused",
    }

    /// What a meeting server has to be told.
    OrderKind {
        /// To make the room before people come.
        Open = "open",
        /// That the booked end is near.
        Warn = "warn",
        /// To put everybody out and close the room.
        Close = "close",
        /// To put somebody out who was removed from the meeting.
        Remove = "remove",
    }

    /// How that went.
    OrderResult {
        Done = "done",
        /// The room was not open any more, or the person not in it.
        NotThere = "not_there",
        /// It failed, and is tried again.
        Failed = "failed",
        /// There was no use in trying any longer.
        GivenUp = "given_up",
        /// Nothing says how to act on that server.
        NotConfigured = "not_configured",
    }

    /// What an audit record is about; the texts are those of the records.
    AuditAction {
        Login = "login",
        Logout = "logout",
        Refresh = "refresh",
        Validate = "validate",
        Issue = "issue",
        Remove = "remove",
        Readmit = "readmit",
        Mute = "mute",
        Permit = "permit",
    }

    /// How it ended.
    AuditOutcome {
        Success = "success",
        Refused = "refused",
        Failed = "failed",
    }

    /// How somebody follows events live.
    ListenerKind {
        EventStream = "sse",
        WebSocket = "websocket",
    }

    /// Why a listener was cut off.
    ListenerCut {
        /// More waited for it than may.
        QueueFull = "queue_full",
        /// It took nothing from its connection for too long.
        NotReading = "not_reading",
    }

    /// How reading the configuration again ended.
    ReloadResult {
        Applied = "applied",
        Unchanged = "unchanged",
        Rejected = "rejected",
    }
}

// === impl Route ===

impl Route {
    /// Whether the route is for supervision, whose requests come every few seconds and say nothing new.
    pub fn is_supervision(self) -> bool {
        matches!(self, Self::Live | Self::Ready | Self::Metrics)
    }
}

// === impl WebhookEvent ===

impl WebhookEvent {
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.iter().find(|event| event.as_str() == name);
        known.copied().unwrap_or(Self::Other)
    }
}

// === impl Method ===

impl From<&http::Method> for Method {
    fn from(method: &http::Method) -> Self {
        match *method {
            http::Method::GET => Self::Get,
            http::Method::HEAD => Self::Head,
            http::Method::POST => Self::Post,
            http::Method::PUT => Self::Put,
            http::Method::PATCH => Self::Patch,
            http::Method::DELETE => Self::Delete,
            http::Method::OPTIONS => Self::Options,
            _ => Self::Other,
        }
    }
}
