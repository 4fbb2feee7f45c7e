//! Names and passwords, right, wrong and too many.

use std::time::Duration as Span;

use argon2::password_hash::CustomizedPasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use futures_util::future::join_all;

use super::*;
use crate::config::secret::Secret;

const STRANGER: &str = "203.0.113.7";
const OFFICE: &str = "198.51.100.1";

/// With as little work as Argon2 takes, since this is not about its strength.
fn hash(password: &str) -> Secret {
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default());
    let hash = argon2.hash_password_with_params(password.as_bytes(), b"0123456789abcdef", params);
    Secret::new(hash.unwrap().to_string())
}

async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.change(|config| {
        let sara = config.users.get_mut("sara@example.com").unwrap();
        sara.password = Some(hash("right"));
        let off = config::User {
            active: false,
            password: Some(hash("right")),
            ..user("u-off")
        };
        config.users.insert("off@example.com".to_owned(), off);
        config
            .users
            .insert("elsewhere@example.com".to_owned(), user("u-else"));
    });
    desk
}

async fn enter(
    desk: &Desk,
    (username, password): (&str, &str),
    address: &str,
    device: Option<&str>,
) -> Result<User, LoginError> {
    let attempt = Attempt {
        username,
        password,
        address: address.parse().unwrap(),
        device,
    };
    desk.signin.check_password(attempt).await
}

const RIGHT: (&str, &str) = ("sara@example.com", "right");
const WRONG: (&str, &str) = ("sara@example.com", "wrong");

fn is_wrong(outcome: &Result<User, LoginError>) -> bool {
    matches!(outcome, Err(LoginError::Wrong { .. }))
}

/// How long the caller is asked to wait.
fn wait(outcome: &Result<User, LoginError>) -> Option<Span> {
    match outcome {
        Err(LoginError::TooMany { wait }) => Some(*wait),
        _ => None,
    }
}

#[tokio::test]
async fn a_name_and_its_password_let_in() {
    let desk = desk().await;
    let sara = enter(&desk, (" Sara@Example.COM", "right"), OFFICE, None)
        .await
        .unwrap();
    assert_eq!(sara.id.as_str(), "u-sara");
    assert_eq!(sara.username, "sara@example.com");
    assert!(sara.has_role("doctor"));
}

#[tokio::test]
async fn everything_else_is_the_same_refusal() {
    let desk = desk().await;
    let long = "x".repeat(2000);
    let long_name = "x".repeat(100_000);
    let tries = [
        (WRONG, Some("u-sara")),
        (("sara@example.com", ""), Some("u-sara")),
        (("sara@example.com", long.as_str()), Some("u-sara")),
        (("elsewhere@example.com", "right"), Some("u-else")),
        (("off@example.com", "wrong"), Some("u-off")),
        (("nobody@example.com", "right"), None),
        (("", ""), None),
        ((long_name.as_str(), "right"), None),
    ];
    for ((username, password), id) in tries {
        match enter(&desk, (username, password), STRANGER, None).await {
            Err(LoginError::Wrong { known }) => {
                assert_eq!(known.as_ref().map(UserId::as_str), id);
            }
            other => panic!("{username}: {other:?}"),
        }
    }
    let off = enter(&desk, ("off@example.com", "right"), STRANGER, None).await;
    assert!(
        matches!(off, Err(LoginError::Inactive { user }) if user.as_ref().map(UserId::as_str) == Some("u-off"))
    );
}

#[tokio::test]
async fn who_has_no_profile_is_nobody_and_only_who_knows_the_password_learns_it() {
    let desk = desk().await;
    desk.change(|config| config.users.get_mut("sara@example.com").unwrap().id = None);
    let right = enter(&desk, ("sara@example.com", "right"), OFFICE, None).await;
    assert!(matches!(right, Err(LoginError::NoProfile)), "{right:?}");
    assert!(is_wrong(&enter(&desk, WRONG, OFFICE, None).await));
}

#[tokio::test]
async fn a_password_is_right_to_its_last_byte() {
    let desk = desk().await;
    let longest = "x".repeat(1024);
    desk.change(|config| {
        config.users.get_mut("sara@example.com").unwrap().password = Some(hash(&longest));
    });
    let too_long = format!("{longest}x");
    assert!(
        enter(&desk, ("sara@example.com", &longest), OFFICE, None)
            .await
            .is_ok()
    );
    assert!(is_wrong(
        &enter(&desk, ("sara@example.com", &too_long), OFFICE, None).await
    ));
}

