//! Dependencies point one way, and the pure crates stay pure.

use crate::{METADATA, none, root};
use cargo_metadata::DependencyKind;
use std::{collections::BTreeSet, process::Command};

/// Which crates of ours a crate may use, in its tests as well.
const MAY_USE: &[(&str, &[&str])] = &[
    ("offhook-model", &[]),
    ("offhook-desk", &["offhook-model"]),
    ("offhook-log", &[]),
    ("offhook-cloud", &["offhook-model"]),
    ("offhook-store", &["offhook-model"]),
    ("offhook-sip", &[]),
    ("offhook-audio", &[]),
    (
        "offhook-phone",
        &[
            "offhook-log",
            "offhook-model",
            "offhook-desk",
            "offhook-cloud",
            "offhook-store",
            "offhook-sip",
            "offhook-audio",
        ],
    ),
    // The words of the one door are the desk's and the model's; the sound is chosen in `phone::Flags`.
    (
        "offhook-headless",
        &["offhook-phone", "offhook-desk", "offhook-model"],
    ),
    (
        "offhook",
        &["offhook-phone", "offhook-desk", "offhook-model"],
    ),
    (
        "offhook-centre",
        &[
            "offhook-log",
            "offhook-model",
            "offhook-sip",
            "offhook-audio",
        ],
    ),
    ("dev", &[]),
];

/// The stories stand outside the house and may look at all of it.
const OUTSIDE: &str = "e2e";

/// What must not stand in a crate's tree, whatever drew it in: crate, features to build it with, strangers.
const PURE: &[(&str, &[&str], &[&str])] = &[
    (
        "offhook-model",
        &[],
        &["tokio", "sqlx", "reqwest", "tauri", "mio"],
    ),
    (
        "offhook-desk",
        &[],
        &["tokio", "sqlx", "reqwest", "tauri", "mio", "rand"],
    ),
    (
        "offhook-sip",
        &["--no-default-features"],
        &["tokio", "mio", "cpal", "rustls", "tokio-rustls"],
    ),
    ("offhook-audio", &[], &["tokio", "rsip"]),
    ("offhook-cloud", &[], &["sqlx", "rsip", "cpal"]),
    ("offhook-store", &[], &["reqwest", "rsip", "cpal"]),
    ("offhook-phone", &[], &["tauri", "axum"]),
    ("offhook-headless", &[], &["tauri", "axum"]),
    (
        "offhook-centre",
        &[],
        &["tauri", "offhook-desk", "offhook-phone"],
    ),
];

fn edges() -> Vec<(String, String, DependencyKind)> {
    let ours: Vec<_> = METADATA.workspace_packages();
    ours.iter()
        .flat_map(|package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| {
                    ours.iter()
                        .any(|other| other.name.as_str() == dependency.name)
                })
                .map(|dependency| {
                    (
                        package.name.to_string(),
                        dependency.name.clone(),
                        dependency.kind,
                    )
                })
        })
        .collect()
}

fn wrong_edges(edges: &[(String, String, DependencyKind)]) -> Vec<String> {
    edges
        .iter()
        .filter(|(from, to, _)| {
            from != OUTSIDE
                && !MAY_USE
                    .iter()
                    .any(|(name, allowed)| name == from && allowed.contains(&to.as_str()))
        })
        .map(|(from, to, kind)| format!("{from} must not use {to} ({kind:?} dependency)"))
        .collect()
}

/// What `cargo tree` prints, one package a line.
fn cargo_tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--prefix", "none"])
        .args(arguments)
        .output()
        .expect("cargo tree runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The names in what `cargo tree --prefix none` prints.
fn tree_names(printed: &str) -> impl Iterator<Item = &str> {
    printed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
}

fn strangers(owner: &str, printed: &str, unwanted: &[&str]) -> Vec<String> {
    let mut found: Vec<&str> = tree_names(printed)
        .filter(|name| unwanted.contains(name))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .map(|name| format!("{name} stands in the tree of {owner}"))
        .collect()
}

#[test]
fn crates_of_ours_are_used_in_one_direction() {
    none(&wrong_edges(&edges()));
}

#[test]
fn every_crate_of_ours_has_its_line_in_the_rule() {
    for package in METADATA.workspace_packages() {
        let name = package.name.as_str();
        assert!(
            name == OUTSIDE || MAY_USE.iter().any(|(known, _)| *known == name),
            "{name} is new: say in MAY_USE what it may use"
        );
    }
}

#[test]
fn an_edge_against_the_direction_is_found() {
    let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned(), DependencyKind::Normal);
    assert_eq!(
        wrong_edges(&[edge("offhook-desk", "offhook-store")]).len(),
        1
    );
    assert_eq!(
        wrong_edges(&[edge("offhook-centre", "offhook-desk")]).len(),
        1
    );
    assert_eq!(
        wrong_edges(&[edge("offhook-new", "offhook-model")]).len(),
        1
    );
    none(&wrong_edges(&[
        edge("offhook-phone", "offhook-desk"),
        edge("e2e", "offhook-centre"),
    ]));
}

/// What `cargo tree` says of the whole workspace: package and features, for each kind of build.
fn features(edges: &str) -> BTreeSet<String> {
    cargo_tree(&["--workspace", "--edges", edges, "--format", "{p} {f}"])
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

/// The packages that tests build with other features than programs do.
fn built_twice(programs: &BTreeSet<String>, tests: &BTreeSet<String>) -> Vec<String> {
    programs
        .difference(tests)
        .map(|package| format!("only the programs, not the tests, build {package}"))
        .collect()
}

#[test]
fn programs_and_tests_share_one_build() {
    none(&built_twice(
        &features("normal,build"),
        &features("normal,build,dev"),
    ));
}

#[test]
fn a_feature_that_only_tests_switch_on_is_found() {
    let set = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    let programs = set(&["a v1 x", "b v1 "]);
    assert_eq!(
        built_twice(&programs, &set(&["a v1 x,y", "b v1 ", "c v1 "])).len(),
        1
    );
    none(&built_twice(&programs, &set(&["a v1 x", "b v1 ", "c v1 "])));
}

#[test]
fn the_pure_crates_draw_in_nothing_that_acts() {
    let mut faults = Vec::new();
    for (owner, features, unwanted) in PURE {
        let mut arguments = vec!["--package", owner, "--edges", "normal"];
        arguments.extend(*features);
        let printed = cargo_tree(&arguments);
        assert!(
            tree_names(&printed).any(|name| name == *owner),
            "no tree of {owner}"
        );
        faults.extend(strangers(owner, &printed, unwanted));
    }
    none(&faults);
}

#[test]
fn a_stranger_in_a_tree_is_found_once() {
    let printed = "offhook-sip v0.1.0\ntokio v1.47.0\ntokio v1.47.0 (*)\ntokio-util v0.7.0\n";
    assert_eq!(
        strangers("offhook-sip", printed, &["tokio"]),
        ["tokio stands in the tree of offhook-sip"]
    );
}
