//! No device at all.

use super::{Backend, DeviceError, DeviceRole, Guard, Opened, Proof, Sink, Source, Wake};

const NAME: &str = "null";

/// Silence in, nothing out.
#[derive(Debug)]
pub struct Null;

impl Backend for Null {
    fn open_mic(&mut self, _wake: &Wake) -> Result<Opened<Box<dyn Source>>, DeviceError> {
        Ok(Opened {
            end: Box::new(Null),
            name: NAME.to_owned(),
            guard: Box::new(Null),
        })
    }

    fn open_sink(
        &mut self,
        _role: DeviceRole,
        _wake: &Wake,
    ) -> Result<Opened<Box<dyn Sink>>, DeviceError> {
        Ok(Opened {
            end: Box::new(Null),
            name: NAME.to_owned(),
            guard: Box::new(Null),
        })
    }

    fn give_up(&mut self, _role: DeviceRole) {}

    fn current(&mut self, _role: DeviceRole) -> Result<Option<String>, DeviceError> {
        Ok(Some(NAME.to_owned()))
    }
}

impl Guard for Null {
    fn keep(&mut self) -> Result<Proof, DeviceError> {
        Ok(Proof::Works)
    }
}

impl Source for Null {
    fn is_ready(&self) -> bool {
        true
    }

    fn read(&mut self, frame: &mut [f32]) {
        frame.fill(0.0);
    }

    fn clock(&self) -> Option<u64> {
        None
    }
}

impl Sink for Null {
    fn is_hungry(&mut self) -> bool {
        false
    }

    fn write(&mut self, _frame: &[f32]) {}

    fn clock(&self) -> Option<u64> {
        None
    }
}
