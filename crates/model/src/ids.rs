//! Identity: what both databases are keyed by.
//!
//! A **call** is the customer's contact. A **leg** is one ringing or talking of one agent; the same call can ring the same
//! agent twice. A **wrap-up** has an id of its own and a list of legs. Never the SIP Call-ID: every transfer changes it.

use crate::{Random, Wall};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use ts_rs::TS;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        #[ts(as = "String")]
        pub struct $name(pub Uuid);

        impl $name {
            /// Mints a UUIDv7: sortable by `wall`, unique by `random`.
            pub fn mint(wall: Wall, random: &mut Random) -> Self {
                let mut tail = [0u8; 10];
                tail[..8].copy_from_slice(&random.draw().to_be_bytes());
                tail[8..].copy_from_slice(&random.draw().to_be_bytes()[..2]);
                let millis = u64::try_from(wall.0).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// The customer's contact, named by who starts it: the centre for inbound, the phone for outbound. Travels in the SIP
    /// header `X-Offhook-Call`.
    CallId
);
uuid_id!(
    /// One ringing or talking of one agent. Travels in the SIP header `X-Offhook-Leg`.
    LegId
);
uuid_id!(
    /// One after-call form. Named by the phone that opens it.
    WrapUpId
);
uuid_id!(
    /// One ticket. Named by the phone that opens it.
    TicketId
);
uuid_id!(
    /// An agent of the centre.
    AgentId
);
uuid_id!(
    /// A customer of the centre.
    CustomerId
);
uuid_id!(
    /// A skill group, which has a queue.
    SkillGroupId
);

impl CallId {
    /// Names a call that came without our headers: UUIDv5 of its SIP Call-ID and From-tag.
    #[must_use]
    pub fn from_sip(call_id: &str, from_tag: &str) -> Self {
        Self(Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("{call_id};{from_tag}").as_bytes(),
        ))
    }
}

impl LegId {
    /// Names the leg of a call that came without our headers: there call and leg are one.
    #[must_use]
    pub const fn of_headerless(call: CallId) -> Self {
        Self(call.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_ids_sort_by_time_and_parse_back() {
        let mut random = Random::seeded(7);
        let early = CallId::mint(Wall(1_000), &mut random);
        let late = CallId::mint(Wall(2_000), &mut random);
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.0.get_version_num(), 7);
    }

    #[test]
    fn a_headerless_call_has_the_same_name_each_time_it_is_seen() {
        assert_eq!(CallId::from_sip("a@b", "t1"), CallId::from_sip("a@b", "t1"));
        assert_ne!(CallId::from_sip("a@b", "t1"), CallId::from_sip("a@b", "t2"));
    }
}
