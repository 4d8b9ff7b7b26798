// Generated from the Rust types by crates/phone/tests/typescript.rs. Do not edit.
// To update: UPDATE_TYPES=1 cargo test -p offhook-phone --test typescript

/**
 * What the agent is doing, as seen by the centre. A queue call is offered when presence is Ready or Answer on mobile and
 * the activity is free.
 */
export type Activity = "free" | "ringing" | "dialling" | "talking" | "consulting" | "wrap_up";

/**
 * How a desk that was opened without the centre comes to a session.
 */
export type Again = { "kind": "by_itself" } | { "kind": "asks_password", 
/**
 * Why the last one was refused.
 */
error: Code | null, };

/**
 * An agent of the centre.
 */
export type AgentId = string;

/**
 * The agent as the interface names them.
 */
export type AgentProfile = { 
/**
 * Whose profile it is.
 */
id: AgentId, 
/**
 * The name colleagues know.
 */
name: string, 
/**
 * The internal number.
 */
extension: string, 
/**
 * What the account may do.
 */
role: Role, 
/**
 * The skill groups the agent is in.
 */
skill_groups: Array<SkillGroup>, 
/**
 * The right to hear the recordings of one's own calls; an administrator may hear every one.
 */
listen_recordings: boolean, };

/**
 * The answer to one [`Query`].
 */
export type Answer = { "kind": "draft", 
/**
 * The form; nothing where this phone has no form of that id.
 */
draft: Draft | null, } | { "kind": "card", 
/**
 * The caller's number; nothing where it was withheld.
 */
number: PhoneNumber | null, 
/**
 * Every customer with that number. The answer waits for the look-up; none means that nobody has it or, with
 * `stale`, that nobody could say.
 */
cards: Array<CustomerCard>, 
/**
 * The cards are this computer's copy, because the service did not answer.
 */
stale: boolean, } | { "kind": "customers", 
/**
 * Every customer with that number.
 */
cards: Array<CustomerCard>, 
/**
 * The cards are this computer's copy, because the service did not answer.
 */
stale: boolean, } | { "kind": "filed", 
/**
 * What was written; nothing where the centre has it.
 */
text: FiledText | null, } | { "kind": "form", 
/**
 * The form; nothing before sign-in.
 */
form: FormDefinition | null, } | { "kind": "calls", 
/**
 * The rows, newest first.
 */
rows: Array<CallRow>, } | { "kind": "settings", 
/**
 * The settings.
 */
settings: Settings, };

/**
 * An account at a registrar. `Debug` shows neither names nor the password.
 */
export type BareAccount = { 
/**
 * Address of record, `sip:1001@pbx.example`; `1001@pbx.example` is read as the same.
 */
aor: string, 
/**
 * The digest user name, where it is not the address's user part.
 */
auth_user: string | null, 
/**
 * The digest password.
 */
password: Secret, 
/**
 * `host:port` of the registrar or its proxy, where it is not the address's host.
 */
registrar: string | null, 
/**
 * How messages travel.
 */
transport: SipTransport, 
/**
 * The name colleagues see.
 */
display_name: string | null, };

/**
 * What may be done with a call.
 */
export type CallAction = "answer" | "decline" | "hang_up" | "hold" | "retrieve" | "press" | "mute" | "unmute";

/**
 * The customer's contact, named by who starts it: the centre for inbound, the phone for outbound. Travels in the SIP
 * header `X-Offhook-Call`.
 */
export type CallId = string;

/**
 * Where a call stands.
 */
export type CallPhase = "offered" | "dialling" | "alerting" | "answering" | "live";

/**
 * The three drawers of the call list (ACCEPTANCE 106).
 */
export type CallResult = "normal" | "missed" | "abandoned";

/**
 * One row of the call list.
 */
export type CallRow = { 
/**
 * The leg.
 */
record: LegRecord, 
/**
 * Its drawer of the list; nothing while it goes on.
 */
result: CallResult | null, 
/**
 * Why its recording cannot be played, whatever else is so; nothing where it can. The view says what stands in the way now.
 */
cannot_play: CannotPlay | null, };

/**
 * One call as the agent sees it.
 */
