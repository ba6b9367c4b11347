//! IEEE 754 binary16, as 16 bits.

/// The bits of `x` rounded to binary16: to nearest, ties to even. `x` must be within [-65504,
/// 65504].
pub(crate) fn f32_to_f16(x: f32) -> u16 {
    let sign = (x.to_bits() >> 16) as u16 & 0x8000;
    let magnitude = x.to_bits() & 0x7fff_ffff;
    // Values of binary16 below 2^-14 are multiples of 2^-24.
    let half_bits = if magnitude < 0x3880_0000 {
        libm::rintf(f32::from_bits(magnitude) * 16_777_216.0) as u16
    } else {
        (((magnitude + 0xfff + ((magnitude >> 13) & 1)) >> 13) - (112 << 10)) as u16
    };
    sign | half_bits
}

/// The value of binary16 bits; NaN for infinities.
pub(crate) fn f16_to_f32(half_bits: u16) -> f32 {
    let sign = u32::from(half_bits & 0x8000) << 16;
    let (exponent, fraction) = (half_bits >> 10 & 31, half_bits & 0x3ff);
    let magnitude = match exponent {
        0 => (f32::from(fraction) / 16_777_216.0).to_bits(),
        31 => f32::NAN.to_bits(),
        _ => (u32::from(half_bits & 0x7fff) << 13) + (112 << 23),
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of the largest finite number, 65504.
    const LARGEST: u16 = 0x7bff;

    #[test]
    fn every_f16_survives_and_rounding_is_to_nearest() {
        for half in (0..=LARGEST).chain(0x8000..=0x8000 | LARGEST) {
            assert_eq!(f32_to_f16(f16_to_f32(half)), half);
        }
        for half in 0..LARGEST {
            let (low, high) = (f16_to_f32(half), f16_to_f32(half + 1));
            let middle = f32::midpoint(low, high);
            assert_eq!(f32_to_f16(middle), half + (half & 1), "ties round to even");
            assert_eq!(f32_to_f16(f32::from_bits(middle.to_bits() + 1)), half + 1);
            assert_eq!(f32_to_f16(f32::from_bits(middle.to_bits() - 1)), half);
        }
    }
}
