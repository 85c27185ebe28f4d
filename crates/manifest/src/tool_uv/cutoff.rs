//! `exclude-newer`: instants, days, and spans before now.

use diagnostic::{Diagnose, Diagnostic, Span};

use crate::document::{Node, Reader};

/// What a cut-off needs to know about the moment and place of locking.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Clock {
    /// Now, in milliseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
    /// How far local time is ahead of UTC, in seconds.
    pub offset: i32,
}

/// A cut-off as somebody wrote it: files uploaded at or after it do not exist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CutOff {
    /// An instant, in milliseconds since 1970-01-01T00:00:00Z.
    At(i64),
    /// The midnight that ends a day, in local time; days since 1970-01-01.
    After(i64),
    /// A span before now.
    Before {
        /// How long, in milliseconds.
        length: i64,
        /// The span as ISO 8601 text: `P3D`.
        span: String,
    },
}

impl CutOff {
    /// Reads an RFC 3339 timestamp, a date, or a span such as `3 days` or `P3D`.
    ///
    /// # Errors
    ///
    /// The text is none of them.
    pub fn parse(text: &str) -> Result<Self, CutOffReason> {
        if let Some(instant) = timestamp(text) {
            return Ok(Self::At(instant));
        }
        if let Some((days, "")) = date(text) {
            return Ok(Self::After(days));
        }
        Duration::parse(text)?.into_cut_off()
    }

    /// The instant, in milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn instant(&self, clock: &Clock) -> i64 {
        match self {
            Self::At(instant) => *instant,
            Self::After(day) => (day + 1) * DAY - i64::from(clock.offset) * 1000,
            Self::Before { length, .. } => clock.now.saturating_sub(*length),
        }
    }

    /// The span, if it is one.
    #[must_use]
    pub fn span(&self) -> Option<&str> {
        match self {
            Self::Before { span, .. } => Some(span),
            Self::At(_) | Self::After(_) => None,
        }
    }
}

/// Why a text is no cut-off.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CutOffReason {
    /// It is nothing known.
    #[error("expected a timestamp, a date or a span")]
    Unknown,
    /// Years are of different lengths.
    #[error("expected weeks or smaller units, found years")]
    Years,
    /// Months are of different lengths.
    #[error("expected weeks or smaller units, found months")]
    Months,
    /// The span reaches back before any file.
    #[error("expected a shorter span")]
    TooLong,
}

/// A text that is no cut-off, and its place.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no cut-off: {reason}")]
pub struct CutOffError {
    /// The text.
    pub text: String,
    /// Why not.
    pub reason: CutOffReason,
    /// Where.
    pub span: Span,
}

impl Diagnose for CutOffError {
    fn diagnose(&self) -> Diagnostic {
        let help = match self.reason {
            CutOffReason::Years => "write it in days, for example `365 days`",
            CutOffReason::Months => "write it in days, for example `30 days`",
            CutOffReason::Unknown | CutOffReason::TooLong => {
                "write a timestamp `2026-01-31T00:00:00Z`, a date `2026-01-31` or a span `3 days`"
            }
        };
        Diagnostic::error("manifest/invalid-cut-off", self)
            .label(self.span.clone(), "")
            .help(help)
    }
}

/// Reads a cut-off.
pub(crate) fn read(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<CutOff> {
    let text = reader.string(node, key)?;
    CutOff::parse(text)
        .map_err(|reason| {
            reader.note(&CutOffError {
                text: text.to_owned(),
                reason,
                span: node.span(),
            });
        })
        .ok()
}

/// Reads a cut-off, or `false`, which switches it off.
pub(crate) fn read_or_off(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    key: &str,
) -> Option<Option<CutOff>> {
    match node.get_ref().as_bool() {
        Some(false) => Some(None),
        Some(true) => {
            reader.unfit(node, key, "a cut-off or `false`");
            None
        }
        None => read(reader, node, key).map(Some),
    }
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// So many ASCII digits at the start, as a number, and the rest.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, rest))
}

/// `2026-01-31` or `20260131` as days since 1970-01-01, and the rest.
fn date(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, day, rest) = match rest.strip_prefix('-') {
        Some(rest) => {
            let (month, rest) = digits(rest, 2)?;
            let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
            (month, day, rest)
        }
        None => {
            let (month, rest) = digits(rest, 2)?;
            let (day, rest) = digits(rest, 2)?;
            (month, day, rest)
        }
    };
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Days of a year that starts in March, so that the leap day is its last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some((days - 719_468, rest))
}

