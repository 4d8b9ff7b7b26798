//! The event stream (server-sent events of the HTML standard).

use super::guard::Agent;
use super::refusals::{NotThere, Refusals};
use super::{App, Refusal};
use crate::control::{Closing, Snapshot};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{self, KeepAlive};
use futures_util::stream::{self, Stream, StreamExt};
use offhook_model::Code;
use offhook_model::api::Event;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

/// How often a comment shows that the line stands.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Where a stream is to go on, for its description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "only its description is used")]
pub(super) struct LastEvent {
    /// The id of the last event that was read; one that is none begins anew.
    #[param(rename = "Last-Event-ID", value_type = String, required = false)]
    last: Option<String>,
}

/// The agent's events, as they happen.
///
/// Server-sent events: the `data` of each is one `Event`, its `id` counts up for this agent. The stream begins with presence,
/// activity and queues as they are, then the legs recorded since `Last-Event-ID`. A comment every 10 s shows that the line stands.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "events", tag = "Presence",
    params(LastEvent),
    responses(
        (status = 200, description = "Events until the session ends or the centre closes.", body = Event,
            content_type = "text/event-stream"),
        Refusals<(Agent, NotThere, Closing)>,
    ),
)]
pub(super) async fn stream(
    State(app): State<App>,
    Agent(session): Agent,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Refusal> {
    let last = headers
        .get("Last-Event-ID")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok());
    // Listened to before the snapshot is taken, so that nothing falls between the two.
    let subscription = app.hub.listen(session.account, last);
    let snapshot = app
        .control
        .snapshot(session.account)
        .await?
        .ok_or_else(|| Refusal::new(Code::NotFound))?;
    let mut told = first(snapshot, subscription.at);
    told.extend(subscription.missed);
    let reader = Reader {
        told,
        live: subscription.live,
        over: false,
    };
    let closing = app.closing.clone();
    let events =
        stream::unfold(reader, Reader::next).take_until(async move { closing.cancelled().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn first(snapshot: Snapshot, at: u64) -> VecDeque<(u64, Event)> {
    VecDeque::from([
        (at, Event::Presence(snapshot.presence)),
        (
            at,
            Event::Activity {
                activity: snapshot.activity,
                until: snapshot.until,
            },
        ),
        (
            at,
            Event::Queues {
                queues: snapshot.queues,
            },
        ),
    ])
}

struct Reader {
    told: VecDeque<(u64, Event)>,
    live: Receiver<(u64, Event)>,
    over: bool,
}

impl Reader {
    async fn next(mut self) -> Option<(Result<sse::Event, Infallible>, Self)> {
        if self.over {
            return None;
        }
        let (id, event) = match self.told.pop_front() {
            Some(event) => event,
            None => match self.live.recv().await {
                Ok(event) => event,
                // A reader too slow to follow comes back with its last id and is told the state anew.
                Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
            },
        };
        self.over = event == Event::SignedInElsewhere;
        let data = serde_json::to_string(&event).ok()?;
        let event = sse::Event::default().id(id.to_string()).data(data);
        Some((Ok(event), self))
    }
}
