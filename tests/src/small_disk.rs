//! A disk with little room: a file system in memory, mounted for the time of a story.

use anyhow::{Context, Result};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The disk. It goes when dropped, with all that is on it.
#[derive(Debug)]
pub struct SmallDisk {
    /// Where it stands.
    pub path: PathBuf,
}

impl SmallDisk {
    /// Mounts one of 32 MiB over a folder.
    ///
    /// # Errors
    /// The system does not let this program mount anything: it has to run as root.
    pub fn over(folder: &Path) -> Result<Self> {
        let room = c"size=32m,mode=0700";
        mount("offhook-small", folder, "tmpfs", MountFlags::empty(), room).with_context(|| {
            format!(
                "Mounting a small disk over {}: this story must run as root, where mounting is allowed",
                folder.display()
            )
        })?;
        Ok(Self {
            path: folder.to_owned(),
        })
    }

    /// Takes all the room that is left.
    ///
    /// # Errors
    /// The disk fails otherwise than by being full.
    pub fn fill(&self) -> Result<()> {
        let mut file = fs::File::create(self.filler())?;
        let mut piece = 1 << 20;
        while piece > 0 {
            match file.write(&vec![7; piece]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => piece /= 2,
                Err(error) => return Err(error).context("Filling the disk"),
            }
        }
        Ok(())
    }

    /// Gives the room back.
    ///
    /// # Errors
    /// It was not filled.
    pub fn make_room(&self) -> Result<()> {
        fs::remove_file(self.filler()).context("Making room")
    }

    /// Lets it be written, or not. Nothing on it may be open for writing.
    ///
    /// # Errors
    /// Something is.
    pub fn set_read_only(&self, read_only: bool) -> Result<()> {
        let flags = if read_only {
            MountFlags::RDONLY
        } else {
            MountFlags::empty()
        };
        mount_remount(&self.path, flags, c"").context("Mounting the small disk once more")
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Err: it stays until the machine restarts, empty of use; the story has nothing more to say.
        unmount(&self.path, UnmountFlags::DETACH).ok();
    }
}
