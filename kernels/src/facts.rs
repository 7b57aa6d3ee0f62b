//! What a device is and what it holds. See [`Facts`] and [`Allocations`].

use crate::Precision;

/// What a device says of itself, for lists and manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The name of the processor or adapter, as its driver gives it.
    pub name: String,
    /// What operations are compiled to: an instruction set, or a runtime and its shader language.
    pub backend: String,
    /// Precisions that [`Device::with_precision`](crate::Device::with_precision) accepts.
    pub precisions: Vec<Precision>,
    /// Those of them that run on tensor cores.
    pub tensor_cores: Vec<Precision>,
    /// The least and the greatest number of units that run in lockstep: vector lanes of a
    /// processor, a plane (subgroup, warp) of a graphics device.
    pub plane: [u32; 2],
    /// Bytes of memory that the units of a cube share; 0 on a processor.
    pub shared_memory: usize,
    /// Bytes that one tensor can hold at most, where there is a limit below the memory's size.
    pub largest_buffer: Option<u64>,
    /// Bytes of the device's memory, where it says.
    pub memory: Option<u64>,
    /// Whether kernels are timed by the device's own clock.
    pub device_timer: bool,
}

/// What was allocated on a device since the device was opened. In steady state `requests` grows and
/// `held` does not: every buffer is one that was dropped before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Buffers that uploads and operations asked for.
    pub requests: u64,
    /// Their bytes.
    pub requested_bytes: u64,
    /// Blocks of memory taken from the system or the driver and not given back, buffers below
    /// 16 KiB and uploads on a processor left out.
    pub held: u64,
    /// Their bytes.
    pub held_bytes: u64,
}
