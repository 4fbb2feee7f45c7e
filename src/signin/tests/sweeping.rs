//! Removing what is over.

use super::*;

#[tokio::test]
async fn only_what_is_over_is_removed_however_much_it_is() {
    let desk = Desk::new().await;
    let begun = futures_util::future::join_all((0..250).map(|_| desk.begin(guest()))).await;
    let kept = begun[0].session.id;
    let token = desk.family(kept).await;
    desk.family(begun[1].session.id).await;
    desk.signin.issue_code(codes::code(kept)).await.unwrap();
    assert_eq!(desk.signin.sweep().await.unwrap(), 0);

    desk.signin.end(begun[1].session.id).await.unwrap();
    assert_eq!(
        desk.signin.sweep().await.unwrap(),
        1,
        "the family of what has ended"
    );

    pass(Duration::hours(12));
    assert_eq!(
        desk.signin.sweep().await.unwrap(),
        248 + 1,
        "cookies without families, and the code"
    );
    assert!(desk.is_alive(kept).await);
    assert!(desk.signin.renew(token.expose(), &client("web")).await.is_ok());

    pass(Duration::days(30));
    assert_eq!(desk.signin.sweep().await.unwrap(), 2);
    for table in [Table::Sessions, Table::Families, Table::Codes] {
        assert_eq!(desk.count(table).await, 0);
    }
    assert_eq!(desk.count(Table::Secrets).await, 1, "the key stays");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_nothing() {
    let desk = Desk::new().await;
    let records = &desk.signin.0.records;
    assert!(
        records
            .create(Table::Sessions, "0", &"of a later version")
            .await
            .unwrap()
    );
    desk.begin(guest()).await;
    pass(Duration::hours(12));
    assert_eq!(desk.signin.sweep().await.unwrap(), 1);
    assert_eq!(desk.count(Table::Sessions).await, 1);
}

#[tokio::test]
async fn who_is_switched_off_stays_signed_out() {
    let desk = Desk::new().await;
    let session = desk.begin(sara()).await.session.id;
    let stays = desk.begin(guest()).await.session.id;
    let stop = tokio_util::sync::CancellationToken::new();
    let sweeping = desk.signin.run_sweep(stop.clone());
    let switching = async {
        // The task has subscribed once it was polled.
        tokio::task::yield_now().await;
        let set =
            |active| desk.change(|config| config.users.get_mut("sara@example.com").unwrap().active = active);
        set(false);
        while desk.count(Table::Sessions).await > 1 {
            tokio::task::yield_now().await;
        }
        set(true);
        assert!(!desk.is_alive(session).await);
        assert!(desk.is_alive(stays).await);
        stop.cancel();
    };
    let both = async { tokio::join!(sweeping, switching) };
    tokio::time::timeout(std::time::Duration::from_secs(30), both)
        .await
        .unwrap();
}
