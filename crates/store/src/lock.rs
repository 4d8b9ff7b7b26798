//! One program a profile: the lock, and who has it.

use crate::{StoreError, private};
use std::{
    fs::{self, File, TryLockError},
    path::Path,
    process,
};

/// The profile is ours until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct ProfileLock {
    _held: File,
}

impl ProfileLock {
    /// Takes the profile folder, and creates it where it is missing.
    ///
    /// # Errors
    /// [`StoreError::InUse`] says who has it; otherwise what the disk said.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        private::create_dir(dir)?;
        let held = private::open_file(&dir.join("profile.lock"))?;
        // The owner stands in a file of its own: Windows lets nobody read a locked one.
        let owner = dir.join("profile.owner");
        match held.try_lock() {
            Ok(()) => {
                private::open_file(&owner)?;
                fs::write(&owner, ourselves())?;
                Ok(Self { _held: held })
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                by: fs::read_to_string(&owner)
                    .ok()
                    .filter(|by| !by.is_empty())
                    .unwrap_or_else(|| "another program".into()),
            }),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

fn ourselves() -> String {
    let program = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "offhook".into());
    format!("{program} (process {})", process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_told_who_has_the_profile() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().join("profile");
        let first = ProfileLock::take(&dir).expect("free");
        let Err(StoreError::InUse { by }) = ProfileLock::take(&dir) else {
            panic!("it was given out twice");
        };
        assert!(
            by.ends_with(&format!("(process {})", process::id())),
            "{by}"
        );
        drop(first);
        ProfileLock::take(&dir).expect("free again");
    }
}
