//! G.711: one byte for one 8 kHz sample, by µ-law or A-law (ITU-T G.711).

/// Which of the two companding laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Law {
    Mu,
    A,
}

impl Law {
    /// Compresses a 16 bit sample.
    pub(crate) fn encode(self, sample: i16) -> u8 {
        match self {
            Law::Mu => encode_mu(sample),
            Law::A => encode_a(sample),
        }
    }

    /// Expands a byte to a 16 bit sample.
    pub(crate) fn decode(self, byte: u8) -> i16 {
        match self {
            Law::Mu => MU_TABLE[usize::from(byte)],
            Law::A => A_TABLE[usize::from(byte)],
        }
    }
}

static MU_TABLE: [i16; 256] = mu_table();
static A_TABLE: [i16; 256] = a_table();

/// The offset that makes every µ-law segment start at a power of two, in 14 bit samples.
const MU_BIAS: u16 = 33;

fn encode_mu(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    // One's complement, as the recommendation's own software does: -1 lies in the segment of 0.
    let magnitude = magnitude(sample) >> 2;
    let biased = (magnitude + MU_BIAS).min(0x1fff);
    // 6 bits is the lowest segment, 13 the highest.
    let segment = 10 - biased.leading_zeros() as u16;
    let step = (biased >> (segment + 1)) & 0x0f;
    sign | (((7 - segment) << 4) | (0x0f - step)) as u8
}

fn encode_a(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    let magnitude = magnitude(sample) >> 4;
    let code = if magnitude < 32 {
        magnitude
    } else {
        let segment = 12 - magnitude.leading_zeros() as u16;
        (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f)
    };
    (sign | code as u8) ^ 0x55
}

fn magnitude(sample: i16) -> u16 {
    (if sample < 0 { !sample } else { sample }) as u16
}

const fn mu_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let code = !(byte as u8);
        let segment = (code >> 4) & 7;
        let step = (code & 0x0f) as i16;
        let magnitude = ((((step << 1) | 0x21) << segment) - MU_BIAS as i16) << 2;
        table[byte] = if code & 0x80 == 0 {
            magnitude
        } else {
            -magnitude
        };
        byte += 1;
    }
    table
}

const fn a_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let code = byte as u8 ^ 0x55;
        let segment = (code >> 4) & 7;
        let step = (code & 0x0f) as i16;
        let magnitude = if segment == 0 {
            (step << 4) | 8
        } else {
            ((step << 4) | 0x108) << (segment - 1)
        };
        table[byte] = if code & 0x80 == 0 {
            -magnitude
        } else {
            magnitude
        };
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search by halving of the recommendation's reference description, kept apart from the bit tricks above.
    fn reference_mu(sample: i16) -> u8 {
        let value = i32::from(sample);
        let absolute = ((if value < 0 { (!value) >> 2 } else { value >> 2 }) + 33).min(0x1fff);
        let mut rest = absolute >> 6;
        let mut segment = 1;
        while rest != 0 {
            segment += 1;
            rest >>= 1;
        }
        let code = ((8 - segment) << 4) | (0x0f - ((absolute >> segment) & 0x0f));
        (code | if value >= 0 { 0x80 } else { 0 }) as u8
    }

    fn reference_a(sample: i16) -> u8 {
        let value = i32::from(sample);
        let mut code = if value < 0 { (!value) >> 4 } else { value >> 4 };
        if code > 15 {
            let mut segment = 1;
            while code > 31 {
                code >>= 1;
                segment += 1;
            }
            code = code - 16 + (segment << 4);
        }
        ((code | if value >= 0 { 0x80 } else { 0 }) ^ 0x55) as u8
    }

    #[test]
    fn every_sample_is_coded_as_the_reference_codes_it() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(
                Law::Mu.encode(sample),
                reference_mu(sample),
                "µ-law of {sample}"
            );
            assert_eq!(
                Law::A.encode(sample),
                reference_a(sample),
                "A-law of {sample}"
            );
        }
    }

    #[test]
    fn every_byte_survives_decoding_and_coding_again() {
        for byte in 0..=255u8 {
            assert_eq!(Law::A.encode(Law::A.decode(byte)), byte);
            // µ-law has two zeros; the negative one comes back as the positive one.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(Law::Mu.encode(Law::Mu.decode(byte)), expected);
        }
    }

    #[test]
    fn decoded_values_are_those_of_the_recommendation_s_tables() {
        assert_eq!(Law::Mu.decode(0x80), 32_124);
        assert_eq!(Law::Mu.decode(0x00), -32_124);
        assert_eq!(Law::Mu.decode(0xff), 0);
        assert_eq!(Law::Mu.decode(0xef), 132);
        assert_eq!(Law::A.decode(0xaa), 32_256);
        assert_eq!(Law::A.decode(0x2a), -32_256);
        assert_eq!(Law::A.decode(0xd5), 8);
        assert_eq!(Law::A.decode(0x55), -8);
    }

    #[test]
    fn no_sample_moves_by_more_than_half_a_step() {
        for law in [Law::Mu, Law::A] {
            for sample in i16::MIN..=i16::MAX {
                let decoded = i32::from(law.decode(law.encode(sample)));
                let error = (decoded - i32::from(sample)).abs();
                let bound = ((i32::from(sample).abs() + 132) / 32).max(16);
                // The topmost value clips: 32,768 is beyond the last step of both laws.
                assert!(
                    error <= bound + 4 || i32::from(sample).abs() > 32_256,
                    "{law:?} {sample} {decoded}"
                );
            }
        }
    }
}
