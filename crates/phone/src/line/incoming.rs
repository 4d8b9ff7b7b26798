//! What an INVITE says about a call, in the desk's words.

use std::time::Duration;

use offhook_desk::Offered;
use offhook_model::{CallId, LegId, PhoneNumber, Text, Wall};
use offhook_sip::{HeadersExt, Incoming, NameAddr};

/// The longest ring or wait that is believed.
const A_DAY: Duration = Duration::from_hours(24);

/// Reads the caller, and our headers where they stand. Whatever does not read counts as not there.
pub(crate) fn offered(incoming: &Incoming, now: Wall) -> Offered {
    let headers = &incoming.headers;
    let (call, leg) = ids(incoming);
    let caller = headers
        .value("P-Asserted-Identity")
        .and_then(|value| NameAddr::parse(value).ok())
        .unwrap_or_else(|| incoming.from.clone());
    let queued = millis(headers.value("X-Offhook-Queued"));
    Offered {
        call,
        leg,
        number: caller
            .uri
            .user_decoded()
            .and_then(|user| PhoneNumber::parse(&user).ok()),
        name: caller
            .display
            .or_else(|| incoming.from.display.clone())
            .filter(|name| !name.trim().is_empty()),
        skill_group: headers.value("X-Offhook-Skill-Group").and_then(skill_group),
        ring_left: millis(headers.value("X-Offhook-Ring-Left")),
        queued_since: queued
            .map(|waited| Wall(now.0 - i64::try_from(waited.as_millis()).unwrap_or(0))),
    }
}

/// Both ids must be there: one alone joins nothing.
fn ids(incoming: &Incoming) -> (CallId, LegId) {
    let named = |name: &str| incoming.headers.value(name).map(str::trim);
    let call = named("X-Offhook-Call").and_then(|text| text.parse().ok());
    let leg = named("X-Offhook-Leg").and_then(|text| text.parse().ok());
    match (call, leg) {
        (Some(call), Some(leg)) => (call, leg),
        (Some(_) | None, _) => {
            let call = CallId::from_sip(&incoming.call_id, incoming.from.tag().unwrap_or_default());
            (call, LegId::of_headerless(call))
        }
    }
}

fn millis(value: Option<&str>) -> Option<Duration> {
    let millis = value?.trim().parse().ok()?;
    Some(Duration::from_millis(millis)).filter(|duration| *duration <= A_DAY)
}

/// `<zh>;<en>`, percent-encoded UTF-8; one name alone stands for both.
fn skill_group(value: &str) -> Option<Text> {
    let (zh, en) = value.trim().split_once(';').unwrap_or((value.trim(), ""));
    let (zh, en) = (decoded(zh)?, decoded(en)?);
    match (zh.is_empty(), en.is_empty()) {
        (true, true) => None,
        (false, true) => Some(Text::new(zh.clone(), zh)),
        (true, false) => Some(Text::new(en.clone(), en)),
        (false, false) => Some(Text::new(zh, en)),
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use offhook_sip::{CallKey, Flow, Header, Headers};

    fn incoming(from: &str, headers: &[(&str, &str)]) -> Incoming {
        let mut all = Headers::default();
        for (name, value) in headers {
            all.push(Header::Other((*name).to_owned(), (*value).to_owned()));
        }
        Incoming {
            call: CallKey(CallKey::INCOMING),
            from: NameAddr::parse(from).expect("an address"),
            to: NameAddr::parse("<sip:1001@centre>").expect("an address"),
            request_uri: "sip:1001@127.0.0.1".parse().expect("an address"),
            source: Flow::udp("127.0.0.1:5060".parse().expect("an address")),
            call_id: "abc@host".into(),
            offer: None,
            headers: all,
        }
    }

    const CALL: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
    const LEG: &str = "01890a5d-ac96-774b-bcce-b302099a8058";

    #[test]
    fn our_headers_name_the_call_and_say_how_long_it_rings() {
        let offered = offered(
            &incoming(
                "\"陈雨桐\" <sip:12800550142@centre>;tag=x",
                &[
                    ("X-Offhook-Call", CALL),
                    ("x-offhook-leg", LEG),
                    ("X-Offhook-Ring-Left", "29500"),
                    ("X-Offhook-Queued", "8000"),
                    (
                        "X-Offhook-Skill-Group",
                        "%E5%94%AE%E5%90%8E%E6%9C%8D%E5%8A%A1;After-sales",
                    ),
                ],
            ),
            Wall(10_000),
        );
        assert_eq!(offered.call.to_string(), CALL);
        assert_eq!(offered.leg.to_string(), LEG);
        assert_eq!(offered.number, PhoneNumber::parse("12800550142").ok());
        assert_eq!(offered.name.as_deref(), Some("陈雨桐"));
        assert_eq!(
            offered.skill_group,
            Some(Text::new("售后服务", "After-sales"))
        );
        assert_eq!(offered.ring_left, Some(Duration::from_millis(29_500)));
        assert_eq!(offered.queued_since, Some(Wall(2_000)));
    }

    #[test]
    fn a_call_without_our_headers_is_named_by_its_sip_ids() {
        let offered = offered(&incoming("<sip:anonymous@x>;tag=t", &[]), Wall(0));
        assert_eq!(offered.call, CallId::from_sip("abc@host", "t"));
        assert_eq!(offered.leg, LegId::of_headerless(offered.call));
        assert_eq!(offered.number, None);
        assert_eq!(offered.name, None);
        assert_eq!(offered.ring_left, None);
    }

    #[test]
    fn the_asserted_identity_counts_before_from() {
        let offered = offered(
            &incoming(
                "<sip:anonymous@anonymous.invalid>;tag=t",
                &[("P-Asserted-Identity", "<sip:+14155550142@x>")],
            ),
            Wall(0),
        );
        assert_eq!(offered.number, PhoneNumber::parse("+14155550142").ok());
    }

    #[test]
    fn headers_that_do_not_read_count_as_missing() {
        let odd = incoming(
            "<sip:1@x>",
            &[
                ("X-Offhook-Call", "no uuid"),
                ("X-Offhook-Leg", LEG),
                ("X-Offhook-Ring-Left", "99999999999999999999"),
                ("X-Offhook-Queued", "-5"),
                ("X-Offhook-Skill-Group", "%zz;%f"),
            ],
        );
        let offered = offered(&odd, Wall(0));
        assert_eq!(offered.call, CallId::from_sip("abc@host", ""));
        assert_eq!(offered.ring_left, None);
        assert_eq!(offered.queued_since, None);
        assert_eq!(offered.skill_group, None);
    }
}