/// An RFC 3339 timestamp in milliseconds; minutes and seconds may be left out.
fn timestamp(text: &str) -> Option<i64> {
    let (days, rest) = date(text)?;
    let (hour, rest) = digits(rest.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, rest) = match rest.strip_prefix(':') {
        Some(rest) => digits(rest, 2)?,
        None => (0, rest),
    };
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => digits(rest, 2)?,
        None => (0, rest),
    };
    let (millis, rest) = match rest.strip_prefix(['.', ',']) {
        Some(rest) => fraction(rest)?,
        None => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let local = days * DAY + hour * HOUR + minute * MINUTE + second.min(59) * SECOND + millis;
    Some(local - offset(rest)?)
}

/// The digits after a decimal point, as milliseconds, and the rest.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let millis = format!("{:0<3}", &text[..count])[..3].parse().ok()?;
    Some((millis, &text[count..]))
}

/// `Z`, `+02:00`, `-0530` or `+02`, in milliseconds.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, rest) = digits(text.strip_prefix(['+', '-'])?, 2)?;
    let minutes = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => 0,
        rest => digits(rest, 2).filter(|(_, rest)| rest.is_empty())?.0,
    };
    (hours <= 25 && minutes <= 59).then_some(sign * (hours * HOUR + minutes * MINUTE))
}

/// A span of time, unit by unit as written.
#[derive(Default)]
struct Duration {
    weeks: i64,
    days: i64,
    hours: i64,
    minutes: i64,
    seconds: i64,
    millis: i64,
    is_negative: bool,
}

impl Duration {
    /// `P1W2DT3H`, `3 days`, `1w 2d`, `1 hour, 30 minutes ago`.
    fn parse(text: &str) -> Result<Self, CutOffReason> {
        let (sign, rest) = match text.split_at_checked(1) {
            Some((sign @ ("+" | "-"), rest)) => (sign, rest),
            _ => ("", text),
        };
        let mut duration = if rest.starts_with(['P', 'p']) {
            Self::iso(&rest[1..])?
        } else {
            Self::friendly(rest)?
        };
        duration.is_negative ^= sign == "-";
        Ok(duration)
    }

    fn iso(text: &str) -> Result<Self, CutOffReason> {
        let mut duration = Self::default();
        let (mut rest, mut in_time, mut found) = (text, false, false);
        while !rest.is_empty() {
            if !in_time && rest.starts_with(['T', 't']) {
                (rest, in_time) = (&rest[1..], true);
                continue;
            }
            let (number, millis, after) = number(rest)?;
            let unit = after.chars().next().map(|unit| unit.to_ascii_uppercase());
            let (unit, of_one) = match (unit, in_time) {
                (Some('Y'), false) => return Err(CutOffReason::Years),
                (Some('M'), false) => return Err(CutOffReason::Months),
                (Some('W'), false) => (&mut duration.weeks, None),
                (Some('D'), false) => (&mut duration.days, None),
                (Some('H'), true) => (&mut duration.hours, Some(HOUR)),
                (Some('M'), true) => (&mut duration.minutes, Some(MINUTE)),
                (Some('S'), true) => (&mut duration.seconds, Some(SECOND)),
                _ => return Err(CutOffReason::Unknown),
            };
            *unit = number;
            duration.add_part(millis, of_one)?;
            (rest, found) = (&after[1..], true);
        }
        if found {
            Ok(duration)
        } else {
            Err(CutOffReason::Unknown)
        }
    }

