//! What no file may hold.

use crate::{none, root};
use std::{fs, path::Path};

/// One rule: the lines of a file that break it, and an example that breaks it and one that does not (path, text).
struct Rule {
    what: &'static str,
    breaks: fn(&str, &str) -> Vec<usize>,
    bad: (&'static str, &'static str),
    good: (&'static str, &'static str),
}

/// From this many lines on, a file surely hides a second noun. The style asks for far less.
const LONGEST: usize = 700;
/// A file of tests is a list and may be longer.
const LONGEST_TESTS: usize = 1000;

const RULES: &[Rule] = &[
    Rule {
        what: "only ui/src/host may import @tauri-apps",
        breaks: |path, text| {
            if path.starts_with("ui/src/") && !path.starts_with("ui/src/host/") {
                lines(text, |line| {
                    [
                        "from '@tauri-apps",
                        "import '@tauri-apps",
                        "import('@tauri-apps",
                    ]
                    .iter()
                    .any(|word| line.replace('"', "'").contains(word))
                })
            } else {
                Vec::new()
            }
        },
        bad: (
            "ui/src/call/Bar.svelte",
            "import { invoke } from '@tauri-apps/api/core'",
        ),
        good: (
            "ui/src/host/tauri.ts",
            "import { invoke } from '@tauri-apps/api/core'",
        ),
    },
    Rule {
        what: "certificates and host names are always checked",
        breaks: |_, text| lines(text, is_credulous),
        bad: (
            "crates/cloud/src/lib.rs",
            "builder.danger_accept_invalid_certs(true)",
        ),
        good: ("crates/cloud/src/lib.rs", "builder.tls_certs_only(roots)"),
    },
    Rule {
        what: "rsip is the header vocabulary only: Header, Headers, Method, Transport, Version, headers",
        breaks: |path, text| {
            if is_rust(path) && !path.starts_with("tests/bench/") {
                lines(text, |line| {
                    rsip_words(line)
                        .iter()
                        .any(|word| !RSIP.contains(&word.as_str()))
                })
            } else {
                Vec::new()
            }
        },
        bad: ("crates/sip/src/uri.rs", "use rsip::{Header, Uri};"),
        good: (
            "crates/sip/src/header.rs",
            "use rsip::{Header, Headers, headers::UntypedHeader};",
        ),
    },
    Rule {
        what: "the pure parts read no clock and draw nothing at random",
        breaks: |path, text| {
            if PURE.iter().any(|folder| path.starts_with(folder))
                && !path.starts_with("crates/sip/src/net")
            {
                lines(text, |line| ACTS.iter().any(|word| line.contains(word)))
            } else {
                Vec::new()
            }
        },
        bad: ("crates/desk/src/call.rs", "let now = Instant::now();"),
        good: ("crates/phone/src/actor.rs", "let now = Instant::now();"),
    },
    Rule {
        what: "a file is one noun",
        breaks: |path, text| {
            let count = text.lines().count();
            let source = is_rust(path)
                || [".ts", ".svelte", ".css"]
                    .iter()
                    .any(|end| path.ends_with(end));
            let longest = if path.contains("/tests/") {
                LONGEST_TESTS
            } else {
                LONGEST
            };
            if source && !is_generated(text) && count > longest {
                vec![count]
            } else {
                Vec::new()
            }
        },
        bad: (
            "crates/desk/src/lib.rs",
            // 701 lines.
            LONG,
        ),
        good: ("crates/desk/src/lib.rs", "//! Short.\n"),
    },
    Rule {
        what: "the root of a crate says what it knows and what it does not know",
        breaks: |path, text| {
            let root = path == "src-tauri/src/main.rs"
                || path == "tests/src/lib.rs"
                || (path.starts_with("crates/") && path.ends_with("/src/lib.rs"));
            let opening: String = text
                .lines()
                .take_while(|line| line.starts_with("//!"))
                .collect();
            let opening = opening.to_lowercase();
            if root && !(opening.contains("knows") && opening.contains("does not know")) {
                vec![1]
            } else {
                Vec::new()
            }
        },
        bad: ("crates/desk/src/lib.rs", "//! The brain.\n"),
        good: (
            "crates/desk/src/lib.rs",
            "//! Knows: calls. Does not know: SIP.\n",
        ),
    },
    Rule {
        what: "no path of one machine",
        breaks: |_, text| lines(text, machine_path),
        bad: ("README.md", "see `/root/notes`"),
        good: (
            "README.md",
            "https://example.com/root/notes, ./work/, crates/work/x",
        ),
    },
    Rule {
        what: "no test is switched off, none runs alone",
        breaks: |path, text| {
            lines(text, |line| {
                (is_rust(path) && line.trim_start().starts_with("#[ignore"))
                    || (path.ends_with(".test.ts")
                        && [".only(", ".skip(", ".todo("]
                            .iter()
                            .any(|word| line.contains(word)))
            })
        },
        bad: ("crates/desk/tests/day.rs", "    #[ignore = \"slow\"]"),
        good: ("crates/desk/tests/day.rs", "fn ignored_calls_are_told() {"),
    },
];

