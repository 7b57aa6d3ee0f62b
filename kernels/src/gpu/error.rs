//! What went wrong on a device, in our words. See [`from_server`].

use cubecl::server::{IoError, LaunchError, ServerError};

use crate::KernelError;

/// Translates a failure; of several, the loss of the device, which explains the others, or the first.
pub(super) fn from_server(error: &ServerError) -> KernelError {
    match error {
        ServerError::Unwritten { root, .. } => from_server(root),
        ServerError::Several { errors, .. } if !errors.is_empty() => {
            let is_loss = |error: &KernelError| matches!(error, KernelError::Lost { .. });
            let loss = errors.iter().map(from_server).find(is_loss);
            loss.unwrap_or_else(|| from_server(&errors[0]))
        }
        ServerError::Io(IoError::OutOfMemory { size, .. } | IoError::BufferTooBig { size, .. }) => {
            KernelError::OutOfMemory {
                bytes: *size,
                most: None,
            }
        }
        ServerError::DevicePoisoned(poison)
        | ServerError::Launch(LaunchError::DevicePoisoned(poison)) => KernelError::Lost {
            reason: poison.to_string(),
        },
        ServerError::Launch(LaunchError::CompilationError(error)) => KernelError::Shader {
            reason: error.to_string(),
        },
        ServerError::Launch(LaunchError::TooManyResources(error)) => KernelError::Shader {
            reason: error.to_string(),
        },
        _ => KernelError::Device {
            reason: error.to_string(),
        },
    }
}