#[tokio::test]
async fn guessing_is_slowed_by_name_and_only_failures_count() {
    let desk = desk().await;
    for _ in 0..50 {
        assert!(enter(&desk, RIGHT, OFFICE, None).await.is_ok());
    }
    for at in 0..10 {
        let address = format!("203.0.113.{at}");
        assert!(is_wrong(&enter(&desk, WRONG, &address, None).await));
    }
    let refused = enter(&desk, RIGHT, "203.0.113.99", None).await;
    assert_eq!(wait(&refused), Some(Span::from_secs(30)), "{refused:?}");
    pass(Duration::seconds(30));
    assert!(is_wrong(&enter(&desk, WRONG, "203.0.113.98", None).await));
    assert!(wait(&enter(&desk, WRONG, "203.0.113.98", None).await).is_some());
    pass(Duration::minutes(5));
    assert!(enter(&desk, RIGHT, "203.0.113.98", None).await.is_ok());
}

#[tokio::test]
async fn unknown_names_are_slowed_just_the_same() {
    let desk = desk().await;
    let nobody = ("nobody@example.com", "wrong");
    for at in 0..10 {
        assert!(is_wrong(
            &enter(&desk, nobody, &format!("203.0.113.{at}"), None).await
        ));
    }
    let refused = enter(&desk, nobody, "203.0.113.99", None).await;
    assert_eq!(wait(&refused), Some(Span::from_secs(30)), "{refused:?}");
}

#[tokio::test]
async fn guessing_is_slowed_by_network_whatever_the_name() {
    let desk = desk().await;
    for at in 0..20 {
        let (name, address) = (format!("{at}@example.com"), format!("2001:db8::{at}"));
        assert!(is_wrong(&enter(&desk, (&name, "wrong"), &address, None).await));
    }
    let refused = enter(&desk, RIGHT, "2001:db8::ffff", None).await;
    assert_eq!(wait(&refused), Some(Span::from_secs(6)), "{refused:?}");
    assert!(
        enter(&desk, RIGHT, "2001:db8:0:1::", None).await.is_ok(),
        "another /64"
    );
    assert!(enter(&desk, RIGHT, "::ffff:198.51.100.1", None).await.is_ok());
}

#[tokio::test]
async fn a_stranger_cannot_lock_the_owner_out() {
    let desk = desk().await;
    let sara = enter(&desk, RIGHT, OFFICE, None).await.unwrap();
    let device = desk.signin.device(&sara);
    let desk = desk.restarted().await;
    assert!(enter(&desk, RIGHT, OFFICE, None).await.is_ok());
    for at in 0..40 {
        let address = format!("203.0.113.{}", at % 4);
        let _ = enter(&desk, WRONG, &address, Some("a device cookie made up")).await;
    }
    assert!(
        wait(&enter(&desk, RIGHT, STRANGER, None).await).is_some(),
        "strangers wait"
    );
    assert!(
        enter(&desk, RIGHT, "203.0.113.0", Some(&device)).await.is_ok(),
        "the owner's browser gets in from the stranger's own network"
    );
    assert!(
        enter(&desk, RIGHT, OFFICE, None).await.is_ok(),
        "so does the owner's network"
    );

    let off = User {
        id: UserId::parse("u-off").unwrap(),
        ..sara
    };
    let of_another = desk.signin.device(&off);
    assert!(wait(&enter(&desk, RIGHT, STRANGER, Some(&of_another)).await).is_some());
    pass(Duration::days(180));
    for at in 0..10 {
        let _ = enter(&desk, WRONG, &format!("203.0.113.{}", 100 + at), None).await;
    }
    assert!(
        wait(&enter(&desk, RIGHT, STRANGER, Some(&device)).await).is_some(),
        "the cookie has expired"
    );
}

#[tokio::test]
async fn a_stolen_device_cookie_is_no_way_around() {
    let desk = desk().await;
    let sara = enter(&desk, RIGHT, OFFICE, None).await.unwrap();
    let device = desk.signin.device(&sara);
    for at in 0..10 {
        let address = format!("203.0.113.{at}");
        assert!(is_wrong(&enter(&desk, WRONG, &address, Some(&device)).await));
    }
    assert!(wait(&enter(&desk, WRONG, STRANGER, Some(&device)).await).is_some());
}

#[tokio::test]
async fn many_at_once_cannot_slip_through() {
    let desk = desk().await;
    let tries = (0..60).map(|_| enter(&desk, WRONG, STRANGER, None));
    let outcomes = join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_wrong(outcome)).count(), 10);
    assert_eq!(outcomes.iter().filter_map(wait).count(), 50);
}

#[tokio::test]
async fn many_who_are_right_at_once_all_get_in() {
    let desk = desk().await;
    let outcomes = join_all((0..60).map(|_| enter(&desk, RIGHT, OFFICE, None))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}
