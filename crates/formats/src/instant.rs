//! Instants as lock files write them: RFC 3339 in UTC, from and to milliseconds since 1970.

/// Reads an instant with any offset; finer than milliseconds is cut off.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(digits);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => return None,
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut clock = clock.splitn(3, ':').map(digits);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let in_range = year <= 9999
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !in_range || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let milliseconds = digits(&format!("{fraction:0<3}")[..3])?;
    let seconds = (days_since_1970(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
    Some((seconds - offset_seconds(offset)?) * 1000 + milliseconds)
}

/// An offset in seconds: `Z`, `+02:00`.
fn offset_seconds(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let is_offset = hours < 24 && minutes < 60;
    is_offset.then(|| sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str) -> Option<i64> {
    let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if only_digits { text.parse().ok() } else { None }
}

/// Writes an instant with the shortest fraction: `2026-09-02T14:19:51.88Z`.
pub(crate) fn print(milliseconds: i64) -> String {
    let mut text = print_seconds(milliseconds);
    let fraction = milliseconds.rem_euclid(1000);
    if fraction != 0 {
        text.pop();
        text.push('.');
        push_digits(&mut text, fraction, 3);
        text.truncate(text.trim_end_matches('0').len());
        text.push('Z');
    }
    text
}

/// Writes an instant in whole seconds, cut off: `2026-09-02T14:19:51Z`.
pub(crate) fn print_seconds(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = String::with_capacity("2026-09-02T14:19:51.889Z".len());
    if (0..=9999).contains(&year) {
        push_digits(&mut text, year, 4);
    } else {
        text.push_str(&format!("{year:04}"));
    }
    for (before, number) in [
        ('-', month),
        ('-', day),
        ('T', hour),
        (':', minute),
        (':', second),
    ] {
        text.push(before);
        push_digits(&mut text, number, 2);
    }
    text.push('Z');
    text
}

/// Adds the last digits of a number.
fn push_digits(text: &mut String, number: i64, count: u32) {
    for place in (0..count).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or(0)));
    }
}

/// Days of the proleptic Gregorian calendar; years are counted from March so that leap days come
/// last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let in_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * in_era + in_era / 4 - in_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = in_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_survive() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59.999Z",
            "2026-09-02T14:19:51.88Z",
            "1969-12-31T23:59:59.5Z",
            "0001-01-01T00:00:00Z",
        ] {
            assert_eq!(print(parse(text).unwrap()), text);
        }
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("1970-01-02T01:00:00+01:00"), Some(86_400_000));
        assert_eq!(
            print_seconds(parse("2026-09-02T14:19:51.88Z").unwrap()),
            "2026-09-02T14:19:51Z"
        );
        assert_eq!(
            print(parse("2026-09-02T14:19:51.123456Z").unwrap()),
            "2026-09-02T14:19:51.123Z"
        );
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "99999999999999-01-01T00:00:00Z",
            "2026-01-01T00:00:00+99999999999999999:00",
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2026-01-01T00:00:00",
            "x-1-1T0:0:0Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
