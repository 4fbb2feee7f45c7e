//! How records lie in sled: their keys, their envelope, and the pieces of large ones.
//!
//! A record is one entry, its head: `<table> 00 <key>` → version, revision, length, and the value if it fits. A larger
//! value lies in pieces at `<table> 01 <key> 00 <index>`, written and removed in the same batch as the head.
//!
//! Pieces exist because sled moves a message above a quarter of a segment into a file of its own, which our fdatasync of
//! the data file would not reach (sled 0.34.7, `reserve_inner` in `src/pagecache/logger.rs`). A message is one change or
//! a whole page, so it is the fullest page that must stay below; the assertions here prove that it does.

use std::io;
use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};

use super::super::{MAX_KEY_BYTES, MAX_VALUE_BYTES, Revision, Table};

/// What the data file is divided into, in bytes. It is also the size of sled's write buffer, and cannot change later.
pub const SEGMENT_BYTES: usize = 512 * 1024;

/// Where the revisions are counted; no table's name begins like this.
pub const COUNTER_KEY: &[u8] = b"\0revision";

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + 8 + 4;
/// The largest entry that is ever written; changing it needs another [`VERSION`].
const PIECE_BYTES: usize = 4096;
const INLINE_BYTES: usize = PIECE_BYTES - HEADER_BYTES;

/// Between a table's name and the key of a head; what follows in the order of bytes begins the pieces.
const HEADS: u8 = 0;
const PIECES: u8 = 1;

/// The longest key in sled: the longest name of a table, two separators, our key, the index of a piece.
const LONGEST_KEY: usize = 16 + 1 + MAX_KEY_BYTES + 1 + 4;
/// `MAX_MSG_HEADER_LEN`, `SEG_HEADER_LEN` and `MINIMUM_ITEMS_PER_SEGMENT` of `src/pagecache/constants.rs`.
const LARGEST_MESSAGE: usize = SEGMENT_BYTES / 4 - 20 - 32;
/// A node splits when it is met with more than 16 entries (256 in an index), and until then may have taken in one more
/// and a neighbour that had fewer than 4 (64): `should_split` and `should_merge` of `src/node.rs`.
const FULLEST_LEAF: usize = (17 + 3) * (LONGEST_KEY + PIECE_BYTES + 8);
const FULLEST_INDEX: usize = (257 + 63) * (LONGEST_KEY + 9 + 3);
/// The two bounds of a node and its other fields.
const NODE_FRAME: usize = 2 * LONGEST_KEY + 64;

const _: () = assert!(
    FULLEST_LEAF + NODE_FRAME < LARGEST_MESSAGE,
    "a leaf could become a file"
);
const _: () = assert!(
    FULLEST_INDEX + NODE_FRAME < LARGEST_MESSAGE,
    "an index could become a file"
);
const _: () = assert!(
    MAX_VALUE_BYTES <= u32::MAX as usize,
    "the length is stored in four bytes"
);

/// Where a record lies: the key of its head.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(Vec<u8>);

/// What a head says about its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub revision: Revision,
    length: usize,
}

/// A record in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub value: Bytes,
    pub revision: Revision,
}

// === impl Place ===

impl Place {
    pub fn new(table: Table, key: &str) -> Self {
        let mut place = start(table, HEADS);
        place.extend_from_slice(key.as_bytes());
        Self(place)
    }

    /// All places of a table.
    pub fn all(table: Table) -> Range<Self> {
        Self(start(table, HEADS))..Self(start(table, PIECES))
    }

    /// The first place that could follow this one.
    pub fn next(mut self) -> Self {
        self.0.push(0);
        self
    }

    pub fn from_stored(key: &[u8]) -> Self {
        Self(key.to_vec())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The caller's key again.
    pub fn key(&self, table: Table) -> io::Result<String> {
        let key = self.0.get(table.name().len() + 1..).unwrap_or_default();
        String::from_utf8(key.to_vec()).map_err(|_| damaged("a key that is not UTF-8"))
    }

    /// The place of one piece of a large value.
    pub fn piece(&self, index: usize) -> Vec<u8> {
        let mut piece = self.pieces();
        piece.extend_from_slice(&u32::try_from(index).unwrap_or(u32::MAX).to_be_bytes());
        piece
    }

    /// What all its pieces begin with; keys have no control characters, so no other record's do.
    pub fn pieces(&self) -> Vec<u8> {
        let mut pieces = self.0.clone();
        if let Some(separator) = pieces.iter_mut().find(|byte| **byte == HEADS) {
            *separator = PIECES;
        }
        pieces.push(0);
        pieces
    }
}

// === impl Head ===

impl Head {
    pub fn new(revision: Revision, value: &Bytes) -> Self {
        Self {
            revision,
            length: value.len(),
        }
    }

    /// How many pieces the value has; none if it lies in the head.
    pub fn pieces(self) -> usize {
        if self.length <= INLINE_BYTES {
            return 0;
        }
        self.length.div_ceil(PIECE_BYTES)
    }

    /// The head as stored, with the value if it fits.
    pub fn encode(self, value: &Bytes) -> Vec<u8> {
        let inline = if self.pieces() == 0 { &value[..] } else { &[] };
        let mut stored = Vec::with_capacity(HEADER_BYTES + inline.len());
        stored.put_u8(VERSION);
        stored.put_u64(self.revision.0);
        stored.put_u32(u32::try_from(self.length).unwrap_or(u32::MAX));
        stored.put_slice(inline);
        stored
    }

