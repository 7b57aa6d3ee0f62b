//! Where the rows of `A` lie. See [`Source`].

/// The left matrix of a product: each row consists of `segments` runs of `segment` numbers, the
/// same distance apart for every row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a, F = f32> {
    /// The numbers.
    pub(crate) data: &'a [F],
    /// Runs per row.
    pub(crate) segments: usize,
    /// Numbers of a run.
    pub(crate) segment: usize,
    /// Distance between the starts of a row's runs.
    pub(crate) segment_stride: usize,
    /// How rows are counted: pixels of a line, lines of an image.
    pub(crate) line: [usize; 2],
    /// Distance between the starts of neighbouring pixels, lines and images.
    pub(crate) strides: [usize; 3],
}

impl<'a, F> Source<'a, F> {
    /// Rows of `columns` numbers, one after another.
    pub(crate) fn rows(data: &'a [F], columns: usize) -> Self {
        Self::padded_rows(data, columns, columns)
    }

    /// Rows of `columns` numbers that start `stride` numbers apart.
    pub(crate) fn padded_rows(data: &'a [F], columns: usize, stride: usize) -> Self {
        Self {
            data,
            segments: 1,
            segment: columns,
            segment_stride: 0,
            line: [usize::MAX, 1],
            strides: [stride, 0, 0],
        }
    }

    /// Returns the runs of a row.
    pub(crate) fn segments(&self, row: usize) -> impl Iterator<Item = &'a [F]> {
        let start = self.offset(row);
        let starts = (0..self.segments).map(move |i| start + i * self.segment_stride);
        starts.map(|start| &self.data[start..start + self.segment])
    }

    /// Returns where a row starts.
    pub(crate) fn offset(&self, row: usize) -> usize {
        let [pixels, lines] = self.line;
        let [pixel, line, image] = self.strides;
        let (i, j) = (row / pixels, row % pixels);
        i / lines * image + i % lines * line + j * pixel
    }
}
