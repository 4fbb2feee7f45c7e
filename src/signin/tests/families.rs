//! Refresh tokens.

use super::*;

#[tokio::test]
async fn each_token_works_once_until_the_refresh_days_are_over() {
    let desk = Desk::new().await;
    let begun = desk.begin(sara()).await;
    let mut token = desk.family(begun.session.id).await;
    for _ in 0..29 {
        pass(Duration::days(1));
        let renewed = desk.signin.renew(token.expose(), &client("web")).await.unwrap();
        assert_ne!(renewed.next, token);
        assert_eq!(renewed.family, family(begun.session.id));
        assert_eq!(
            renewed.session.ends_at,
            beginning() + Duration::days(30),
            "it does not slide"
        );
        token = renewed.next;
    }
    assert_eq!(
        desk.signin.session_of_cookie(&begun.cookie).await.unwrap(),
        None,
        "the cookie has its own end"
    );
    pass(Duration::days(1));
    let late = desk.signin.renew(token.expose(), &client("web")).await;
    assert!(matches!(late, Err(RefreshError::Unknown)), "{late:?}");
    assert!(!desk.is_alive(begun.session.id).await);
}

#[tokio::test]
async fn a_token_that_comes_again_ends_everything_also_after_a_restart() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let old = desk.family(session).await;
    let new = desk
        .signin
        .renew(old.expose(), &client("web"))
        .await
        .unwrap()
        .next;
    let desk = desk.restarted().await;
    let reused = desk.signin.renew(old.expose(), &client("web")).await.unwrap_err();
    match reused {
        RefreshError::Reused { session: of, user } => {
            assert_eq!((of, user.unwrap().as_str()), (session, "u-sara"));
        }
        other => panic!("{other:?}"),
    }
    let desk = desk.restarted().await;
    assert!(!desk.is_alive(session).await);
    for token in [old, new] {
        let dead = desk.signin.renew(token.expose(), &client("web")).await;
        assert!(matches!(dead, Err(RefreshError::Unknown)), "{dead:?}");
    }
    assert_eq!(desk.count(Table::Families).await, 0);
}

#[tokio::test]
async fn another_client_gets_nothing_and_breaks_nothing() {
    let desk = Desk::new().await;
    let token = desk.family(desk.begin(sara()).await.session.id).await;
    let stolen = desk.signin.renew(token.expose(), &client("other")).await;
    assert!(matches!(stolen, Err(RefreshError::WrongClient)), "{stolen:?}");
    assert_eq!(
        desk.signin.peek(token.expose(), &client("other")).await.unwrap(),
        None
    );
    assert!(desk.signin.renew(token.expose(), &client("web")).await.is_ok());
}

#[tokio::test]
async fn looking_uses_nothing_up() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let token = desk.family(session).await;
    for _ in 0..2 {
        let seen = desk.signin.peek(token.expose(), &client("web")).await.unwrap();
        assert_eq!(seen, Some(family(session)));
    }
    let next = desk
        .signin
        .renew(token.expose(), &client("web"))
        .await
        .unwrap()
        .next;
    assert_eq!(
        desk.signin.peek(token.expose(), &client("web")).await.unwrap(),
        None
    );
    assert!(desk.is_alive(session).await, "looking at an old one ends nothing");
    assert!(
        desk.signin
            .peek(next.expose(), &client("web"))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn strange_tokens_are_unknown() {
    let desk = Desk::new().await;
    let token = desk.family(desk.begin(sara()).await.session.id).await;
    let (_, secret) = token.expose().split_once('.').unwrap();
    let long = "x".repeat(100_000);
    for strange in [
        "",
        ".",
        "a.b",
        secret,
        &long,
        "019a9c1e-0000-7000-8000-000000000001.x",
    ] {
        let refused = desk.signin.renew(strange, &client("web")).await;
        assert!(matches!(refused, Err(RefreshError::Unknown)), "{refused:?}");
    }
}

/// The clock stands still, so every thread reads the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_at_once_one_wins_and_both_are_out() {
    let desk = Desk::new().await;
    for _ in 0..20 {
        let session = desk.begin(sara()).await.session.id;
        let token = desk.family(session).await;
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (signin, token) = (desk.signin.clone(), token.clone());
            tries.spawn(async move { signin.renew(token.expose(), &client("web")).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) = tries.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 1));
        assert!(matches!(lost[0], Err(RefreshError::Reused { .. })), "{lost:?}");
        assert!(!desk.is_alive(session).await);
        let next = &won[0].as_ref().unwrap().next;
        assert_eq!(
            desk.signin.peek(next.expose(), &client("web")).await.unwrap(),
            None
        );
    }
}
