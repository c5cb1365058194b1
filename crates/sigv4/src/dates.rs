//! Dates as signatures carry them: `20150830T123600Z`, and the HTTP form of a `Date` header.
//! What time it is now is the caller's to know.

use std::fmt;

/// Length of `YYYYMMDD'T'HHMMSS'Z'`.
const BASIC_LEN: usize = 16;
const DAY_SECONDS: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment, with its ISO 8601 basic text at hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    text: [u8; BASIC_LEN],
    epoch: i64,
}

impl Moment {
    /// Reads `20150830T123600Z`.
    pub(crate) fn from_basic(text: &str) -> Option<Self> {
        let bytes: &[u8; BASIC_LEN] = text.as_bytes().try_into().ok()?;
        if bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let date = civil(number(&bytes[..4])?, number(&bytes[4..6])?, number(&bytes[6..8])?)?;
        let time = clock(number(&bytes[9..11])?, number(&bytes[11..13])?, number(&bytes[13..15])?)?;
        Some(Self { text: *bytes, epoch: date * DAY_SECONDS + time })
    }

    /// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, the form that RFC 9110 asks senders for.
    pub(crate) fn from_http_date(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(", ")?;
        let mut words = rest.split(' ');
        let day = number(words.next()?.as_bytes())?;
        let month_name = words.next()?;
        let month = 1 + MONTHS.iter().position(|name| *name == month_name)? as i64;
        let date = civil(number(words.next()?.as_bytes())?, month, day)?;
        let mut fields = words.next()?.split(':').map(|field| number(field.as_bytes()));
        let time = clock(fields.next()??, fields.next()??, fields.next()??)?;
        (words.next()? == "GMT").then(|| Self::from_epoch(date * DAY_SECONDS + time))
    }

    /// The moment `epoch` seconds after 1970; years outside 0 to 9999 are clamped to its ends.
    pub(crate) fn from_epoch(epoch: i64) -> Self {
        let epoch = epoch.clamp(-62_167_219_200, 253_402_300_799);
        let (year, month, day) = date_of(epoch.div_euclid(DAY_SECONDS));
        let second = epoch.rem_euclid(DAY_SECONDS);
        let mut text = *b"00000000T000000Z";
        write_number(&mut text[..4], year);
        write_number(&mut text[4..6], month);
        write_number(&mut text[6..8], day);
        write_number(&mut text[9..11], second / 3600);
        write_number(&mut text[11..13], second / 60 % 60);
        write_number(&mut text[13..15], second % 60);
        Self { text, epoch }
    }

    /// Seconds since 1970.
    pub(crate) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// `YYYYMMDD'T'HHMMSS'Z'`.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).expect("a moment is written in ASCII: this is a bug")
    }

    /// `YYYYMMDD`.
    pub(crate) fn day(&self) -> &str {
        &self.text()[..8]
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// An unsigned decimal number, or nothing if any byte is not a digit.
fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

fn write_number(digits: &mut [u8], mut value: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn clock(hour: i64, minute: i64, second: i64) -> Option<i64> {
    // 60 is a leap second.
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Days since 1970 of a date in the Gregorian calendar, counted in eras of 400 years that start
/// on a first of March, so that the leap day is the last of its year.
fn civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The inverse of [`civil`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn reads_both_forms() {
        for (basic, http, epoch) in [
            ("20150830T123600Z", "Sun, 30 Aug 2015 12:36:00 GMT", 1_440_938_160),
            ("19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("20240229T235959Z", "Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("20000301T000000Z", "Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
        ] {
            assert_eq!(Moment::from_basic(basic).map(|m| m.epoch()), Some(epoch), "{basic}");
            assert_eq!(Moment::from_http_date(http).map(|m| m.epoch()), Some(epoch), "{http}");
            assert_eq!(Moment::from_epoch(epoch).text(), basic);
        }
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in ["20150830T1236Z", "20150230T000000Z", "20151301T000000Z", "20150830t123600Z"] {
            assert_eq!(Moment::from_basic(text), None, "{text}");
        }
        for text in ["2015-08-30", "Sun, 30 Foo 2015 12:36:00 GMT", "Sun, 30 Aug 2015 12:36:00 CET"]
        {
            assert_eq!(Moment::from_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in (-200_000..200_000).step_by(13) {
            let moment = Moment::from_epoch(day * 86_400 + 43_210);
            assert_eq!(Moment::from_basic(moment.text()), Some(moment));
        }
    }
}