    /// `HH:MM:SS`
    fn clock(text: &str) -> Option<Self> {
        let (hours, rest) = digits(text, text.find(':')?)?;
        let (minutes, rest) = digits(rest.strip_prefix(':')?, 2)?;
        let (seconds, rest) = digits(rest.strip_prefix(':')?, 2)?;
        let fits = rest.is_empty() && minutes < 60 && seconds < 60;
        fits.then(|| Self {
            hours,
            minutes,
            seconds,
            ..Self::default()
        })
    }

    fn friendly(text: &str) -> Result<Self, CutOffReason> {
        if let Some(duration) = Self::clock(text) {
            return Ok(duration);
        }
        let mut duration = Self::default();
        let mut rest = text.trim_end();
        if let Some(before) = rest
            .strip_suffix("ago")
            .filter(|before| before.ends_with(' '))
        {
            (rest, duration.is_negative) = (before.trim_end(), true);
        }
        if rest.is_empty() {
            return Err(CutOffReason::Unknown);
        }
        while !rest.is_empty() {
            let (number, millis, after) = number(rest)?;
            let after = after.trim_start();
            let end = after
                .find(|c: char| !c.is_ascii_alphabetic() && c != 'µ')
                .unwrap_or(after.len());
            let (unit, of_one) = match &after[..end] {
                "years" | "year" | "yrs" | "yr" | "y" => return Err(CutOffReason::Years),
                "months" | "month" | "mos" | "mo" => return Err(CutOffReason::Months),
                "weeks" | "week" | "wks" | "wk" | "w" => (&mut duration.weeks, None),
                "days" | "day" | "d" => (&mut duration.days, None),
                "hours" | "hour" | "hrs" | "hr" | "h" => (&mut duration.hours, Some(HOUR)),
                "minutes" | "minute" | "mins" | "min" | "m" => {
                    (&mut duration.minutes, Some(MINUTE))
                }
                "seconds" | "second" | "secs" | "sec" | "s" => {
                    (&mut duration.seconds, Some(SECOND))
                }
                "milliseconds" | "millisecond" | "millis" | "milli" | "msecs" | "msec" | "ms" => {
                    (&mut duration.millis, None)
                }
                _ => return Err(CutOffReason::Unknown),
            };
            *unit += number;
            duration.add_part(millis, of_one)?;
            rest = after[end..].trim_start();
            rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
        }
        Ok(duration)
    }

    /// Adds the part of a unit that stood after the decimal point, in smaller units.
    fn add_part(&mut self, thousandths: i64, of_one: Option<i64>) -> Result<(), CutOffReason> {
        if thousandths == 0 {
            return Ok(());
        }
        let millis = of_one.ok_or(CutOffReason::Unknown)? * thousandths / 1000;
        self.minutes += millis / MINUTE;
        self.seconds += millis % MINUTE / SECOND;
        self.millis += millis % SECOND;
        Ok(())
    }

    fn into_cut_off(self) -> Result<CutOff, CutOffReason> {
        let units = [
            (self.weeks, 7 * DAY),
            (self.days, DAY),
            (self.hours, HOUR),
            (self.minutes, MINUTE),
            (self.seconds, SECOND),
            (self.millis, 1),
        ];
        let length = units.into_iter().try_fold(0i64, |sum, (number, unit)| {
            sum.checked_add(number.checked_mul(unit)?)
        });
        // Nothing was uploaded in the year 1 or before.
        let length = length.filter(|length| *length < 1950 * 365 * DAY);
        let length = length.ok_or(CutOffReason::TooLong)?;
        Ok(CutOff::Before {
            length,
            span: self.to_iso(),
        })
    }

    /// ISO 8601, as uv writes it: weeks and days stay apart, zero is `PT0S`.
    fn to_iso(&self) -> String {
        let of = |number: i64, unit: &str| match number {
            0 => String::new(),
            _ => format!("{number}{unit}"),
        };
        let (seconds, millis) = (self.seconds + self.millis / 1000, self.millis % 1000);
        let seconds = match millis {
            0 => of(seconds, "S"),
            _ => format!(
                "{seconds}.{}S",
                format!("{millis:03}").trim_end_matches('0')
            ),
        };
        let calendar = of(self.weeks, "W") + &of(self.days, "D");
        let time = of(self.hours, "H") + &of(self.minutes, "M") + &seconds;
        let sign = if self.is_negative { "-" } else { "" };
        match (calendar.is_empty(), time.is_empty()) {
            (true, true) => "PT0S".to_owned(),
            (_, true) => format!("{sign}P{calendar}"),
            _ => format!("{sign}P{calendar}T{time}"),
        }
    }
}

