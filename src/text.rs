//! Messages, from texts and numbers. (The standard library's formatting costs the browser 3 KB, and 8 more where it prints a float.)

use alloc::string::String;

/// What a message can show.
pub(crate) trait ToText {
    fn append_to(&self, message: &mut String);
}

/// A text of these parts, one after the other: `message!["got ", got, ", expected ", expected]`.
macro_rules! message {
    ($($part:expr),+ $(,)?) => {{
        let mut message = alloc::string::String::new();
        $($crate::text::ToText::append_to(&$part, &mut message);)+
        message
    }};
}
pub(crate) use message;

impl ToText for &str {
    #[inline(never)]
    fn append_to(&self, message: &mut String) {
        message.push_str(self);
    }
}

impl ToText for String {
    fn append_to(&self, message: &mut String) {
        self.as_str().append_to(message);
    }
}

impl ToText for u64 {
    #[inline(never)]
    fn append_to(&self, message: &mut String) {
        if *self >= 10 {
            (self / 10).append_to(message);
        }
        message.push(char::from(b'0' + (self % 10) as u8));
    }
}

impl ToText for u32 {
    fn append_to(&self, message: &mut String) {
        u64::from(*self).append_to(message);
    }
}

impl ToText for usize {
    fn append_to(&self, message: &mut String) {
        (*self as u64).append_to(message);
    }
}

/// A number to six decimals, or six significant digits and a power of ten where that says more.
impl ToText for f64 {
    #[inline(never)]
    fn append_to(&self, message: &mut String) {
        if self.is_nan() {
            return "NaN".append_to(message);
        }
        if *self < 0.0 {
            "-".append_to(message);
        }
        let mut size = self.abs();
        if size == Self::INFINITY {
            return "Infinity".append_to(message);
        }
        let (mut exponent, mut sign) = (0u32, "e");
        if size >= 1e15 {
            while size >= 10.0 {
                size /= 10.0;
                exponent += 1;
            }
        } else if size < 1e-3 && size > 0.0 {
            sign = "e-";
            while size < 1.0 {
                size *= 10.0;
                exponent += 1;
            }
        }
        let mut whole = size as u64;
        // With a one before them, so that zeros are shown.
        let mut millionths = 1_000_000 + ((size - whole as Self) * 1e6 + 0.5) as u64;
        if millionths == 2_000_000 {
            (whole, millionths) = (whole + 1, 1_000_000);
        }
        whole.append_to(message);
        if millionths > 1_000_000 {
            while millionths.is_multiple_of(10) {
                millionths /= 10;
            }
            let at = message.len();
            millionths.append_to(message);
            message.replace_range(at..=at, ".");
        }
        if exponent > 0 {
            sign.append_to(message);
            exponent.append_to(message);
        }
    }
}

/// Sixteen hex16 digits.
pub(crate) fn hex16(hash: u64) -> String {
    let digit =
        |place: u32| char::from(b"0123456789abcdef"[(hash >> (60 - 4 * place)) as usize % 16]);
    (0..16).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
            assert_eq!(message![number], text);
        }
        for number in [f64::MAX, f64::MIN_POSITIVE, 5e-324, 123_456_789.123] {
            let read: f64 = message![number].parse().unwrap();
            assert!((read / number - 1.0).abs() < 1e-5, "{number:e} {read:e}");
        }
    }

    #[test]
    fn whole_numbers_and_hashes_are_those_of_the_standard_library() {
        for number in [0, 9, 10, 1_000_000, u64::MAX] {
            assert_eq!(message!["<", number, ">"], format!("<{number}>"));
            assert_eq!(hex16(number), format!("{number:016x}"));
        }
    }
}
