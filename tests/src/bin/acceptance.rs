//! Tells what the last run has shown: the table on standard output, the list for programs in `target/acceptance.json`.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on its standard output"
)]

use anyhow::Result;
use e2e::acceptance;

fn main() -> Result<()> {
    let folder = acceptance::folder()?;
    let standings = acceptance::judge(&folder)?;
    print!("{}", acceptance::table(&standings)?);
    acceptance::write(&standings, &folder.with_extension("json"))
}
