//! What an agent, a test or a company's own program can ask of the desk.

use crate::Filed;
use offhook_model::{
    BareAccount, CustomerId, FieldId, FieldValue, Key, LegId, Presence, Secret, TicketId, Typed,
    Wall, WrapUpId, api::CustomerBody,
};
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
    /// Goes to work with a bare SIP account: presence, customers and wrap-ups are then this computer's.
    UseAccount {
        /// The account.
        account: BareAccount,
    },
    /// Names the PEM file with the root certificates that are trusted, for API and SIP, instead of the system's. Counts from the
    /// next sign-in on, and is remembered.
    SetRoots {
        /// The file; nothing for the system's.
        file: Option<String>,
    },
    /// Opens the data of the agent who was here last while the centre is away. The keyring has to open it; with a password,
    /// [`Command::SignIn`] does the same where the centre cannot be reached.
    WorkOffline,
    /// Signs in from the desk that was opened without the centre.
    SignInAgain {
        /// The agent's password.
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
    /// 呼出: dials what was typed or pasted, with spaces, dashes and brackets.
    Dial {
        /// What stands in the dial field.
        number: Typed,
    },
    /// 再次拨打: dials the number of a wrap-up again.
    Redial {
        /// Which form.
        wrap_up: WrapUpId,
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
    /// 通话保持 / 通话取回. Asking for what is asked already changes nothing.
    SetHeld {
        /// Which leg.
        leg: LegId,
        /// Whether the customer is to be on hold.
        held: bool,
    },
    /// 二次拨号: one key of the keypad, for the far side.
    Press {
        /// Which leg.
        leg: LegId,
        /// The key.
        key: Key,
    },
    /// Says which of several customers with the number it is; may be said again.
    ChooseCustomer {
        /// Which form.
        wrap_up: WrapUpId,
        /// One of those found.
        customer: CustomerId,
    },
    /// 客户资料: files the profile as edited, or a new customer's.
    SaveCustomer {
        /// The form beside which it was edited.
        wrap_up: WrapUpId,
        /// Whose profile, and which version of it was edited; nothing for a new customer.
        #[ts(type = "[CustomerId, number] | null")]
        edited: Option<(CustomerId, u64)>,
        /// What stands in it now.
        body: CustomerBody,
    },
    /// 创建工单: files a ticket about the call of a form.
    CreateTicket {
        /// Which form.
        wrap_up: WrapUpId,
        /// The one that was refused and is mended with this; nothing for a new one.
        #[serde(default)]
        ticket: Option<TicketId>,
        /// What it is about, in a line.
        title: String,
        /// The whole of it.
        text: String,
        /// By when it should be done.
        due_at: Option<Wall>,
    },
    /// Drops what was filed and refused: the centre's record stays as it is.
    GiveUp {
        /// The form beside which it was filed.
        wrap_up: WrapUpId,
        /// What.
        what: Filed,
    },
    /// One field of a wrap-up was typed in. On the disk 300 ms later at most, unless the disk is slow or full.
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
    /// 延长: gives a wrap-up with a limit its whole time anew, from now on. As often as wanted.
    ExtendWrapUp,
    /// 播放: plays the recording of a leg, or goes on with it. Another one ends.
    PlayRecording {
        /// Which leg.
        leg: LegId,
    },
    /// Pauses the recording that is played.
    PausePlayback,
    /// Goes to a place in it, playing or paused.
    SeekPlayback {
        /// The place, in milliseconds from the beginning.
        #[ts(type = "number")]
        millis: u64,
    },
    /// Plays it faster or slower at the same pitch.
    SetPlaybackSpeed {
        /// The speed in percent, 50 to 200.
        speed: u16,
    },
    /// Ends it.
    StopPlayback,
    /// A notice was read.
    DismissNotice {
        /// Which one.
        #[ts(type = "number")]
        notice: u64,
    },
}
