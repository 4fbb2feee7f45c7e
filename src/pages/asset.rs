//! Style sheet, script and icon of the pages: compiled in, and named by what is in them, so that they can be kept for ever.

/// One file that pages load.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    name: &'static str,
    extension: &'static str,
    pub content_type: &'static str,
    pub content: &'static str,
    hash: u64,
}

// === impl Asset ===

impl Asset {
    pub const STYLE: Self = Self::new(
        "usher",
        "css",
        "text/css; charset=utf-8",
        include_str!("assets/usher.css"),
    );
    pub const LOGIN: Self = Self::new(
        "login",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("assets/login.js"),
    );
    pub const JOIN: Self = Self::new(
        "join",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("assets/join.js"),
    );
    /// Loaded on pages of LiveKit meetings alone; how it is made: `livekit/README.md`.
    pub const ROOM: Self = Self::new(
        "room",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("assets/room.js"),
    );
    /// Of what others wrote in it.
    pub const ROOM_LICENCES: Self = Self::new(
        "room-licences",
        "txt",
        "text/plain; charset=utf-8",
        include_str!("assets/room.js.LICENSES.txt"),
    );
    pub const ROOM_STYLE: Self = Self::new(
        "room",
        "css",
        "text/css; charset=utf-8",
        include_str!("assets/room.css"),
    );
    pub const REFERENCE: Self = Self::new(
        "reference",
        "css",
        "text/css; charset=utf-8",
        include_str!("assets/reference.css"),
    );
    pub const ICON: Self = Self::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg"));

    const ALL: [Self; 8] = [
        Self::STYLE,
        Self::LOGIN,
        Self::JOIN,
        Self::ROOM,
        Self::ROOM_LICENCES,
        Self::ROOM_STYLE,
        Self::REFERENCE,
        Self::ICON,
    ];

    const fn new(
        name: &'static str,
        extension: &'static str,
        content_type: &'static str,
        content: &'static str,
    ) -> Self {
        Self {
            name,
            extension,
            content_type,
            content,
            hash: fnv(content.as_bytes()),
        }
    }

    /// The asset with that file name, as [`Asset::file`] gives it.
    pub fn named(file: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|asset| asset.file() == file)
    }

    /// `usher-0123456789abcdef.css`: another content, another name.
    pub fn file(&self) -> String {
        let Self {
            name,
            extension,
            hash,
            ..
        } = self;
        format!("{name}-{hash:016x}.{extension}")
    }
}

/// FNV-1a with 64 bits, which takes eight bytes at a step while there are as many: it tells one release of a file from the
/// next, and is computed while compiling, where half a million steps are too many.
const fn fnv(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < words.len() {
        hash = step(hash, u64::from_le_bytes(words[at]));
        at += 1;
    }
    at = 0;
    while at < rest.len() {
        hash = step(hash, rest[at] as u64);
        at += 1;
    }
    hash
}

const fn step(hash: u64, next: u64) -> u64 {
    (hash ^ next).wrapping_mul(0x0100_0000_01b3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_by_its_own_name_alone() {
        for asset in Asset::ALL {
            let found = Asset::named(&asset.file()).unwrap();
            assert_eq!(found.content, asset.content);
        }
        for unknown in ["", "usher.css", "usher-0000000000000000.css", "../asset.rs"] {
            assert!(Asset::named(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn the_hash_of_a_short_text_is_that_of_its_authors() {
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_byte_counts() {
        let text = b"a text of more than eight bytes";
        for at in 0..text.len() {
            let mut other = *text;
            other[at] ^= 1;
            assert_ne!(fnv(text), fnv(&other), "{at}");
        }
    }
}
