//! One newtype per thing that is pointed at. Ids are minted in `app`, never here.

use serde::{Deserialize, Serialize, Serializer};
use smol_str::SmolStr;
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(pub Uuid);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(self.0.simple().encode_lower(&mut [0; 32]))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            /// Reads the prefixed form only, so that the id of one thing is never taken for another's.
            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| BadId { expected: $prefix, found: text.to_owned() })
            }
        }
    };
}

/// An id that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with {expected}_, found {found:?}")]
pub struct BadId {
    pub expected: &'static str,
    pub found: String,
}

uuid_id!(
    /// A case, from its first word on. Version-7 UUIDs: they sort by the time of reporting.
    CaseId, "case"
);
uuid_id!(
    /// Somebody with an account: staff, never a resident.
    PersonId, "person"
);
uuid_id!(
    /// A person's holding of a role in a unit, for an area and a time.
    PostId, "post"
);
uuid_id!(
    /// A machine that may call the API.
    ClientId, "client"
);
uuid_id!(
    /// A signed-in browser.
    SessionId, "session"
);

/// The region a case belongs to: the six-digit county code (GB/T 2260 or the city's own of that shape).
///
/// First in every primary key, so that the record can be sharded by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegionId(pub u32);

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl FromStr for RegionId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
            text.parse().map(Self).map_err(|_| BadId { expected: "region", found: text.to_owned() })
        } else {
            Err(BadId { expected: "region", found: text.to_owned() })
        }
    }
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            pub fn new(code: impl AsRef<str>) -> Self {
                Self(SmolStr::new(code))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(code: &str) -> Self {
                Self(SmolStr::new(code))
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

code!(
    /// An area's official code under the city's scheme, e.g. `110101001002003`.
    AreaCode
);
code!(
    /// A unit's code, chosen by the city, e.g. `sanitation-east`.
    UnitCode
);
code!(
    /// What sort of unit answers for a class, e.g. `sanitation`, `water_utility`.
    UnitKind
);
code!(
    /// A class's code inside one catalogue scheme, e.g. `event-01-10`.
    ClassCode
);
code!(
    /// A reason's code in the policy's lists, e.g. `not_our_duty`.
    ReasonCode
);

/// A content hash that stands in the record for text or a photo kept elsewhere (SHA-256).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest(pub [u8; 32]);

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let mut text = [0; 64];
        for (letter, digit) in text.iter_mut().zip(digits) {
            *letter = if digit < 10 { b'0' + digit } else { b'a' - 10 + digit };
        }
        f.write_str(std::str::from_utf8(&text).expect("hex digits are ASCII"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl FromStr for Digest {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { expected: "sha256", found: text.to_owned() };
        if text.len() != 64 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0_u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}
