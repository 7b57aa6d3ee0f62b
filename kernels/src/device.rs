//! Where tensors live and operations run. See [`Device`].

use std::sync::Arc;

use crate::{
    KernelError,
    buffer::{Buffer, Pool},
    simd::Isa,
};

/// A device: operations run where their tensors are. Cloning gives another handle to the same
/// device.
#[derive(Clone, Debug)]
pub struct Device(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Cpu(Cpu),
}

/// This machine's processor, with one of its instruction sets.
#[derive(Clone, Debug)]
pub(crate) struct Cpu {
    pub(crate) isa: Isa,
    pool: Arc<Pool>,
}

impl Device {
    /// Returns this machine's processor with its widest vectors. Work is spread over the `rayon`
    /// pool that the caller runs in.
    pub fn cpu() -> Self {
        Self::cpus().swap_remove(0)
    }

    /// Returns this machine's processor once per instruction set that it has, the fastest first,
    /// so that tests reach all of them.
    pub fn cpus() -> Vec<Self> {
        Isa::available()
            .into_iter()
            .map(|isa| {
                let pool = Arc::default();
                Self(Kind::Cpu(Cpu { isa, pool }))
            })
            .collect()
    }

    /// Returns the name used in manifests and figures.
    pub fn name(&self) -> String {
        match &self.0 {
            Kind::Cpu(cpu) => format!("cpu ({})", cpu.isa.name()),
        }
    }

    /// Checks that an operation's other arguments are on this device too.
    pub(crate) fn check<'a>(
        &self,
        operation: &'static str,
        others: impl IntoIterator<Item = &'a Self>,
    ) -> Result<(), KernelError> {
        match others.into_iter().find(|other| *other != self) {
            None => Ok(()),
            Some(other) => Err(KernelError::Devices {
                operation,
                one: self.name(),
                other: other.name(),
            }),
        }
    }

    /// Returns the processor that this device is.
    pub(crate) fn as_cpu(&self) -> &Cpu {
        let Kind::Cpu(cpu) = &self.0;
        cpu
    }
}

impl Cpu {
    /// Returns room for `len` numbers, with whatever an earlier user left there.
    pub(crate) fn buffer(&self, len: usize) -> Buffer {
        Pool::take(&self.pool, len)
    }
}

impl PartialEq for Device {
    /// Whether tensors of one can be used with those of the other.
    fn eq(&self, other: &Self) -> bool {
        self.as_cpu().isa == other.as_cpu().isa
    }
}
