//! Some rows of patches: what one task computes. See [`PatchRows`].

use super::{
    Conv2dProblem, Kernels, POSITIONS,
    transform::{self, PATCH, RESULT},
};
use crate::{
    Activation,
    device::Cpu,
    gemm::{Block, Source},
    simd::{self, Kernel, Lanes},
};

/// A pixel that the image does not have.
const OUTSIDE: usize = usize::MAX;

/// Rows of patches of one image.
pub(super) struct PatchRows<'a> {
    pub(super) problem: &'a Conv2dProblem,
    /// `[height, width, inputs]`
    pub(super) x: &'a [f32],
    pub(super) kernels: &'a Kernels,
    /// The first line of the result.
    pub(super) first_line: usize,
    /// As `out`.
    pub(super) residual: Option<&'a [f32]>,
    /// `[lines, width, outputs]`
    pub(super) out: &'a mut [f32],
    /// Where scratch space comes from.
    pub(super) cpu: &'a Cpu,
}

impl Kernel for PatchRows<'_> {
    /// Whether all results are finite.
    type Output = bool;

    #[inline(always)]
    fn run<const N: usize>(mut self) -> bool {
        let [_, width] = self.problem.output_size();
        let across = width.div_ceil(RESULT);
        let lines = self.out.len() / (width * self.problem.layout.outputs);
        let patches = across * lines.div_ceil(RESULT);
        let inputs = self.problem.layout.inputs.next_multiple_of(N);
        let outputs = self.kernels.bias.len();

        // A vector more, so that positions do not fall on the same places of the cache.
        let [stride, product_stride] = [patches * inputs + N, patches * outputs + N];
        let mut transformed = self.cpu.buffer(POSITIONS * stride);
        let mut products = self.cpu.buffer(POSITIONS * product_stride);
        for patch in 0..patches {
            let corner = [patch / across, patch % across];
            self.transform::<N>(corner, &mut transformed[patch * inputs..], stride);
        }
        let positions = transformed.chunks_exact(stride);
        let positions = positions.zip(products.chunks_exact_mut(product_stride));
        for (panels, (transformed, out)) in self.kernels.products.iter().zip(positions) {
            let product = Block {
                cpu: self.cpu,
                source: &Source::padded_rows(transformed, self.problem.layout.inputs, inputs),
                panels,
                residual: None,
                activation: Activation::None,
                first_row: 0,
                out: &mut out[..patches * outputs],
            };
            product.run::<N>();
        }
        let mut not_finite = Lanes::<N>::ZERO;
        for patch in 0..patches {
            let corner = [patch / across, patch % across];
            let products = &products[patch * outputs..];
            self.store::<N>(corner, products, product_stride, &mut not_finite);
        }
        simd::activate::<N>(self.problem.activation, self.out);
        not_finite.sum() == 0.0
    }
}

impl PatchRows<'_> {
    /// Transforms the patch in a row and column of patches. `space` is `[inputs padded]`, and again
    /// after `stride` numbers for each further position.
    #[inline(always)]
    fn transform<const N: usize>(&self, patch: [usize; 2], space: &mut [f32], stride: usize) {
        let pixels = self.pixels(patch);
        for channel in (0..self.problem.layout.inputs).step_by(N) {
            let mut half = [[Lanes::<N>::ZERO; PATCH]; PATCH];
            for j in 0..PATCH {
                let mut line = [Lanes::<N>::ZERO; PATCH];
                for i in 0..PATCH {
                    if pixels[i][j] != OUTSIDE {
                        line[i] = load(self.x, pixels[i][j] + channel);
                    }
                }
                let line = transform::patch(line);
                for i in 0..PATCH {
                    half[i][j] = line[i];
                }
            }
            for (i, line) in half.iter().enumerate() {
                let line = transform::patch(*line);
                for (j, value) in line.iter().enumerate() {
                    let at = (i * PATCH + j) * stride + channel;
                    space[at..at + N].copy_from_slice(&value.0);
                }
            }
        }
    }

    /// Returns where the pixels of a patch start in the image, or [`OUTSIDE`].
    #[inline(always)]
    fn pixels(&self, [row, column]: [usize; 2]) -> [[usize; PATCH]; PATCH] {
        let Conv2dProblem {
            height,
            width,
            layout,
            ..
        } = *self.problem;
        let (top, left) = (self.first_line + row * RESULT, column * RESULT);
        let mut pixels = [[OUTSIDE; PATCH]; PATCH];
        for (i, line) in pixels.iter_mut().enumerate() {
            for (j, pixel) in line.iter_mut().enumerate() {
                let y = (top + i).wrapping_sub(layout.padding);
                let x = (left + j).wrapping_sub(layout.padding);
                if y < height && x < width {
                    *pixel = (y * width + x) * layout.inputs;
                }
            }
        }
        pixels
    }

    /// Transforms the products of a patch back and writes the pixels that the image has. What is
    /// not finite makes `not_finite` NaN.
    #[inline(always)]
    fn store<const N: usize>(
        &mut self,
        [row, column]: [usize; 2],
        products: &[f32],
        stride: usize,
        not_finite: &mut Lanes<N>,
    ) {
        let outputs = self.problem.layout.outputs;
        let [_, width] = self.problem.output_size();
        let lines = self.out.len() / (width * outputs);
        let (top, left) = (row * RESULT, column * RESULT);
        let [down, across] = [(lines - top).min(RESULT), (width - left).min(RESULT)];
        let (bias, _) = self.kernels.bias.as_chunks::<N>();
        for (channel, bias) in (0..outputs).step_by(N).zip(bias) {
            let count = (outputs - channel).min(N);
            let mut half = [[Lanes::<N>::ZERO; PATCH]; RESULT];
            for j in 0..PATCH {
                let mut line = [Lanes::<N>::ZERO; PATCH];
                for i in 0..PATCH {
                    line[i] = Lanes::load(&products[(i * PATCH + j) * stride + channel..]);
                }
                let line = transform::result(line);
                for i in 0..RESULT {
                    half[i][j] = line[i];
                }
            }
            for (i, line) in half.iter().enumerate().take(down) {
                let line = transform::result(*line);
                let first = ((top + i) * width + left) * outputs + channel;
                for (j, value) in line.iter().enumerate().take(across) {
                    *not_finite = value.fma(Lanes::ZERO, *not_finite);
                    let at = first + j * outputs;
                    let mut value = *value + Lanes(*bias);
                    if let Some(residual) = self.residual {
                        value += load(residual, at);
                    }
                    if count == N {
                        self.out[at..at + N].copy_from_slice(&value.0);
                    } else {
                        self.out[at..at + count].copy_from_slice(&value.0[..count]);
                    }
                }
            }
        }
    }
}

/// Returns `N` numbers from a place on, or as many as there are, and zeros: those of the channels
/// at hand, and beyond them some that nobody reads.
#[inline(always)]
fn load<const N: usize>(numbers: &[f32], at: usize) -> Lanes<N> {
    match numbers.get(at..at + N) {
        Some(whole) => Lanes::load(whole),
        None => Lanes::load_partial(&numbers[at..]),
    }
}
