//! Everyone who listens now, and how many may.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use super::listener::Seat;
use crate::domain::{ClientId, UserId};

/// All listeners; each keeps its place until it goes.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    places: Vec<Option<Occupied>>,
    /// Places that are free again.
    free: Vec<usize>,
    by_owner: HashMap<Owner, usize>,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Occupied {
    seat: Arc<Seat>,
    owner: Owner,
    address: IpAddr,
}

/// Who answers for a listener.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    Client(ClientId),
    User(UserId),
}

/// Of whom there are as many listeners as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMany {
    Overall,
    Client,
    User,
    Address,
}

/// Fewer than the door has connections, so that requests are answered however many listen.
const OVERALL: usize = 16_000;
/// A program that shows its pages' people what happens, each over a connection of its own.
const OF_A_CLIENT: usize = 4_000;
/// Pages that one person has open.
const OF_A_USER: usize = 32;
/// People behind one address, such as a hospital's.
const AT_AN_ADDRESS: usize = 4_000;

// === impl Crowd ===

impl Crowd {
    /// Takes a listener in; returns its place.
    pub fn admit(&mut self, owner: Owner, address: IpAddr, seat: Arc<Seat>) -> Result<usize, TooMany> {
        self.has_room(&owner, &address)?;
        *self.by_owner.entry(owner.clone()).or_default() += 1;
        *self.by_address.entry(address).or_default() += 1;
        let occupied = Some(Occupied { seat, owner, address });
        match self.free.pop() {
            Some(place) => {
                self.places[place] = occupied;
                Ok(place)
            }
            None => {
                self.places.push(occupied);
                Ok(self.places.len() - 1)
            }
        }
    }

    /// The listener there is gone.
    pub fn leave(&mut self, place: usize) {
        if let Some(gone) = self.places.get_mut(place).and_then(Option::take) {
            one_less(&mut self.by_owner, gone.owner);
            one_less(&mut self.by_address, gone.address);
            self.free.push(place);
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.places.iter().flatten().map(|occupied| &*occupied.seat)
    }

    /// Every `of`-th listener, beginning with the `turn`-th.
    pub fn share(&self, turn: usize, of: usize) -> impl Iterator<Item = &Seat> {
        let places = self.places.iter().skip(turn).step_by(of);
        places.flatten().map(|occupied| &*occupied.seat)
    }

    fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    fn has_room(&self, owner: &Owner, address: &IpAddr) -> Result<(), TooMany> {
        let (most, too_many) = match owner {
            Owner::Client(_) => (OF_A_CLIENT, TooMany::Client),
            Owner::User(_) => (OF_A_USER, TooMany::User),
        };
        if self.len() >= OVERALL {
            Err(TooMany::Overall)
        } else if self.by_owner.get(owner).is_some_and(|count| *count >= most) {
            Err(too_many)
        } else if self
            .by_address
            .get(address)
            .is_some_and(|count| *count >= AT_AN_ADDRESS)
        {
            Err(TooMany::Address)
        } else {
            Ok(())
        }
    }
}

fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() -= 1;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::super::{Audience, Filter};
    use super::*;

    fn seat() -> Arc<Seat> {
        let audience = Audience::Client {
            id: ClientId::parse("ataraxia").unwrap(),
            is_admin: false,
        };
        Arc::new(Seat::new(audience, Filter::default(), 0))
    }

    fn client(name: &str) -> Owner {
        Owner::Client(ClientId::parse(name).unwrap())
    }

    fn user(name: usize) -> Owner {
        Owner::User(UserId::try_from(name.to_string()).unwrap())
    }

    fn address(number: usize) -> IpAddr {
        Ipv6Addr::from(number as u128).into()
    }

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_client_has_its_own_limit() {
        let mut crowd = Crowd::default();
        for number in 0..OF_A_CLIENT {
            crowd.admit(client("a"), address(number), seat()).unwrap();
        }
        assert_eq!(crowd.admit(client("a"), HERE, seat()), Err(TooMany::Client));
        assert!(crowd.admit(client("b"), HERE, seat()).is_ok());
    }

    #[test]
    fn a_person_and_an_address_have_theirs() {
        let mut crowd = Crowd::default();
        for number in 0..AT_AN_ADDRESS {
            crowd.admit(user(number / OF_A_USER), HERE, seat()).unwrap();
        }
        assert_eq!(crowd.admit(user(0), address(1), seat()), Err(TooMany::User));
        assert_eq!(crowd.admit(user(9999), HERE, seat()), Err(TooMany::Address));
        crowd.leave(0);
        assert!(crowd.admit(user(0), HERE, seat()).is_ok());
    }

    #[test]
    fn the_door_is_never_full_of_listeners() {
        let mut crowd = Crowd::default();
        for number in 0..OVERALL {
            crowd.admit(user(number), address(number), seat()).unwrap();
        }
        assert_eq!(crowd.admit(user(0), HERE, seat()), Err(TooMany::Overall));
    }

    proptest! {
        #[test]
        fn places_are_given_once_and_every_share_is_somebodys(steps in proptest::collection::vec(any::<(bool, u8)>(), 0..60)) {
            let mut crowd = Crowd::default();
            let mut taken = Vec::new();
            for (comes, number) in steps {
                if comes {
                    let place = crowd.admit(client("a"), address(number.into()), seat()).unwrap();
                    prop_assert!(!taken.contains(&place));
                    taken.push(place);
                } else if !taken.is_empty() {
                    crowd.leave(taken.swap_remove(usize::from(number) % taken.len()));
                }
            }
            prop_assert_eq!(crowd.seats().count(), taken.len());
            let shares: usize = (0..7).map(|turn| crowd.share(turn, 7).count()).sum();
            prop_assert_eq!(shares, taken.len());
            taken.into_iter().for_each(|place| crowd.leave(place));
            prop_assert!(crowd.is_empty() && crowd.by_owner.is_empty() && crowd.by_address.is_empty());
        }
    }
}
