//! From activity to standardised uptake values. See [`suv_factor`].

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::{first, number, text};

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// How long after the injection a scan may be. Beyond it, a date is wrong.
const LATEST: f64 = DAY;

/// Returns by what the rescaled values of a PET image are multiplied to become standardised uptake
/// values by body weight, in g/ml; or why that cannot be said.
///
/// Values in Bq/ml are multiplied by the weight and divided by the injected dose as it is left at the
/// time to which the scanner has corrected decay: that of the series (`START`), or of the injection
/// (`ADMIN`). This is the vendor-neutral computation of QIBA's FDG-PET/CT profile, appendix G. Values in
/// g/ml are uptake values already.
///
/// `acquired` is the earliest acquisition time of the series in seconds of its day; a series time after
/// it was rewritten, and is not used.
pub(super) fn suv_factor(data: &InMemDicomObject, acquired: Option<f64>) -> Result<f64, String> {
    match text(data, tags::UNITS).as_deref() {
        Some("BQML") => {}
        Some("GML") => return Ok(1.0),
        Some(other) => return Err(format!("its values are in {other}; SUV needs BQML or GML")),
        None => return Err("is no PET image with `Units`; SUV needs BQML or GML".to_owned()),
    }
    let corrections = text(data, tags::CORRECTED_IMAGE).unwrap_or_default();
    for needed in ["ATTN", "DECY"] {
        if !corrections.split('\\').any(|done| done.trim() == needed) {
            return Err(format!(
                "its `CorrectedImage` has no {needed}; SUV needs it"
            ));
        }
    }
    let dose = first(data, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE)
        .ok_or("says nothing of its radiopharmaceutical; SUV needs dose, half-life and time")?;
    let positive = |data, tag, name: &str| {
        number(data, tag)
            .filter(|&number| number > 0.0)
            .ok_or_else(|| format!("has no {name}; SUV needs it"))
    };
    let grams = 1000.0 * positive(data, tags::PATIENT_WEIGHT, "patient weight")?;
    let injected = positive(dose, tags::RADIONUCLIDE_TOTAL_DOSE, "injected dose")?;
    let half_life = positive(dose, tags::RADIONUCLIDE_HALF_LIFE, "half-life")?;
    let left = match text(data, tags::DECAY_CORRECTION).as_deref() {
        Some("ADMIN") => injected,
        Some("START") => {
            let passed = waiting_time(data, dose, acquired)?;
            injected * (-passed / half_life).exp2()
        }
        other => {
            return Err(format!(
                "its decay correction is {}; SUV needs START or ADMIN",
                other.unwrap_or("not said")
            ));
        }
    };
    Ok(grams / left)
}

/// Returns the seconds from the injection to the time to which decay is corrected.
fn waiting_time(
    data: &InMemDicomObject,
    dose: &InMemDicomObject,
    acquired: Option<f64>,
) -> Result<f64, String> {
    let series = text(data, tags::SERIES_TIME)
        .as_deref()
        .and_then(seconds)
        .ok_or("has no series time; SUV needs it")?;
    // Series times are rewritten by some workstations; then the first acquisition counts.
    let scanned = match acquired {
        Some(acquired) if acquired < series => acquired,
        _ => series,
    };
    let moment = text(dose, tags::RADIOPHARMACEUTICAL_START_DATE_TIME);
    let injected = match (&moment, text(dose, tags::RADIOPHARMACEUTICAL_START_TIME)) {
        (_, Some(time)) => seconds(&time),
        (Some(moment), None) => moment.get(8..).and_then(seconds),
        (None, None) => None,
    };
    let injected = injected.ok_or("has no time of injection; SUV needs it")?;
    let nights = match (
        moment.as_deref().and_then(day),
        text(data, tags::SERIES_DATE).as_deref().and_then(day),
    ) {
        (Some(injected), Some(scanned)) => Some((scanned - injected) as f64),
        _ => None,
    };
    let passed = match nights {
        Some(nights) => scanned - injected + nights * DAY,
        // Only times: an injection before midnight.
        None if scanned < injected => scanned - injected + DAY,
        None => scanned - injected,
    };
    if (0.0..=LATEST).contains(&passed) {
        Ok(passed)
    } else {
        Err(format!(
            "was scanned {passed} s after the injection; SUV needs the right dates and times"
        ))
    }
}

/// Returns the seconds since midnight of a time such as `135100.50`.
pub(super) fn seconds(time: &str) -> Option<f64> {
    // A time zone may follow.
    let time = time.split(['+', '-']).next()?.trim();
    let part = |start: usize| match time.get(start..start + 2) {
        Some(digits) => digits.parse::<u8>().ok(),
        None if time.len() == start => Some(0),
        None => None,
    };
    let (hours, minutes) = (part(0)?, part(2)?);
    let rest = match time.get(4..) {
        Some(rest) if !rest.is_empty() => rest.parse::<f64>().ok()?,
        _ => 0.0,
    };
    let is_time = !time.is_empty() && hours < 24 && minutes < 60 && (0.0..61.0).contains(&rest);
    is_time.then(|| f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + rest)
}

