//! The interface's types come from here: every word that crosses between the phone and a window, in one TypeScript file.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use offhook_desk::{Command, View};
use offhook_phone::{Answer, IncomingNotification, Levels, Query};
use ts_rs::{Config, TS, TypeVisitor};

const HEAD: &str = "\
// Generated from the Rust types by crates/phone/tests/typescript.rs. Do not edit.
// To update: UPDATE_TYPES=1 cargo test -p offhook-phone --test typescript
";

/// Collects declarations by name, so that the file does not depend on the order types are met in.
struct Collector {
    config: Config,
    seen: HashSet<TypeId>,
    declarations: BTreeMap<String, String>,
}

impl TypeVisitor for Collector {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Primitives, options and lists have no path of their own and are written where they stand.
        if !self.seen.insert(TypeId::of::<T>()) || T::output_path().is_none() {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let declaration = format!("{docs}export {}\n", T::decl(&self.config));
        let name = T::ident(&self.config);
        if let Some(other) = self.declarations.insert(name.clone(), declaration.clone()) {
            assert_eq!(other, declaration, "two types are named {name}");
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn generate() -> String {
    let mut collector = Collector {
        config: Config::new(),
        seen: HashSet::new(),
        declarations: BTreeMap::new(),
    };
    collector.visit::<Command>();
    collector.visit::<View>();
    collector.visit::<Query>();
    collector.visit::<Answer>();
    collector.visit::<Levels>();
    collector.visit::<IncomingNotification>();
    let mut text = HEAD.to_owned();
    for declaration in collector.declarations.values() {
        text.push('\n');
        text.push_str(declaration);
    }
    text
}

#[test]
fn the_interface_has_the_types_of_the_phone() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/host/types.ts");
    let generated = generate();
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::create_dir_all(path.parent().expect("the file is in a folder")).expect("a folder");
        std::fs::write(&path, &generated).expect("the file is written");
        return;
    }
    let found = std::fs::read_to_string(&path)
        .unwrap_or_default()
        .replace("\r\n", "\n");
    assert!(
        found == generated,
        "ui/src/host/types.ts is out of date: run `UPDATE_TYPES=1 cargo test -p offhook-phone --test typescript`"
    );
}

#[test]
fn no_type_of_the_interface_needs_a_bigint() {
    assert!(!generate().contains("bigint"));
}
