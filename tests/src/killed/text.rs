//! What is typed: the scripts of the product's users, and what breaks programs that count in bytes or code points.

use offhook_model::Random;

const PIECES: &[&str] = &[
    "客户",
    "催问",
    "上门",
    "时间",
    "，",
    "已联系",
    "维修",
    "调度",
    "。",
    "退款",
    "发票",
    "你好",
    "a",
    "b",
    " ",
    " the customer ",
    "asks",
    ".",
    "\n",
    "\"",
    "\\",
    "{",
    "'",
    "<b>",
    "%s",
    "\t",
    "👍",
    "👩‍👩‍👧‍👦",
    "🇨🇳",
    "🏳️‍🌈",
    "e\u{301}",
    "a\u{308}\u{323}",
    "\u{202e}",
    "한국어",
    "नमस्ते",
    "\u{feff}",
    "𠮷",
    "Ω",
    "ﷺ",
    "z͑ͫ̓ͪ̂ͫ",
];

/// The longest text; the centre takes more, and a person writes less.
const LONGEST: usize = 24 * 1024;

/// Draws what stands in a field after one more keystroke: a few characters more, one less, or something long that was pasted.
#[must_use]
pub fn typed_on(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    match random.below(24) {
        0..3 if !text.is_empty() => {
            text.pop();
        }
        3 if text.len() < LONGEST / 2 => {
            let pieces = 100 + random.below(900);
            text.extend((0..pieces).map(|_| piece(random)));
        }
        _ if text.len() < LONGEST => text.push_str(piece(random)),
        _ => text.truncate(text.floor_char_boundary(LONGEST / 4)),
    }
    text
}

fn piece(random: &mut Random) -> &'static str {
    let at = usize::try_from(random.below(PIECES.len() as u64)).unwrap_or(0);
    PIECES[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_text_and_it_does_not_grow_for_ever() {
        let text = |seed| {
            let mut random = Random::seeded(seed);
            (0..2_000).fold(String::new(), |text, _| {
                let text = typed_on(&text, &mut random);
                assert!(text.len() < LONGEST * 2);
                text
            })
        };
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }
}