export type CallView = { 
/**
 * The call.
 */
call: CallId, 
/**
 * This agent's leg of it.
 */
leg: LegId, 
/**
 * Who started it.
 */
direction: Direction, 
/**
 * The customer's number; nothing where it was withheld.
 */
number: PhoneNumber | null, 
/**
 * The name the network gave.
 */
caller_name: string | null, 
/**
 * Which customer it is.
 */
caller: CallerMatch, 
/**
 * The skill group whose queue it came from.
 */
skill_group: Text | null, 
/**
 * Where the call stands.
 */
phase: CallPhase, 
/**
 * When it began to ring.
 */
offered_at: Wall, 
/**
 * Until when it can be answered; nothing where nobody set a limit.
 */
answer_by: Wall | null, 
/**
 * How long it may ring in all, in milliseconds, for the countdown's full width.
 */
ring_millis: number | null, 
/**
 * Since when the customer has been waiting in the queue.
 */
queued_since: Wall | null, 
/**
 * When talking began.
 */
answered_at: Wall | null, 
/**
 * The microphone.
 */
muted: Switch, 
/**
 * 通话保持.
 */
held: Switch, 
/**
 * Since when the customer has been on hold.
 */
held_since: Wall | null, 
/**
 * How long earlier holds of this call took, in milliseconds.
 */
held_millis: number, 
/**
 * 二次拨号: the digits keyed so far, the newest last.
 */
keyed: Typed, 
/**
 * The digits the far side keyed, the newest last.
 */
heard_keys: Typed, 
/**
 * 外呼号码: the number shown to the callee.
 */
caller_id: PhoneNumber | null, 
/**
 * The form that opened with the call.
 */
wrap_up: WrapUpId, 
/**
 * What may be done with it now.
 */
can: Array<CallAction>, };

/**
 * What a look-up of the caller's number found.
 */
export type CallerMatch = { "kind": "looking" } | { "kind": "known", 
/**
 * Who.
 */
customer: CustomerName, 
/**
 * The copy comes from this computer, because the service did not answer.
 */
stale: boolean, } | { "kind": "several", 
/**
 * Who it may be.
 */
customers: Array<CustomerName>, } | { "kind": "unknown" } | { "kind": "unavailable" };

/**
 * Why a recording cannot be played.
 */
export type CannotPlay = "no_recording" | "not_allowed" | "offline" | "in_call";

/**
 * One entry of a choice.
 */
export type ChoiceOption = { 
/**
 * What is stored.
 */
id: string, 
/**
 * What is shown.
 */
label: Text, };

/**
 * What went wrong, as a code that never changes its meaning.
 */
export type Code = "wrong_password" | "locked_out" | "session_expired" | "signed_in_elsewhere" | "unknown_host" | "connection_refused" | "certificate_invalid" | "roots_invalid" | "unreachable" | "centre_failed" | "refused" | "forbidden" | "not_found" | "key_reused" | "conflict" | "malformed" | "registration_refused" | "registration_lost" | "call_gone" | "media_failed" | "no_microphone" | "no_speaker" | "device_busy" | "store_full" | "store_damaged" | "store_set_aside" | "store_newer" | "profile_in_use" | "keyring_unavailable" | "not_now" | "incomplete" | "not_checked_in" | "invalid_number" | "line_busy" | "keypad_unavailable" | "hold_refused" | "account_readable" | "account_invalid";

/**
 * One request. The desk checks each: what is not possible now becomes a notice, never a panic and never silence.
 */
