//! Stories of a call against real peers over real sockets, and what they are told with.
//!
//! Promise: what a story claims was seen from outside, by a program of the system or by a peer that nobody here wrote: sound at
//! the sink's monitor, a notification on the session bus, a summary by an administrator's GET, a request taken from the wire.
//!
//! Knows: the built programs, their command lines, the API, the names of the window's controls. Does not know: anything inside.
//!
//! | story | what it shows |
//! |---|---|
//! | `src/bin/demo.rs` | a whole call in the real window ([`play`]): `cargo dev demo`, and the last step of `cargo dev test` |
//! | `tests/first_call.rs` | the same on the phone without a window; the wrap-up is there once, also after a crash of the centre |
//! | `tests/strangers.rs` | Debian's baresip and linphonec as customer and as an agent's telephone |
//! | `tests/stranger_customer.rs`, `tests/stranger_agent.rs` | sipp on either side: answered, declined, busy, given up, hung up |
//! | `tests/hold.rs` | the hold prompt alone is heard on hold; 20 rounds and a double click; baresip with G.722, sipp |
//! | `tests/discretion.rs` | a day with every log at its most talkative: nothing private is in a log, a profile or a temporary file |
//! | `tests/store.rs` | damaged, cut and newer stores, and a keyring that hangs: told, and the agent works on |
//! | `tests/keypad.rs` | the keys both ways with sipp and baresip, and in no log |
//! | `tests/outbound.rs` | calls out through a trunk to sipp and linphone: every outcome, ringback, early media, redial |
//! | `tests/queue.rs` | two agents and a queue: back to the head, Break, and nothing for one who dials |
//! | `tests/ring_no_answer.rs` | a call that rings out goes to the next agent; a caller who leaves changes nothing |
//! | `tests/wrap_up_limit.rs` | a wrap-up with a limit of the centre's: counted down, extended, then the next call rings and the draft is there |
//! | `tests/kamailio/` | a bare account at Debian's kamailio: both digests over UDP and TCP, TLS, its restart, wrong accounts, what is kept here |
//! | `tests/grace.rs` | an app killed and back in time, killed for good, in a call and asleep; the last sign-in wins |
//! | `tests/api_cut.rs` | the API cut at each step of a call, for a second, 30 s and until after the sign-out |
//! | `tests/centre_killed.rs` | the centre killed in calls: what is on record, and its phones at work again |
//! | `tests/tls.rs` | API and SIP over TLS with an authority of one's own, what is refused, and what an eavesdropper hears |
//! | `tests/instruments.rs` | the instruments themselves, without the product |
//! | `tests/peers.rs` | the peers of the stories: sipp, baresip, linphone and kamailio among themselves and at the centre |
//! | `tests/windows.rs` | the window as an instrument: several on one screen, by mouse and by keyboard |
//! | `tests/window_errors.rs` | what goes wrong is told in the window, in both languages, and the next good try works |
//! | `tests/notification.rs` | the desktop notification answers, declines and goes |
//! | `tests/window_account.rs` | the window with a bare SIP account, on kamailio |
//! | `tests/window_small.rs` | the smallest window: a call is taken in it, and nothing that acts is cut |
//! | `tests/window_presence.rs` | the voice states in the window: check-in, check-out, Break by hand and by itself, declined, abandoned |
//! | `tests/window_link.rs` | a state that nobody confirms is marked; a window killed and back in time; signed in elsewhere |
//! | `tests/window_inbound.rs` | a call that comes in, with sound: ringtone, card, answer, hold, both ways to end it |
//! | `tests/window_outbound.rs` | what is typed, how calls outside end, what is heard on the way, keypad, Redial |
//! | `tests/window_customers.rs` | somebody new, one of several, and a card that comes while one writes |
//! | `tests/window_wrap_up.rs` | profile, tags, ticket, summary, and the ways out of a wrap-up |
//! | `tests/window_call_list.rs` | the list's filters, rows and details, by keyboard too |
//! | `tests/window_recordings.rs` | a call is recorded, played, sought in, sped up and paused by the next call, and kept from who may not listen |
//! | `tests/window_disk.rs` | a full disk and a read-only one: told, nothing harmed, and all of it arrives once there is room |
//! | `tests/killed.rs` | `kill -9` of app, centre and both in each named window ([`killed`]); `cargo dev kill` plays many rounds |
//! | `tests/house_rules.rs` | which crate may know which |
//!
//! # How to run them
//! `cargo dev test` builds everything first. By hand: `cargo build --workspace --bins`, then `cargo test -p e2e --test strangers`.
//! The programs are taken from the folder the test itself was built into, so `CARGO_TARGET_DIR` is honoured.
//!
//! # Where to look when one fails
//! `target/e2e/STORY/` keeps what every program said (`.out`, `.err`), what each side said and heard (`.wav`), and pictures.
//! Everything else of a story (profiles, home folders, sockets) is in a folder below `/tmp` that goes with it; each program runs in
//! a process group of its own, which ends with the story.
//!
//! # How heard is proved
//! Each side says a [`nonce`] drawn at run time over and over; [`talk::Ear`] waits until it has come through whole, and listens for
//! longer than one pass while the speaker is muted.
//!
//! # What a run has shown
//! A story says which lines of the specification it has just shown, with [`acceptance::shown`], right after the assertions of both
//! sides. `cargo dev acceptance` runs the stories and prints the table; a line is green when a test that passed showed it.
//!
//! # A new story
//! Start from [`world::World`]: `World::silent` for signalling only, `World::sounding` with sound devices for each party. A window is
//! opened with [`window::Opening`], several on one [`display::Display`]; [`world::World::desk`] has an agent at work in it, and [`work`] names its buttons. Wait for conditions ([`place::eventually`], `Headless::until`, `Desktop::shows`), never for time.

pub mod acceptance;
pub mod api;
pub mod centre;
pub mod certificates;
pub mod discretion;
pub mod eavesdropper;
pub mod environment;
pub mod headless;
pub mod nonce;
pub mod place;
pub mod process;
pub mod prompt;
pub mod replay;
pub mod rtp;
pub mod sound;
pub mod tap;
pub mod tone;
pub mod try_it;
pub mod words;

#[cfg(target_os = "linux")]
pub mod account;
#[cfg(target_os = "linux")]
pub mod baresip;
#[cfg(target_os = "linux")]
pub mod bus;
#[cfg(target_os = "linux")]
pub mod call_list;
#[cfg(target_os = "linux")]
pub mod credentials;
#[cfg(target_os = "linux")]
pub mod desktop;
#[cfg(target_os = "linux")]
pub mod display;
#[cfg(target_os = "linux")]
pub mod kamailio;
#[cfg(target_os = "linux")]
pub mod keyring;
#[cfg(target_os = "linux")]
pub mod keys;
#[cfg(target_os = "linux")]
pub mod killed;
#[cfg(target_os = "linux")]
pub mod linphone;
#[cfg(target_os = "linux")]
pub mod pictures;
#[cfg(target_os = "linux")]
pub mod play;
#[cfg(target_os = "linux")]
pub mod pulse;
#[cfg(target_os = "linux")]
pub mod sipp;
#[cfg(target_os = "linux")]
pub mod small_disk;
#[cfg(target_os = "linux")]
pub mod talk;
#[cfg(target_os = "linux")]
pub mod window;
#[cfg(target_os = "linux")]
pub mod work;
#[cfg(target_os = "linux")]
pub mod world;
