//! The event stream: connects, reads, and notices when it has gone silent.

use crate::{
    CloudError, Options, SseEvent, SseParser,
    request::{Answer, unreadable},
};
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use offhook_model::{Code, api::Event};
use reqwest::{RequestBuilder, Response};
use std::{collections::VecDeque, time::Duration};
use tokio::time::timeout;

/// Events with the id to resume after. Ends when the centre ends it, and after its first error.
pub type EventStream = BoxStream<'static, Result<(u64, Event), CloudError>>;

/// The kinds of [`Event`] this program knows; a newer centre may send more, which are passed over.
const KINDS: [&str; 5] = [
    "presence",
    "activity",
    "queues",
    "leg",
    "signed_in_elsewhere",
];

struct Reading {
    response: Response,
    parser: SseParser,
    ready: VecDeque<SseEvent>,
    silence: Duration,
}

pub(crate) fn open(request: RequestBuilder, options: Options) -> EventStream {
    stream::once(connect(request, options))
        .map_ok(|reading| {
            stream::try_unfold(reading, |mut reading| async move {
                let event = reading.next().await?;
                Ok(event.map(|event| (event, reading)))
            })
        })
        .try_flatten()
        .boxed()
}

async fn connect(request: RequestBuilder, options: Options) -> Result<Reading, CloudError> {
    let patience = options.connect + options.answer;
    let response = timeout(patience, request.open_answer())
        .await
        .map_err(|_| CloudError::silent("the event stream does not begin", patience))??;
    Ok(Reading {
        response,
        parser: SseParser::default(),
        ready: VecDeque::new(),
        silence: options.silence,
    })
}

impl Reading {
    async fn next(&mut self) -> Result<Option<(u64, Event)>, CloudError> {
        loop {
            while let Some(event) = self.ready.pop_front() {
                if let Some(event) = understand(&event)? {
                    return Ok(Some(event));
                }
            }
            let chunk = timeout(self.silence, self.response.chunk())
                .await
                .map_err(|_| CloudError::silent("the event stream", self.silence))??;
            let Some(chunk) = chunk else {
                return Ok(None);
            };
            let events = self
                .parser
                .push(&chunk)
                .map_err(|error| CloudError::new(Code::CentreFailed, error.to_string()))?;
            self.ready.extend(events);
        }
    }
}

fn understand(event: &SseEvent) -> Result<Option<(u64, Event)>, CloudError> {
    let id = event
        .id
        .as_deref()
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| CloudError::new(Code::CentreFailed, "an event has no number"))?;
    match serde_json::from_str(&event.data) {
        Ok(event) => Ok(Some((id, event))),
        Err(error) if is_of_a_later_day(&event.data) => {
            tracing::debug!(
                id,
                line = error.line(),
                "Passed over an event of an unknown kind"
            );
            Ok(None)
        }
        Err(error) => Err(unreadable("an event", &error)),
    }
}

fn is_of_a_later_day(data: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind {
        kind: String,
    }
    serde_json::from_str::<Kind>(data).is_ok_and(|event| !KINDS.contains(&event.kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_model::{Activity, Presence, PresenceReason, PresenceState, Wall};

    #[test]
    fn the_kinds_are_those_of_the_event() {
        let presence = Event::Presence(PresenceState {
            presence: Presence::Ready,
            reason: PresenceReason::ByHand,
            since: Wall(0),
            revision: 1,
        });
        let activity = Event::Activity {
            activity: Activity::Free,
            until: None,
        };
        for event in [
            presence,
            activity,
            Event::Queues { queues: vec![] },
            Event::SignedInElsewhere,
        ] {
            let json = serde_json::to_value(&event).expect("JSON");
            let kind = json["kind"].as_str().expect("a kind").to_owned();
            assert!(KINDS.contains(&kind.as_str()), "{kind}");
        }
    }

    #[test]
    fn a_wrap_up_at_a_centre_without_limits_has_no_end() {
        let event = SseEvent {
            id: Some("3".into()),
            kind: "message".into(),
            data: r#"{"kind":"activity","activity":"wrap_up"}"#.into(),
        };
        let activity = Event::Activity {
            activity: Activity::WrapUp,
            until: None,
        };
        assert_eq!(understand(&event), Ok(Some((3, activity))));
    }

    #[test]
    fn an_event_of_a_later_day_is_passed_over_and_a_broken_one_is_not() {
        let event = |data: &str| SseEvent {
            id: Some("3".into()),
            kind: "message".into(),
            data: data.into(),
        };
        assert_eq!(understand(&event(r#"{"kind":"supervision"}"#)), Ok(None));
        for broken in [r#"{"kind":"presence"}"#, "{", "[]", ""] {
            let error = understand(&event(broken)).expect_err(broken);
            assert_eq!(error.code, Code::CentreFailed);
        }
    }
}
