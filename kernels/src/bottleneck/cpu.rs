//! A bottleneck on the CPU, strip by strip: a task makes some lines of the wide image, filters and
//! narrows them, and goes on with the next ones below, which share some lines with them.

use std::ops::Range;

use rayon::prelude::*;

use super::BottleneckProblem;
use crate::{
    Activation,
    conv2d::{Conv2dProblem, ConvLayout, ConvWeights, depthwise},
    device::Cpu,
    gemm::{Block, Panels, Source},
};

/// Columns of the result in a strip: with 256 channels the wide lines in play take half a megabyte,
/// which fits a second-level cache.
const COLUMNS: usize = 64;

/// Lines of the result that a step computes.
const LINES: usize = 2;

/// Least lines of a task: at its upper and lower border it computes wide lines that others do too.
const LEAST_LINES: usize = 16;

/// The parameters on the CPU.
pub(super) struct Weights<'a> {
    cpu: &'a Cpu,
    expand: &'a Panels,
    depthwise: &'a depthwise::Kernels,
    project: &'a Panels,
}

impl<'a> Weights<'a> {
    /// Returns them if they are on the CPU.
    pub(super) fn of([expand, depthwise, project]: [&'a ConvWeights; 3]) -> Option<Self> {
        Some(Self {
            expand: expand.as_product()?,
            depthwise: depthwise.as_depthwise()?,
            project: project.as_product()?,
            cpu: expand.device().as_cpu(),
        })
    }
}

/// Writes the bottleneck of `x`, `[batch, height, width, inputs]`.
pub(super) fn bottleneck(
    problem: &BottleneckProblem,
    x: &[f32],
    weights: &Weights<'_>,
    residual: Option<&[f32]>,
    out: &mut [f32],
) {
    if out.is_empty() {
        return;
    }
    let [_, height, width, outputs] = problem.project.shape();
    let image_in = x.len() / problem.expand.batch;
    let [image, line] = [height * width * outputs, width * outputs];
    let shared = (problem.expand.batch * height).div_ceil(4 * rayon::current_num_threads());
    let lines = shared.max(LEAST_LINES);
    let images = out.par_chunks_mut(image).enumerate();
    images.for_each(|(n, out)| {
        let bands = out.par_chunks_mut(lines * line).enumerate();
        bands.for_each(|(band, out)| {
            let start = n * image + band * lines * line;
            let mut band = Band {
                problem,
                weights,
                x: &x[n * image_in..][..image_in],
                residual: residual.map(|residual| &residual[start..][..out.len()]),
                first: band * lines,
                out,
            };
            for column in (0..width).step_by(COLUMNS) {
                band.strip(column..(column + COLUMNS).min(width));
            }
        });
    });
}

/// Some lines of an image of the result.
struct Band<'a> {
    problem: &'a BottleneckProblem,
    weights: &'a Weights<'a>,
    /// The whole image.
    x: &'a [f32],
    /// These lines only.
    residual: Option<&'a [f32]>,
    /// The first line.
    first: usize,
    out: &'a mut [f32],
}

impl Band<'_> {
    /// Computes some columns of all lines.
    fn strip(&mut self, columns: Range<usize>) {
        let Self {
            problem, weights, ..
        } = *self;
        let layout = problem.depthwise.layout;
        let ([kh, kw], stride) = (layout.kernel, layout.stride);
        // How many lines, or columns, of the wide image so many of the result see.
        let seen = |count: usize, taps: usize| (count - 1) * stride + taps;
        let width = seen(columns.len(), kw);
        // Numbers of a line of the strip, before and after it is filtered.
        let [before, after] = [width, columns.len()].map(|pixels| pixels * layout.outputs);
        let mut wide = weights.cpu.buffer(seen(LINES, kh) * before);
        let mut filtered = weights.cpu.buffer(LINES * after);
        let lines = self.out.len() / self.line();
        // How many wide lines are there from the step before.
        let mut kept = 0;
        for first in (0..lines).step_by(LINES) {
            let count = (lines - first).min(LINES);
            let height = seen(count, kh);
            let new = wide[kept * before..height * before].chunks_exact_mut(before);
            let top = (self.first + first) * stride + kept;
            for (line, out) in new.enumerate() {
                self.expand(top + line, columns.start * stride, out);
            }
            // Its border is in the strip already.
            let depthwise = Conv2dProblem {
                batch: 1,
                height,
                width,
                layout: ConvLayout {
                    padding: 0,
                    ..layout
                },
                ..problem.depthwise
            };
            let filtered = filtered.chunks_exact_mut(after).take(count);
            for (row, out) in filtered.enumerate() {
                weights.cpu.isa.run(depthwise::Line {
                    problem: &depthwise,
                    x: &wide[..height * before],
                    kernels: weights.depthwise,
                    row,
                    residual: None,
                    out,
                });
                self.project(first + row, columns.clone(), out);
            }
            let done = (count * stride).min(height);
            wide.copy_within(done * before..height * before, 0);
            kept = height - done;
        }
    }

    /// Computes a piece of a line of the wide image, whose line and first column are counted with the
    /// padding that the depthwise convolution sees.
    fn expand(&self, line: usize, column: usize, out: &mut [f32]) {
        let Conv2dProblem {
            height,
            width,
            layout,
            ..
        } = self.problem.depthwise;
        let (padding, channels) = (layout.padding, layout.inputs);
        let columns = column..column + out.len() / channels;
        // Those inside the image.
        let inside = |at: usize, extent: usize| at.clamp(padding, padding + extent) - padding;
        let columns = inside(columns.start, width)..inside(columns.end, width);
        if inside(line + 1, height) == inside(line, height) || columns.is_empty() {
            return out.fill(0.0);
        }
        let (left, rest) = out.split_at_mut((columns.start + padding - column) * channels);
        let (middle, right) = rest.split_at_mut(columns.len() * channels);
        left.fill(0.0);
        right.fill(0.0);
        let inputs = self.problem.expand.layout.inputs;
        let first = (line - padding) * width + columns.start;
        let x = &self.x[first * inputs..][..columns.len() * inputs];
        let activation = self.problem.expand.activation;
        self.weights
            .multiply(self.weights.expand, x, None, activation, middle);
    }

    /// Narrows a piece of a line.
    fn project(&mut self, line: usize, columns: Range<usize>, filtered: &[f32]) {
        let outputs = self.problem.project.layout.outputs;
        let start = line * self.line() + columns.start * outputs;
        let range = start..start + columns.len() * outputs;
        let residual = self.residual.map(|residual| &residual[range.clone()]);
        let out = &mut self.out[range];
        let activation = self.problem.project.activation;
        self.weights
            .multiply(self.weights.project, filtered, residual, activation, out);
    }

    /// Returns how many numbers a line of the result has.
    fn line(&self) -> usize {
        let [.., width, outputs] = self.problem.project.shape();
        width * outputs
    }
}

impl Weights<'_> {
    /// Writes a pointwise convolution of some pixels, on this thread.
    fn multiply(
        &self,
        panels: &Panels,
        x: &[f32],
        residual: Option<&[f32]>,
        activation: Activation,
        out: &mut [f32],
    ) {
        panels.isa().run(Block {
            cpu: self.cpu,
            source: &Source::rows(x, panels.rows()),
            panels,
            residual,
            activation,
            first_row: 0,
            out,
        });
    }
}
