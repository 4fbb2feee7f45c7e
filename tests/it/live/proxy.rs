//! The same through a real nginx with the snippet that is shipped.

use super::socket::Socket;
use super::*;
use crate::nginx::{self, Nginx};
use crate::ports::free_port;

#[tokio::test]
async fn events_pass_nginx_as_they_happen() {
    let usher = Usher::start(setup()).await;
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let snippet = nginx::snippet(folder.path(), ([127, 0, 0, 1], usher.port()).into());
    let site = format!(
        "listen 127.0.0.1:{port}; access_log log/access.log; gzip on; gzip_types *; gzip_proxied any;\n{snippet}"
    );
    let _nginx = Nginx::start(folder, &site);
    let request = usher.http.get(format!("http://127.0.0.1:{port}/usher{EVENTS}"));
    let mut follower = Follower::of(request.bearer_auth(KEY)).await;
    let authorization = format!("Bearer {KEY}");
    let headers = [("authorization", &*authorization)];
    let mut socket = Socket::open(port, "/usher/api/events/ws", &headers)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    for _ in 0..3 {
        let (meeting, _) = book(&usher, KEY, &[]).await;
        assert_eq!(follower.json().await["subject"], meeting);
        assert_eq!(socket.json().await["subject"], meeting);
    }
}
