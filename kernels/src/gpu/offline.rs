//! A device without hardware, whose kernels are written down. See [`start`].
#![expect(
    unsafe_code,
    reason = "CubeCL's trait has an unsafe method; here it runs nothing"
)]

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
};

use cubecl_common::{
    bytes::Bytes,
    device::{DeviceId, DeviceService, ServerUtilitiesHandle, ServiceId},
    profile::{ProfileDuration, TimingMethod},
};
use cubecl_cpp::{
    cuda::{arch::CudaArchitecture, mma::CudaCmmaCompiler},
    register_supported_types,
    shared::{CompilationOptions, CppCompiler, CppSupportedFeatures, register_wmma_features},
    target::Cuda,
};
use cubecl_environment::{backtrace::BackTrace, future::DynFut, stream::StreamId};
use cubecl_runtime::{
    client::Client,
    compiler::Compiler,
    dry_run::LaunchMode,
    id::KernelId,
    kernel::{CubeKernel, define_kernel},
    logging::ServerLogger,
    memory_management::{ManagedMemoryHandle, MemoryAllocationMode, StreamMemoryReport},
    server::{
        BufferBinding, CopyDescriptor, CubeCount, Handle, IoError, KernelArguments, MemoryLayout,
        MemoryLayoutDescriptor, MemoryLayoutPolicy, ProfileError, ProfilingToken, Server,
        ServerCommunication, ServerError, ServerStorage, ServerUtilities,
    },
    storage::{ComputeStorage, ManagedResource, StorageHandle, StorageId},
};

use cubecl::ir::{
    DeviceIdentity, DeviceProperties, HardwareProperties, MemoryDeviceProperties, TargetProperties,
    VectorSize,
    features::{Features, Plane},
};

use super::{Class, Gpu, error};
use crate::{
    Device, KernelError,
    cuda_source::{CudaSource, Written},
};

/// Starts the device; kernels go to `written`.
pub(crate) fn start(written: Written) -> Result<Gpu, KernelError> {
    let id = DeviceId::new(0, 0);
    let client =
        Client::try_init(id, Writer::new(id, written)).map_err(|error| KernelError::NoDevice {
            reason: format!("{error:?}"),
        })?;
    let name = client.properties().identity.name.clone();
    Ok(Gpu::new(client, None, name, Class::Hardware))
}

/// Waits until all kernels launched are written.
pub(crate) fn wait(device: &Device) -> Result<(), KernelError> {
    match device.as_gpu() {
        None => Ok(()),
        Some(gpu) => cubecl::future::block_on(gpu.client().sync())
            .map_err(|error| error::from_server(&error)),
    }
}

/// What an H200 would say of itself.
fn h200() -> DeviceProperties {
    let architecture = CudaArchitecture {
        version: 90,
        tensor_cores: true,
    };
    let hardware = HardwareProperties {
        load_width: 128,
        vector_register_count: None,
        plane_size_min: 32,
        plane_size_max: 32,
        max_bindings: 256,
        max_shared_memory_size: 232_448,
        max_cube_count: (i32::MAX as u32, 65_535, 65_535),
        max_units_per_cube: 1024,
        max_cube_dim: (1024, 1024, 64),
        num_streaming_multiprocessors: Some(132),
        num_tensor_cores: Some(4),
        min_tensor_cores_dim: Some(8),
        num_cpu_cores: None,
        last_level_cache_size: None,
        max_vector_size: VectorSize::MAX,
        cube_mma_reserved_shared_memory: 0,
    };
    let mut properties = DeviceProperties::new(
        Features::default(),
        MemoryDeviceProperties::new(32 << 30, 512),
        hardware,
        TimingMethod::System,
        DeviceIdentity {
            name: "stand-in for an H200".into(),
            fingerprint: "ptx_sm90".into(),
            physical: None,
        },
    );
    register_supported_types(&mut properties);
    let plane = [Plane::Ops, Plane::Sync, Plane::NonUniformControlFlow];
    for feature in plane {
        properties.features.plane.insert(feature);
    }
    register_wmma_features(
        CudaCmmaCompiler::Cpp.supported_cmma_combinations(&architecture),
        &mut properties,
    );
    properties
}

/// A server without memory or device.
#[derive(Debug)]
struct Writer {
    utilities: Arc<ServerUtilities>,
    written: Written,
    seen: HashSet<KernelId>,
}

impl Writer {
    fn new(id: DeviceId, written: Written) -> Self {
        let (utilities, _) = ServerUtilities::init(
            ServiceId::of::<Self>(id),
            "cuda",
            h200(),
            TargetProperties::default(),
            Arc::new(ServerLogger::default()),
            Separate,
        );
        Self {
            utilities: Arc::new(utilities),
            written,
            seen: HashSet::new(),
        }
    }

    /// Writes a kernel's source.
    fn write_source(kernel: &dyn CubeKernel) -> Result<CudaSource, KernelError> {
        let refused = |error: cubecl_runtime::compiler::CompilationError| KernelError::Shader {
            reason: format!("{}: {error}", kernel.name()),
        };
        let options = CompilationOptions {
            warp_size: 32,
            supports_features: CppSupportedFeatures {
                grid_constants: true,
                clusters: true,
                fast_math: true,
                fast_tanh: true,
                elect_sync: true,
                dp4a: true,
            },
            amd_wmma: None,
        };
        let definition = define_kernel(kernel).map_err(refused)?;
        let mut compiler = CppCompiler::<Cuda>::default();
        let source = compiler.compile(definition, &options).map_err(refused)?;
        Ok(CudaSource {
            name: super::timer::short_name(kernel.name()),
            code: source.to_string(),
            shared_memory: source.shared_memory_size,
        })
    }
}

