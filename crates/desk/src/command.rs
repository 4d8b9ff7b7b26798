//! What an agent, a test or a company's own program can ask of the desk.

use offhook_model::{FieldId, FieldValue, LegId, Presence, Secret, WrapUpId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One request. The desk checks each: what is not possible now becomes a notice, never a panic and never silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// 登录.
    SignIn {
        /// Base address of the cloud API, `https://centre.example`.
        centre: String,
        /// The agent's sign-in name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// Ends the session. Drafts and unsent wrap-ups stay.
    SignOut,
    /// 签入: lands in Ready.
    CheckIn,
    /// 签出. During a call or wrap-up it is queued until that ends.
    CheckOut,
    /// Takes a queued check-out back.
    CancelCheckOut,
    /// Ready or Break by hand.
    SetPresence {
        /// The presence asked for.
        presence: Presence,
    },
    /// 接听.
    Answer {
        /// Which ringing leg.
        leg: LegId,
    },
    /// 拒接.
    Decline {
        /// Which ringing leg.
        leg: LegId,
    },
    /// 挂断.
    HangUp {
        /// Which leg.
        leg: LegId,
    },
    /// 静音 / 取消静音.
    SetMuted {
        /// Which leg.
        leg: LegId,
        /// Whether the microphone is to be silent.
        muted: bool,
    },
    /// One field of a wrap-up was typed in. Saved after each pause in typing, at most 300 ms later.
    EditDraft {
        /// Which form.
        wrap_up: WrapUpId,
        /// Which field.
        field: FieldId,
        /// What stands in it now.
        value: FieldValue,
    },
    /// 只提交: stores the form for the centre and keeps the state.
    Submit {
        /// Which form.
        wrap_up: WrapUpId,
    },
    /// 提交并开始接听: stores the form and frees the agent.
    SubmitAndStartAnswering {
        /// Which form.
        wrap_up: WrapUpId,
        /// Ready, or Break for "back to Break".
        presence: Presence,
    },
    /// 开始接听 alone: frees the agent and keeps the draft.
    StartAnswering {
        /// Ready, or Break for "back to Break".
        presence: Presence,
    },
    /// A notice was read.
    DismissNotice {
        /// Which one.
        #[ts(type = "number")]
        notice: u64,
    },
}
