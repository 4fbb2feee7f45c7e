//! Records are kept for `keep_days`.

use chrono::TimeDelta;
use usher::audit::Act;

use super::asking::found;
use super::living::{door, validate};
use super::written_meanwhile;
use crate::usher::{Usher, answered};

#[tokio::test]
async fn old_records_are_forgotten_once_they_are_out() {
    let mut usher = Usher::start(door().sections("[audit]\nkeep_days = 7")).await;
    let acts = [(30, "old"), (8, "older than a week"), (6, "recent"), (0, "new")];
    written_meanwhile(&mut usher, async |writer| {
        for (days, request) in acts {
            let at = writer.now - TimeDelta::days(days);
            let request_id = request.into();
            writer
                .write_all([Act {
                    at,
                    request_id,
                    ..writer.act(0)
                }])
                .await;
        }
    })
    .await;
    let sent = [("usher_audit_waiting", 0.0)];
    usher.until_metrics(&sent).await;
    // That these are out is stored before the next record goes out, and only then may a start forget them.
    answered(validate(&usher, "newest", "no token")).await;
    usher.until_metrics(&sent).await;
    usher.signal("TERM");
    assert!(usher.ended().success());
    usher.restart().await;
    let forgotten =
        async |usher: &Usher| (found(usher, "").await == ["newest", "new", "recent"]).then_some(());
    usher.eventually("the end of the old records", forgotten).await;
}
