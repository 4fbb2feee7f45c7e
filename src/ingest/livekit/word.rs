//! The words of the protocol that mean something to usher (`livekit_models.proto` and `livekit_egress.proto`). JSON may have
//! numbers in their place, and both may be newer than usher.

use crate::domain::observation::LeaveReason;
use crate::domain::participant::ParticipantKind;

/// `ParticipantInfo.Kind`.
pub(super) fn kind(word: &str) -> ParticipantKind {
    match word {
        "" | "STANDARD" | "0" => ParticipantKind::Standard,
        "SIP" | "3" => ParticipantKind::Sip,
        _ => ParticipantKind::Service,
    }
}

/// `DisconnectReason`; what nobody explains is a leave like any other.
pub(super) fn leave_reason(word: &str) -> LeaveReason {
    match word {
        "PARTICIPANT_REMOVED" | "4" => LeaveReason::Kicked,
        "ROOM_DELETED" | "5" | "ROOM_CLOSED" | "10" => LeaveReason::RoomClosed,
        "MIGRATION" | "8" => LeaveReason::Switching,
        "SERVER_SHUTDOWN" | "3" | "STATE_MISMATCH" | "6" | "JOIN_FAILURE" | "7" | "SIGNAL_CLOSE" | "9" => {
            LeaveReason::Lost
        }
        "CONNECTION_TIMEOUT" | "14" | "MEDIA_FAILURE" | "15" | "AGENT_ERROR" | "16" => LeaveReason::Lost,
        _ => LeaveReason::Left,
    }
}

/// `RoomEndReason`: whether somebody had the room closed, rather than that it was empty or its node went.
pub(super) fn is_on_request(word: &str) -> bool {
    matches!(word, "ROOM_END_API_DELETE" | "1")
}

/// `EgressStatus`: whether it goes on.
pub(super) fn is_recording(word: &str) -> bool {
    matches!(word, "EGRESS_ACTIVE" | "1")
}

/// `EgressStatus`, of one that is over.
pub(super) fn end_of_egress(word: &str) -> LeaveReason {
    match word {
        "EGRESS_FAILED" | "4" | "EGRESS_ABORTED" | "5" => LeaveReason::Lost,
        _ => LeaveReason::Left,
    }
}
