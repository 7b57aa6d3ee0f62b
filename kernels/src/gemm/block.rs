//! A block of rows, all panels: what one task computes. See [`Block`].

use super::{
    Panels, Source,
    panels::{Entries, Panel},
    tile::{self, ROWS},
};
use crate::{
    Activation,
    buffer::Buffer,
    device::Cpu,
    simd::{self, Factor, Kernel, Lanes, Pair},
};

/// Some rows of the product.
pub(crate) struct Block<'a> {
    /// Where scratch space comes from.
    pub(crate) cpu: &'a Cpu,
    pub(crate) source: &'a Source<'a>,
    pub(crate) panels: &'a Panels,
    /// Added before the activation; these rows only.
    pub(crate) residual: Option<&'a [f32]>,
    pub(crate) activation: Activation,
    /// The first row of the source to use.
    pub(crate) first_row: usize,
    /// `[rows, columns]`
    pub(crate) out: &'a mut [f32],
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(mut self) {
        let panels = self.panels;
        match &panels.entries {
            Entries::F32(entries) => {
                self.multiply::<N, f32>(self.source, self.first_row, entries);
            }
            Entries::Bf16(entries) => {
                let packed = self.pack();
                let row = panels.rows().div_ceil(Pair::TERMS);
                let source = Source::rows(bytemuck::cast_slice(&packed), row);
                self.multiply::<N, Pair>(&source, 0, entries);
            }
        }
    }
}

impl Block<'_> {
    fn rows(&self) -> usize {
        self.out.len() / self.panels.columns()
    }

    /// Rounds and packs the block's rows.
    #[inline(always)]
    fn pack(&self) -> Buffer {
        let length = self.panels.rows();
        let entries = length.div_ceil(Pair::TERMS).max(1);
        let mut packed = self.cpu.buffer(self.rows() * entries);
        let mut joined = Vec::new();
        let out = bytemuck::cast_slice_mut(&mut packed).chunks_exact_mut(entries);
        for (row, out) in out.enumerate() {
            let mut segments = self.source.segments(self.first_row + row);
            let terms = if self.source.segments == 1 {
                segments.next().expect("the only one")
            } else {
                joined.clear();
                for segment in segments {
                    joined.extend_from_slice(segment);
                }
                &joined
            };
            simd::pack_row(terms, out);
        }
        packed
    }

    /// Computes all rows, which lie in `source` from a row on.
    #[inline(always)]
    fn multiply<const N: usize, F: Factor>(
        &mut self,
        source: &Source<'_, F>,
        first_row: usize,
        entries: &[F],
    ) {
        let rows = self.rows();
        let offsets: Vec<usize> = (0..rows.next_multiple_of(ROWS))
            // A strip that reaches past the last row computes that row again.
            .map(|row| source.offset(first_row + row.min(rows - 1)))
            .collect();
        let (strips, _) = offsets.as_chunks::<ROWS>();
        let panels = self.panels;
        for panel in panels.iter::<N, F>(entries) {
            match panel.bias.len() / N {
                1 => self.panel::<N, 1, F>(source, strips, panel),
                2 => self.panel::<N, 2, F>(source, strips, panel),
                3 => self.panel::<N, 3, F>(source, strips, panel),
                _ => self.panel::<N, 4, F>(source, strips, panel),
            }
        }
    }

    /// Computes all rows of a panel of `V` vectors.
    #[inline(always)]
    fn panel<const N: usize, const V: usize, F: Factor>(
        &mut self,
        source: &Source<'_, F>,
        strips: &[[usize; ROWS]],
        panel: Panel<'_, F>,
    ) {
        let columns = self.panels.columns();
        let width = (columns - panel.column).min(N * V);
        let (bias, _) = panel.bias.as_chunks::<N>();
        for (strip, offsets) in strips.iter().enumerate() {
            let start = strip * ROWS * columns + panel.column;
            let rows = (self.out.len() / columns - strip * ROWS).min(ROWS);
            let range = |i: usize| start + i * columns..start + i * columns + width;
            for i in 0..rows {
                if let Some(residual) = self.residual {
                    simd::prefetch(&residual[range(i)]);
                }
                simd::prefetch(&self.out[range(i)]);
            }
            let mut tile = [[Lanes::<N>::ZERO; V]; ROWS];
            tile::accumulate(source, offsets, panel.entries, &mut tile);
            for (i, row) in tile.iter_mut().enumerate().take(rows) {
                for j in 0..V {
                    row[j] += Lanes(bias[j]);
                }
                if let Some(residual) = self.residual {
                    add(row, &residual[range(i)]);
                }
                let row = simd::activated(self.activation, *row);
                store(&row, &mut self.out[range(i)]);
            }
        }
    }
}

#[inline(always)]
fn add<const N: usize, const V: usize>(row: &mut [Lanes<N>; V], residual: &[f32]) {
    if residual.len() == N * V {
        let (residual, _) = residual.as_chunks::<N>();
        for j in 0..V {
            row[j] += Lanes(residual[j]);
        }
    } else {
        for (lanes, residual) in row.iter_mut().zip(residual.chunks(N)) {
            *lanes += Lanes::load_partial(residual);
        }
    }
}

#[inline(always)]
fn store<const N: usize, const V: usize>(row: &[Lanes<N>; V], out: &mut [f32]) {
    if out.len() == N * V {
        let (out, _) = out.as_chunks_mut::<N>();
        for j in 0..V {
            out[j] = row[j].0;
        }
    } else {
        for (lanes, out) in row.iter().zip(out.chunks_mut(N)) {
            out.copy_from_slice(&lanes.0[..out.len()]);
        }
    }
}
