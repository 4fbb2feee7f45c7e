//! Meetings go on while usher is killed at random moments and NATS comes and goes: in the end the stream tells every one
//! of them, whole, once, in order, right to the second, and nothing that was acknowledged is missing.

mod booker;
mod dice;
mod door;
mod interleavings;
mod ledger;
mod life;
mod proof;
mod pulse;
mod speaker;
mod strikes;
mod versions;

use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::nats::{NatsServer, Reader};
use crate::patience::look_for;
use crate::prosody::server::{Prosody, Setup as ProsodySetup};
use crate::usher::{CLIENTS, PROSODY_SECRET, Setup, Usher, now_millis};
use booker::Booker;
use dice::Dice;
use door::Door;
use ledger::{Booked, Ledger};
use life::{HOST, World};
use pulse::Pulse;
use speaker::Speaker;
use strikes::KILLS;

/// What the made-up component presents; the real Prosody has a secret of its own.
const VOLUME_SECRET: &str = "another shared secret for tests only";
/// The second server of the configuration.
const VOLUME: &str = r#"
[[jitsi]]
name = "volume"
domain = "volume.test"
muc_domain = "conference.volume.test"
app_id = "volume"
app_secret = "another token secret for tests only 0123"
prosody_secret = "another shared secret for tests only"
"#;
/// What is there as long as something is under way.
const UNREST: [&str; 3] = [
    "usher_events_waiting",
    "usher_people",
    r#"usher_meetings{status="active"}"#,
];
/// Where a busy machine does not get so far in the time of all strikes, the load goes on without them.
const MADE_UP_AT_LEAST: usize = 50;
const REAL_AT_LEAST: usize = 4;
const BOOKED_AT_LEAST: usize = 20;
/// At most so many events wait in the made-up component before it sends them.
const LARGEST_BATCH: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_usher_and_nats_are_killed() {
    let mut dice = Dice::from_environment();
    let started = Instant::now();
    let mut nats = NatsServer::start();
    let mut usher = Usher::start(setup(&nats)).await;
    let modules = ProsodySetup::with_usher(&usher.url(), PROSODY_SECRET).global("usher_roster_interval = 2");
    let prosody = Prosody::start(modules).await;

    let pulse = Pulse::new();
    let booker = Booker::new(&usher.url(), pulse.clone());
    let speaker = Speaker::new(&usher.url(), VOLUME_SECRET, HOST, pulse.clone());
    let made_up = MadeUp::new(speaker, pulse.clone(), &mut dice);
    let mut living = JoinSet::new();
    living.spawn(made_up.live(booker.clone()));
    let door = Door::new(&prosody, pulse.clone(), dice.split());
    let striking = async {
        let nats_kills = strikes::strike(&mut usher, &mut nats, &pulse, dice.split()).await;
        pulse.end();
        nats_kills
    };
    let (nats_kills, door) = tokio::join!(striking, door.live());
    let lived = living.join_next().await.expect("it was spawned");
    let (mut ledger, promised) = lived.expect("the made-up rooms come to their end");
    let counts = (ledger.len(), door.len(), promised.len());
    ledger.extend(door);
    assert!(nats_kills >= 3, "{nats_kills}");

    settle(&usher, &nats, &ledger).await;
    let stream = Reader::connect(&nats.url()).await.stored().await;
    proof::assert_tells(&proof::stories(&stream), &ledger);
    assert_asked_again(&booker, &promised).await;
    assert_said_again(&mut usher, &nats, stream.len()).await;
    report(&pulse, stream.len(), counts, started);
}

fn setup(nats: &NatsServer) -> Setup {
    let clients = format!("{CLIENTS}backend = \"jitsi:volume\"\n");
    Setup {
        clients,
        ..Setup::default().quick().nats(&nats.url()).sections(VOLUME)
    }
}

/// The load that the test makes up: bookings, rooms, and the module that tells of them.
struct MadeUp {
    world: World,
    speaker: Speaker,
    booked: mpsc::UnboundedSender<Booked>,
    pulse: Pulse,
    dice: Dice,
}

impl MadeUp {
    fn new(speaker: Speaker, pulse: Pulse, dice: &mut Dice) -> Self {
        let (booked, bookings) = mpsc::unbounded_channel();
        let world = World::new(now_millis(), dice.split(), bookings);
        Self {
            world,
            speaker,
            booked,
            pulse,
            dice: dice.split(),
        }
    }

    /// Goes on until the strikes are over and there was enough, and then to the end of every room.
    async fn live(mut self, booker: Booker) -> (Ledger, Vec<Booked>) {
        let booking = booker.book_all(self.booked.clone());
        let (promised, ()) = tokio::join!(booking, self.drive());
        self.world.end(&mut self.speaker);
        while !self.speaker.is_idle() {
            self.speaker.deliver().await;
        }
        (self.world.ledger, promised)
    }

    async fn drive(&mut self) {
        while !self.pulse.is_over() || self.world.ledger.len() < MADE_UP_AT_LEAST {
            for _ in 0..=self.dice.below(LARGEST_BATCH) {
                self.world.step(&mut self.speaker);
            }
            if self.speaker.deliver().await {
                self.world.roster(&mut self.speaker);
            }
        }
    }
}

/// Waits until every meeting is over and everything is told, or long enough: what is missing then, the proof can say.
async fn settle(usher: &Usher, nats: &NatsServer, ledger: &Ledger) {
    let reader = Reader::connect(&nats.url()).await;
    let over = async || reader.count("usher.meetings.*.*.completed").await >= ledger.len();
    let settled = look_for(async || (over().await && is_quiet(usher).await).then_some(()));
    if settled.await.is_none() {
        report_unrest(&usher.metrics().await);
    }
}

async fn is_quiet(usher: &Usher) -> bool {
    let metrics = usher.metrics().await;
    let is_none = |metric: &&str| metrics.lines().any(|line| line == format!("{metric} 0"));
    UNREST.iter().all(is_none)
}

/// What was promised once is promised again, to the letter.
async fn assert_asked_again(booker: &Booker, promised: &[Booked]) {
    for booked in promised {
        assert_eq!(booker.book(&booked.appointment).await, *booked);
    }
}

/// After one more start everything that is still in the records goes out once more, and the stream stays as it is.
async fn assert_said_again(usher: &mut Usher, nats: &NatsServer, told: usize) {
    usher.kill9();
    usher.restart().await;
    let quiet = async |usher: &Usher| {
        let published = usher.metric("usher_events_published_total").await;
        (published > 0.0 && usher.metric("usher_events_waiting").await == 0.0).then_some(())
    };
    usher.eventually("a second publication", quiet).await;
    let again = Reader::connect(&nats.url()).await.stored().await;
    assert_eq!(again.len(), told, "the stream drops what it has");
    assert_eq!(usher.metric(r#"usher_meetings{status="scheduled"}"#).await, 0.0);
}

#[expect(clippy::print_stderr, reason = "it goes with the failure that follows")]
fn report_unrest(metrics: &str) {
    eprintln!("it did not come to rest:\n{metrics}");
}

#[expect(clippy::print_stderr, reason = "how hard the test was on this machine")]
fn report(pulse: &Pulse, events: usize, (made_up, real, booked): (usize, usize, usize), started: Instant) {
    let (acknowledged, took) = (pulse.acknowledgements(), started.elapsed());
    eprintln!(
        "{KILLS} kills, {acknowledged} acknowledgements, {events} events, {made_up} made-up and {real} real rooms, \
         {booked} of them booked, {took:?}"
    );
}