/// A number at the start, its thousandths, and the rest.
fn number(text: &str) -> Result<(i64, i64, &str), CutOffReason> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..count].parse().map_err(|_| match count {
        0 => CutOffReason::Unknown,
        _ => CutOffReason::TooLong,
    })?;
    let rest = &text[count..];
    match rest.strip_prefix(['.', ',']).and_then(fraction) {
        Some((thousandths, rest)) => Ok((number, thousandths, rest)),
        None => Ok((number, 0, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Option<i64> {
        let clock = Clock {
            now: 10 * DAY,
            offset: 3600,
        };
        CutOff::parse(text)
            .ok()
            .map(|cut_off| cut_off.instant(&clock))
    }

    #[test]
    fn timestamps_and_dates_are_instants() {
        assert_eq!(instant("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(instant("1970-01-01T02:00:00.25+02:00"), Some(250));
        assert_eq!(instant("2000-03-01T00:00:00Z"), Some(951_868_800_000));
        assert_eq!(instant("2025-06-01T12:30:00Z"), Some(1_748_781_000_000));
        assert_eq!(instant("0001-01-01T00:00:00Z"), Some(-62_135_596_800_000));
        assert_eq!(instant("1970-01-01"), Some(DAY - HOUR));
        assert_eq!(instant("19700101"), Some(DAY - HOUR));
        assert_eq!(instant("1970-01-01T12Z"), Some(12 * HOUR));
        assert_eq!(instant("1970-02-29"), None);
        assert_eq!(instant("1970-13-01"), None);
        assert_eq!(instant("1970-01-01T24:00:00Z"), None);
    }

    #[test]
    fn spans_are_counted_back_from_now() {
        for (text, expected, back) in [
            ("3 days", "P3D", 3 * DAY),
            ("P3D", "P3D", 3 * DAY),
            ("2 weeks", "P2W", 14 * DAY),
            ("1w 2d", "P1W2D", 9 * DAY),
            ("1 week, 12 hours", "P1WT12H", 7 * DAY + 12 * HOUR),
            ("24h", "PT24H", DAY),
            ("1.5 hours", "PT1H30M", HOUR + 30 * MINUTE),
            ("PT0.5S", "PT0.5S", 500),
            ("90m", "PT90M", 90 * MINUTE),
            ("01:30:00", "PT1H30M", 90 * MINUTE),
            ("3 days, 2h", "P3DT2H", 3 * DAY + 2 * HOUR),
            ("2 days ago", "-P2D", 2 * DAY),
            ("-P2D", "-P2D", 2 * DAY),
        ] {
            let cut_off = CutOff::parse(text).unwrap();
            assert_eq!(cut_off.span(), Some(expected), "{text}");
            assert_eq!(instant(text), Some(10 * DAY - back), "{text}");
        }
    }

    #[test]
    fn years_and_months_are_refused() {
        assert_eq!(CutOff::parse("1 year"), Err(CutOffReason::Years));
        assert_eq!(CutOff::parse("P2M"), Err(CutOffReason::Months));
        for text in [
            "",
            "soon",
            "3",
            "3 Days",
            "1h 30",
            "1.5 days",
            "P",
            "PT",
            "3 fortnights",
            "2026-1-1",
        ] {
            assert_eq!(CutOff::parse(text), Err(CutOffReason::Unknown), "{text}");
        }
        assert_eq!(
            CutOff::parse("99999999999 weeks"),
            Err(CutOffReason::TooLong)
        );
        assert_eq!(
            CutOff::parse("999999999999999999999 days"),
            Err(CutOffReason::TooLong)
        );
    }
}