/// What takes a server for the one who is meant without a good certificate, in whatever language: reqwest, rustls, OpenSSL,
/// native-tls, WebKit, Node, Python, curl, and the peers of the stories. Compared in lower case and without spaces.
const CREDULOUS: &[&str] = &[
    "danger_accept_invalid",
    "tls_danger",
    ".dangerous()",
    "servercertverifier",
    "with_custom_certificate_verifier",
    "servercertverified::assertion",
    "sslverifymode::none",
    "set_verify(none",
    "verify_none",
    "set_tls_errors_policy",
    "tlserrorspolicy::ignore",
    "ignore-certificate-errors",
    "acceptinsecurecerts",
    "accept_insecure_certs",
    "node_tls_reject_unauthorized",
    "rejectunauthorized:false",
    "verify=false",
    "cert_none",
    "curl-k",
    "curl--insecure",
    "no-check-certificate",
    "sip_verify_serverno",
    "verify_server_certs=0",
    "verify_server_cn=0",
];

fn is_credulous(line: &str) -> bool {
    let squeezed: String = line
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_lowercase();
    CREDULOUS.iter().any(|word| squeezed.contains(word))
}

/// What of rsip may be used.
const RSIP: &[&str] = &[
    "Header",
    "Headers",
    "Method",
    "Transport",
    "Version",
    "headers",
    "Error",
];

/// Where rules live. Time and randomness are arguments there.
const PURE: &[&str] = &[
    "crates/model/src/",
    "crates/desk/src/",
    "crates/sip/src/",
    "crates/centre/src/acd",
];

/// What only the bodies around the pure parts may call.
const ACTS: &[&str] = &[
    "Instant::now(",
    "SystemTime::now(",
    "Uuid::new_v4(",
    "Uuid::now_v7(",
    "rand::rng(",
    "thread_rng(",
    "thread::sleep(",
];

/// More lines than a file may have.
const LONG: &str = {
    const BYTES: [u8; LONGEST + 1] = [b'\n'; LONGEST + 1];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => panic!("line ends are UTF-8"),
    }
};

fn lines(text: &str, breaks: impl Fn(&str) -> bool) -> Vec<usize> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| breaks(line))
        .map(|(index, _)| index + 1)
        .collect()
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

fn is_generated(text: &str) -> bool {
    text.lines()
        .take(5)
        .any(|line| line.to_lowercase().contains("generated"))
}

/// The names that follow `rsip::` in a line of code, also those in braces.
fn rsip_words(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let mut words = Vec::new();
    for after in code.split("rsip::").skip(1) {
        // One level of braces: what follows a further `::` belongs to the name before it.
        let inside = after.strip_prefix('{').map_or_else(
            || {
                after
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default()
            },
            |braces| braces.split('}').next().unwrap_or_default(),
        );
        words.extend(
            inside
                .split(',')
                .filter_map(|item| item.split("::").next())
                .map(|item| {
                    item.split(" as ")
                        .next()
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                })
                .filter(|item| !item.is_empty()),
        );
    }
    words
}