export type Command = { "kind": "sign_in", 
/**
 * Base address of the cloud API, `https://centre.example`.
 */
centre: string, 
/**
 * The agent's sign-in name.
 */
username: string, 
/**
 * The password.
 */
password: Secret, } | { "kind": "use_account", 
/**
 * The account.
 */
account: BareAccount, } | { "kind": "set_roots", 
/**
 * The file; nothing for the system's.
 */
file: string | null, } | { "kind": "work_offline" } | { "kind": "sign_in_again", 
/**
 * The agent's password.
 */
password: Secret, } | { "kind": "sign_out" } | { "kind": "check_in" } | { "kind": "check_out" } | { "kind": "cancel_check_out" } | { "kind": "set_presence", 
/**
 * The presence asked for.
 */
presence: Presence, } | { "kind": "dial", 
/**
 * What stands in the dial field.
 */
number: Typed, } | { "kind": "redial", 
/**
 * Which form.
 */
wrap_up: WrapUpId, } | { "kind": "answer", 
/**
 * Which ringing leg.
 */
leg: LegId, } | { "kind": "decline", 
/**
 * Which ringing leg.
 */
leg: LegId, } | { "kind": "hang_up", 
/**
 * Which leg.
 */
leg: LegId, } | { "kind": "set_muted", 
/**
 * Which leg.
 */
leg: LegId, 
/**
 * Whether the microphone is to be silent.
 */
muted: boolean, } | { "kind": "set_held", 
/**
 * Which leg.
 */
leg: LegId, 
/**
 * Whether the customer is to be on hold.
 */
held: boolean, } | { "kind": "press", 
/**
 * Which leg.
 */
leg: LegId, 
/**
 * The key.
 */
key: Key, } | { "kind": "choose_customer", 
/**
 * Which form.
 */
wrap_up: WrapUpId, 
/**
 * One of those found.
 */
customer: CustomerId, } | { "kind": "save_customer", 
/**
 * The form beside which it was edited.
 */
wrap_up: WrapUpId, 
/**
 * Whose profile, and which version of it was edited; nothing for a new customer.
 */
edited: [CustomerId, number] | null, 
/**
 * What stands in it now.
 */
body: CustomerBody, } | { "kind": "create_ticket", 
/**
 * Which form.
 */
wrap_up: WrapUpId, 
/**
 * The one that was refused and is mended with this; nothing for a new one.
 */
ticket: TicketId | null, 
/**
 * What it is about, in a line.
 */
title: string, 
/**
 * The whole of it.
 */
text: string, 
/**
 * By when it should be done.
 */
due_at: Wall | null, } | { "kind": "give_up", 
/**
 * The form beside which it was filed.
 */
wrap_up: WrapUpId, 
/**
 * What.
 */
what: Filed, } | { "kind": "edit_draft", 
/**
 * Which form.
 */
wrap_up: WrapUpId, 
/**
 * Which field.
 */
field: FieldId, 
/**
 * What stands in it now.
 */
value: FieldValue, } | { "kind": "submit", 
/**
 * Which form.
 */
wrap_up: WrapUpId, } | { "kind": "submit_and_start_answering", 
/**
 * Which form.
 */
wrap_up: WrapUpId, 
/**
 * Ready, or Break for "back to Break".
 */
presence: Presence, } | { "kind": "start_answering", 
/**
 * Ready, or Break for "back to Break".
 */
presence: Presence, } | { "kind": "extend_wrap_up" } | { "kind": "play_recording", 
/**
 * Which leg.
 */
leg: LegId, } | { "kind": "pause_playback" } | { "kind": "seek_playback", 
/**
 * The place, in milliseconds from the beginning.
 */
millis: number, } | { "kind": "set_playback_speed", 
/**
 * The speed in percent, 50 to 200.
 */
speed: number, } | { "kind": "stop_playback" } | { "kind": "dismiss_notice", 
/**
 * Which one.
 */
notice: number, };

/**
 * 客户资料: the profile. `Debug` shows the id alone.
 */
export type Customer = { 
/**
 * The record's id.
 */
id: CustomerId, 
/**
 * The number people quote, `C-104882`.
 */
reference: string, 
/**
 * The name.
 */
name: string, 
/**
 * Every number they are known by; the first is the main one.
 */
numbers: Array<PhoneNumber>, 
/**
 * 归属地: where the main number is at home.
 */
home: Text | null, 
/**
 * 客户标签.
 */
tags: Array<string>, 
/**
 * The company's own fields, in their order.
 */
fields: Array<ProfileField>, 
/**
 * Counts up with each change; sent back as `If-Match`.
 */
version: number, };

/**
 * `PUT /v1/customers/{customer}` with an idempotency key. With `If-Match: "N"` it changes version N of a record that is
 * there; without, it makes a new record under the id the phone minted. Answered with the [`Customer`](crate::Customer): 200
 * changed, 201 made; 409 `conflict` when the record has another version, 404 when there is none to change, 400 `malformed`
 * when it does not hold what it must. `Debug` shows the counts alone.
 */
