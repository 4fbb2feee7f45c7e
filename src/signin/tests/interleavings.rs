//! Whatever happens in whatever order: one living token for each family at most, and what has ended never answers.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

#[derive(Debug, Clone)]
enum Deed {
    Begin,
    Family(Index),
    /// With any token that was ever given out.
    Renew(Index),
    RenewTwiceAtOnce(Index),
    End(Index),
    Pass {
        hours: i64,
    },
    Sweep,
    Restart,
}

/// What ought to be the case.
#[derive(Default)]
struct Model {
    /// Each session with its end; none once it was ended.
    sessions: Vec<(SessionId, Option<Timestamp>)>,
    /// Every token that was given out, with its family.
    tokens: Vec<(usize, RefreshToken)>,
    /// For each family its session, its end, and the token that works.
    families: Vec<(usize, Timestamp, usize)>,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => Just(Deed::Begin),
        3 => any::<Index>().prop_map(Deed::Family),
        8 => any::<Index>().prop_map(Deed::Renew),
        1 => any::<Index>().prop_map(Deed::RenewTwiceAtOnce),
        1 => any::<Index>().prop_map(Deed::End),
        1 => (1..400_i64).prop_map(|hours| Deed::Pass { hours }),
        1 => Just(Deed::Sweep),
        1 => Just(Deed::Restart),
    ]
}

// === impl Model ===

impl Model {
    fn is_alive(&self, session: usize) -> bool {
        self.sessions[session].1.is_some_and(|end| now() < end)
    }

    fn works(&self, token: usize) -> bool {
        let (session, end, current) = self.families[self.tokens[token].0];
        current == token && now() < end && self.is_alive(session)
    }

    fn give(&mut self, family: usize, token: RefreshToken) {
        self.tokens.push((family, token));
        self.families[family].2 = self.tokens.len() - 1;
    }

    async fn begin(&mut self, desk: &Desk) {
        let session = desk.begin(guest()).await.session;
        self.sessions.push((session.id, Some(session.ends_at)));
    }

    async fn family(&mut self, desk: &Desk, which: Index) {
        if self.sessions.is_empty() {
            return;
        }
        let session = which.index(self.sessions.len());
        let made = desk.signin.begin_family(family(self.sessions[session].0)).await;
        assert_eq!(made.is_ok(), self.is_alive(session), "{made:?}");
        let Ok(token) = made else { return };
        let known = desk
            .signin
            .session(self.sessions[session].0)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(known.ends_at, known.begun_at + Duration::days(30));
        self.sessions[session].1 = Some(known.ends_at);
        self.families.push((session, known.ends_at, 0));
        self.give(self.families.len() - 1, token);
    }

    async fn renew(&mut self, desk: &Desk, which: Index, at_once: usize) {
        if self.tokens.is_empty() {
            return;
        }
        let token = which.index(self.tokens.len());
        let (family, text) = self.tokens[token].clone();
        let (session, end, _) = self.families[family];
        let (works, known) = (self.works(token), now() < end && self.is_alive(session));
        let web = client("web");
        let tries = (0..at_once).map(|_| desk.signin.renew(text.expose(), &web));
        let (won, lost): (Vec<_>, Vec<_>) = futures_util::future::join_all(tries)
            .await
            .into_iter()
            .partition(Result::is_ok);
        assert_eq!(won.len(), usize::from(works), "{lost:?}");
        let reused = lost
            .iter()
            .any(|lost| matches!(lost, Err(RefreshError::Reused { .. })));
        assert_eq!(reused, known && !lost.is_empty(), "{lost:?}");
        for renewed in won.into_iter().flatten() {
            self.give(family, renewed.next);
        }
        if reused {
            self.sessions[session].1 = None;
        }
    }

    async fn end(&mut self, desk: &Desk, which: Index) {
        if self.sessions.is_empty() {
            return;
        }
        let session = which.index(self.sessions.len());
        let ended = desk.signin.end(self.sessions[session].0).await.unwrap();
        assert_eq!(ended.is_some(), self.is_alive(session));
        self.sessions[session].1 = None;
    }

    async fn compare(&self, desk: &Desk) {
        for (at, (id, _)) in self.sessions.iter().enumerate() {
            assert_eq!(desk.is_alive(*id).await, self.is_alive(at));
        }
        for (at, (_, token)) in self.tokens.iter().enumerate() {
            let seen = desk.signin.peek(token.expose(), &client("web")).await.unwrap();
            assert_eq!(seen.is_some(), self.works(at));
        }
    }
}

async fn play(deeds: Vec<Deed>) {
    NOW.set(beginning());
    let mut desk = Desk::new().await;
    let mut model = Model::default();
    for deed in deeds {
        match deed {
            Deed::Begin => model.begin(&desk).await,
            Deed::Family(which) => model.family(&desk, which).await,
            Deed::Renew(which) => model.renew(&desk, which, 1).await,
            Deed::RenewTwiceAtOnce(which) => model.renew(&desk, which, 2).await,
            Deed::End(which) => model.end(&desk, which).await,
            Deed::Pass { hours } => pass(Duration::hours(hours)),
            Deed::Sweep => drop(desk.signin.sweep().await.unwrap()),
            Deed::Restart => desk = desk.restarted().await,
        }
        model.compare(&desk).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn at_most_one_token_of_a_family_works_and_what_ended_never_answers(
        deeds in proptest::collection::vec(deed(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(deeds));
    }
}
