//! The event stream over real sockets: cut anywhere, silent, resumed, refused.

mod support;

use futures_util::StreamExt;
use offhook_cloud::{Cloud, CloudError, EventStream, Options};
use offhook_model::{Activity, Code, Secret, api::Event};
use std::time::{Duration, Instant};
use support::{Centre, Step, hasty, problem};
use tokio::time::timeout;

const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const END: &str = "0\r\n\r\n";

fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

fn chunk(bytes: &[u8]) -> Step {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    Step::Send(chunk)
}

fn activity(id: u64, activity: &str) -> String {
    format!(
        "id: {id}\r\ndata: {{\"kind\":\"activity\",\r\ndata: \"activity\":\"{activity}\"}}\r\n\r\n"
    )
}

async fn next(events: &mut EventStream) -> Option<Result<(u64, Event), CloudError>> {
    timeout(Duration::from_secs(20), events.next())
        .await
        .expect("the stream says something in time")
}

fn is(activity: Activity) -> Event {
    Event::Activity {
        activity,
        until: None,
    }
}

#[tokio::test]
async fn events_arrive_in_order_however_they_are_cut() {
    let centre = Centre::open(|_| {
        let mut stream = String::from("\u{feff}: welcome\n\nretry: 2000\n\n");
        stream.push_str(&activity(4, "free"));
        stream.push_str("id: 5\ndata: {\"kind\":\"of a later day\"}\n\n");
        stream.push_str(&activity(6, "ringing"));
        let mut steps = vec![send(HEAD)];
        steps.extend(stream.as_bytes().chunks(3).map(chunk));
        steps.push(send(END));
        steps
    })
    .await;
    let mut events = centre.session().events(Some(3));
    assert_eq!(next(&mut events).await, Some(Ok((4, is(Activity::Free)))));
    assert_eq!(
        next(&mut events).await,
        Some(Ok((6, is(Activity::Ringing))))
    );
    assert_eq!(next(&mut events).await, None);

    let asked = &centre.seen()[0];
    assert_eq!(asked.line, "GET /v1/events HTTP/1.1");
    assert_eq!(asked.header("last-event-id"), Some("3"));
    assert_eq!(asked.header("accept"), Some("text/event-stream"));
    assert_eq!(asked.header("authorization"), Some("Bearer token-7f3a"));
}

#[tokio::test]
async fn a_first_connection_resumes_after_nothing() {
    let centre = Centre::open(|_| vec![send(HEAD), send(END)]).await;
    assert_eq!(next(&mut centre.session().events(None)).await, None);
    assert_eq!(centre.seen()[0].header("last-event-id"), None);
}

#[tokio::test]
async fn silence_means_that_the_centre_is_unreachable() {
    let centre = Centre::open(|_| {
        vec![
            send(HEAD),
            chunk(activity(1, "free").as_bytes()),
            Step::Hold,
        ]
    })
    .await;
    let mut events = centre.hasty_session().events(None);
    assert_eq!(next(&mut events).await, Some(Ok((1, is(Activity::Free)))));
    let heard = Instant::now();
    let error = next(&mut events)
        .await
        .expect("an item")
        .expect_err("silence");
    assert_eq!(error.code, Code::Unreachable, "{error}");
    assert!(heard.elapsed() >= hasty().silence.mul_f32(0.9));
    assert_eq!(next(&mut events).await, None);
}

#[tokio::test]
async fn a_comment_now_and_then_keeps_the_stream_alive() {
    let silence = Duration::from_secs(2);
    let centre = Centre::open(move |_| {
        let mut steps = vec![send(HEAD)];
        for _ in 0..6 {
            steps.push(chunk(b":\n\n"));
            steps.push(Step::Wait(silence / 4));
        }
        steps.push(chunk(activity(1, "free").as_bytes()));
        steps.push(Step::Hold);
        steps
    })
    .await;
    let options = Options {
        silence,
        ..Options::default()
    };
    let cloud = Cloud::with_options(&centre.base, None, options).expect("an address");
    let mut events = cloud.session(Secret::new("token")).events(None);
    assert_eq!(next(&mut events).await, Some(Ok((1, is(Activity::Free)))));
}

#[tokio::test]
async fn a_session_that_is_over_is_said_first() {
    let centre = Centre::open(|_| {
        problem(
            "401 Unauthorized",
            r#"{"code":"session_expired","title":"","status":401}"#,
        )
    })
    .await;
    let mut events = centre.session().events(None);
    let error = next(&mut events)
        .await
        .expect("an item")
        .expect_err("refused");
    assert_eq!(error.code, Code::SessionExpired);
    assert_eq!(next(&mut events).await, None);
}

#[tokio::test]
async fn a_stream_that_never_begins_is_given_up() {
    let centre = Centre::open(|_| vec![Step::Hold]).await;
    let mut events = centre.hasty_session().events(None);
    let error = next(&mut events)
        .await
        .expect("an item")
        .expect_err("silence");
    assert_eq!(error.code, Code::Unreachable, "{error}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_or_talks_nonsense_is_an_error() {
    for (after, code) in [
        ("ffff\r\nid: 2", Code::Unreachable),
        ("nonsense\r\n\r\n", Code::CentreFailed),
        (
            "16\r\nid: 2\r\ndata: {\"kind\":}\n\n\r\n",
            Code::CentreFailed,
        ),
        ("a\r\ndata: {}\n\n\r\n", Code::CentreFailed),
    ] {
        let centre = Centre::open(move |_| vec![send(HEAD), send(after)]).await;
        let mut events = centre.session().events(None);
        let error = next(&mut events).await.expect("an item").expect_err(after);
        assert_eq!(error.code, code, "{after}: {error}");
        assert_eq!(next(&mut events).await, None);
    }
}
