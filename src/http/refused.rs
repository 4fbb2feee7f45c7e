//! A refusal on its way to the caller: what went wrong, whom it is told, and how it is counted.

use http::StatusCode;

use super::error::{ApiError, MeetingRefusal};
use crate::config::daemon::Language;
use crate::domain::ClientId;
use crate::telemetry::Metrics;
use crate::telemetry::label::{Reservation, Route, Source, TokenKind, TokenResult, Verdict};

/// A refusal, and whom it was told if that is known.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: ApiError,
    pub(super) client: Option<(ClientId, Option<Language>)>,
}

// === impl Refused ===

impl<E: Into<ApiError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            client: None,
        }
    }
}

impl Refused {
    /// Counts the refusal where the route has a metric of its own.
    pub(super) fn count(&self, metrics: &Metrics, route: Route) {
        let result = if self.error.status().is_server_error() {
            TokenResult::Failed
        } else {
            TokenResult::Refused
        };
        match route {
            Route::GenerateToken | Route::CreateRoom => metrics.token_requested(TokenKind::Jitsi, result),
            Route::ClientAuth | Route::LiveKitGenerate | Route::LiveKitToken => {
                metrics.token_requested(TokenKind::LiveKit, result);
            }
            Route::RoomCreated | Route::RoomDestroyed | Route::OccupantJoined | Route::OccupantLeft => {
                metrics.ingested(Source::EventSync, self.verdict());
            }
            Route::Conferences | Route::Conference => metrics.reservation_asked(self.reservation()),
            Route::LiveKitWebhook => metrics.ingested(Source::LiveKit, self.verdict()),
            Route::ProsodyEvents => metrics.ingested(Source::Prosody, self.verdict()),
            _ => {}
        }
    }

    fn reservation(&self) -> Reservation {
        match &self.error {
            ApiError::Meeting(MeetingRefusal::TooEarly { .. }) => Reservation::TooEarly,
            ApiError::Meeting(MeetingRefusal::Over) => Reservation::Over,
            ApiError::Meeting(MeetingRefusal::NotBooked) => Reservation::NotBooked,
            ApiError::NotFound => Reservation::Unknown,
            ApiError::Unauthenticated | ApiError::RateLimited { .. } => Reservation::Refused,
            error if error.status().is_server_error() => Reservation::Failed,
            _ => Reservation::Malformed,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        match self.error.status() {
            StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS => Verdict::Refused,
            status if status.is_server_error() => Verdict::Failed,
            _ => Verdict::Malformed,
        }
    }
}
