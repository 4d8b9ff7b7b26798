//! What a story knows that nobody else is to know, looked for in what was logged and stored.

use anyhow::{Context, Result, ensure};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Numbers, names, texts, tokens, passwords: whatever went through a story.
#[derive(Debug, Clone, Default)]
pub struct Private(Vec<(&'static str, Vec<Vec<u8>>)>);

impl Private {
    /// Adds something; `what` says what it is where it is found.
    #[must_use]
    pub fn and(mut self, what: &'static str, word: &str) -> Self {
        self.0.push((what, guises(word)));
        self
    }

    /// Looks through every file below a folder that `is_meant` picks. At least one must be there.
    ///
    /// # Errors
    /// Something is found, or there is nothing to look into.
    pub fn is_in_no_file(&self, folder: &Path, is_meant: impl Fn(&Path) -> bool) -> Result<()> {
        let mut files = Vec::new();
        list(folder, &mut files)?;
        files.retain(|file| is_meant(file));
        let mut looked = 0;
        for file in &files {
            // A socket, or a file that went meanwhile, holds nothing.
            let Ok(bytes) = fs::read(file) else { continue };
            looked += bytes.len();
            if let Some(what) = self.found_in(&bytes) {
                anyhow::bail!("{} holds {what}", file.display());
            }
        }
        ensure!(
            looked > 0,
            "there is nothing to look into in {}",
            folder.display()
        );
        Ok(())
    }

    /// Says what of it stands in some bytes, with the line, whose own words are left out.
    fn found_in(&self, bytes: &[u8]) -> Option<String> {
        self.0.iter().find_map(|(what, guises)| {
            let at = guises.iter().find_map(|guise| position(bytes, guise))?;
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            Some(format!("{what} in line {line}"))
        })
    }
}

fn position(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|part| part == word)
}

/// The ways in which a word may be printed: as it is, as a query, as JSON and Rust escape it, as bytes.
fn guises(word: &str) -> Vec<Vec<u8>> {
    let mut all = vec![word.to_owned()];
    let mut query = String::new();
    let mut hex = String::new();
    for byte in word.bytes() {
        if byte.is_ascii_alphanumeric() {
            query.push(char::from(byte));
        } else {
            write!(query, "%{byte:02X}").expect("a String takes everything");
        }
        write!(hex, "{byte:02x}").expect("a String takes everything");
    }
    let escaped: String = word
        .encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect();
    let listed: Vec<String> = word.bytes().map(|byte| byte.to_string()).collect();
    all.extend([
        query,
        hex,
        escaped,
        word.escape_default().to_string(),
        word.as_bytes().escape_ascii().to_string(),
        listed.join(", "),
    ]);
    // A number is told by its end, too, and in groups.
    if word.len() >= 10
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'+')
    {
        let (front, end) = word.split_at(word.len() - 8);
        let (one, other) = end.split_at(4);
        all.extend([
            end.to_owned(),
            format!("{front} {one} {other}"),
            format!("{one}-{other}"),
        ]);
    }
    all.sort();
    all.dedup();
    all.into_iter().map(String::into_bytes).collect()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("Looking into {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_symlink() {
            continue;
        } else if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_every_guise() {
        let private = Private::default()
            .and("the number", "12800550142")
            .and("the summary", "底座渗水");
        for told in [
            "number=12800550142",
            "caller 128 0055 0142",
            "…00550142",
            "底座渗水",
            "?q=%E5%BA%95%E5%BA%A7%E6%B8%97%E6%B0%B4",
            r#"{"summary":"\u5e95\u5ea7\u6e17\u6c34"}"#,
            r"\u{5e95}\u{5ea7}\u{6e17}\u{6c34}",
            r"\xe5\xba\x95\xe5\xba\xa7\xe6\xb8\x97\xe6\xb0\xb4",
            "[229, 186, 149, 229, 186, 167, 230, 184, 151, 230, 176, 180]",
            "e5ba95e5baa7e6b897e6b0b4",
        ] {
            let log = format!("INFO Ready\nDEBUG {told}\n");
            let found = private.found_in(log.as_bytes()).expect(told);
            assert!(found.ends_with("in line 2"), "{found}");
        }
        assert_eq!(private.found_in("INFO 12800550143 底座".as_bytes()), None);
    }

    #[test]
    fn one_planted_word_in_one_file_of_many_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("deep")).expect("a folder");
        for name in ["a.err", "deep/b.err", "deep/c.out"] {
            fs::write(folder.path().join(name), "INFO all is well\n").expect("written");
        }
        let private = Private::default().and("the token", "0f3a9c7e");
        let logs = |file: &Path| file.extension().is_some_and(|end| end == "err");
        private
            .is_in_no_file(folder.path(), logs)
            .expect("nothing yet");
        fs::write(folder.path().join("deep/c.out"), "0f3a9c7e").expect("written");
        private
            .is_in_no_file(folder.path(), logs)
            .expect("not meant");
        fs::write(folder.path().join("deep/b.err"), "DEBUG\nBearer 0f3a9c7e\n").expect("written");
        let found = private
            .is_in_no_file(folder.path(), logs)
            .expect_err("planted");
        assert!(
            found
                .to_string()
                .contains("b.err holds the token in line 2"),
            "{found}"
        );
        assert!(!found.to_string().contains("0f3a9c7e"));
        let nothing = private.is_in_no_file(folder.path(), |_| false);
        nothing.expect_err("where nothing is looked into, nothing is proved");
    }
}
