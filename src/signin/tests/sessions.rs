//! Beginning, proving and ending sessions.

use super::*;

#[tokio::test]
async fn a_session_lives_as_long_as_its_cookie_also_over_a_restart() {
    let desk = Desk::new().await;
    let begun = desk.begin(sara()).await;
    assert_eq!(begun.session.user.id.as_str(), "u-sara");
    assert_eq!(begun.session.user.email.as_deref(), Some("sara@example.com"));
    assert_eq!(begun.session.ends_at, beginning() + Duration::hours(12));

    let desk = desk.restarted().await;
    pass(Duration::hours(12) - Duration::milliseconds(1));
    let found = desk.signin.session_of_cookie(&begun.cookie).await.unwrap();
    assert_eq!(found.as_ref(), Some(&begun.session));
    assert!(desk.is_alive(begun.session.id).await);

    pass(Duration::milliseconds(1));
    assert_eq!(desk.signin.session_of_cookie(&begun.cookie).await.unwrap(), None);
    assert!(!desk.is_alive(begun.session.id).await);
    assert_eq!(desk.signin.end(begun.session.id).await.unwrap(), None);
}

#[tokio::test]
async fn only_the_whole_cookie_proves_it() {
    let desk = Desk::new().await;
    let begun = desk.begin(sara()).await;
    let other = desk.begin(guest()).await;
    let (id, secret) = begun.cookie.split_once('.').unwrap();
    let (_, wrong) = other.cookie.split_once('.').unwrap();
    let strange = [
        String::new(),
        ".".to_owned(),
        id.to_owned(),
        format!("{id}."),
        format!("{id}.{wrong}"),
        format!("{id}.{}", &secret[1..]),
        format!("{id}.{secret}="),
        format!("{}.{secret}", other.session.id),
        format!("{id}.{}", "a".repeat(5000)),
        "\u{0}.\u{0}".to_owned(),
    ];
    for cookie in strange {
        assert_eq!(
            desk.signin.session_of_cookie(&cookie).await.unwrap(),
            None,
            "{cookie:?}"
        );
    }
}

#[tokio::test]
async fn what_has_ended_stays_so() {
    let desk = Desk::new().await;
    let begun = desk.begin(guest()).await;
    let token = desk.family(begun.session.id).await;
    let ended = desk.signin.end(begun.session.id).await.unwrap().unwrap();
    assert_eq!(ended.identity, guest());

    let desk = desk.restarted().await;
    assert_eq!(desk.signin.session_of_cookie(&begun.cookie).await.unwrap(), None);
    assert!(!desk.is_alive(begun.session.id).await);
    let renewed = desk.signin.renew(token.expose(), &client("web")).await;
    assert!(matches!(renewed, Err(RefreshError::Unknown)), "{renewed:?}");
    let begun_family = desk.signin.begin_family(family(begun.session.id)).await;
    assert!(
        matches!(begun_family, Err(SignInError::Ended)),
        "{begun_family:?}"
    );
    assert_eq!(desk.signin.end(begun.session.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_sign_in_ends_what_the_browser_had_before() {
    let desk = Desk::new().await;
    let old = desk.begin(guest()).await.session.id;
    let new = desk
        .signin
        .begin(sara(), &client("web"), Some(old))
        .await
        .unwrap();
    assert!(!desk.is_alive(old).await);
    assert!(desk.is_alive(new.session.id).await);
}

#[tokio::test]
async fn users_are_in_as_long_as_the_file_lets_them() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let alive_with = async |change: fn(&mut config::User)| {
        desk.change(|config| change(config.users.get_mut("sara@example.com").unwrap()));
        desk.is_alive(session).await
    };
    assert!(alive_with(|user| user.name = "Sara".to_owned()).await);
    assert_eq!(
        desk.signin.session(session).await.unwrap().unwrap().user.name,
        "Sara"
    );
    assert!(!alive_with(|user| user.active = false).await);
    assert!(alive_with(|user| user.active = true).await);
    let somebody_else = |user: &mut config::User| user.id = Some(UserId::parse("u-other").unwrap());
    assert!(
        !alive_with(somebody_else).await,
        "the address is another person's now"
    );
    desk.change(|config| config.users.clear());
    assert!(!desk.is_alive(session).await);
    let again = desk.signin.begin(sara(), &client("web"), None).await;
    assert!(matches!(again, Err(SignInError::Ended)), "{again:?}");
}

#[tokio::test]
async fn the_disk_knows_no_secret() {
    let desk = Desk::new().await;
    let begun = desk.begin(sara()).await;
    let token = desk.family(begun.session.id).await;
    let renewed = desk.signin.renew(token.expose(), &client("web")).await.unwrap();
    let code = desk
        .signin
        .issue_code(codes::code(begun.session.id))
        .await
        .unwrap();
    let desk = desk.restarted().await;
    assert!(desk.is_on_disk("sara@example.com"), "the files are searched");
    for text in [
        begun.cookie.as_str(),
        token.expose(),
        renewed.next.expose(),
        &code,
    ] {
        let secret = text.rsplit('.').next().unwrap();
        assert!(!desk.is_on_disk(secret));
    }
}

#[tokio::test]
async fn a_cookie_that_works_longer_than_refreshing_lets_families_begin_later() {
    let desk = Desk::new().await;
    desk.change(|config| {
        config.daemon.signin.session_hours = 240;
        config.daemon.signin.refresh_days = 1;
    });
    let begun = desk.begin(sara()).await;
    pass(Duration::days(5));
    let token = desk.family(begun.session.id).await;
    pass(Duration::days(1) - Duration::seconds(1));
    assert!(
        desk.signin
            .peek(token.expose(), &client("web"))
            .await
            .unwrap()
            .is_some()
    );
    pass(Duration::seconds(1));
    assert_eq!(
        desk.signin.peek(token.expose(), &client("web")).await.unwrap(),
        None
    );
    assert!(desk.is_alive(begun.session.id).await, "the cookie goes on");
}

#[tokio::test]
async fn records_of_the_first_version_are_read() {
    let desk = Desk::new().await;
    let id = "019a9c1e-0000-7000-8000-000000000001";
    let record = r#"{"v":1,"identity":{"local":{"username":"sara@example.com"}},"user":"u-sara","client":"web",
        "begun_at":"2026-11-21T12:00:00Z","cookie_until":"2026-11-21T23:00:00Z","ends_at":"2026-12-21T12:00:00Z",
        "secret":"K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols"}"#;
    let family = r#"{"v":1,"family":{"session":"019a9c1e-0000-7000-8000-000000000001","client":"web","room":"team1",
        "nonce":null},"secret":"K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols","ends_at":"2026-12-21T12:00:00Z"}"#;
    NOW.set("2026-11-21T12:30:00Z".parse().unwrap());
    let write = async |table, text: &str| {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        assert!(desk.signin.0.records.create(table, id, &json).await.unwrap());
    };
    write(Table::Sessions, record).await;
    write(Table::Families, family).await;
    let found = desk
        .signin
        .session_of_cookie(&format!("{id}.secret"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.user.id.as_str(), "u-sara");
    let renewed = desk
        .signin
        .renew(&format!("{id}.secret"), &client("web"))
        .await
        .unwrap();
    assert_eq!(renewed.family.room, RoomName::parse("team1").ok());
}
