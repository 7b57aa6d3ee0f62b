//! Many masks at once on a graphics device, by `shader.wgsl`, on the wgpu device and queue that
//! CubeCL uses too. See [`Batch`].

mod clock;
mod pipelines;
#[cfg(test)]
mod tests;

use cubecl::wgpu::{
    WgpuSetup,
    wgpu::{self, util::DeviceExt},
};

use super::{Metric, Query, problem};
use crate::{
    KernelError,
    gpu::{Class, Gpu},
};
use clock::PassClock;
use pipelines::{FAR, Pass, Pipelines};

/// The greatest height and width of a mask that fit the shader's arithmetic.
const LONGEST_SIDE: usize = 16_384;

/// The most workgroups along one axis that every device allows.
const MOST_MASKS: usize = 65_535;

/// What the shader writes where nothing is outside an exact distance's mask.
const NO_OUTSIDE: u32 = 0x7fff_ffff;

/// Returns the device that runs the shader for an operation on `gpu`, if there is one.
pub(super) fn device(gpu: &Gpu) -> Option<Gpu> {
    if gpu.setup().is_some() {
        return Some(gpu.clone());
    }
    let own = Gpu::wgpu().ok();
    own.filter(|own| own.class() == Class::Hardware)
}

/// Returns the wgpu device and queue of what [`device`] returned.
fn setup(gpu: &Gpu) -> &WgpuSetup {
    gpu.setup().expect("the device was chosen for having one")
}

/// Returns whether the shader can measure a mask: it has pixels, and they fit its arithmetic and
/// one binding.
pub(super) fn fits(gpu: &Gpu, query: &Query<'_>) -> bool {
    let (height, width) = query.mask.dim();
    let sides = 1..=LONGEST_SIDE;
    sides.contains(&height) && sides.contains(&width) && bytes(query) <= most_bytes(gpu)
}

/// Returns how many of the masks make one batch: all that fit, up to the first that does not, and
/// few enough for a binding and for one dispatch.
pub(super) fn batch_size(gpu: &Gpu, queries: &[Query<'_>]) -> usize {
    let mut total = 0;
    let within = |query: &&Query<'_>| {
        total += bytes(query);
        fits(gpu, query) && total <= most_bytes(gpu)
    };
    queries.iter().take(MOST_MASKS).take_while(within).count()
}

/// Returns the bytes of a mask's distances.
fn bytes(query: &Query<'_>) -> u64 {
    query.mask.len() as u64 * 4
}

/// Returns the most bytes that one binding can reach.
fn most_bytes(gpu: &Gpu) -> u64 {
    let limits = setup(gpu).device.limits();
    limits.max_storage_buffer_binding_size
}

/// Masks on their way through the shader.
pub(super) struct Batch<'a, 'm> {
    gpu: &'a Gpu,
    queries: &'a [Query<'m>],
    metric: Metric,
    /// Per mask, its first number among the distances and its first word among the bits.
    starts: Vec<[usize; 2]>,
    pixels: usize,
    words: usize,
}

/// Which of the shader's buffers to copy back, by its binding.
#[derive(Clone, Copy)]
enum Wanted {
    #[cfg(test)]
    Distances = 2,
    Found = 6,
}

/// What the shader found in a mask.
pub(super) struct Found {
    /// Greatest value, as the shader writes it.
    pub(super) greatest: u32,
    /// One bit per pixel that has it, row-major.
    pub(super) ties: Vec<u32>,
}

