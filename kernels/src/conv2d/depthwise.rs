//! Depthwise convolution on the CPU: vectors run over channels. See [`convolve`].

use std::ops::Range;

use super::{Conv2dProblem, ConvLayout};
use crate::{
    device::Cpu,
    parallel,
    simd::{self, Kernel, Lanes},
};

/// Pixels of a line computed together, which share each load of the kernel.
const PIXELS: usize = 4;

/// Channels whose taps lie together: a whole number of vectors of any length.
const GROUP: usize = 16;

/// One kernel per channel.
#[derive(Clone, Debug)]
pub(crate) struct Kernels {
    /// `[groups, kernel height · kernel width, GROUP]`, the last group filled up with zeros. A
    /// vector's taps lie in a row: with the channels of all groups side by side they, and the
    /// pixels they are multiplied with, would compete for the same few lines of the cache.
    taps: Vec<f32>,
    /// `[channels]`
    bias: Vec<f32>,
}

impl Kernels {
    /// Packs a weight `[channels, 1, kernel height, kernel width]`.
    pub(super) fn new(layout: &ConvLayout, weight: &[f32], bias: Option<&[f32]>) -> Self {
        let channels = layout.outputs;
        let taps = layout.kernel[0] * layout.kernel[1];
        Self {
            taps: (0..channels.div_ceil(GROUP) * taps * GROUP)
                .map(|i| {
                    let (row, tap) = (i / GROUP, i / GROUP % taps);
                    let channel = row / taps * GROUP + i % GROUP;
                    weight.get(channel * taps + tap).copied().unwrap_or(0.0)
                })
                .collect(),
            bias: bias.map_or_else(|| vec![0.0; channels], <[f32]>::to_vec),
        }
    }
}

/// Writes the depthwise convolution of `x`, `[batch, height, width, channels]`.
pub(super) fn convolve(
    cpu: &Cpu,
    problem: &Conv2dProblem,
    x: &[f32],
    kernels: &Kernels,
    residual: Option<&[f32]>,
    out: &mut [f32],
) {
    let [out_height, out_width] = problem.output_size();
    let line = out_width * problem.layout.outputs;
    parallel::for_rows(out, line, |row, out| {
        let image = problem.height * problem.width * problem.layout.inputs;
        cpu.isa.run(Line {
            problem,
            x: &x[row / out_height * image..][..image],
            kernels,
            row: row % out_height,
            residual: residual.map(|r| &r[row * line..][..line]),
            out,
        });
    });
}

/// One line of the result.
pub(crate) struct Line<'a> {
    pub(crate) problem: &'a Conv2dProblem,
    /// One image.
    pub(crate) x: &'a [f32],
    pub(crate) kernels: &'a Kernels,
    pub(crate) row: usize,
    pub(crate) residual: Option<&'a [f32]>,
    pub(crate) out: &'a mut [f32],
}

impl Kernel for Line<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const N: usize>(mut self) {
        let Conv2dProblem { width, layout, .. } = *self.problem;
        let [_, kw] = layout.kernel;
        let pixels = self.out.len() / layout.outputs;
        let mut j = 0;
        while j < pixels {
            let first = j * layout.stride;
            let last = (j + PIXELS - 1) * layout.stride + kw;
            if j + PIXELS <= pixels && first >= layout.padding && last <= width + layout.padding {
                self.pixels::<N, PIXELS>(j, 0..kw);
                j += PIXELS;
            } else {
                let columns = taps_inside(first, layout.padding, kw, width);
                self.pixels::<N, 1>(j, columns);
                j += 1;
            }
        }
    }
}

impl Line<'_> {
    /// Computes all channels of `P` pixels from the `j`-th on, with these columns of the kernel.
    #[inline(always)]
    fn pixels<const N: usize, const P: usize>(&mut self, j: usize, columns: Range<usize>) {
        let channels = self.problem.layout.outputs;
        let whole = channels - channels % N;
        for c in (0..whole).step_by(N) {
            self.vectors::<N, P, true>(j, columns.clone(), c);
        }
        if whole < channels {
            self.vectors::<N, P, false>(j, columns, whole);
        }
        let out = &mut self.out[j * channels..][..P * channels];
        simd::activate::<N>(self.problem.activation, out);
    }

    /// Computes a vector of channels from `c` on, which is `WHOLE` or the last, of `P` pixels.
    #[inline(always)]
    fn vectors<const N: usize, const P: usize, const WHOLE: bool>(
        &mut self,
        j: usize,
        columns: Range<usize>,
        c: usize,
    ) {
        let Conv2dProblem {
            height,
            width,
            layout,
            ..
        } = *self.problem;
        let ConvLayout {
            kernel: [kh, kw],
            stride,
            padding,
            inputs: channels,
            ..
        } = layout;
        let taps = &self.kernels.taps[c / GROUP * kh * kw * GROUP + c % GROUP..];
        let mut sums = [Lanes::<N>::ZERO; P];
        for a in taps_inside(self.row * stride, padding, kh, height) {
            let y = self.row * stride + a - padding;
            let line = &self.x[y * width * channels..][..width * channels];
            for b in columns.clone() {
                let tap = Lanes::load(&taps[(a * kw + b) * GROUP..]);
                let first = (j * stride + b - padding) * channels + c;
                for p in 0..P {
                    let x = load::<N, WHOLE>(&line[first + p * stride * channels..]);
                    sums[p] = x.fma(tap, sums[p]);
                }
            }
        }
        let bias = load::<N, WHOLE>(&self.kernels.bias[c..]);
        for (p, &sum) in sums.iter().enumerate() {
            let start = (j + p) * channels + c;
            let mut y = sum + bias;
            if let Some(residual) = self.residual {
                y += load::<N, WHOLE>(&residual[start..]);
            }
            let count = if WHOLE { N } else { channels - c };
            self.out[start..][..count].copy_from_slice(&y.0[..count]);
        }
    }
}

/// Returns which of `taps` taps along an axis fall inside the image, for the output pixel whose
/// first tap is at `first` in padded coordinates.
#[inline(always)]
fn taps_inside(first: usize, padding: usize, taps: usize, extent: usize) -> Range<usize> {
    padding.saturating_sub(first).min(taps)..(extent + padding).saturating_sub(first).min(taps)
}

/// Returns the first `N` numbers; where the vector is not `WHOLE`, lanes beyond the last channel
/// hold anything and are dropped in the end.
#[inline(always)]
fn load<const N: usize, const WHOLE: bool>(x: &[f32]) -> Lanes<N> {
    if WHOLE {
        Lanes::load(x)
    } else {
        Lanes::load_partial(x)
    }
}
