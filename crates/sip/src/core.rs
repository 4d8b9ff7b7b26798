//! What a driver can run.

use std::fmt;
use std::time::Duration;

use crate::Flow;
use crate::masked::Length;

/// Bytes to put on the wire: a datagram, or a whole message or a keep-alive of a stream. `Debug` shows their length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The way they go.
    pub to: Flow,
    /// The bytes; of a datagram at most 65,507.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} to {}", Length(self.bytes.len()), self.to)
    }
}

/// A state machine without sockets and without a clock: [`UserAgent`](crate::UserAgent) here, the call centre's switch elsewhere.
///
/// `now` is a time since an epoch of the driver's choice and never runs backwards. After every `handle_…` the driver empties
/// [`poll_transmit`](Core::poll_transmit) and [`poll_event`](Core::poll_event) and asks [`poll_timeout`](Core::poll_timeout) anew.
pub trait Core {
    /// What the owner asks for.
    type Command;
    /// What the owner is told.
    type Event;

    /// Carries out what the owner asks for.
    fn handle_command(&mut self, now: Duration, command: Self::Command);
    /// Takes a datagram, or one message that a [`Framer`](crate::Framer) cut from a stream, whatever it holds.
    fn handle_message(&mut self, now: Duration, from: Flow, bytes: &[u8]);
    /// Lets timers that are due fire.
    fn handle_timeout(&mut self, now: Duration);
    /// Takes the network's word that nothing listens at `to` (ICMP, refused, unreachable), or that no connection could be made
    /// in time.
    fn handle_unreachable(&mut self, now: Duration, to: Flow);
    /// Takes the word that whoever listens at `to` could not show to be the one who is meant: no connection was made over TLS,
    /// and nothing was said.
    fn handle_untrusted(&mut self, now: Duration, to: Flow) {
        self.handle_unreachable(now, to);
    }
    /// Takes the end of a connection that stood. What was sent by it may not have arrived; what is sent to the flow from now on
    /// goes by a new one.
    fn handle_disconnected(&mut self, now: Duration, flow: Flow);
    /// Begins to end everything: calls are hung up, registrations withdrawn. The driver keeps running until
    /// [`is_idle`](Core::is_idle) or until its patience ends.
    fn handle_shutdown(&mut self, now: Duration);
    /// True when nothing is left that a driver should stay for after [`handle_shutdown`](Core::handle_shutdown).
    fn is_idle(&self) -> bool;
    /// When [`handle_timeout`](Core::handle_timeout) wants to be called next.
    fn poll_timeout(&self) -> Option<Duration>;
    /// The next connection to be given up because it proved dead, before anything more is sent to its flow.
    /// [`handle_disconnected`](Core::handle_disconnected) does not follow.
    fn poll_disconnect(&mut self) -> Option<Flow> {
        None
    }
    /// The next bytes to send.
    fn poll_transmit(&mut self) -> Option<Transmit>;
    /// The next event for the owner.
    fn poll_event(&mut self) -> Option<Self::Event>;
}