export type CustomerBody = { 
/**
 * The name: 1 to 100 characters.
 */
name: string, 
/**
 * Every number, the main one first: 1 to 10.
 */
numbers: Array<PhoneNumber>, 
/**
 * 客户标签: at most 30 of at most 40 characters.
 */
tags: Array<string>, 
/**
 * The company's own fields, in their order: at most 30 of at most 500 characters.
 */
fields: Array<ProfileField>, };

/**
 * 来电弹屏: all that the pop shows of one customer. `Debug` shows the customer's id alone.
 */
export type CustomerCard = { 
/**
 * The profile.
 */
customer: Customer, 
/**
 * Past calls, newest first.
 */
calls: Array<PastCall>, 
/**
 * Tickets, open ones first.
 */
tickets: Array<PastTicket>, 
/**
 * Other records, newest first.
 */
records: Array<ServiceRecord>, };

/**
 * A customer of the centre.
 */
export type CustomerId = string;

/**
 * Enough of a customer to name them in a row. `Debug` shows the id alone.
 */
export type CustomerName = { 
/**
 * Whose record it is.
 */
id: CustomerId, 
/**
 * The name.
 */
name: string, };

/**
 * What may be done that belongs to no call.
 */
export type DeskAction = "sign_in" | "sign_in_again" | "sign_out" | "check_in" | "check_out" | "cancel_check_out" | "set_ready" | "set_break" | "start_answering" | "back_to_break" | "extend_wrap_up";

/**
 * Who started the call.
 */
export type Direction = "inbound" | "outbound";

/**
 * All of a wrap-up that must survive a crash. The store keeps it whole, encrypted.
 */
export type Draft = { 
/**
 * Its id, and the id of the wrap-up at the centre.
 */
wrap_up: WrapUpId, 
/**
 * The call it is about.
 */
call: CallId, 
/**
 * This agent's legs of the call.
 */
legs: Array<LegId>, 
/**
 * Who started the call.
 */
direction: Direction, 
/**
 * The customer's number.
 */
number: PhoneNumber | null, 
/**
 * The customer, where known.
 */
customer: CustomerName | null, 
/**
 * Whose queue it came from.
 */
skill_group: Text | null, 
/**
 * When the call began to ring.
 */
offered_at: Wall, 
/**
 * When talking began.
 */
answered_at: Wall | null, 
/**
 * When it was over.
 */
ended_at: Wall | null, 
/**
 * Who ended it.
 */
ended_by: EndedBy | null, 
/**
 * How the leg ended.
 */
outcome: LegOutcome | null, 
/**
 * The version of the form.
 */
form_version: number, 
/**
 * What was entered.
 */
values: { [key in FieldId]: FieldValue }, 
/**
 * Counts up with each edit.
 */
edit: number, };

/**
 * Who hung up.
 */
export type EndedBy = "agent" | "customer" | "network";

/**
 * One field of the form.
 */
export type FieldDefinition = { 
/**
 * Its name.
 */
id: FieldId, 
/**
 * Its label.
 */
label: Text, 
/**
 * What can be entered.
 */
kind: FieldKind, 
/**
 * Submit waits for it.
 */
required: boolean, };

/**
 * The name of a field, stable over versions of the form: `summary`, `disposition`.
 */
export type FieldId = string;

/**
 * What can be entered in a field.
 */
export type FieldKind = { "kind": "short_text" } | { "kind": "long_text" } | { "kind": "choice", 
/**
 * The list.
 */
options: Array<ChoiceOption>, } | { "kind": "tags", 
/**
 * Words to offer.
 */
suggestions: Array<string>, };

/**
 * What stands in a field. `Debug` tells only how much.
 */
export type FieldValue = string | Array<string>;

/**
 * Something filed with the centre beside a form.
 */
export type Filed = { "kind": "customer", 
/**
 * Whose.
 */
id: CustomerId, } | { "kind": "ticket", 
/**
 * Which one.
 */
id: TicketId, };

/**
 * What may be done with something that was filed.
 */
export type FiledAction = "mend" | "compare" | "give_up";

/**
 * What was filed, as it was written.
 */
