//! Each agent's stream of events, with ids that count up, and a short memory for those who come back.

use offhook_model::AgentId;
use offhook_model::api::Event;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// How many events a stream remembers.
const MEMORY: usize = 256;

struct Stream {
    last: u64,
    past: VecDeque<(u64, Event)>,
    live: broadcast::Sender<(u64, Event)>,
}

/// The streams of all agents. Clones share them.
#[derive(Clone)]
pub struct Hub {
    first: u64,
    streams: Arc<Mutex<BTreeMap<AgentId, Stream>>>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

/// What a reader gets on coming: what was missed, then what happens.
#[derive(Debug)]
pub struct Subscription {
    /// The id to go on from, for events that are told but not counted.
    pub at: u64,
    /// The rows missed since `Last-Event-ID`. States are not repeated: they are told anew.
    pub missed: Vec<(u64, Event)>,
    /// What happens from now on.
    pub live: broadcast::Receiver<(u64, Event)>,
}

impl Hub {
    /// Streams whose ids begin after `first`: a time, so that they count up over a restart, too.
    #[must_use]
    pub fn new(first: u64) -> Self {
        Self {
            first,
            streams: Arc::default(),
        }
    }

    /// Tells an agent.
    pub fn tell(&self, agent: AgentId, event: Event) {
        let mut streams = self.lock();
        let stream = self.stream(&mut streams, agent);
        stream.last += 1;
        if stream.past.len() == MEMORY {
            stream.past.pop_front();
        }
        stream.past.push_back((stream.last, event.clone()));
        // Nobody listening is no fault: the next reader is told the state anew.
        stream.live.send((stream.last, event)).ok();
    }

    /// Listens to an agent's stream, with what came after `last` of the rows.
    #[must_use]
    pub fn listen(&self, agent: AgentId, last: Option<u64>) -> Subscription {
        let mut streams = self.lock();
        let stream = self.stream(&mut streams, agent);
        let at = last.unwrap_or(stream.last).min(stream.last);
        Subscription {
            at,
            missed: stream
                .past
                .iter()
                .filter(|(id, event)| *id > at && matches!(event, Event::Leg(_)))
                .cloned()
                .collect(),
            live: stream.live.subscribe(),
        }
    }

    /// Ends the streams of an agent who signed out; the memory stays.
    pub fn end(&self, agent: AgentId) {
        if let Some(stream) = self.lock().get_mut(&agent) {
            stream.live = broadcast::Sender::new(MEMORY);
        }
    }

    fn stream<'a>(
        &self,
        streams: &'a mut BTreeMap<AgentId, Stream>,
        agent: AgentId,
    ) -> &'a mut Stream {
        streams.entry(agent).or_insert_with(|| Stream {
            last: self.first,
            past: VecDeque::new(),
            live: broadcast::Sender::new(MEMORY),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AgentId, Stream>> {
        // What is guarded is whole after every statement: a panic elsewhere spoils nothing.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::{Activity, CallId, Direction, LegId, LegRecord, Wall};
    use uuid::Uuid;

    fn leg(n: u128) -> Event {
        Event::Leg(LegRecord {
            leg: LegId(Uuid::from_u128(n)),
            call: CallId(Uuid::from_u128(n)),
            direction: Direction::Inbound,
            number: None,
            customer: None,
            skill_group: None,
            offered_at: Wall(0),
            answered_at: None,
            ended_at: None,
            outcome: None,
            recording: None,
        })
    }

    #[test]
    fn who_comes_back_gets_the_rows_missed_and_no_old_states() {
        let hub = Hub::new(100);
        let agent = AgentId(Uuid::from_u128(1));
        hub.tell(agent, leg(1));
        let first = hub.listen(agent, None);
        assert_eq!((first.at, first.missed.len()), (101, 0));
        hub.tell(
            agent,
            Event::Activity {
                activity: Activity::Ringing,
                until: None,
            },
        );
        hub.tell(agent, leg(2));
        hub.tell(AgentId(Uuid::from_u128(2)), leg(3));
        let again = hub.listen(agent, Some(101));
        assert_eq!(again.missed, [(103, leg(2))]);
        assert_eq!(hub.listen(agent, Some(103)).missed, []);
        let future = hub.listen(agent, Some(9_999));
        assert_eq!((future.at, future.missed.len()), (103, 0));
    }

    #[test]
    fn the_memory_is_bounded() {
        let hub = Hub::new(0);
        let agent = AgentId(Uuid::from_u128(1));
        for n in 0..1_000 {
            hub.tell(agent, leg(n));
        }
        assert_eq!(hub.listen(agent, Some(0)).missed.len(), MEMORY);
    }
}
