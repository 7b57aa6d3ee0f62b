//! Where tensors live and operations run. See [`Device`].

/// A device: operations run where their tensors are. Cloning gives another handle to the same
/// device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Cpu,
}

impl Device {
    /// Returns this machine's processor; work is spread over the global `rayon` pool.
    pub fn cpu() -> Self {
        Self { kind: Kind::Cpu }
    }

    /// Returns the name used in manifests and figures.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Cpu => "cpu",
        }
    }
}