export type FiledText = { "kind": "ticket", 
/**
 * What it is about, in a line.
 */
title: Typed, 
/**
 * The whole of it.
 */
text: Typed, 
/**
 * By when it should be done.
 */
due_at: Wall | null, } | { "kind": "customer", 
/**
 * As it was written here last.
 */
mine: CustomerBody, 
/**
 * How it stood before; nothing where that is not known, or the customer is new.
 */
base: CustomerBody | null, 
/**
 * How it stands at the centre, as far as this computer has heard.
 */
theirs: Customer | null, };

/**
 * Something filed, and where it is.
 */
export type FiledView = { 
/**
 * What.
 */
what: Filed, 
/**
 * The ticket's title or the customer's name.
 */
title: Typed, 
/**
 * Where it is.
 */
saved: SavedState, 
/**
 * What may be done with it now.
 */
can: Array<FiledAction>, };

/**
 * 会话小结: the after-call form of a centre.
 */
export type FormDefinition = { 
/**
 * Counts up with each change of the form.
 */
version: number, 
/**
 * The fields, in their order.
 */
fields: Array<FieldDefinition>, };

/**
 * 提示窗: what the desktop notification of a call says.
 */
export type IncomingNotification = { 
/**
 * Which leg rings.
 */
leg: LegId, 
/**
 * The caller's number; nothing where it was withheld.
 */
number: PhoneNumber | null, 
/**
 * The customer's name, or the one the network gave.
 */
name: string | null, 
/**
 * Whose queue the call came from.
 */
skill_group: Text | null, };

/**
 * One key of the keypad: 0-9, `*`, `#`, A-D (RFC 4733 section 3.2). `Debug` does not tell which.
 */
export type Key = string;

/**
 * One ringing or talking of one agent. Travels in the SIP header `X-Offhook-Leg`.
 */
export type LegId = string;

/**
 * How one agent's leg of a call ended.
 */
export type LegOutcome = "connected" | "ring_no_answer" | "declined" | "abandoned_while_ringing" | "answered_elsewhere" | "busy" | "no_answer" | "rejected" | "invalid_number" | "cancelled" | "failed" | "lost_by_restart";

/**
 * One row of the call list: one agent's leg of a call.
 */
export type LegRecord = { 
/**
 * The leg.
 */
leg: LegId, 
/**
 * The call it belongs to.
 */
call: CallId, 
/**
 * Who started it.
 */
direction: Direction, 
/**
 * The customer's number; nothing where it was withheld.
 */
number: PhoneNumber | null, 
/**
 * The customer, where known.
 */
customer: CustomerName | null, 
/**
 * The skill group whose queue it came from.
 */
skill_group: Text | null, 
/**
 * When it began to ring or was dialled.
 */
offered_at: Wall, 
/**
 * When they began to talk.
 */
answered_at: Wall | null, 
/**
 * When it was over.
 */
ended_at: Wall | null, 
/**
 * How it ended; nothing while it goes on.
 */
outcome: LegOutcome | null, 
/**
 * 录音: what was recorded of it, once that is complete; nothing where nothing was.
 */
recording: Recording | null, };

/**
 * The loudness of both sides in dB below full scale: 0 is the loudest, -100 is silence.
 */
export type Levels = { 
/**
 * The agent's microphone, before the mute button.
 */
mic_dbfs: number, 
/**
 * What the agent hears.
 */
far_dbfs: number, };

/**
 * One link.
 */
export type LinkView = { "kind": "off" } | { "kind": "connecting", 
/**
 * Why the last try failed.
 */
error: Code | null, } | { "kind": "up" };

/**
 * The links to the centre.
 */
export type LinksView = { 
/**
 * The cloud API with its event stream: presence, queue, customers, wrap-ups.
 */
api: LinkView, 
/**
 * The SIP registration: calls.
 */
sip: LinkView, };

/**
 * The one thing to do next.
 */
export type NextAction = { "kind": "check_in" } | { "kind": "answer", 
/**
 * Which one.
 */
leg: LegId, } | { "kind": "submit_and_start_answering", 
/**
 * Which one.
 */
wrap_up: WrapUpId, } | { "kind": "start_answering" } | { "kind": "back_to_ready" };

/**
 * Something the agent must be told.
 */
