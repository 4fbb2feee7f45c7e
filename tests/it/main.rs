//! One binary for every integration test: each further one costs a link.

mod api;
mod audit;
mod bad_input;
mod deployment;
mod durable;
mod edge;
mod end_to_end;
mod forged;
mod layering;
mod lifecycle;
mod livekit;
mod nats;
mod nothing_lost;
mod oidc;
mod patience;
mod ports;
mod prosody;
mod reload;
mod smoke;
mod sso;
mod store_contract;
mod store_crash;
mod strace;
mod usher;