/// Returns the number of a day, of a date such as `20060129` or a moment that begins with one.
fn day(date: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| date.get(range)?.parse::<i16>().ok();
    let date = jiff::civil::Date::new(
        part(0..4)?,
        i8::try_from(part(4..6)?).ok()?,
        i8::try_from(part(6..8)?).ok()?,
    );
    let since = date
        .ok()?
        .since(jiff::civil::Date::constant(1970, 1, 1))
        .ok()?;
    Some(i64::from(since.get_days()))
}

#[cfg(test)]
mod tests {
    use dicom_core::{DataElement, Tag, VR, value::DataSetSequence};

    use super::*;

    fn object(texts: &[(Tag, &str)]) -> InMemDicomObject {
        let element = |&(tag, text): &(Tag, &str)| DataElement::new(tag, VR::LO, text);
        InMemDicomObject::from_element_iter(texts.iter().map(element))
    }

    fn pet(change: &[(Tag, &str)], change_dose: &[(Tag, &str)]) -> InMemDicomObject {
        let mut dose = object(&[
            (tags::RADIONUCLIDE_TOTAL_DOSE, "433344096"),
            (tags::RADIONUCLIDE_HALF_LIFE, "6588"),
            (tags::RADIOPHARMACEUTICAL_START_TIME, "135100.00"),
        ]);
        let mut data = object(&[
            (tags::UNITS, "BQML"),
            (tags::CORRECTED_IMAGE, "NORM\\ATTN\\DECY"),
            (tags::DECAY_CORRECTION, "START"),
            (tags::PATIENT_WEIGHT, "99"),
            (tags::SERIES_DATE, "20060129"),
            (tags::SERIES_TIME, "145100"),
        ]);
        for &(tag, text) in change {
            data.put(DataElement::new(tag, VR::LO, text));
        }
        for &(tag, text) in change_dose {
            dose.put(DataElement::new(tag, VR::LO, text));
        }
        data.put(DataElement::new(
            tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE,
            VR::SQ,
            DataSetSequence::from(vec![dose]),
        ));
        data
    }

    #[test]
    fn decay_since_the_injection_counts() {
        let near = |found: Result<f64, String>, expected: f64| {
            let found = found.expect("all is said");
            assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        };
        // 99 kg, 433 344 096 Bq, one hour at a half-life of 6588 s.
        let hour = 99_000.0 / (433_344_096.0 * (-3600.0_f64 / 6588.0).exp2());
        near(suv_factor(&pet(&[], &[]), None), hour);
        near(suv_factor(&pet(&[], &[]), Some(53_460.0 + 100.0)), hour);
        // The workstation rewrote the series time.
        let late = pet(&[(tags::SERIES_TIME, "180000")], &[]);
        near(suv_factor(&late, Some(53_460.0)), hour);
        // Over midnight, with and without a date.
        let night = [
            (tags::SERIES_DATE, "20060130"),
            (tags::SERIES_TIME, "002100"),
        ];
        let before = (tags::RADIOPHARMACEUTICAL_START_TIME, "232100");
        let dated = (
            tags::RADIOPHARMACEUTICAL_START_DATE_TIME,
            "20060129232100.00",
        );
        near(suv_factor(&pet(&night, &[before]), None), hour);
        near(suv_factor(&pet(&night, &[before, dated]), None), hour);
        near(
            suv_factor(&pet(&[(tags::DECAY_CORRECTION, "ADMIN")], &[]), None),
            99_000.0 / 433_344_096.0,
        );
        near(suv_factor(&pet(&[(tags::UNITS, "GML")], &[]), None), 1.0);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (change, change_dose, expected) in [
            (&[(tags::UNITS, "CNTS")][..], &[][..], "in CNTS"),
            (&[(tags::CORRECTED_IMAGE, "ATTN")], &[], "no DECY"),
            (&[(tags::DECAY_CORRECTION, "NONE")], &[], "is NONE"),
            (&[(tags::PATIENT_WEIGHT, "0")], &[], "no patient weight"),
            (
                &[],
                &[(tags::RADIONUCLIDE_TOTAL_DOSE, "")],
                "no injected dose",
            ),
            (
                &[],
                &[(tags::RADIOPHARMACEUTICAL_START_TIME, "25")],
                "no time of injection",
            ),
            (
                &[],
                &[(tags::RADIOPHARMACEUTICAL_START_DATE_TIME, "20060101135100")],
                "the right dates",
            ),
        ] {
            let error = suv_factor(&pet(change, change_dose), None).expect_err("it is incomplete");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn times_are_read_in_all_lengths() {
        for (time, expected) in [
            ("135100.50", Some(49_860.5)),
            ("1351", Some(49_860.0)),
            ("13", Some(46_800.0)),
            ("", None),
            ("1", None),
            ("2560", None),
            ("13510", Some(49_860.0)),
        ] {
            assert_eq!(seconds(time), expected, "{time}");
        }
    }
}
