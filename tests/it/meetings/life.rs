//! A meeting from booking to its end, as programs and people see it.

use super::*;

#[tokio::test]
async fn a_meeting_is_made_and_everyone_gets_their_own_link() {
    let usher = Usher::start(setup()).await;
    let said = posted(&usher, KEY, MEETINGS, &consultation()).await;
    assert_eq!(said.status, 201, "{said:?}");
    let data = said.json()["data"].clone();
    let meeting = &data["meeting"];
    let room = text(&meeting["roomName"]);
    assert!(room.starts_with("ataraxia-"), "{room}");
    assert_eq!(meeting["status"], "scheduled");
    assert_eq!(meeting["participants"], json!(["u-doctor", "u-patient"]));
    assert_eq!(meeting["createdBy"], Value::Null, "always there");
    assert_eq!(
        meeting["jitsiLink"],
        format!("https://meet.test/{room}"),
        "no person, no token"
    );
    assert_eq!(data["jitsiDetails"]["meetingLink"], meeting["jitsiLink"]);
    assert_eq!(data["jitsiDetails"]["domain"], "meet.test");

    for (who, moderates) in [("doctor", true), ("patient", false)] {
        let token = sign_in(&usher, who).await;
        let said = got(&usher, &token, &path_of(meeting)).await;
        assert_eq!(said.status, 200, "{said:?}");
        let link = said.json()["data"]["meeting"]["jitsiLink"].clone();
        let claims = claims(token_in(&link));
        assert_eq!(claims["room"], room);
        assert_eq!(claims["moderator"], moderates);
        assert_eq!(claims["context"]["user"]["id"], format!("u-{who}"));
        assert_eq!(
            claims["context"]["features"]["recording"], true,
            "the rules add theirs"
        );
        let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(life, 24 * 3600);

        let given = posted(&usher, &token, &format!("{}/token", path_of(meeting)), &json!({})).await;
        assert_eq!(given.status, 200, "{given:?}");
        let own = text(&given.json()["data"]["token"]).to_owned();
        let judged = usher.post(
            "/api/jitsi/validate-token",
            &json!({"token": own, "roomName": room}),
        );
        assert_eq!(answered(judged).await["valid"], true);
    }
    let stranger = sign_in(&usher, "stranger").await;
    got(&usher, &stranger, &path_of(meeting))
        .await
        .assert_refused(404, "not_found");
}
