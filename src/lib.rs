//! usher stands beside Jitsi and LiveKit, signs people in, hands out the tickets into their rooms and tells what becomes of
//! each meeting.
//!
//! In the order in which data flows, from edge to disk:
//!
//! - [`http`]: the public and the operations listener, one file per resource; [`pages`]: what people see there;
//!   [`ingest`]: what meeting servers report, translated.
//! - [`signin`]: who somebody is, and until when; [`audit`]: what was done about it, written down.
//! - [`tokens`]: grants become signed tokens, and tokens are judged; [`meetings`]: the one writer of meetings, their index,
//!   the passing of time, and the outbox through which events leave; [`live`]: the same events for those who listen now;
//!   [`waiting`]: who waits before which meeting.
//! - [`domain`]: the state machine, attendance, names and permissions; pure.
//! - [`store`] and [`bus`]: durable records, acknowledged events; [`backend`]: what is done in the rooms of meeting servers.
//! - Around them [`cli`], [`app`] (puts it together), [`config`], [`lifecycle`] and [`telemetry`].

pub mod app;
pub mod audit;
pub mod backend;
pub mod bus;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod ingest;
pub mod lifecycle;
pub mod live;
pub mod meetings;
pub mod pages;
pub mod signin;
pub mod store;
pub mod telemetry;
pub mod tokens;
pub mod waiting;
