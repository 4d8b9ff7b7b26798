//! What may come in from outside: licences, sources and banned crates, by the lists of deny.toml.

use crate::{METADATA, none, root};
use std::fs;

/// Crates that name a licence file and no licence; the file was read and is this licence.
const READ_BY_HAND: &[(&str, &str)] = &[("rsip", "MIT"), ("rsip-derives", "MIT")];

/// Reads a list of strings, `key = [ … ]`, out of a section of deny.toml.
fn list(text: &str, section: &str, key: &str) -> Vec<String> {
    let header = format!("[{section}]");
    let opening = format!("{key} = [");
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .skip_while(|line| !line.starts_with(&opening))
        .map(|line| line.strip_prefix(&opening).unwrap_or(line))
        .take_while(|line| *line != "]")
        .flat_map(|line| line.split(','))
        .map(|item| item.trim().trim_matches(['"', ']']).to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

fn deny(section: &str, key: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let items = list(&text, section, key);
    assert!(!items.is_empty(), "deny.toml has no {section}.{key}");
    items
}

/// Whether an SPDX expression can be met with the allowed licences alone. `A/B` is the old way to write `A OR B`.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(words: &mut &[&str], allowed: &[String]) -> bool {
    let mut met = both(words, allowed);
    while let [first, rest @ ..] = *words
        && *first == "OR"
    {
        *words = rest;
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut &[&str], allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while let [first, rest @ ..] = *words
        && *first == "AND"
    {
        *words = rest;
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut &[&str], allowed: &[String]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let met = either(words, allowed);
            if let [")", rest @ ..] = *words {
                *words = rest;
                return met;
            }
            false
        }
        [name, "WITH", exception, rest @ ..] => {
            *words = rest;
            allowed.contains(&format!("{name} WITH {exception}"))
        }
        [name, rest @ ..] => {
            *words = rest;
            allowed.iter().any(|licence| licence == name)
        }
        [] => false,
    }
}

/// The sources named in a lock file that are not in the list.
fn foreign_sources(lock: &str, registries: &[String]) -> Vec<String> {
    lock.lines()
        .filter_map(|line| line.strip_prefix("source = "))
        .map(|source| source.trim_matches('"'))
        .filter(|source| {
            !source
                .strip_prefix("registry+")
                .is_some_and(|registry| registries.iter().any(|known| known == registry))
        })
        .map(|source| format!("a package comes from {source}"))
        .collect()
}

/// The banned names in a lock file. It lists what any feature on any system could draw in.
fn banned(lock: &str, names: &[String]) -> Vec<String> {
    lock.lines()
        .filter_map(|line| line.strip_prefix("name = "))
        .map(|name| name.trim_matches('"'))
        .filter(|name| names.iter().any(|banned| banned == name))
        .map(|name| format!("{name} is banned by deny.toml"))
        .collect()
}

fn lock() -> String {
    fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is there")
}

#[test]
fn every_licence_is_on_the_list() {
    let allowed = deny("licenses", "allow");
    let mut faults = Vec::new();
    for package in METADATA
        .packages
        .iter()
        .filter(|package| package.source.is_some())
    {
        let name = package.name.as_str();
        let by_hand = READ_BY_HAND
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, licence)| *licence);
        match package.license.as_deref().or(by_hand) {
            Some(expression) if is_met(expression, &allowed) => {}
            Some(expression) => faults.push(format!("{name} {}: {expression}", package.version)),
            None => faults.push(format!("{name} {} names no licence", package.version)),
        }
    }
    none(&faults);
}

#[test]
fn what_was_read_by_hand_still_says_so() {
    for (name, _) in READ_BY_HAND {
        let package = METADATA
            .packages
            .iter()
            .find(|package| package.name.as_str() == *name)
            .expect("a crate that is not used any more needs no line in READ_BY_HAND");
        let text = package.license_file().map(fs::read_to_string);
        let text = text.expect("it names a file").expect("the file is there");
        assert!(
            text.contains("Permission is hereby granted, free of charge"),
            "{name} is not MIT"
        );
    }
}

#[test]
fn a_licence_that_is_not_on_the_list_is_found() {
    let allowed = [
        "MIT".to_owned(),
        "Apache-2.0".to_owned(),
        "Apache-2.0 WITH LLVM-exception".to_owned(),
    ];
    for met in [
        "MIT",
        "GPL-3.0 OR MIT",
        "Unlicense/MIT",
        "(MIT OR GPL-3.0) AND Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT AND GPL-3.0) OR LGPL-2.1",
        "MIT WITH Odd-exception",
        "",
        "MIT GPL",
    ] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn everything_comes_from_one_registry() {
    none(&foreign_sources(
        &lock(),
        &deny("sources", "allow-registry"),
    ));
}

#[test]
fn a_package_from_elsewhere_is_found() {
    let lock = "name = \"a\"\nsource = \"git+https://example.com/a#1\"\n";
    let known = ["https://example.com/index".to_owned()];
    assert_eq!(foreign_sources(lock, &known).len(), 1);
    none(&foreign_sources(
        "source = \"registry+https://example.com/index\"",
        &known,
    ));
}

#[test]
fn no_banned_crate_is_in_the_lock_file() {
    none(&banned(&lock(), &deny("bans", "deny")));
}

#[test]
fn a_banned_crate_is_found() {
    let names = ["aws-lc-rs".to_owned()];
    assert_eq!(
        banned("name = \"aws-lc-rs\"\n", &names),
        ["aws-lc-rs is banned by deny.toml"]
    );
    none(&banned("name = \"ring\"\n", &names));
}

#[test]
fn lists_are_read_out_of_deny_toml() {
    let text = "[a]\nx = [\"0\"]\n[b]\nallow = [\n  \"1\", # why\n  \"2\",\n]\ny = [\"3\"]\n[c]\nallow = [\"4\"]\n";
    assert_eq!(list(text, "b", "allow"), ["1", "2"]);
    assert_eq!(list(text, "c", "allow"), ["4"]);
    assert!(list(text, "a", "allow").is_empty());
}
