//! What `/metrics` shows, read back from its text.

use chrono::TimeZone;
use chrono::Utc;
use http::StatusCode;

use super::*;
use crate::telemetry::label::{Method, Route};

fn at(seconds: i64) -> Timestamp {
    Utc.timestamp_opt(seconds, 0).unwrap()
}

fn metrics() -> Metrics {
    Metrics::new(
        Build {
            version: "1.2.3",
            revision: "abc",
        },
        at(1000),
    )
    .unwrap()
}

fn assert_line(metrics: &Metrics, now: Timestamp, line: &str) {
    let text = metrics.render(now).unwrap();
    assert!(
        text.lines().any(|found| found == line),
        "no line {line:?} in\n{text}"
    );
}

#[test]
fn labelled_counters_are_there_from_the_start_and_count() {
    let metrics = metrics();
    assert_line(
        &metrics,
        at(0),
        r#"usher_ingest_total{source="event_sync",verdict="accepted"} 0"#,
    );
    metrics.ingested(Source::EventSync, Verdict::Accepted);
    metrics.ingested(Source::LiveKit, Verdict::Failed);
    metrics.token_requested(TokenKind::Jitsi, TokenResult::Refused);
    metrics.token_checked(TokenCheck::Expired);
    metrics.corrected(Correction::MissedLeave);
    metrics.set_meetings(MeetingStatus::Active, 7);
    for line in [
        r#"usher_ingest_total{source="event_sync",verdict="accepted"} 1"#,
        r#"usher_ingest_total{source="livekit",verdict="failed"} 1"#,
        r#"usher_tokens_total{kind="jitsi",result="refused"} 1"#,
        r#"usher_token_checks_total{result="expired"} 1"#,
        r#"usher_corrections_total{kind="missed_leave"} 1"#,
        r#"usher_meetings{status="active"} 7"#,
        r#"usher_build_info{revision="abc",version="1.2.3"} 1"#,
        "process_start_time_seconds 1000",
    ] {
        assert_line(&metrics, at(0), line);
    }
}

#[test]
fn requests_are_counted_by_template_and_only_what_happened_is_shown() {
    let metrics = metrics();
    assert!(
        !metrics
            .render(at(0))
            .unwrap()
            .contains("usher_http_requests_total{")
    );
    let took = Duration::from_millis(3);
    metrics
        .http
        .answered(Route::AsapKey, Method::Get, StatusCode::OK, took);
    metrics
        .http
        .answered(Route::AsapKey, Method::Get, StatusCode::IM_A_TEAPOT, took);
    metrics.http.unreadable(StatusCode::BAD_REQUEST);
    for line in [
        r#"usher_http_requests_total{method="GET",route="/asap/{kid}.pem",status="200"} 1"#,
        r#"usher_http_requests_total{method="GET",route="/asap/{kid}.pem",status="other"} 1"#,
        r#"usher_http_requests_total{method="other",route="unmatched",status="400"} 1"#,
        r#"usher_http_request_duration_seconds_bucket{route="/asap/{kid}.pem",le="0.0025"} 0"#,
        r#"usher_http_request_duration_seconds_bucket{route="/asap/{kid}.pem",le="0.005"} 2"#,
    ] {
        assert_line(&metrics, at(0), line);
    }
}

#[test]
fn the_age_of_the_oldest_event_grows_by_itself() {
    let metrics = metrics();
    assert_line(&metrics, at(5000), "usher_events_oldest_waiting_seconds 0");
    metrics.set_events_waiting(3, Some(at(2000)));
    assert_line(&metrics, at(2001), "usher_events_oldest_waiting_seconds 1");
    assert_line(&metrics, at(2060), "usher_events_oldest_waiting_seconds 60");
    assert_line(&metrics, at(2060), "usher_events_waiting 3");
    metrics.set_events_waiting(0, None);
    assert_line(&metrics, at(2060), "usher_events_oldest_waiting_seconds 0");
}

#[test]
fn a_rejected_reload_keeps_the_time_of_the_last_good_one() {
    let metrics = metrics();
    assert_line(&metrics, at(0), "usher_config_last_reload_successful 1");
    metrics.config_reloaded(ReloadResult::Applied, at(1500));
    metrics.config_reloaded(ReloadResult::Rejected, at(1600));
    assert_line(&metrics, at(0), "usher_config_last_reload_successful 0");
    assert_line(
        &metrics,
        at(0),
        "usher_config_last_reload_success_timestamp_seconds 1500",
    );
    assert_line(
        &metrics,
        at(0),
        r#"usher_config_reloads_total{result="rejected"} 1"#,
    );
}

#[test]
fn audit_records_wait_until_they_are_sent_and_again_when_they_must_be() {
    let metrics = metrics();
    let refused = r#"usher_audit_records_total{action="login",outcome="refused"}"#;
    assert_line(&metrics, at(0), &format!("{refused} 0"));
    metrics.audit_waits(2);
    metrics.audit_recorded(AuditAction::Login, AuditOutcome::Refused);
    assert_line(&metrics, at(0), &format!("{refused} 1"));
    assert_line(&metrics, at(0), "usher_audit_waiting 3");
    metrics.audit_published(3);
    metrics.audit_waits(1);
    assert_line(&metrics, at(0), "usher_audit_waiting 1");
}

#[test]
fn a_flush_counts_the_writes_that_shared_it() {
    let metrics = metrics();
    metrics.store_flushed(64, Duration::from_millis(2));
    metrics.meeting_completed(Duration::from_secs(1799));
    assert_line(&metrics, at(0), "usher_store_writes_total 64");
    assert_line(&metrics, at(0), "usher_store_flush_seconds_count 1");
    assert_line(
        &metrics,
        at(0),
        r#"usher_meeting_duration_seconds_bucket{le="900"} 0"#,
    );
    assert_line(
        &metrics,
        at(0),
        r#"usher_meeting_duration_seconds_bucket{le="1800"} 1"#,
    );
}
