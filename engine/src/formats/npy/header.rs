//! The header of a NumPy array. See [`Header`].

use std::io::{self, BufRead};

use crate::formats::{
    FormatError,
    source::Source,
    volume::{ByteOrder, Sample},
};

/// What every file begins with; two bytes of version follow.
pub(in crate::formats) const MARK: &[u8] = b"\x93NUMPY";

/// Longest header: an array of numbers needs a hundred bytes; NumPy itself stops at 10 000.
const LONGEST: u64 = 10_000;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::formats) struct Header {
    pub(in crate::formats) kind: Kind,
    pub(in crate::formats) order: ByteOrder,
    /// Whether the first axis runs fastest.
    pub(in crate::formats) is_fortran: bool,
    pub(in crate::formats) shape: Vec<usize>,
}

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats) enum Kind {
    /// `bool`: a byte that is 0 or 1.
    Bool,
    /// `float16`.
    Half,
    /// Any other number.
    Number(Sample),
}

impl Kind {
    /// Returns as what an element is stored.
    pub(in crate::formats) fn sample(self) -> Sample {
        match self {
            Self::Bool => Sample::U8,
            Self::Half => Sample::U16,
            Self::Number(sample) => sample,
        }
    }
}

impl Header {
    /// Reads a header and leaves the reader behind it.
    ///
    /// # Errors
    /// A version or a header that is not NumPy's; elements that are no numbers of at most 64 bits.
    pub(in crate::formats) fn read(
        source: Source,
        reader: &mut dyn BufRead,
    ) -> Result<Self, FormatError> {
        let text = read_text(reader).map_err(|error| source.stopped(error))?;
        let wrong = || {
            let start: String = text.chars().take(80).collect();
            source.broken(format!("its header is `{start}`"))
        };
        let value = |key: &str| entry(&text, key);
        let (Some(descr), Some(order), Some(shape)) =
            (value("descr"), value("fortran_order"), value("shape"))
        else {
            return Err(wrong());
        };
        let (kind, byte_order) = element(source, descr)?;
        let is_fortran = match order.split([',', '}']).next().map(str::trim) {
            Some("True") => true,
            Some("False") => false,
            _ => return Err(wrong()),
        };
        let shape = shape
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'));
        let lengths: Option<Vec<usize>> = shape.and_then(|(inner, _)| {
            let words = inner.split(',').map(str::trim);
            let words = words.filter(|word| !word.is_empty());
            words
                .map(|word| word.trim_end_matches('L').parse().ok())
                .collect()
        });
        let shape = lengths.filter(|lengths| lengths.iter().all(|&n| (1..1 << 32).contains(&n)));
        Ok(Self {
            kind,
            order: byte_order,
            is_fortran,
            shape: shape.ok_or_else(wrong)?,
        })
    }
}

fn read_text(reader: &mut dyn BufRead) -> io::Result<String> {
    let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem);
    let mut start = [0; 8];
    reader.read_exact(&mut start)?;
    let length: u64 = if start[6] == 1 {
        let mut length = [0; 2];
        reader.read_exact(&mut length)?;
        u16::from_le_bytes(length).into()
    } else if (2..=3).contains(&start[6]) {
        let mut length = [0; 4];
        reader.read_exact(&mut length)?;
        u32::from_le_bytes(length).into()
    } else {
        return Err(invalid("its header is of an unknown version"));
    };
    if length > LONGEST {
        return Err(invalid(
            "its header is longer than that of any array of numbers",
        ));
    }
    let mut text = vec![0; length as usize];
    reader.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Returns what follows the key in the text of a Python dictionary.
fn entry<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let (_, rest) = quoted
        .iter()
        .find_map(|quoted| text.split_once(quoted.as_str()))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

/// Returns what an element is, by NumPy's word for it.
fn element(source: Source, text: &str) -> Result<(Kind, ByteOrder), FormatError> {
    let refused = |what: &str| {
        source.unsupported(format!(
            "holds {what}; save it again with astype() to integers or real numbers of at most 64 bits"
        ))
    };
    let quote = text
        .chars()
        .next()
        .filter(|quote| ['\'', '"'].contains(quote));
    let word = quote.and_then(|quote| text[1..].split(quote).next());
    let Some(word) = word else {
        return Err(refused("records of several fields"));
    };
    let order = match word.as_bytes().first() {
        Some(b'>') => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    let kind = match word.trim_start_matches(['<', '>', '|', '=']) {
        "b1" | "?" => Kind::Bool,
        "f2" => Kind::Half,
        "u1" => Kind::Number(Sample::U8),
        "i1" => Kind::Number(Sample::I8),
        "u2" => Kind::Number(Sample::U16),
        "i2" => Kind::Number(Sample::I16),
        "u4" => Kind::Number(Sample::U32),
        "i4" => Kind::Number(Sample::I32),
        "u8" => Kind::Number(Sample::U64),
        "i8" => Kind::Number(Sample::I64),
        "f4" => Kind::Number(Sample::F32),
        "f8" => Kind::Number(Sample::F64),
        "O" | "O8" | "O4" => {
            return Err(refused(
                "Python objects, which could run a program when they are unpacked, and are not",
            ));
        }
        other => {
            let start: String = other.chars().take(20).collect();
            return Err(refused(&format!("elements of the type `{start}`")));
        }
    };
    Ok((kind, order))
}
