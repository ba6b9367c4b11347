//! Numbers as messages show them. (The standard library prints floats exactly, which costs the browser 8 KB.)

use core::fmt;

/// A number to six decimals, or six significant digits and a power of ten where that says more.
pub(crate) struct Shown(pub(crate) f64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() {
            return f.write_str("NaN");
        }
        if self.0 < 0.0 {
            f.write_str("-")?;
        }
        let mut size = self.0.abs();
        if size == f64::INFINITY {
            return f.write_str("Infinity");
        }
        let mut exponent = 0;
        if size >= 1e15 {
            while size >= 10.0 {
                size /= 10.0;
                exponent += 1;
            }
        } else if size < 1e-3 && size > 0.0 {
            while size < 1.0 {
                size *= 10.0;
                exponent -= 1;
            }
        }
        let mut whole = size as u64;
        let mut millionths = libm::round((size - whole as f64) * 1e6) as u32;
        if millionths == 1_000_000 {
            (whole, millionths) = (whole + 1, 0);
        }
        write!(f, "{whole}")?;
        if millionths > 0 {
            let (mut digits, mut width) = (millionths, 6);
            while digits % 10 == 0 {
                (digits, width) = (digits / 10, width - 1);
            }
            write!(f, ".{digits:0width$}")?;
        }
        match exponent {
            0 => Ok(()),
            _ => write!(f, "e{exponent}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shown;
    use alloc::format;

    #[test]
    fn reads_like_the_number_that_was_given() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (1.000_001, "1.000001"),
            (0.999_999_9, "1"),
            (1_234.050_6, "1234.0506"),
            (-1e300, "-1e300"),
            (1.5e18, "1.5e18"),
            (2.5e-7, "2.5e-7"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(format!("{}", Shown(number)), text);
        }
        for number in [f64::MAX, f64::MIN_POSITIVE, 5e-324, 123_456_789.123] {
            let read: f64 = format!("{}", Shown(number)).parse().unwrap();
            assert!((read / number - 1.0).abs() < 1e-5, "{number:e} {read:e}");
        }
    }
}
