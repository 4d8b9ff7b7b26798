//! What is wrong with a device, as far as its user can do something about it.

use cpal::ErrorKind;

/// Why a device cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceFault {
    /// It is not there, nor any other that could stand in for it.
    Missing,
    /// It is there, and another program has it, or it stands still as if one had.
    Busy,
    /// Anything else: the sound system is stuck or not there, forbids it, or the device does not do its work.
    Failed,
}

/// Tells what cpal's error means; its kind alone does not always say it.
pub(super) fn fault_of(error: &cpal::Error) -> DeviceFault {
    let message = error.message().unwrap_or_default().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    // Of a sound server that does not answer, cpal says that the device is busy, or not available.
    if says(&["timeout", "timed out"]) {
        return DeviceFault::Failed;
    }
    match error.kind() {
        ErrorKind::DeviceNotAvailable => DeviceFault::Missing,
        ErrorKind::DeviceBusy => DeviceFault::Busy,
        // What cpal has no kind for.
        ErrorKind::BackendError | ErrorKind::Other if says(&["busy", "in use"]) => {
            DeviceFault::Busy
        }
        ErrorKind::BackendError | ErrorKind::Other if says(&["no such"]) => DeviceFault::Missing,
        _ => DeviceFault::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_busy_and_failed_are_told_apart() {
        for (kind, message, fault) in [
            (
                ErrorKind::DeviceNotAvailable,
                "No such entity",
                DeviceFault::Missing,
            ),
            (ErrorKind::DeviceNotAvailable, "", DeviceFault::Missing),
            (
                ErrorKind::BackendError,
                "No such device",
                DeviceFault::Missing,
            ),
            (
                ErrorKind::DeviceBusy,
                "Device or resource busy",
                DeviceFault::Busy,
            ),
            (ErrorKind::DeviceBusy, "", DeviceFault::Busy),
            (
                ErrorKind::BackendError,
                "The device is in use",
                DeviceFault::Busy,
            ),
            (ErrorKind::DeviceBusy, "Timeout", DeviceFault::Failed),
            (
                ErrorKind::DeviceNotAvailable,
                "Stream creation timed out",
                DeviceFault::Failed,
            ),
            (
                ErrorKind::HostUnavailable,
                "PulseAudio is not available",
                DeviceFault::Failed,
            ),
            (
                ErrorKind::PermissionDenied,
                "Access failure",
                DeviceFault::Failed,
            ),
            (ErrorKind::StreamInvalidated, "", DeviceFault::Failed),
        ] {
            let error = cpal::Error::with_message(kind, message);
            assert_eq!(fault_of(&error), fault, "{kind:?}: {message}");
        }
        let unnamed = cpal::Error::new(ErrorKind::DeviceBusy);
        assert_eq!(fault_of(&unnamed), DeviceFault::Busy);
    }
}
