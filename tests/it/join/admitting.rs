//! Who sees who waits, and who lets them in.

use super::*;

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|one| text(&one["userId"]))
        .collect()
}

#[tokio::test]
async fn the_host_lets_one_in_and_turns_another_away() {
    let clinic = Clinic::of(LOBBY_KEY).await;
    let (patient, other) = (clinic.sign_in("patient").await, clinic.sign_in("other").await);
    let (doctor, nurse) = (clinic.sign_in("doctor").await, clinic.sign_in("nurse").await);
    assert_eq!(
        clinic.stands(&nurse).await,
        waits("ready", None),
        "the rule lets nurses pass"
    );
    for who in [&patient, &other] {
        assert_eq!(clinic.stands(who).await, waits("waiting", Some("admission")));
    }
    let list = clinic.list(&doctor).await.json()["data"].clone();
    assert_eq!(names(&list["waiting"]), ["u-patient", "u-other"], "longest first");
    assert_eq!(list["waiting"][0]["name"], "Ann <b>");

    let said = clinic.admit(&doctor, &json!({"userId": "u-patient"})).await;
    assert_eq!(said.status, 200, "{said:?}");
    let list = said.json()["data"].clone();
    assert_eq!(names(&list["waiting"]), ["u-other"]);
    assert_eq!(list["admitted"][0]["decidedBy"], "doctor@clinic");
    clinic
        .admit(&doctor, &json!({"userId": "u-other", "admit": false}))
        .await;
    assert_eq!(clinic.stands(&patient).await, waits("ready", None));
    assert_eq!(clinic.stands(&other).await, waits("denied", None));
    let list = clinic.list(&doctor).await.json()["data"].clone();
    assert_eq!(names(&list["denied"]), ["u-other"]);

    clinic.admit(&doctor, &json!({"userId": "u-other"})).await;
    assert_eq!(
        clinic.stands(&other).await,
        waits("ready", None),
        "a host may think again"
    );
    clinic
        .admit(&doctor, &json!({"userId": "u-patient", "admit": false}))
        .await;
    assert_eq!(clinic.stands(&patient).await, waits("denied", None));
}

#[tokio::test]
async fn all_who_wait_are_let_in_at_once() {
    let clinic = Clinic::of(HOST_KEY).await;
    let (patient, other) = (clinic.sign_in("patient").await, clinic.sign_in("other").await);
    for who in [&patient, &other] {
        assert_eq!(clinic.stands(who).await, waits("waiting", Some("host")));
    }
    let said = clinic.admit(clinic.key, &json!({"all": true})).await;
    assert_eq!(said.status, 200, "a program may do what its people may: {said:?}");
    for who in [&patient, &other] {
        assert_eq!(clinic.stands(who).await, waits("ready", None));
    }
}

#[tokio::test]
async fn only_those_who_moderate_see_and_decide() {
    let clinic = Clinic::of(LOBBY_KEY).await;
    let patient = clinic.sign_in("patient").await;
    clinic.here(&patient).await;
    let whom = json!({"userId": "u-patient"});
    let strangers = [clinic.sign_in("stranger").await, KEY.to_owned()];
    for who in &strangers {
        clinic.list(who).await.assert_refused(404, "not_found");
        clinic.admit(who, &whom).await.assert_refused(404, "not_found");
    }
    let here = clinic
        .sent(&strangers[0], Method::POST, "/waiting", &json!({}))
        .await;
    here.assert_refused(404, "not_found");
    let here = clinic
        .sent(clinic.key, Method::POST, "/waiting", &json!({}))
        .await;
    assert_eq!(here.status, 401, "only people wait: {here:?}");
    for who in ["patient", "nurse"] {
        let token = clinic.sign_in(who).await;
        clinic.list(&token).await.assert_refused(403, "not_organiser");
        clinic
            .admit(&token, &whom)
            .await
            .assert_refused(403, "not_organiser");
    }
    let nobody = clinic.usher.get(&clinic.path("/waiting"));
    Said::to(nobody).await.assert_refused(401, "unauthenticated");
    assert_eq!(clinic.stands(&patient).await, waits("waiting", Some("admission")));
    let admin = clinic.sign_in("admin").await;
    assert_eq!(clinic.admit(&admin, &whom).await.status, 200);
    assert_eq!(clinic.stands(&patient).await, waits("ready", None));
}

#[tokio::test]
async fn a_strange_wish_is_refused_with_its_field() {
    let clinic = Clinic::of(LOBBY_KEY).await;
    let doctor = clinic.sign_in("doctor").await;
    clinic.here(&clinic.sign_in("patient").await).await;
    for (wish, code, field) in [
        (json!({}), "missing_field", "userId"),
        (json!({"all": false}), "missing_field", "userId"),
        (json!({"userId": "u-nobody"}), "invalid_field", "userId"),
        (json!({"userId": ""}), "invalid_field", "userId"),
        (json!({"userId": 7}), "wrong_type", "userId"),
        (json!({"all": "yes"}), "wrong_type", "all"),
        (json!({"all": true, "admit": false}), "invalid_field", "all"),
        (
            json!({"all": true, "userId": "u-patient"}),
            "invalid_field",
            "all",
        ),
    ] {
        let said = clinic.admit(&doctor, &wish).await;
        said.assert_refused(400, code);
        assert_eq!(said.json()["field"], field, "{wish}");
    }
    let said = clinic
        .sent(&doctor, Method::POST, "/waiting", &json!({"enter": 1}))
        .await;
    said.assert_refused(400, "wrong_type");
    for id in ["0199c2a8-7c1e-7f00-8000-000000000001", "x", "%00"] {
        for rest in ["waiting", "admit"] {
            let request = clinic
                .usher
                .http
                .post(format!("{}/api/meetings/{id}/{rest}", clinic.usher.url()));
            let said = Said::to(request.bearer_auth(&doctor).json(&json!({"all": true}))).await;
            said.assert_refused(404, "not_found");
        }
    }
}