impl Server for Writer {
    unsafe fn launch(
        &mut self,
        kernel: Box<dyn CubeKernel>,
        _count: CubeCount,
        _arguments: KernelArguments,
        _stream: StreamId,
        _mode: LaunchMode,
    ) {
        if self.seen.insert(kernel.id()) {
            let source = Self::write_source(&*kernel);
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.push(source);
        }
    }

    fn initialize_memory(
        &mut self,
        _memory: ManagedMemoryHandle,
        _size: u64,
        _stream: StreamId,
    ) -> Result<(), ServerError> {
        Ok(())
    }

    fn logger(&self) -> Arc<ServerLogger> {
        Arc::clone(&self.utilities.logger)
    }

    fn utilities(&self) -> Arc<ServerUtilities> {
        Arc::clone(&self.utilities)
    }

    fn read(
        &mut self,
        descriptors: Vec<CopyDescriptor>,
        _stream: StreamId,
    ) -> DynFut<Result<Vec<Bytes>, ServerError>> {
        let zeros = descriptors.iter().map(|descriptor| {
            let bytes = descriptor.shape.iter().product::<usize>() * descriptor.elem_size;
            Bytes::from_bytes_vec(vec![0; bytes])
        });
        let zeros = zeros.collect();
        Box::pin(async move { Ok(zeros) })
    }

    fn write(&mut self, _descriptors: Vec<(CopyDescriptor, Bytes)>, _stream: StreamId) {}

    fn sync(
        &mut self,
        _handles: Vec<BufferBinding>,
        _stream: StreamId,
    ) -> DynFut<Result<(), ServerError>> {
        Box::pin(async { Ok(()) })
    }

    fn check(
        &mut self,
        _handles: Vec<BufferBinding>,
        _stream: StreamId,
    ) -> Result<(), ServerError> {
        Ok(())
    }

    fn flush(&mut self, _stream: StreamId) -> Result<(), ServerError> {
        Ok(())
    }

    fn memory_report(&mut self, _stream: StreamId) -> Option<StreamMemoryReport> {
        None
    }

    fn memory_cleanup(&mut self, _stream: StreamId) -> Result<(), ServerError> {
        Ok(())
    }

    fn start_profile(&mut self, _stream: StreamId) -> Result<ProfilingToken, ServerError> {
        Err(nothing_there().into())
    }

    fn end_profile(
        &mut self,
        _stream: StreamId,
        _token: ProfilingToken,
    ) -> Result<ProfileDuration, ProfileError> {
        Err(ProfileError::NotRegistered {
            backtrace: BackTrace::capture(),
        })
    }

    fn allocation_mode(&mut self, _mode: MemoryAllocationMode, _stream: StreamId) {}
}

impl ServerCommunication for Writer {}

impl ServerStorage for Writer {
    type Storage = NoStorage;

    fn get_resource(
        &mut self,
        _binding: BufferBinding,
        _stream: StreamId,
    ) -> Result<ManagedResource<()>, ServerError> {
        Err(nothing_there().into())
    }
}

impl DeviceService for Writer {
    /// Is asked only of devices that were not started here, whose sources nobody waits for.
    fn init(id: DeviceId) -> Self {
        Self::new(id, Written::default())
    }

    fn utilities(&self) -> ServerUtilitiesHandle {
        Arc::clone(&self.utilities) as ServerUtilitiesHandle
    }
}

/// Memory that holds nothing.
#[derive(Debug)]
struct NoStorage;

impl ComputeStorage for NoStorage {
    type Resource = ();

    fn alignment(&self) -> usize {
        1
    }

    fn get(&mut self, _handle: &StorageHandle) -> Result<(), IoError> {
        Err(nothing_there())
    }

    fn alloc(&mut self, _size: u64) -> Result<StorageHandle, IoError> {
        Err(nothing_there())
    }

    fn dealloc(&mut self, _id: StorageId) {}

    fn flush(&mut self) {}

    fn bytes_allocated(&self) -> u64 {
        0
    }
}

/// Gives each buffer a handle of its own.
struct Separate;

impl MemoryLayoutPolicy for Separate {
    fn apply(
        &self,
        service: ServiceId,
        stream: StreamId,
        descriptors: &[MemoryLayoutDescriptor],
    ) -> (Handle, Vec<MemoryLayout>) {
        let handle = |bytes: usize| Handle::new(service, stream, bytes as u64);
        let layouts = descriptors.iter().map(|descriptor| {
            let bytes = descriptor.shape.iter().product::<usize>() * descriptor.elem_size;
            MemoryLayout::new(handle(bytes), [1])
        });
        (handle(0), layouts.collect())
    }
}

fn nothing_there() -> IoError {
    IoError::UnsupportedIoOperation {
        backtrace: BackTrace::capture(),
    }
}
