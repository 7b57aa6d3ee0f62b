//! From a stream of bytes to the samples of one volume. See [`Samples`].

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::{
    FormatError, Grid, Planes,
    planes::Voxels,
    run::Run,
    source::{Opened, Source, unfolded},
    volume::{ByteOrder, Coding, Sample, Scaling},
};

/// How samples are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// One after the other.
    Raw,
    /// Packed by gzip.
    Gzip,
    /// Packed by deflate, with zlib's header.
    Zlib,
    /// As numbers that a person can read.
    Text,
}

/// Which samples of a stream make the volume: the stream has `outer` blocks, each block `frames`
/// runs, each run `inner` samples; run number `frame` of every block is taken.
#[derive(Clone, Copy)]
pub(super) struct Samples {
    pub(super) shape: [usize; 3],
    pub(super) sample: Sample,
    pub(super) order: ByteOrder,
    pub(super) outer: u64,
    pub(super) frames: u64,
    pub(super) inner: u64,
    pub(super) frame: u64,
}

/// The samples of a volume, in stored order.
pub(super) struct Stored {
    pub(super) sample: Sample,
    pub(super) order: ByteOrder,
    pub(super) voxels: Voxels,
}

impl Stored {
    /// Returns the volume. Its grid has the shape for which samples were found.
    pub(super) fn planes(self, grid: Grid, scaling: Scaling) -> Planes {
        let coding = Coding::new(self.sample, self.order, scaling);
        Planes::new(grid, coding, self.voxels)
            .expect("as many samples were found as the shape has voxels")
    }
}

/// Up to this size, runs are read and skipped through a buffer.
const SHORT: u64 = 1 << 16;

impl Samples {
    /// Finds the samples from where the file is opened; after unpacking, `skipped` bytes come before
    /// the first one.
    ///
    /// # Errors
    /// [`FormatError::Promise`], before anything is allocated, if there cannot be as many;
    /// [`FormatError::Broken`] if they are not there.
    pub(super) fn find(
        self,
        source: Source,
        encoding: Encoding,
        opened: Opened,
        skipped: u64,
    ) -> Result<Stored, FormatError> {
        let (bytes, most) = (opened.bytes, unfolded(opened.left()));
        match encoding {
            Encoding::Raw => self.find_plain(source, opened, skipped),
            Encoding::Text => self.read_text(source, opened),
            Encoding::Gzip => {
                let unpacked = MultiGzDecoder::new(opened.reader);
                let reader = BufReader::with_capacity(1 << 16, unpacked);
                self.find_plain(source, Opened::new(reader, bytes, most), skipped)
            }
            Encoding::Zlib => {
                let unpacked = ZlibDecoder::new(opened.reader);
                let reader = BufReader::with_capacity(1 << 16, unpacked);
                self.find_plain(source, Opened::new(reader, bytes, most), skipped)
            }
        }
    }

    /// Finds the samples in a stream that is unpacked: leaves them in a file that has them as they are
    /// and in one run, reads others.
    ///
    /// # Errors
    /// As [`Samples::find`].
    pub(super) fn find_plain(
        self,
        source: Source,
        mut opened: Opened,
        skipped: u64,
    ) -> Result<Stored, FormatError> {
        let is_one_run = self.frames == 1 || self.outer == 1;
        let voxels = match opened.plain.take_if(|_| is_one_run) {
            Some(file) => {
                let all = self.check(source, &opened, skipped)?;
                let run = all / self.frames;
                let start = opened.bytes - opened.left() + skipped + run * self.frame;
                Voxels::Left(Run::new(source, file, start, run))
            }
            None => Voxels::Held(self.read_plain(source, opened, skipped)?),
        };
        Ok(Stored {
            sample: self.sample,
            order: self.order,
            voxels,
        })
    }

    /// Reads the samples from a stream that is unpacked, in stored order.
    ///
    /// # Errors
    /// As [`Samples::find`].
    pub(super) fn read_plain(
        mut self,
        source: Source,
        mut opened: Opened,
        skipped: u64,
    ) -> Result<Vec<u8>, FormatError> {
        self.check(source, &opened, skipped)?;
        let bytes = opened.bytes;
        if self.frames == 1 {
            self.inner *= self.outer;
            self.outer = 1;
        }
        // A header cannot make a small archive large at once: beyond, the vector grows with what is
        // really there.
        let wanted = self.inner * self.outer * self.sample.bytes() as u64;
        let at_once = wanted.min(bytes.saturating_mul(8));
        let mut voxels = Vec::new();
        if voxels.try_reserve_exact(at_once as usize).is_err() {
            return Err(self.promise(source, bytes));
        }
        let copied = self.copy(&mut opened.reader, skipped, &mut voxels);
        let is_whole = copied.map_err(|error| source.stopped(error))?;
        if !is_whole {
            return Err(source.broken(format!(
                "holds {} of the {wanted} bytes of its voxels: it is truncated",
                voxels.len()
            )));
        }
        // An archive checks its sum when it is read to its end.
        let end = opened.reader.read(&mut [0]);
        end.map_err(|error| source.stopped(error))?;
        Ok(voxels)
    }