export type Notice = { 
/**
 * For [`crate::Command::DismissNotice`].
 */
id: number, 
/**
 * When it happened.
 */
at: Wall, 
/**
 * What happened.
 */
about: NoticeKind, };

/**
 * What a notice is about.
 */
export type NoticeKind = { "kind": "presence_changed", 
/**
 * What it is now, and why.
 */
state: PresenceState, } | { "kind": "call_gone", 
/**
 * Whose call.
 */
number: PhoneNumber | null, 
/**
 * How its leg ended.
 */
outcome: LegOutcome, } | { "kind": "not_reached", 
/**
 * Whom it was to reach.
 */
number: PhoneNumber | null, 
/**
 * Why.
 */
outcome: LegOutcome, } | { "kind": "failed", 
/**
 * What.
 */
code: Code, } | { "kind": "wrap_up_over" } | { "kind": "incomplete", 
/**
 * Which one.
 */
wrap_up: WrapUpId, 
/**
 * The blank fields.
 */
fields: Array<FieldId>, };

/**
 * 历史通话: one past call with this customer.
 */
export type PastCall = { 
/**
 * When.
 */
at: Wall, 
/**
 * Who called whom.
 */
direction: Direction, 
/**
 * The colleague who had it; nothing where nobody took it.
 */
agent: string | null, 
/**
 * How it ended.
 */
outcome: LegOutcome, 
/**
 * Talk time in seconds.
 */
talk_seconds: number, 
/**
 * The summary written then.
 */
summary: string, };

/**
 * 历史工单: one ticket of this customer.
 */
export type PastTicket = { 
/**
 * The number people quote, `TK-20418`.
 */
reference: string, 
/**
 * What it is about.
 */
title: string, 
/**
 * Where it stands.
 */
state: TicketState, 
/**
 * When it was opened.
 */
opened_at: Wall, 
/**
 * By when it should be done.
 */
due_at: Wall | null, };

/**
 * Why a playback pauses.
 */
export type PauseReason = "by_hand" | "call" | "ended";

/**
 * A telephone number: an optional `+`, then 2 to 20 digits, `*` or `#`. Writing marks (spaces, dashes, dots, brackets) are
 * dropped on the way in. `Debug` shows only the last two digits; `Display` gives the number whole and is not for logs.
 */
export type PhoneNumber = string;

/**
 * What a playback does.
 */
export type PlaybackPhase = { "kind": "loading" } | { "kind": "playing" } | { "kind": "paused", 
/**
 * Why.
 */
why: PauseReason, } | { "kind": "failed", 
/**
 * Why.
 */
code: Code, };

/**
 * 录音播放: the recording that is played.
 */
export type PlaybackView = { 
/**
 * Of which leg.
 */
leg: LegId, 
/**
 * What it does.
 */
phase: PlaybackPhase, 
/**
 * Where it is, in milliseconds from the beginning.
 */
position: number, 
/**
 * How long it is, in milliseconds; 0 until that is known.
 */
length: number, 
/**
 * How fast it plays, in percent.
 */
speed: number, };

/**
 * The voice state an agent chooses, or the centre chooses for them (ACCEPTANCE 8-32).
 */
export type Presence = "checked_out" | "ready" | "break" | "answer_on_mobile";

/**
 * Why the presence is what it is. The window says it in words.
 */
export type PresenceReason = "signed_in" | "by_hand" | "ring_no_answer" | "declined" | "asleep" | "lost" | "signed_in_elsewhere";

/**
 * The presence the centre has on record: the authority, which the window shows as confirmed.
 */
export type PresenceState = { 
/**
 * The state itself.
 */
presence: Presence, 
/**
 * Why it came about.
 */
reason: PresenceReason, 
/**
 * Since when.
 */
since: Wall, 
/**
 * Counts up with each change, so that an old answer never overrides a newer event.
 */
revision: number, };

/**
 * Presence as wanted and as confirmed by the centre.
 */
export type PresenceView = { 
/**
 * What was asked for; equal to the confirmed one when nothing is under way.
 */
wanted: Presence, 
/**
 * What the centre has on record.
 */
confirmed: PresenceState, 
/**
 * The record cannot be checked at the moment, since the event stream is down.
 */
unconfirmed: boolean, 
/**
 * A check-out waits for the end of the call or wrap-up.
 */
check_out_queued: boolean, };

