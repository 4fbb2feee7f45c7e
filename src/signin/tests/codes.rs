//! Authorization codes.

use super::*;

/// The verifier and challenge of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "https://meet.example.com/static/sso.html";

pub(super) fn code(session: SessionId) -> NewCode {
    NewCode {
        session,
        client: client("web"),
        redirect_uri: BACK.to_owned(),
        code_challenge: CHALLENGE.to_owned(),
        room: Some(RoomName::parse("team1").unwrap()),
        nonce: Some("nonce-1".to_owned()),
    }
}

async fn redeem(desk: &Desk, code: &str) -> Result<Redeemed, CodeError> {
    desk.signin.redeem(code, &client("web"), BACK, VERIFIER).await
}

#[tokio::test]
async fn a_code_is_good_once_and_for_a_minute() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let first = desk.signin.issue_code(code(session)).await.unwrap();
    let second = desk.signin.issue_code(code(session)).await.unwrap();
    let desk = desk.restarted().await;
    pass(Duration::milliseconds(59_999));
    let redeemed = redeem(&desk, &first).await.unwrap();
    assert_eq!(redeemed.code, code(session));
    assert_eq!(redeemed.session.id, session);
    assert_eq!(redeemed.session.ends_at, beginning() + Duration::days(30));
    let seen = desk
        .signin
        .peek(redeemed.refresh_token.expose(), &client("web"))
        .await;
    assert_eq!(seen.unwrap(), Some(family(session)));
    pass(Duration::milliseconds(1));
    let late = redeem(&desk, &second).await;
    assert!(matches!(late, Err(CodeError::Unknown)), "{late:?}");
}

#[tokio::test]
async fn a_code_that_comes_again_ends_what_it_was_traded_for() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let text = desk.signin.issue_code(code(session)).await.unwrap();
    let token = redeem(&desk, &text).await.unwrap().refresh_token;
    let other = desk.family(session).await;
    let desk = desk.restarted().await;
    let again = redeem(&desk, &text).await;
    assert!(
        matches!(again, Err(CodeError::Reused { session: of }) if of == session),
        "{again:?}"
    );
    let dead = desk.signin.renew(token.expose(), &client("web")).await;
    assert!(matches!(dead, Err(RefreshError::Unknown)), "{dead:?}");
    assert!(desk.is_alive(session).await, "the person stays signed in");
    assert!(desk.signin.renew(other.expose(), &client("web")).await.is_ok());
}

#[tokio::test]
async fn nobody_else_can_use_it() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let text = desk.signin.issue_code(code(session)).await.unwrap();
    let tries = [
        ("other", BACK, VERIFIER),
        ("web", "https://meet.example.com/static/sso.html?", VERIFIER),
        ("web", BACK, ""),
        ("web", BACK, CHALLENGE),
        ("web", BACK, &VERIFIER[1..]),
    ];
    for (who, back, verifier) in tries {
        let refused = desk.signin.redeem(&text, &client(who), back, verifier).await;
        assert!(matches!(refused, Err(CodeError::Mismatch)), "{refused:?}");
    }
    let unknown = redeem(&desk, &text[1..]).await;
    assert!(matches!(unknown, Err(CodeError::Unknown)), "{unknown:?}");
    assert!(redeem(&desk, &text).await.is_ok(), "a mistake does not use it up");
}

#[tokio::test]
async fn a_code_ends_with_its_session() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let text = desk.signin.issue_code(code(session)).await.unwrap();
    desk.signin.end(session).await.unwrap();
    let dead = redeem(&desk, &text).await;
    assert!(matches!(dead, Err(CodeError::Unknown)), "{dead:?}");
    let none = desk.signin.issue_code(code(session)).await;
    assert!(matches!(none, Err(SignInError::Ended)), "{none:?}");
}

/// The clock stands still, so every thread reads the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_at_once_one_wins_and_its_family_ends() {
    let desk = Desk::new().await;
    for _ in 0..20 {
        let session = desk.begin(sara()).await.session.id;
        let text = desk.signin.issue_code(code(session)).await.unwrap();
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (signin, text) = (desk.signin.clone(), text.clone());
            tries.spawn(async move { signin.redeem(&text, &client("web"), BACK, VERIFIER).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) = tries.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 1));
        assert!(matches!(lost[0], Err(CodeError::Reused { .. })), "{lost:?}");
    }
    assert_eq!(desk.count(Table::Families).await, 0, "none is left behind");
}
