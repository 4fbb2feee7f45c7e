//! One binary for every integration test: each further one costs a link.

mod api;
mod audit;
mod bad_input;
mod browser;
mod deployment;
mod durable;
mod edge;
mod end_to_end;
mod forged;
mod layering;
mod lifecycle;
mod nats;
mod nginx;
mod nothing_lost;
mod pages;
mod patience;
mod ports;
mod prosody;
mod reload;
mod smoke;
mod store_contract;
mod store_crash;
mod strace;
mod usher;
