//! G.722 at 64 kbit/s: one byte for two 16 kHz samples (ITU-T G.722), computed by the crate `audio-codec`.

use std::fmt;

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};

/// Compresses.
#[derive(Default)]
pub(crate) struct Encoder(G722Encoder);

impl Encoder {
    /// Appends a byte for every two samples, of which there is an even number.
    pub(crate) fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        let start = payload.len();
        payload.resize(start + self.0.max_encode_bytes(samples.len()), 0);
        let written = self
            .0
            .encode_into(samples, &mut payload[start..])
            .expect("the encoder said how much room it needs");
        payload.truncate(start + written);
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("G722Encoder").finish_non_exhaustive()
    }
}

/// Expands.
#[derive(Default)]
pub(crate) struct Decoder(G722Decoder);

impl Decoder {
    /// Returns two samples for every byte.
    pub(crate) fn decode(&mut self, payload: &[u8]) -> Vec<i16> {
        let mut samples = vec![0; self.0.max_decode_samples(payload.len())];
        let written = self
            .0
            .decode_into(payload, &mut samples)
            .expect("the decoder said how much room it needs");
        samples.truncate(written);
        samples
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("G722Decoder").finish_non_exhaustive()
    }
}