/**
 * One field of the profile.
 */
export type ProfileField = { 
/**
 * What it is called.
 */
label: Text, 
/**
 * What stands in it.
 */
value: string, };

/**
 * One question. Each is answered by the [`Answer`] of the same name.
 */
export type Query = { "kind": "draft", 
/**
 * Which form.
 */
wrap_up: WrapUpId, } | { "kind": "card", 
/**
 * Which call.
 */
call: CallId, } | { "kind": "customers", 
/**
 * The number.
 */
number: PhoneNumber, } | { "kind": "filed", 
/**
 * What.
 */
what: Filed, } | { "kind": "form" } | { "kind": "calls" } | { "kind": "settings" };

/**
 * One queue.
 */
export type QueueState = { 
/**
 * Whose queue.
 */
skill_group: SkillGroupId, 
/**
 * Its name.
 */
name: Text, 
/**
 * How many calls wait.
 */
waiting: number, 
/**
 * When the one that waits longest came.
 */
oldest_since: Wall | null, 
/**
 * How many agents are Ready and free.
 */
ready_agents: number, };

/**
 * What the centre has recorded of a leg: customer left, agent right.
 */
export type Recording = { 
/**
 * How long it is, in milliseconds.
 */
millis: number, };

/**
 * What an account may do.
 */
export type Role = "agent" | "administrator";

/**
 * Where the text of a form is.
 */
export type SavedState = { "kind": "blank" } | { "kind": "unsaved" } | { "kind": "saved", 
/**
 * Since when.
 */
at: Wall, } | { "kind": "save_failed", 
/**
 * Why.
 */
code: Code, } | { "kind": "submitting" } | { "kind": "waiting", 
/**
 * Since when.
 */
since: Wall, 
/**
 * Why the last try failed.
 */
error: Code | null, } | { "kind": "synced", 
/**
 * Since when.
 */
at: Wall, } | { "kind": "kept", 
/**
 * Since when.
 */
at: Wall, } | { "kind": "refused", 
/**
 * Why.
 */
code: Code, };

/**
 * A password, a token or a key as text. `Debug` masks it, dropping it wipes it.
 */
export type Secret = string;

/**
 * The kinds of service that are neither a call nor a ticket.
 */
export type ServiceKind = "chat" | "visit" | "survey" | "follow_up";

/**
 * Any other service record (ACCEPTANCE 36).
 */
export type ServiceRecord = { 
/**
 * What kind of service.
 */
kind: ServiceKind, 
/**
 * Its title.
 */
title: string, 
/**
 * When.
 */
at: Wall, 
/**
 * Who did it.
 */
by: string, 
/**
 * Where more of it stands.
 */
link: string | null, };

/**
 * Signed in or not.
 */
export type SessionView = { "kind": "signed_out", 
/**
 * Why the last try failed or the last session ended.
 */
error: Code | null, } | { "kind": "signing_in" } | { "kind": "signed_in", 
/**
 * Who.
 */
agent: AgentProfile, 
/**
 * With a bare SIP account: there is no centre behind it.
 */
local: boolean, } | { "kind": "offline", 
/**
 * Whose desk it is.
 */
agent: AgentProfile, 
/**
 * Why the centre was not reached.
 */
why: Code, 
/**
 * How it goes on when the centre answers.
 */
again: Again, };

/**
 * What this computer remembers between starts. Never a password.
 */
export type Settings = { 
/**
 * The centre of the last sign-in that was accepted.
 */
centre: string | null, 
/**
 * The sign-in name of the last sign-in that was accepted.
 */
username: string | null, 
/**
 * The bare SIP account used last, its password left empty.
 */
account: BareAccount | null, 
/**
 * The PEM file with the root certificates that are trusted at the next sign-in; nothing for the system's.
 */
roots: string | null, 
/**
 * The last agent did not sign out: [`offhook_desk::Command::WorkOffline`] may open their data without the centre.
 */
opens_offline: boolean, };

/**
 * How SIP messages travel (RFC 3261 section 18).
 */
export type SipTransport = "udp" | "tcp" | "tls";

/**
 * A skill group.
 */