    /// Reads a head, and what of the value lies in it.
    pub fn decode(stored: &[u8]) -> io::Result<(Self, &[u8])> {
        let (header, inline) = stored
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or_else(|| damaged("a record without a header"))?;
        let [version, r0, r1, r2, r3, r4, r5, r6, r7, length @ ..] = *header;
        if version != VERSION {
            return Err(damaged("a record in an unknown version"));
        }
        let head = Self {
            revision: Revision(u64::from_be_bytes([r0, r1, r2, r3, r4, r5, r6, r7])),
            length: u32::from_be_bytes(length) as usize,
        };
        Ok((head, inline))
    }

    /// Puts the value together from what the head holds and the pieces, which come in order.
    pub fn assemble<P: AsRef<[u8]>>(
        self,
        inline: &[u8],
        pieces: impl IntoIterator<Item = io::Result<P>>,
    ) -> io::Result<Record> {
        let mut value = BytesMut::with_capacity(self.length.min(MAX_VALUE_BYTES));
        value.extend_from_slice(inline);
        for piece in pieces {
            value.extend_from_slice(piece?.as_ref());
        }
        if value.len() != self.length {
            return Err(damaged("a record that is not whole"));
        }
        Ok(Record {
            value: value.freeze(),
            revision: self.revision,
        })
    }
}

/// The pieces of a large value, in order.
pub fn pieces(value: &Bytes) -> impl Iterator<Item = &[u8]> {
    value.chunks(PIECE_BYTES)
}

/// The counter of revisions as stored.
pub fn encode_counter(last: u64) -> Vec<u8> {
    let mut stored = vec![VERSION];
    stored.put_u64(last);
    stored
}

pub fn decode_counter(stored: &[u8]) -> io::Result<u64> {
    match *stored {
        [VERSION, a, b, c, d, e, f, g, h] => Ok(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
        _ => Err(damaged("a counter in an unknown version")),
    }
}

pub fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn start(table: Table, kind: u8) -> Vec<u8> {
    let mut start = table.name().as_bytes().to_vec();
    start.push(kind);
    start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored_and_read(value: &Bytes) -> Record {
        let head = Head::new(Revision(7), value);
        let stored = head.encode(value);
        assert!(stored.len() <= PIECE_BYTES);
        let (read, inline) = Head::decode(&stored).unwrap();
        assert_eq!(read, head);
        let large = pieces(value).take(head.pieces()).map(io::Result::Ok);
        read.assemble(inline, large).unwrap()
    }

    #[test]
    fn values_around_the_edges_come_back() {
        for length in [
            0,
            1,
            INLINE_BYTES,
            INLINE_BYTES + 1,
            PIECE_BYTES,
            PIECE_BYTES + 1,
            1 << 20,
        ] {
            let value = Bytes::from(vec![0xa5; length]);
            assert_eq!(stored_and_read(&value).value, value);
        }
    }

    #[test]
    fn the_stored_form_of_version_1_stays() {
        let value = Bytes::from_static(b"hi");
        let stored = Head::new(Revision(258), &value).encode(&value);
        assert_eq!(stored, b"\x01\0\0\0\0\0\0\x01\x02\0\0\0\x02hi");
        assert_eq!(Place::new(Table::Ingest, "a").as_bytes(), b"ingest\0a");
        assert_eq!(
            Place::new(Table::Ingest, "a").piece(258),
            b"ingest\x01a\0\0\0\x01\x02"
        );
    }

    #[test]
    fn a_missing_piece_is_noticed() {
        let value = Bytes::from(vec![1; 3 * PIECE_BYTES]);
        let head = Head::new(Revision(1), &value);
        let two = pieces(&value).take(2).map(io::Result::Ok);
        assert!(head.assemble(&[], two).is_err());
    }

    #[test]
    fn names_of_tables_leave_the_bound_standing() {
        for table in [Table::Meetings, Table::Bookings, Table::Ingest] {
            assert!(table.name().len() <= 16);
            assert!(table.name().bytes().all(|byte| byte.is_ascii_lowercase()));
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in proptest::collection::vec(any::<u8>(), 0..20_000)) {
            let value = Bytes::from(value);
            prop_assert_eq!(stored_and_read(&value).value, value);
        }

        #[test]
        fn no_bytes_are_too_strange(stored in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok((head, inline)) = Head::decode(&stored) {
                let _ = head.assemble::<&[u8]>(inline, []);
            }
            let _ = decode_counter(&stored);
        }

        #[test]
        fn heads_sort_like_keys_and_never_mix_with_pieces(a in "[ -~]{1,20}", b in "[ -~]{1,20}") {
            let (here, there) = (Place::new(Table::Meetings, &a), Place::new(Table::Meetings, &b));
            prop_assert_eq!(here.cmp(&there), a.as_bytes().cmp(b.as_bytes()));
            prop_assert_eq!(here.key(Table::Meetings).unwrap(), a.clone());
            prop_assert!(Place::all(Table::Meetings).contains(&here));
            let piece = Place::from_stored(&there.piece(0));
            prop_assert!(!Place::all(Table::Meetings).contains(&piece));
            prop_assert_eq!(piece.as_bytes().starts_with(&here.pieces()), a == b);
        }
    }
}
