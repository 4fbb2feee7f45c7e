//! The refusals of `POST /api/auth/client/`, to the letter: applications show them.

use serde_json::json;

use super::*;

/// Who tries what, and the answer: status, code, and the sentence in Persian.
const TABLE: &[(&str, &str, u16, &str, &str)] = &[
    (
        "",
        PASSWORD,
        400,
        "missing_field",
        "نام کاربری و رمز عبور الزامی است.",
    ),
    (
        SARA,
        "",
        400,
        "missing_field",
        "نام کاربری و رمز عبور الزامی است.",
    ),
    (
        SARA,
        "wrong",
        401,
        "wrong_credentials",
        "نام کاربری یا رمز عبور اشتباه است.",
    ),
    (
        "nobody@example.com",
        PASSWORD,
        401,
        "wrong_credentials",
        "نام کاربری یا رمز عبور اشتباه است.",
    ),
    (
        "off@example.com",
        "wrong",
        401,
        "wrong_credentials",
        "نام کاربری یا رمز عبور اشتباه است.",
    ),
    (
        "off@example.com",
        PASSWORD,
        403,
        "user_inactive",
        "حساب کاربری شما غیرفعال شده است.",
    ),
    (
        "alone@example.com",
        PASSWORD,
        403,
        "no_channel",
        "شما به هیچ کانالی دسترسی ندارید.",
    ),
    (
        "bare@example.com",
        PASSWORD,
        404,
        "no_profile",
        "اطلاعات کاربر یافت نشد.",
    ),
    (
        "odd@example.com",
        PASSWORD,
        500,
        "internal_error",
        "خطای سرور در احراز هویت",
    ),
];

fn people() -> Setup {
    let mut setup = setup();
    setup.users += &person(
        "off@example.com",
        "id = \"u2\"\nroles = [\"doctor\"]\nactive = false",
    );
    setup.users += &person("alone@example.com", "id = \"u3\"");
    setup.users += &person("bare@example.com", "roles = [\"doctor\"]");
    // Too long for LiveKit, once it is written so that it means nobody else.
    setup.users += &person(
        "odd@example.com",
        &format!("id = \"{}\"\nroles = [\"doctor\"]", "#".repeat(100)),
    );
    setup
}

async fn said_in(usher: &Usher, language: &str, body: &Value) -> Said {
    let request = usher.http.post(format!("{}{SIGN_IN}", usher.url()));
    Said::to(request.header("accept-language", language).json(body)).await
}

#[tokio::test]
async fn every_refusal_has_its_status_and_its_sentence() {
    let usher = Usher::start(people()).await;
    for (username, password, status, code, persian) in TABLE {
        let body = json!({"username": username, "password": password});
        let said = said_in(&usher, "fa", &body).await;
        said.assert_refused(*status, code);
        let answer = said.json();
        assert_eq!(
            (&answer["status"], &answer["error"]),
            (&json!("error"), &json!(persian))
        );
        let english = said_in(&usher, "en", &body).await.json();
        assert!(english["error"].as_str().unwrap().is_ascii(), "{english}");
        let details = (*status == 500).then_some("profile");
        assert_eq!(answer["details"].as_str(), details, "which part it was, not why");
    }
    let log = usher.log();
    assert!(!log.contains(PASSWORD) && !log.contains("nobody@"), "{log}");
}

#[tokio::test]
async fn who_is_unknown_is_told_the_same_as_who_is_wrong() {
    let usher = Usher::start(people()).await;
    let mut answers = Vec::new();
    for username in ["nobody@example.com", SARA, "off@example.com", "bare@example.com"] {
        let said = said_in(&usher, "en", &json!({"username": username, "password": "wrong"})).await;
        let mut answer = said.json();
        answer["request_id"].take();
        let mut names: Vec<_> = said.headers.keys().map(ToString::to_string).collect();
        names.sort();
        answers.push((said.status, names, answer));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn what_is_no_pair_of_texts_is_refused_before_anything_is_checked() {
    let usher = Usher::start(people()).await;
    for body in [
        json!({}),
        json!({"username": null, "password": "x"}),
        json!({"username": " ", "password": "x"}),
    ] {
        let said = said_in(&usher, "fa", &body).await;
        said.assert_refused(400, "missing_field");
        assert_eq!(said.json()["field"], "username");
    }
    let said = said_in(&usher, "fa", &json!({"username": SARA, "password": 7})).await;
    said.assert_refused(400, "wrong_type");
    said_in(&usher, "fa", &json!([SARA, PASSWORD]))
        .await
        .assert_refused(400, "invalid_json");
    assert_eq!(
        trail(&usher).await,
        Vec::<[String; 5]>::new(),
        "nobody tried to be anybody"
    );
}
