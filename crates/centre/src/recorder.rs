//! Writes what the control task decided, in order, and tells each leg and each presence once it is on disk: a phone never knows
//! one that a crash can undo, whose revision would then come twice.

use crate::acd::CallRecord;
use crate::hub::Hub;
use crate::store::{Store, StoreError};
use offhook_model::api::Event;
use offhook_model::{Activity, AgentId, LegId, LegRecord, PresenceState, Recording};
use tokio::sync::{mpsc, oneshot};

/// One thing to keep.
#[derive(Debug)]
pub enum Record {
    /// A presence.
    Presence(AgentId, PresenceState),
    /// An activity, of which only the wrap-up outlasts the process.
    Activity(AgentId, Activity),
    /// A leg as it now is.
    Leg(AgentId, LegRecord),
    /// A leg's recording, complete.
    Recording(LegId, Recording),
    /// A call as it now is.
    Call(CallRecord),
    /// Nothing: answered once everything before it has been kept.
    Mark(oneshot::Sender<()>),
}

/// Starts the task. The channel is unbounded on purpose: the queue must not wait for the disk and no record may be dropped;
/// a call makes a handful. The task ends, everything written, when the last sender is dropped.
#[must_use]
pub fn spawn(
    store: Store,
    hub: Hub,
) -> (mpsc::UnboundedSender<Record>, tokio::task::JoinHandle<()>) {
    let (records, mut inbox) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        while let Some(record) = inbox.recv().await {
            if let Err(error) = keep(&store, &hub, record).await {
                tracing::error!(%error, "A record was not kept");
            }
        }
    });
    (records, task)
}

async fn keep(store: &Store, hub: &Hub, record: Record) -> Result<(), StoreError> {
    match record {
        Record::Presence(agent, state) => {
            let kept = store.keep_presence(agent, &state).await;
            // It is what holds, kept or not.
            hub.tell(agent, Event::Presence(state));
            kept
        }
        Record::Activity(agent, activity) => {
            store
                .keep_wrap_up(agent, activity == Activity::WrapUp)
                .await
        }
        Record::Leg(agent, leg) => {
            let leg = store.keep_leg(agent, leg).await?;
            hub.tell(agent, Event::Leg(leg));
            Ok(())
        }
        Record::Recording(leg, recording) => {
            if let Some((agent, leg)) = store.keep_recording(leg, recording).await? {
                hub.tell(agent, Event::Leg(leg));
            }
            Ok(())
        }
        Record::Call(call) => store.keep_call(&call).await,
        Record::Mark(reply) => {
            // Whoever asked may have gone in the meantime.
            reply.send(()).ok();
            Ok(())
        }
    }
}
