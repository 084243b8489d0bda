use crate::parse::duration::parse_duration;
use core::time::Duration;

#[test]
fn every_unit_is_read() {
    assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(parse_duration("5s"), Ok(Duration::from_secs(5)));
    assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
    assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3600)));
    assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
}

#[test]
fn anything_else_is_refused() {
    for text in ["", "5", "s", "5 s", " 5s", "1.5s", "-5s", "+5s", "5us", "5S", "5s5s", "٥s", "1e3s"] {
        let message = parse_duration(text).expect_err(text);
        assert!(
            message.starts_with(&format!("`{text}` is not a duration; write a whole number")),
            "{message}"
        );
    }
}

#[test]
fn a_number_too_large_is_refused() {
    assert_eq!(parse_duration("18446744073709551615ms"), Ok(Duration::from_millis(u64::MAX)));
    for text in ["18446744073709551616ms", "18446744073709551615s", "99999999999999999999999999h"] {
        let message = parse_duration(text).expect_err(text);
        assert!(message.contains("is longer than"), "{message}");
    }
}
