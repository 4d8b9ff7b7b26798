//! Sign-in, presence, and what the centre provisions.

use crate::{
    Activity, AgentId, FormDefinition, PhoneNumber, Presence, PresenceState, Secret, SipTransport,
    SkillGroupId, Text, Wall,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `POST /v1/sessions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInRequest {
    /// The agent's sign-in name.
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// The answer to [`SignInRequest`] (201). `DELETE /v1/sessions/current` signs out (204).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInResponse {
    /// The bearer token of this session. Opaque.
    pub token: Secret,
    /// Who signed in.
    pub agent: AgentProfile,
    /// The telephone account; kept in memory only. Administrators have none.
    pub sip: Option<SipAccount>,
    /// The presence on record.
    pub presence: PresenceState,
    /// What the centre thinks the agent is doing.
    pub activity: Activity,
    /// How long a queue call rings, in seconds.
    pub ring_seconds: u32,
    /// How long a wrap-up may take before the agent is free again, in seconds; nothing where it has no limit.
    #[serde(default)]
    pub wrap_up_seconds: Option<u32>,
    /// The after-call form.
    pub form: FormDefinition,
    /// 外呼号码: the numbers this agent may call from, the default one first.
    #[serde(default)]
    pub caller_ids: Vec<PhoneNumber>,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Takes calls.
    Agent,
    /// Reads every record.
    Administrator,
}

/// The agent as the interface names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentProfile {
    /// Whose profile it is.
    pub id: AgentId,
    /// The name colleagues know.
    pub name: String,
    /// The internal number.
    pub extension: String,
    /// What the account may do.
    pub role: Role,
    /// The skill groups the agent is in.
    pub skill_groups: Vec<SkillGroup>,
    /// The right to hear the recordings of one's own calls; an administrator may hear every one.
    #[serde(default)]
    pub listen_recordings: bool,
}

/// A skill group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SkillGroup {
    /// Which one.
    pub id: SkillGroupId,
    /// Its name.
    pub name: Text,
}

/// The telephone account handed out at sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipAccount {
    /// Address of record, `sip:1001@centre.example`.
    pub aor: String,
    /// The digest user name.
    pub auth_user: String,
    /// The digest password, fresh for each session.
    pub password: Secret,
    /// `host:port` of the registrar. Over TLS its certificate must hold the host.
    pub registrar: String,
    /// How messages travel; a centre that does not say so means UDP.
    #[serde(default)]
    pub transport: SipTransport,
}

/// `PUT /v1/presence`; answered with the new [`PresenceState`]. Check-in is Ready, check-out is Checked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceRequest {
    /// The presence asked for.
    pub presence: Presence,
    /// The computer is about to sleep: the reason of the Break is then that it sleeps, and its silence checks nobody out. It says
    /// nothing about other presences.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asleep: bool,
}

/// `POST /v1/extend-wrap-up`: gives the wrap-up its whole time anew, from now on; answered with [`WrapUpExtended`]. Refused
/// where there is no wrap-up with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExtendWrapUpRequest {}

/// The answer to [`ExtendWrapUpRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WrapUpExtended {
    /// When the wrap-up now ends by itself, by the centre's clock.
    pub until: Wall,
}

/// `POST /v1/start-answering`: ends the wrap-up activity and sets the presence; answered with [`PresenceState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartAnsweringRequest {
    /// Ready, Answer on mobile, or Break for "back to Break".
    pub presence: Presence,
}