export type SkillGroup = { 
/**
 * Which one.
 */
id: SkillGroupId, 
/**
 * Its name.
 */
name: Text, };

/**
 * A skill group, which has a queue.
 */
export type SkillGroupId = string;

/**
 * Something that was asked for and something that is so.
 */
export type Switch = { 
/**
 * What the button shows.
 */
wanted: boolean, 
/**
 * What is so.
 */
confirmed: boolean, };

/**
 * A label that comes from the service, in both languages.
 */
export type Text = { 
/**
 * Simplified Chinese.
 */
zh: string, 
/**
 * English.
 */
en: string, };

/**
 * One ticket. Named by the phone that opens it.
 */
export type TicketId = string;

/**
 * Where a ticket stands.
 */
export type TicketState = "open" | "in_progress" | "overdue" | "closed";

/**
 * Text as it was typed, or digits as they were keyed. `Debug` tells only how much.
 */
export type Typed = string;

/**
 * The whole desk at one moment.
 */
export type View = { 
/**
 * Counts up with each change.
 */
revision: number, 
/**
 * Signed in or not.
 */
session: SessionView, 
/**
 * The three links to the centre.
 */
links: LinksView, 
/**
 * The presence; nothing before sign-in.
 */
presence: PresenceView | null, 
/**
 * What the agent is doing, as this phone sees it.
 */
activity: Activity, 
/**
 * Since when the activity is so.
 */
activity_since: Wall | null, 
/**
 * When the wrap-up ends by itself; nothing outside one, or where it has no limit. The centre ends it, not this moment.
 */
wrap_up_until: Wall | null, 
/**
 * What the agent may do now that belongs to no call.
 */
can: Array<DeskAction>, 
/**
 * Why nothing can be dialled now; nothing where it can.
 */
cannot_dial: Code | null, 
/**
 * Why no recording can be played now; nothing where one can.
 */
cannot_play: CannotPlay | null, 
/**
 * The recording that is played.
 */
playback: PlaybackView | null, 
/**
 * Counts up when rows of the call list change, which come by query.
 */
call_list: number, 
/**
 * Calls that ring or talk, oldest first.
 */
calls: Array<CallView>, 
/**
 * Open wrap-ups and those not yet at the centre, newest first.
 */
wrap_ups: Array<WrapUpView>, 
/**
 * The queues of the agent's skill groups.
 */
queues: Array<QueueState>, 
/**
 * What the agent must be told, oldest first.
 */
notices: Array<Notice>, 
/**
 * The next action: what the slot under the stage and F2 do.
 */
next: NextAction | null, };

/**
 * A moment of the wall clock: milliseconds since 1970-01-01T00:00:00Z.
 */
export type Wall = number;

/**
 * What may be done with a wrap-up.
 */
export type WrapUpAction = "edit" | "choose_customer" | "save_customer" | "create_ticket" | "redial" | "submit" | "submit_and_start_answering";

/**
 * One after-call form. Named by the phone that opens it.
 */
export type WrapUpId = string;

/**
 * One after-call form, without its body (that comes by query).
 */
export type WrapUpView = { 
/**
 * Which one.
 */
id: WrapUpId, 
/**
 * The call it is about.
 */
call: CallId, 
/**
 * The customer's number.
 */
number: PhoneNumber | null, 
/**
 * Which customer it is.
 */
caller: CallerMatch, 
/**
 * Who started the call.
 */
direction: Direction, 
/**
 * The skill group whose queue it came from.
 */
skill_group: Text | null, 
/**
 * When the call began to ring.
 */
offered_at: Wall, 
/**
 * When talking began.
 */
answered_at: Wall | null, 
/**
 * When the call was over; nothing while it goes on.
 */
ended_at: Wall | null, 
/**
 * Who ended it, for the facts of the ended call.
 */
ended_by: EndedBy | null, 
/**
 * How the leg ended.
 */
outcome: LegOutcome | null, 
/**
 * Where the text is.
 */
saved: SavedState, 
/**
 * What was filed beside it, oldest first.
 */
filed: Array<FiledView>, 
/**
 * Required fields that are blank.
 */
missing: Array<FieldId>, 
/**
 * What may be done with it now.
 */
can: Array<WrapUpAction>, };
