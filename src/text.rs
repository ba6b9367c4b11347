//! Formats error messages from strings and numbers, without `core::fmt`: that costs the wasm 3 KB,
//! and 8 KB more where it prints a float. `inline(never)`: one copy of each keeps it small.

use alloc::string::String;

/// A value that can be appended to a message.
pub(crate) trait ToText {
    /// Appends the value to `message`.
    fn append_to(&self, message: &mut String);
}

/// Concatenates its arguments into a `String`:
/// `message!["got ", got, ", expected ", expected]`.
macro_rules! message {
    ($($part:expr),+ $(,)?) => {{
        #[allow(unused_imports)] // where the trait is in scope
        use $crate::text::ToText as _;
        let mut message = alloc::string::String::new();
        $(($part).append_to(&mut message);)+
        message
    }};
}
pub(crate) use message;

// Not for `&str`: a literal would be stored with its address and length, to be passed by reference.
impl ToText for str {
    #[inline(never)]
    fn append_to(&self, message: &mut String) {
        message.push_str(self);
    }
}

/// A text that becomes a `String`. Unlike `Into<String>`, the copy of a literal is not inlined.
pub(crate) trait IntoText {
    /// The text.
    fn into_text(self) -> String;
}

impl IntoText for String {
    fn into_text(self) -> String {
        self
    }
}

impl IntoText for &str {
    #[inline(never)]
    fn into_text(self) -> String {
        message![self]
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

/// A float is written with up to six decimals; below 0.001 and from 1e15 on, with a power of ten.
impl ToText for f64 {
    #[inline(never)]
    fn append_to(&self, message: &mut String) {
        if self.is_nan() {
            return "NaN".append_to(message);
        }
        if *self < 0.0 {
            "-".append_to(message);
        }
        let mut magnitude = self.abs();
        if magnitude == Self::INFINITY {
            return "Infinity".append_to(message);
        }
        let (mut exponent, mut sign) = (0u32, "e");
        if magnitude >= 1e15 {
            while magnitude >= 10.0 {
                magnitude /= 10.0;
                exponent += 1;
            }
        } else if magnitude < 1e-3 && magnitude > 0.0 {
            sign = "e-";
            while magnitude < 1.0 {
                magnitude *= 10.0;
                exponent += 1;
            }
        }
        let mut whole_part = magnitude as u64;
        // The added million preserves leading zeros; its digit is replaced by the decimal point.
        let mut millionths = 1_000_000 + ((magnitude - whole_part as Self) * 1e6 + 0.5) as u64;
        if millionths == 2_000_000 {
            (whole_part, millionths) = (whole_part + 1, 1_000_000);
        }
        whole_part.append_to(message);
        if millionths > 1_000_000 {
            while millionths.is_multiple_of(10) {
                millionths /= 10;
            }
            let point_index = message.len();
            millionths.append_to(message);
            message.replace_range(point_index..=point_index, ".");
        }
        if exponent > 0 {
            sign.append_to(message);
            exponent.append_to(message);
        }
    }
}

/// The sixteen hexadecimal digits of a hash, lower case.
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
    fn floats_are_short_and_close() {
        for (number, expected_text) in [
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
            assert_eq!(message![number], expected_text);
        }
        for number in [f64::MAX, f64::MIN_POSITIVE, 5e-324, 123_456_789.123] {
            let parsed_number: f64 = message![number].parse().unwrap();
            assert!((parsed_number / number - 1.0).abs() < 1e-5, "{number:e} {parsed_number:e}");
        }
    }

    #[test]
    fn integers_and_hashes_equal_those_of_the_standard_library() {
        for number in [0, 9, 10, 1_000_000, u64::MAX] {
            assert_eq!(message!["<", number, ">"], format!("<{number}>"));
            assert_eq!(hex16(number), format!("{number:016x}"));
        }
    }
}
