//! `deploy/prometheus.yml` and its alerts, judged by `promtool`.

use super::{file, run, said, text_of};

/// Each alert with series that must raise it and nothing else; one sample a minute.
const ALARMS: &[(&str, &str)] = &[
    ("UsherDown", "up{job='usher',instance='a'} 0x20"),
    (
        "UsherEventsStuck",
        "usher_events_oldest_waiting_seconds{instance='a'} 301x20",
    ),
    ("UsherAuditStuck", "usher_audit_waiting{instance='a'} 1x20"),
    (
        "UsherSignInFailing",
        "usher_signins_total{instance='a',method='provider',result='failed'} 0+1x20",
    ),
    ("UsherCannotActOnRooms", "usher_orders_waiting{instance='a'} 1x20"),
    (
        "LiveKitReportsLost",
        "livekit_webhook_dispatch_total{instance='a',status='failure'} 0+1x20",
    ),
    (
        "UsherMendsMeetings",
        "usher_corrections_total{instance='a',kind='missed_end'} 0+1x20",
    ),
    (
        "UsherLiveKitAway",
        "usher_livekit_listings_total{instance='a',of='rooms',result='away'} 0+1x20",
    ),
    ("UsherNatsAway", "usher_nats_connected{instance='a'} 0x20"),
    (
        "UsherConfigurationRejected",
        "usher_config_last_reload_successful{instance='a'} 0x20",
    ),
    (
        "UsherFailing",
        "usher_http_requests_total{instance='a',status='500'} 0+60x20",
    ),
];

#[test]
fn the_configuration_and_its_rules_check_out() {
    let output = run(
        "promtool",
        &["check", "config", file("deploy/prometheus.yml").to_str().unwrap()],
    );
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("rules found"), "{}", said(&output));
}

#[test]
fn alerts_fire_for_what_they_name() {
    let cases: String = ALARMS.iter().map(|(alert, series)| case(alert, series)).collect();
    let rules = file("deploy/prometheus-rules.yml");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.yml");
    std::fs::write(
        &path,
        format!("rule_files: ['{}']\ntests:\n{cases}", rules.display()),
    )
    .unwrap();
    let output = run("promtool", &["test", "rules", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
}

/// One unit test in promtool's language: after 15 minutes exactly this one of all alerts is on.
fn case(alert: &str, series: &str) -> String {
    let (name, values) = series.rsplit_once(' ').unwrap();
    format!(
        "- interval: 1m
  input_series: [{{series: \"{name}\", values: \"{values}\"}}]
  promql_expr_test: [{{expr: 'count(ALERTS{{alertstate=\"firing\",alertname=\"{alert}\"}}) == count(ALERTS)', eval_time: 15m, exp_samples: [{{labels: '{{}}', value: 1}}]}}]
"
    )
}

#[test]
fn every_metric_that_an_alert_asks_for_is_one_that_usher_has() {
    const KNOWN: &str = "usher_http_requests_total usher_events_oldest_waiting_seconds usher_nats_connected \
                         usher_config_last_reload_successful usher_store_flush_seconds_bucket usher_audit_waiting \
                         usher_signins_total usher_orders_waiting usher_livekit_listings_total \
                         usher_corrections_total usher_ingest_total";
    let text = text_of("deploy/prometheus-rules.yml");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    for name in words.filter(|word| word.starts_with("usher_")) {
        assert!(KNOWN.split(' ').any(|known| known == name), "{name}");
    }
}