impl<'a, 'm> Batch<'a, 'm> {
    /// Lays out as many masks as [`batch_size`] says.
    pub(super) fn new(gpu: &'a Gpu, queries: &'a [Query<'m>], metric: Metric) -> Self {
        let (mut pixels, mut words) = (0, 0);
        let mut starts = Vec::with_capacity(queries.len());
        for query in queries {
            starts.push([pixels, words]);
            pixels += query.mask.len();
            words += query.mask.len().div_ceil(32);
        }
        Self {
            gpu,
            queries,
            metric,
            starts,
            pixels,
            words,
        }
    }

    /// Runs all passes in one submission; returns what was found in each mask, in order.
    pub(super) fn farthest(&self) -> Result<Vec<Found>, KernelError> {
        let count = self.queries.len();
        let found = self.run(Wanted::Found)?;
        let (greatest, ties) = found.split_at(count);
        let ends = self.starts.iter().skip(1).map(|&[_, words]| words);
        Ok(self
            .starts
            .iter()
            .zip(ends.chain([self.words]))
            .zip(greatest)
            .map(|((&[_, start], end), &greatest)| Found {
                greatest,
                ties: ties[start..end].to_vec(),
            })
            .collect())
    }

    /// Returns all distances, as the shader writes them; excluded pixels count as 0.
    #[cfg(test)]
    pub(super) fn distances(&self) -> Result<Vec<u32>, KernelError> {
        self.run(Wanted::Distances)
    }

    fn run(&self, wanted: Wanted) -> Result<Vec<u32>, KernelError> {
        let bytes = self.pixels as u64 * 4;
        let device = &setup(self.gpu).device;
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let result = self.submit(wanted);
        let refused = cubecl::future::block_on(validation.pop());
        let full = cubecl::future::block_on(memory.pop());
        if refused.is_none() && full.is_none() && result.is_ok() {
            return result;
        }
        // Of a device that is lost, wgpu says all kinds of things.
        if let Some(lost) = self.gpu.loss() {
            return Err(lost);
        }
        if full.is_some() {
            return Err(KernelError::OutOfMemory { bytes, most: None });
        }
        if let Some(error) = refused {
            return Err(KernelError::Shader {
                reason: error.to_string(),
            });
        }
        result
    }

    fn submit(&self, wanted: Wanted) -> Result<Vec<u32>, KernelError> {
        let setup = setup(self.gpu);
        let device = &setup.device;
        let input = |label, words: &[u32]| {
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some(label),
                contents: bytemuck::cast_slice(words),
                usage: wgpu::BufferUsages::STORAGE,
            })
        };
        let scratch = |label, words: usize| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: words.max(1) as u64 * 4,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        let exact = if self.metric == Metric::Exact {
            self.pixels
        } else {
            1
        };
        let excluded = self.excluded();
        let buffers = [
            input("distance tasks", &self.tasks()),
            input("distance bits", &self.bits()),
            scratch("distances", self.pixels),
            scratch("distance columns", exact),
            scratch("distance envelope", exact),
            input("distance excluded", &excluded),
            scratch("distance found", self.queries.len() + self.words),
        ];
        let pipelines = Pipelines::get(self.gpu, self.metric);
        let entries: Vec<_> = buffers
            .iter()
            .zip(0..)
            .map(|(buffer, binding)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("distance"),
            layout: &pipelines.layout,
            entries: &entries,
        });
        let wanted = &buffers[wanted as usize];
        let readback = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("distance readback"),
            size: wanted.size(),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let longest = |side: fn(&Query<'_>) -> usize| self.queries.iter().map(side).max();
        let width = longest(|query| query.mask.ncols()).unwrap_or(0);
        let height = longest(|query| query.mask.nrows()).unwrap_or(0);
        let words = longest(|query| query.mask.len().div_ceil(32)).unwrap_or(0);
        let masks = self.queries.len() as u32;
        let passes = pipelines.passes.iter().map(|&(pass, _)| pass);
        let clock = PassClock::new(device, passes.collect());
        for (index, (pass, pipeline)) in pipelines.passes.iter().enumerate() {
            let [x, y] = match pass {
                Pass::SweepColumns => [width.div_ceil(64) as u32, masks],
                Pass::LowerEnvelope => [height.div_ceil(64) as u32, masks],
                Pass::Exclude => [excluded.len().div_ceil(64) as u32, 1],
                Pass::Chamfer | Pass::Greatest => [1, masks],
                Pass::Ties => [words.div_ceil(64) as u32, masks],
            };
            // A pass of its own orders it after the one before.
            let mut compute = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(pass.entry()),
                timestamp_writes: clock.as_ref().map(|clock| clock.of_pass(index)),
            });
            compute.set_pipeline(pipeline);
            compute.set_bind_group(0, &group, &[]);
            compute.dispatch_workgroups(x, y, 1);
        }
        encoder.copy_buffer_to_buffer(wanted, 0, &readback, 0, wanted.size());
        if let Some(clock) = &clock {
            clock.stop(&mut encoder);
        }
        setup.queue.submit([encoder.finish()]);
        let found = read(device, &readback)?;
        if let Some(clock) = &clock {
            clock.report(device, &setup.queue)?;
        }
        Ok(found)
    }

    /// Returns the shader's tasks, five words each.
    fn tasks(&self) -> Vec<u32> {
        self.queries
            .iter()
            .zip(&self.starts)
            .flat_map(|(query, &[pixels, words])| {
                [
                    query.mask.ncols() as u32,
                    query.mask.nrows() as u32,
                    pixels as u32,
                    words as u32,
                    u32::from(query.border_is_background),
                ]
            })
            .collect()
    }

    /// Returns the masks, one bit per pixel.
    fn bits(&self) -> Vec<u32> {
        let mut bits = vec![0; self.words.max(1)];
        for (query, &[_, words]) in self.queries.iter().zip(&self.starts) {
            for (pixel, &inside) in query.mask.iter().enumerate() {
                bits[words + pixel / 32] |= u32::from(inside) << (pixel % 32);
            }
        }
        bits
    }

    /// Returns the excluded pixels' places among the distances; at least one word.
    fn excluded(&self) -> Vec<u32> {
        let mut places = Vec::new();
        for (query, &[pixels, _]) in self.queries.iter().zip(&self.starts) {
            let (height, width) = query.mask.dim();
            for &[row, column] in query.excluded {
                if row < height && column < width {
                    places.push((pixels + row * width + column) as u32);
                }
            }
        }
        if places.is_empty() {
            places.push(u32::MAX);
        }
        places
    }
}

/// Waits for the device and copies a buffer.
fn read(device: &wgpu::Device, buffer: &wgpu::Buffer) -> Result<Vec<u32>, KernelError> {
    let failed = |reason: String| KernelError::Device { reason };
    let (sender, receiver) = std::sync::mpsc::channel();
    buffer.map_async(wgpu::MapMode::Read, .., move |result| {
        // The receiver is gone only after an error that is reported already.
        let _ = sender.send(result);
    });
    device
        .poll(wgpu::PollType::wait_indefinitely())
        .map_err(|error| failed(error.to_string()))?;
    receiver
        .recv()
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))?;
    let view = buffer
        .get_mapped_range(..)
        .map_err(|error| failed(error.to_string()))?;
    Ok(bytemuck::cast_slice(&view).to_vec())
}

/// Turns a value of the shader into a distance in pixels.
pub(super) fn in_pixels(value: u32, metric: Metric) -> f32 {
    match metric {
        Metric::Exact if value == NO_OUTSIDE => f32::INFINITY,
        Metric::Exact => problem::root(u64::from(value)),
        Metric::Chamfer3 | Metric::Chamfer5 if f32::from_bits(value) >= FAR => f32::INFINITY,
        Metric::Chamfer3 | Metric::Chamfer5 => f32::from_bits(value),
    }
}
