//! The sound of recorded legs, for who may hear it.

use super::body::Id;
use super::guard::Session;
use super::range::{Wanted, wanted};
use super::refusals::{NotThere, Refusals, Refuses, Said};
use super::{App, Refusal};
use crate::recordings;
use crate::store::NotTheirs;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use offhook_model::api::{RECORDING_TYPE, Role};
use offhook_model::{Code, LegId};
use std::io::{self, SeekFrom};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// How much of a file is in memory at a time.
const PIECE: usize = 64 * 1024;

/// The part that was asked for is no part of it.
struct OutOfRange;

impl Refuses for OutOfRange {
    fn said() -> Said {
        vec![(416, Code::Malformed)]
    }
}

/// Gives what was recorded of a leg: WAV, customer left, agent right.
///
/// With `Range: bytes=FIRST-LAST` a part of it. An agent hears their own legs, given the right to; of any other leg they are not told
/// whether there is a recording.
#[utoipa::path(
    get, path = "/v1/recordings/{leg}", operation_id = "recording", tag = "Calls",
    params(
        ("leg" = LegId, Path, description = "Which leg."),
        ("Range" = Option<String>, Header, description = "One range of bytes (RFC 9110 section 14)."),
    ),
    responses(
        (status = 200, description = "The whole of it.", body = Vec<u8>, content_type = "audio/wav"),
        (status = 206, description = "The part that was asked for.", body = Vec<u8>, content_type = "audio/wav"),
        Refusals<(Session, Id<LegId>, NotTheirs, NotThere, OutOfRange)>,
    ),
)]
pub(super) async fn one(
    State(app): State<App>,
    session: Session,
    Id(leg): Id<LegId>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let may = match session.role {
        Role::Administrator => true,
        Role::Agent => app.store.may_listen(session.account, leg).await?,
    };
    if !may {
        // Whether there is such a leg is nothing they need to know.
        return Err(Refusal::new(Code::Forbidden));
    }
    if app.store.recording(leg).await?.is_none() {
        return Err(Refusal::new(Code::NotFound));
    }
    let path = recordings::path(&app.data, leg);
    let mut file = match File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Taken away by who runs the centre.
            return Err(Refusal::new(Code::NotFound));
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let length = file.metadata().await.map_err(|it| unreadable(&it))?.len();
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let (status, part) = match range.map_or(Wanted::Whole, |range| wanted(range, length)) {
        Wanted::Whole => (StatusCode::OK, 0..length),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => {
            let refusal = Refusal::with_status(416, Code::Malformed);
            return Ok(with_range(refusal.into_response(), &format!("*/{length}")));
        }
    };
    file.seek(SeekFrom::Start(part.start))
        .await
        .map_err(|it| unreadable(&it))?;
    let size = part.end - part.start;
    let mut response = Response::new(Body::from_stream(pieces(file, size)));
    *response.status_mut() = status;
    let own = response.headers_mut();
    own.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(RECORDING_TYPE),
    );
    own.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    own.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    own.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match status {
        StatusCode::PARTIAL_CONTENT => {
            let range = format!("{}-{}/{length}", part.start, part.end - 1);
            Ok(with_range(response, &range))
        }
        _ => Ok(response),
    }
}

fn with_range(mut response: Response, range: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("bytes {range}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

fn unreadable(error: &io::Error) -> Refusal {
    tracing::error!(%error, "A recording cannot be read");
    Refusal::new(Code::CentreFailed)
}

/// The next `left` bytes of a file, piece by piece as they are taken.
fn pieces(file: File, left: u64) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, left), |(mut file, left)| async move {
        let next = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        if next == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; next];
        file.read_exact(&mut piece).await?;
        Ok(Some((Bytes::from(piece), (file, left - next as u64))))
    })
}
