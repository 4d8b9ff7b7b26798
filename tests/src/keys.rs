//! Keys as people write them: `F2`, `Enter`, `Ctrl+Shift+M`.

use anyhow::{Context, Result};
use thirtyfour::Key;

/// One press: what is held down for it, in this order, and the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    /// Control, Alt, Shift, Meta.
    pub held: Vec<char>,
    /// The key.
    pub key: char,
}

impl Press {
    /// Reads a key with what is held down for it.
    ///
    /// # Errors
    /// There is no such key.
    pub fn parse(text: &str) -> Result<Self> {
        let mut names: Vec<&str> = text.split('+').collect();
        // The plus key itself: "+" or "Ctrl++".
        if text.ends_with('+') {
            names.truncate(names.len() - 2);
            names.push("+");
        }
        let (key, held) = names.split_last().context("a key")?;
        let key = named(key).with_context(|| format!("{text:?} is no key"))?;
        let held = held
            .iter()
            .map(|name| modifier(name).with_context(|| format!("{name:?} is not held down")))
            .collect::<Result<_>>()?;
        Ok(Self { held, key })
    }
}

fn modifier(name: &str) -> Option<char> {
    let key = match name {
        "Ctrl" => Key::Control,
        "Alt" => Key::Alt,
        "Shift" => Key::Shift,
        "Meta" => Key::Meta,
        _ => return None,
    };
    Some(key.value())
}

fn named(name: &str) -> Option<char> {
    let key = match name {
        "Enter" => Key::Enter,
        "Escape" => Key::Escape,
        "Tab" => Key::Tab,
        "Space" => return Some(' '),
        "Backspace" => Key::Backspace,
        "Delete" => Key::Delete,
        "Home" => Key::Home,
        "End" => Key::End,
        "PageUp" => Key::PageUp,
        "PageDown" => Key::PageDown,
        "Left" => Key::Left,
        "Right" => Key::Right,
        "Up" => Key::Up,
        "Down" => Key::Down,
        "F1" => Key::F1,
        "F2" => Key::F2,
        "F3" => Key::F3,
        "F4" => Key::F4,
        "F5" => Key::F5,
        "F6" => Key::F6,
        "F7" => Key::F7,
        "F8" => Key::F8,
        "F9" => Key::F9,
        "F10" => Key::F10,
        "F11" => Key::F11,
        "F12" => Key::F12,
        letter => {
            let mut letters = letter.chars();
            let (first, None) = (letters.next()?, letters.next()) else {
                return None;
            };
            // A chord is written with a capital and pressed without Shift.
            return Some(first.to_ascii_lowercase());
        }
    };
    Some(key.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() -> Result<()> {
        let press = Press::parse("Ctrl+Shift+M")?;
        assert_eq!(press.held, [Key::Control.value(), Key::Shift.value()]);
        assert_eq!(press.key, 'm');
        assert_eq!(Press::parse("F2")?.key, Key::F2.value());
        assert_eq!(Press::parse("Ctrl++")?.key, '+');
        assert_eq!(Press::parse("#")?.key, '#');
        assert!(Press::parse("Hyper+X").is_err() && Press::parse("F13").is_err());
        Ok(())
    }
}
