//! Whatever webhooks are lost, late or repeated: with true lists the record ends up as near to the truth as they allow.

use super::*;

/// One life of the room: when it was opened, how long after its last leave it closed, and who was in.
#[derive(Debug, Clone)]
struct TrueLife {
    opened: i64,
    visits: Vec<(i64, i64)>,
}

/// Webhooks with the time of their arrival, and what really happened.
#[derive(Debug, Clone)]
struct Story {
    lives: Vec<TrueLife>,
    webhooks: Vec<(i64, Observation)>,
}

/// LiveKit closes an empty room after so long.
const LINGERS: i64 = 20;
/// The lists are had so often.
const EVERY: i64 = 30;

impl TrueLife {
    fn closed(&self) -> i64 {
        self.visits.iter().map(|(_, to)| *to).max().unwrap_or(self.opened) + LINGERS
    }

    fn is_open(&self, when: i64) -> bool {
        self.opened <= when && when < self.closed()
    }
}

fn sid(life: usize) -> String {
    format!("life{life}")
}

fn who(life: usize, visit: usize) -> String {
    format!("person{life}-{visit}")
}

impl Story {
    fn end(&self) -> i64 {
        let visits = self.lives.iter().flat_map(|life| &life.visits);
        visits.map(|(_, to)| *to).max().unwrap_or(0)
    }

    fn visits(&self) -> impl Iterator<Item = (usize, usize, (i64, i64))> {
        let lives = self.lives.iter().enumerate();
        lives.flat_map(|(life, of)| {
            let visits = of.visits.iter().enumerate();
            visits.map(move |(visit, span)| (life, visit, *span))
        })
    }

    fn listing(&self, when: i64) -> Listing {
        let open = self
            .lives
            .iter()
            .enumerate()
            .filter(|(_, life)| life.is_open(when));
        let open: Vec<_> = open.collect();
        let rooms = open.iter().map(|(n, of)| super::life(&sid(*n), of.opened));
        // Of several rooms with one name the list of people shows one.
        let shown = open.first().map(|(n, _)| *n);
        let inside = self
            .visits()
            .filter(|(life, _, (from, to))| Some(*life) == shown && *from <= when && when < *to);
        let people = inside.map(|(life, visit, (from, _))| person(&who(life, visit), from));
        super::listing(when, rooms.collect(), people.collect())
    }
}

fn lives() -> impl Strategy<Value = Vec<TrueLife>> {
    let visit = (1..200i64, 1..200i64).prop_map(|(from, stays)| (from, from + stays));
    let life = prop::collection::vec(visit, 1..4).prop_map(|visits| TrueLife {
        opened: visits.iter().map(|(from, _)| *from).min().unwrap_or(0),
        visits,
    });
    prop::collection::vec(life, 1..4)
}

/// Each webhook with its fate: lost, on time, late, or twice.
fn story() -> impl Strategy<Value = Story> {
    lives().prop_flat_map(|lives| {
        let mut facts = Vec::new();
        for (life, of) in lives.iter().enumerate() {
            facts.push(opens(&sid(life), of.opened));
            for (visit, span) in of.visits.iter().enumerate() {
                facts.push(joins(&sid(life), &who(life, visit), span.0));
                facts.push(goes(&sid(life), &who(life, visit), *span));
            }
            let closing = What::RoomClosed {
                part: Part::Opening(sid(life)),
                opened_at: Some(at(of.opened)),
                for_everyone: false,
            };
            facts.push(webhook(of.closed(), closing));
        }
        let fates = prop::collection::vec((0..3usize, 0..30i64), facts.len());
        fates.prop_map(move |fates| {
            let told = facts.iter().zip(fates).flat_map(|(fact, (times, late))| {
                let arrives = (fact.at - at(0)).num_seconds();
                let copies = (0..times).map(move |n| arrives + late * i64::try_from(n).unwrap_or(0));
                copies.map(|when| (when, fact.clone()))
            });
            let mut webhooks: Vec<_> = told.collect();
            webhooks.sort_by_key(|(when, _)| *when);
            Story {
                lives: lives.clone(),
                webhooks,
            }
        })
    })
}

/// Lives through the story until long after its end, second by second where something happens.
fn live_through(story: &Story) -> Stage {
    let mut stage = Stage::new();
    let last = story.end() + 10 * EVERY;
    let mut webhooks = story.webhooks.iter().peekable();
    for now in 0..=last {
        while let Some((_, seen)) = webhooks.next_if(|(when, _)| *when <= now) {
            stage.hear(now, seen.clone());
        }
        if now % EVERY == 0 {
            let heard = |sid: &str| {
                let about = |seen: &Observation| matches!(seen.what.part(), Part::Opening(of) if of == sid);
                let past = story
                    .webhooks
                    .iter()
                    .filter(|(when, seen)| *when <= now && about(seen));
                past.map(|(_, seen)| seen.at).max()
            };
            stage.list_after(&story.listing(now), &heard);
        }
        let is_due = stage
            .meeting
            .next_due(&policy())
            .is_some_and(|due| due <= at(now));
        if is_due {
            stage.take(now, &Input::Tick);
        }
    }
    stage
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn true_lists_mend_what_webhooks_lose(story in story()) {
        // Empty for longer than the grace, it would be two meetings; that is the business of another test.
        let spans: Vec<_> = story.visits().map(|(_, _, (from, to))| (from, to + 59)).collect();
        let covered = (0..story.end()).filter(|second| spans.iter().any(|(from, to)| from <= second && second < to));
        let first = spans.iter().map(|(from, _)| *from).min().unwrap_or(0);
        prop_assume!(covered.count() == usize::try_from(story.end() - first).unwrap());

        let stage = live_through(&story);
        let was_told = |what: &dyn Fn(&What) -> bool| story.webhooks.iter().any(|(_, seen)| what(&seen.what));
        for (life, visit, (from, to)) in story.visits() {
            let sid = who(life, visit);
            let left = was_told(&|what| matches!(what, What::Left(gone) if gone.occupant.0 == sid));
            let stays: Vec<_> = stage.meeting.attendance.stays().iter().filter(|stay| stay.occupant.0 == sid).collect();
            prop_assert!(stays.len() <= 1, "{stays:?}");
            let Some(stay) = stays.first() else {
                prop_assert!(!left);
                continue;
            };
            let end = stay.end.clone();
            prop_assert!(end.is_some(), "{sid} is still in");
            let end = end.unwrap();
            prop_assert_eq!(stay.from, at(from));
            if left {
                prop_assert_eq!((end.at, end.estimated), (at(to), false));
            } else {
                prop_assert!(end.estimated && end.at >= at(from));
                // A room may outlive the person who was never seen to go, and so may the other one of its name.
                let closed = story.lives.iter().map(TrueLife::closed).max();
                prop_assert!(Some(end.at) <= closed.map(at), "{end:?}");
            }
        }
        let completed = stage.told.iter().filter(|kind| **kind == EventKind::Completed).count();
        let anybody = stage.meeting.attendance.people().next().is_some();
        prop_assert_eq!(completed, usize::from(anybody));
        let figures = stage.meeting.figures;
        prop_assert!(figures.is_none_or(|f| f.occupied_millis <= f.open_millis && f.occupied_millis <= f.person_millis));
        let joined = stage.told.iter().filter(|kind| **kind == EventKind::ParticipantJoined).count();
        let left = stage.told.iter().filter(|kind| **kind == EventKind::ParticipantLeft).count();
        prop_assert_eq!(joined, left);
    }
}