/// Whether a line names a folder that exists on one machine only.
fn machine_path(line: &str) -> bool {
    ["/work/", "/root/", "/farm/", "/Users/"]
        .iter()
        .any(|folder| {
            line.match_indices(folder).any(|(at, _)| {
                !line[..at].chars().next_back().is_some_and(|before| {
                    before.is_alphanumeric() || matches!(before, '_' | '.' | '-')
                })
            })
        })
}

/// Walks the repository's text files, without what is built or fetched, and without these rules with their bad examples.
fn walk(folder: &Path, visit: &mut impl FnMut(&str, &str)) {
    const LEFT_OUT: &[&str] = &[
        "target",
        "node_modules",
        "dist",
        "gen",
        ".git",
        "house_rules",
    ];
    const TEXT: &[&str] = &[
        "rs", "ts", "js", "mjs", "svelte", "css", "html", "md", "toml", "json", "yml", "yaml",
        "sql", "sh", "txt", "svg", "desktop", "plist",
    ];
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder of the repository can be read")
        .map(|entry| entry.expect("its entries too").path())
        .collect();
    entries.sort();
    for entry in entries {
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if entry.is_dir() {
            if !LEFT_OUT.contains(&name.as_str()) {
                walk(&entry, visit);
            }
        } else if entry
            .extension()
            .is_some_and(|end| TEXT.iter().any(|text| end == *text))
            && let Ok(text) = fs::read_to_string(&entry)
        {
            let path = entry.strip_prefix(root()).unwrap_or(&entry);
            visit(&path.to_string_lossy().replace('\\', "/"), &text);
        }
    }
}

#[test]
fn every_file_keeps_every_rule() {
    let mut faults = Vec::new();
    let mut seen = 0;
    walk(&root(), &mut |path, text| {
        seen += 1;
        for rule in RULES {
            faults.extend(
                (rule.breaks)(path, text)
                    .into_iter()
                    .map(|line| format!("{path}:{line}: {}", rule.what)),
            );
        }
    });
    assert!(seen > 50, "only {seen} files were found");
    none(&faults);
}

#[test]
fn every_rule_finds_its_bad_example_and_passes_its_good_one() {
    for rule in RULES {
        let (path, text) = rule.bad;
        assert!(
            !(rule.breaks)(path, text).is_empty(),
            "'{}' found nothing",
            rule.what
        );
        let (path, text) = rule.good;
        assert!(
            (rule.breaks)(path, text).is_empty(),
            "'{}' found a fault",
            rule.what
        );
    }
}

#[test]
fn every_way_to_take_a_bad_certificate_is_found() {
    for line in [
        "builder.danger_accept_invalid_certs(true)",
        "builder.danger_accept_invalid_hostnames(true)",
        "builder.tls_danger_accept_invalid_certs(true)",
        "let config = config.dangerous();",
        "impl rustls::client::danger::ServerCertVerifier for Anybody {",
        "Ok(ServerCertVerified::assertion())",
        ".with_custom_certificate_verifier(Arc::new(Anybody))",
        "context.set_verify(SslVerifyMode::NONE);",
        "SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);",
        "context.set_tls_errors_policy(TLSErrorsPolicy::Ignore);",
        "chromium --ignore-certificate-errors",
        "capabilities.accept_insecure_certs(true)",
        "NODE_TLS_REJECT_UNAUTHORIZED=0",
        "https.get({ rejectUnauthorized: false })",
        "requests.get(url, verify=False)",
        "context.verify_mode = ssl.CERT_NONE",
        "curl -k https://127.0.0.1",
        "curl --insecure https://127.0.0.1",
        "wget --no-check-certificate https://127.0.0.1",
        "sip_verify_server no",
        "verify_server_certs=0\nverify_server_cn = 0",
    ] {
        assert!(is_credulous(line), "{line}");
    }
    for line in [
        "builder.tls_certs_only(roots)",
        ".with_root_certificates(roots)",
        ".with_platform_verifier()",
        "verify_server_certs=1",
        "sip_verify_server yes",
        "curl https://centre.example",
    ] {
        assert!(!is_credulous(line), "{line}");
    }
}
