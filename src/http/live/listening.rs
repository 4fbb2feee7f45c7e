//! A listener with its right to listen, whatever it listens by.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ending::Ending;
use super::gap::gap;
use super::standing::Standing;
use crate::http::Api;
use crate::live::{Listener, Live, News, Start, Told};
use crate::telemetry::label::ListenerCut;

/// Somebody who listens.
pub(super) struct Listening {
    api: Arc<Api>,
    pub(super) listener: Listener,
    pub(super) start: Start,
    standing: Standing,
    until: Instant,
    /// Everything up to this number has been said.
    heard: u64,
}

/// What is to be said next.
#[derive(Debug)]
pub(super) enum Say {
    Event(Arc<Told>),
    /// Events may be missing; everything up to this number counts as heard.
    Gap {
        up_to: u64,
    },
    /// Nothing new, so that nobody takes the connection for dead.
    Beat {
        up_to: u64,
    },
}

/// How long one may listen without coming again. Long enough to be rare, short enough that keys and tokens are shown.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

// === impl Listening ===

impl Listening {
    pub(super) fn new(api: Arc<Api>, listener: Listener, start: Start, standing: Standing) -> Self {
        Self {
            api,
            listener,
            start,
            standing,
            until: Instant::now() + LONGEST,
            heard: start.after,
        }
    }

    pub(super) fn live(&self) -> &Live {
        self.listener.live()
    }

    /// What news mean for this listener; looks at its right to listen when it is time.
    pub(super) async fn judge(&mut self, news: News) -> Result<Say, Ending> {
        match news {
            News::Event(told) => {
                self.heard = told.number;
                Ok(Say::Event(told))
            }
            News::Gap { up_to } => {
                self.heard = self.heard.max(up_to);
                Ok(Say::Gap { up_to: self.heard })
            }
            News::Pulse { up_to } => {
                // Boxed: most of the time nobody looks, and thousands listen.
                Box::pin(self.still_may()).await?;
                self.heard = self.heard.max(up_to);
                Ok(Say::Beat { up_to: self.heard })
            }
            News::CutOff => Err(Ending::QueueFull),
        }
    }

    async fn still_may(&mut self) -> Result<(), Ending> {
        if Instant::now() >= self.until {
            return Err(Ending::TooLong);
        }
        let audience = self.standing.audience(&self.api).await;
        self.listener.is_now(audience.ok_or(Ending::NotAllowed)?);
        Ok(())
    }

    /// The event that says that events may be missing, as JSON.
    pub(super) fn gap(&self, up_to: u64) -> String {
        gap(self.live(), up_to, self.api.ambient.now())
    }

    /// Notes why it is over.
    pub(super) fn over(&self, why: Ending) {
        if why == Ending::NotReading {
            self.live().cut_off(ListenerCut::NotReading);
        }
        tracing::debug!(?why, "somebody stops listening");
    }
}
