//! How long the passes take, by the device's own clock. See [`PassClock`].

use std::time::{Duration, Instant};

use cubecl::wgpu::wgpu;

use super::{pipelines::Pass, read};
use crate::{KernelError, timer};

/// Timestamps at the beginning and the end of each pass of a submission.
pub(super) struct PassClock {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    readback: wgpu::Buffer,
    passes: Vec<Pass>,
}

impl PassClock {
    /// Prepares a clock if somebody watches and the device has one.
    pub(super) fn new(device: &wgpu::Device, passes: Vec<Pass>) -> Option<Self> {
        let has_clock = device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        if !timer::is_watched() || !has_clock {
            return None;
        }
        let count = 2 * passes.len() as u32;
        let buffer = |label, usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: u64::from(count) * 8,
                usage: usage | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let resolve = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        Some(Self {
            queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("distance clock"),
                ty: wgpu::QueryType::Timestamp,
                count,
            }),
            resolved: buffer("distance ticks", resolve),
            readback: buffer("distance ticks readback", wgpu::BufferUsages::MAP_READ),
            passes,
        })
    }

    /// Returns what makes a pass note its ticks.
    pub(super) fn of_pass(&self, pass: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * pass as u32),
            end_of_pass_write_index: Some(2 * pass as u32 + 1),
        }
    }

    /// Copies the ticks at the end of the submission.
    pub(super) fn stop(&self, encoder: &mut wgpu::CommandEncoder) {
        let ticks = 0..2 * self.passes.len() as u32;
        encoder.resolve_query_set(&self.queries, ticks, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.readback, 0, self.readback.size());
    }

    /// Waits for the device and reports each pass; the last one is taken to have ended just now.
    pub(super) fn report(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
    ) -> Result<(), KernelError> {
        let words = read(device, &self.readback)?;
        let now = Instant::now();
        let period = f64::from(queue.get_timestamp_period());
        let (pairs, _) = words.as_chunks::<2>();
        let ticks: Vec<_> = pairs
            .iter()
            .map(|&[low, high]| u64::from(high) << 32 | u64::from(low))
            .collect();
        let span = |from: u64, to: u64| {
            Duration::from_nanos((to.saturating_sub(from) as f64 * period) as u64)
        };
        let end = ticks.iter().copied().max().unwrap_or(0);
        let (passes, _) = ticks.as_chunks::<2>();
        for (pass, &[from, to]) in self.passes.iter().zip(passes) {
            let start = now.checked_sub(span(from, end)).unwrap_or(now);
            timer::add(
                timer::current(),
                pass.entry().to_owned(),
                start,
                span(from, to),
            );
        }
        Ok(())
    }
}