    /// Returns the size of all volumes of the stream in bytes, if they can be there.
    fn check(&self, source: Source, opened: &Opened, skipped: u64) -> Result<u64, FormatError> {
        let is_there = |all: &u64| {
            all.checked_add(skipped)
                .is_some_and(|end| end <= opened.left())
        };
        let all = self.size().filter(is_there);
        all.ok_or_else(|| self.promise(source, opened.bytes))
    }

    /// Returns the size of all volumes of the stream in bytes.
    pub(super) fn size(&self) -> Option<u64> {
        let run = self.inner.checked_mul(self.sample.bytes() as u64)?;
        run.checked_mul(self.frames)?.checked_mul(self.outer)
    }

    /// Says that there cannot be as many samples.
    pub(super) fn promise(&self, source: Source, bytes: u64) -> FormatError {
        let ([i, j, k], size) = (self.shape, self.sample.bytes());
        let each = format!("{i}×{j}×{k} voxels of {size} bytes");
        let all = match self.frames {
            1 => each,
            frames => format!("{frames} volumes of {each}"),
        };
        source.promise(all, bytes)
    }

    /// Appends the volume's bytes; returns whether all were there.
    fn copy(
        &self,
        reader: &mut dyn BufRead,
        skipped: u64,
        voxels: &mut Vec<u8>,
    ) -> io::Result<bool> {
        let run = self.inner * self.sample.bytes() as u64;
        let between = run * (self.frames - 1);
        let mut gap = skipped + run * self.frame;
        for _ in 0..self.outer {
            if !skip(reader, gap)? || !append(reader, run, voxels)? {
                return Ok(false);
            }
            gap = between;
        }
        Ok(true)
    }

    /// Reads numbers in text, as real numbers in double precision.
    fn read_text(self, source: Source, mut opened: Opened) -> Result<Stored, FormatError> {
        // Every number has a digit, and something between it and the next.
        let all = (self.inner.checked_mul(self.frames)).and_then(|n| n.checked_mul(self.outer));
        let Some(all) = all.filter(|&all| all <= opened.left().div_ceil(2)) else {
            return Err(self.promise(source, opened.bytes));
        };
        let mut text = Vec::new();
        let read = opened.reader.read_to_end(&mut text);
        read.map_err(|error| source.stopped(error))?;
        let mut voxels = Vec::new();
        let mut count = 0;
        let is_between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        for word in text.split(is_between).filter(|word| !word.is_empty()) {
            let number = str::from_utf8(word)
                .ok()
                .and_then(|word| word.parse::<f64>().ok());
            let Some(number) = number else {
                let word = String::from_utf8_lossy(&word[..word.len().min(20)]).into_owned();
                return Err(source.broken(format!("has `{word}` where a number was expected")));
            };
            if count / self.inner % self.frames == self.frame {
                voxels.extend(number.to_le_bytes());
            }
            count += 1;
            if count > all {
                break;
            }
        }
        if count != all {
            return Err(source.broken(format!("has {count} numbers where {all} were expected")));
        }
        Ok(Stored {
            sample: Sample::F64,
            order: ByteOrder::Little,
            voxels: Voxels::Held(voxels),
        })
    }
}

/// Skips bytes; returns whether they were there.
fn skip(reader: &mut dyn BufRead, mut bytes: u64) -> io::Result<bool> {
    while bytes > 0 {
        let there = reader.fill_buf()?.len();
        if there == 0 {
            return Ok(false);
        }
        let step = bytes.min(there as u64);
        reader.consume(step as usize);
        bytes -= step;
    }
    Ok(true)
}

/// Appends bytes; returns whether they were there.
fn append(reader: &mut dyn BufRead, bytes: u64, voxels: &mut Vec<u8>) -> io::Result<bool> {
    if bytes > SHORT {
        return Ok(reader.take(bytes).read_to_end(voxels)? as u64 == bytes);
    }
    let mut left = bytes as usize;
    while left > 0 {
        let there = reader.fill_buf()?;
        if there.is_empty() {
            return Ok(false);
        }
        let step = left.min(there.len());
        voxels.extend_from_slice(&there[..step]);
        reader.consume(step);
        left -= step;
    }
    Ok(true)
}
