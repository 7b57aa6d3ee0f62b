//! Distances of a window's pixels. See [`Plane`].

use std::cell::Cell;

use ndarray::ArrayViewMut2;

/// Numbers that a thread keeps for its next transform at most: 32 MiB, a mask of 2896 × 2896.
const MOST_KEPT: usize = 1 << 23;

thread_local! {
    /// Memory of this thread's last transform: fresh pages cost as much as the transform itself.
    static KEPT: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// A value per pixel of a window, in memory with room around it.
pub(in super::super) struct Plane<T> {
    /// The pixel `[row, column]` is at `first + row · stride + column`.
    pub(super) values: Vec<T>,
    pub(super) first: usize,
    pub(super) stride: usize,
    /// Height and width, both above 0.
    pub(super) dim: (usize, usize),
}

impl<T: Copy + Default + PartialOrd> Plane<T> {
    /// Writes what the values stand for to an array of the window's size.
    pub(in super::super) fn write(
        &self,
        mut distances: ArrayViewMut2<f32>,
        in_pixels: impl Fn(T) -> f32,
    ) {
        for (mut distances, values) in distances.rows_mut().into_iter().zip(self.rows()) {
            let distances = distances.as_slice_mut();
            let distances = distances.expect("the pixels of a row are neighbours in a new array");
            for (distance, &value) in distances.iter_mut().zip(values) {
                *distance = in_pixels(value);
            }
        }
    }

    /// Returns the value at `[row, column]`, if there is one.
    pub(in super::super) fn get_mut(&mut self, [row, column]: [usize; 2]) -> Option<&mut T> {
        let (height, width) = self.dim;
        let is_inside = row < height && column < width;
        is_inside.then(|| &mut self.values[self.first + row * self.stride + column])
    }

    /// Returns the greatest value and its pixels, in row-major order.
    pub(in super::super) fn greatest(&self) -> (T, impl Iterator<Item = [usize; 2]>) {
        let max = self.rows().map(greatest_of).fold(T::default(), greater);
        let pixels = self.rows().enumerate().flat_map(move |(row, values)| {
            // Rows without it are left fast.
            let values = if greatest_of(values) < max {
                &[]
            } else {
                values
            };
            let ties = values.iter().enumerate();
            ties.filter_map(move |(column, &value)| (value == max).then_some([row, column]))
        });
        (max, pixels)
    }

    /// Returns the values row by row.
    fn rows(&self) -> impl Iterator<Item = &[T]> {
        let (height, width) = self.dim;
        let rows = self.values[self.first..].chunks(self.stride);
        rows.take(height).map(move |row| &row[..width])
    }
}

/// Returns the greatest value, or 0 if there is none above.
fn greatest_of<T: Copy + Default + PartialOrd>(values: &[T]) -> T {
    // Many at a time, none of which waits for another.
    let mut greatest = [T::default(); 32];
    let mut chunks = values.chunks_exact(greatest.len());
    for chunk in &mut chunks {
        for (greatest, &value) in greatest.iter_mut().zip(chunk) {
            *greatest = greater(*greatest, value);
        }
    }
    let rest = chunks.remainder().iter().copied();
    greatest.into_iter().chain(rest).fold(T::default(), greater)
}

fn greater<T: PartialOrd>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

/// Returns at least `len` numbers, whatever they are: those that [`keep`] kept, if there are enough.
pub(super) fn scratch(len: usize) -> Vec<f32> {
    let mut values = KEPT.take();
    if values.len() < len {
        values = vec![0.0; len];
    }
    values
}

impl Plane<f32> {
    /// Keeps the memory for this thread's next transform.
    pub(in super::super) fn keep(self) {
        if self.values.len() <= MOST_KEPT {
            KEPT.set(self.values);
        }
    }
}
