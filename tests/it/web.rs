//! How the tests call servers by HTTP.

use reqwest::{Client, ClientBuilder};

use crate::patience::DEADLINE;

/// For servers of this machine: the proxy that its environment may name is for others.
pub fn client() -> ClientBuilder {
    Client::builder().no_proxy().timeout(DEADLINE)
}
