//! Payload formats of an m= line (RFC 3551, RFC 8866 §6.6).

use sdp_types::Media;

use super::CodecSpec;

/// The formats of the m= line in order, each with its rtpmap or the registered meaning of its number (RFC 3551 §6).
pub(super) fn formats_of(media: &Media) -> Vec<CodecSpec> {
    let described = |name: &str, payload_type: u8| {
        media
            .attributes
            .iter()
            .filter(|a| a.attribute == name)
            .find_map(|a| {
                let (number, rest) = a.value.as_deref()?.trim().split_once(' ')?;
                (number.parse() == Ok(payload_type)).then(|| rest.trim().to_owned())
            })
    };
    let mut formats: Vec<CodecSpec> = Vec::new();
    for payload_type in media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|text| text.parse::<u8>().ok())
        .filter(|number| *number < 128)
    {
        let map = described("rtpmap", payload_type)
            .or_else(|| registered(payload_type).map(str::to_owned));
        let Some(map) = map else { continue };
        let mut parts = map.split('/');
        let (Some(name), Some(clock)) = (parts.next(), parts.next()) else {
            continue;
        };
        let Ok(clock_rate) = clock.trim().parse() else {
            continue;
        };
        let channels = parts
            .next()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(1);
        if formats
            .iter()
            .any(|known| known.payload_type == payload_type)
        {
            continue;
        }
        formats.push(CodecSpec {
            payload_type,
            name: name.trim().to_owned(),
            clock_rate,
            channels,
            fmtp: described("fmtp", payload_type),
        });
    }
    formats
}

fn registered(payload_type: u8) -> Option<&'static str> {
    match payload_type {
        0 => Some("PCMU/8000"),
        3 => Some("GSM/8000"),
        8 => Some("PCMA/8000"),
        9 => Some("G722/8000"),
        18 => Some("G729/8000"),
        _ => None,
    }
}

pub(super) fn same_codec(a: &CodecSpec, b: &CodecSpec) -> bool {
    a.name.eq_ignore_ascii_case(&b.name)
        && a.clock_rate == b.clock_rate
        && (a.channels == b.channels || is_event(a))
}

pub(super) fn is_event(spec: &CodecSpec) -> bool {
    spec.name.eq_ignore_ascii_case("telephone-event")
}
