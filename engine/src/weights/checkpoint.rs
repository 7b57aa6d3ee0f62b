//! Parameters from a file. See [`Checkpoint`].

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Flaw, ModelConfig, WeightSource, WeightsError, bounded::BoundedFile, pth, safetensors,
    stored::StoredTensor,
};

/// Prefixes that wrappers put before every name of a state dict: `DataParallel`,
/// `torch.compile`, and attributes that hold the model in training code.
const WRAPPER_PREFIXES: [&str; 6] = [
    "module.",
    "_orig_mod.",
    "model.",
    "net.",
    "sam.",
    "sam_model.",
];

/// A checkpoint file, safetensors or PyTorch (`.pt`, `.pth`), told apart by content.
///
/// Opening reads the index alone; each tensor is read when it is asked for, so no more than one
/// is in memory twice. The file is untrusted: nothing in it is executed, and no header makes
/// more memory be allocated than the file has bytes (times 2 where f16 becomes f32).
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    file: BoundedFile,
    tensors: BTreeMap<String, StoredTensor>,
    config: Option<ModelConfig>,
}

impl Checkpoint {
    /// Opens a checkpoint and checks its index against its size.
    ///
    /// A state dict may be nested under a usual key (`state_dict`, `model`, …), and its names
    /// may all start with a wrapper's prefix (`module.`, …): both are taken off.
    ///
    /// # Errors
    /// [`WeightsError::File`] when the file cannot be read, is truncated, contradicts itself, is
    /// of another kind, or asks for anything but tensors.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        Self::read_index(path).map_err(|flaw| WeightsError::File {
            path: path.to_owned(),
            flaw,
        })
    }

    /// Returns the names and shapes of the tensors, sorted by name.
    pub fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor.shape()))
    }

    fn read_index(path: &Path) -> Result<Self, Flaw> {
        let file = BoundedFile::open(path)?;
        if file.length() == 0 {
            return Err(Flaw::Empty);
        }
        let start = file.read(0, file.length().min(32), "the first bytes")?;
        let mut config = None;
        let tensors = if pth::matches(&start) {
            let index = pth::index(&file)?;
            config = index.config.map(|(class, parameters)| ModelConfig {
                origin: path.display().to_string(),
                class,
                parameters,
            });
            index.tensors
        } else if pth::is_legacy(&start) {
            return Err(Flaw::Legacy);
        } else if safetensors::matches(&start) {
            safetensors::index(&file)?
        } else {
            let start = String::from_utf8_lossy(&start).into_owned();
            return Err(Flaw::Foreign { start });
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            tensors: without_wrapper_prefix(tensors),
            config,
        })
    }

    fn origin(&self) -> String {
        self.path.display().to_string()
    }
}

impl WeightSource for Checkpoint {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let tensor = self
            .tensors
            .get(name)
            .ok_or_else(|| WeightsError::Missing {
                origin: self.origin(),
                name: name.to_owned(),
            })?;
        if tensor.shape() != shape {
            return Err(WeightsError::Shape {
                origin: self.origin(),
                name: name.to_owned(),
                found: tensor.shape().to_vec(),
                expected: shape.to_vec(),
            });
        }
        let values = tensor
            .read(&self.file, name)
            .map_err(|flaw| WeightsError::File {
                path: self.path.clone(),
                flaw,
            })?;
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(index) => Err(WeightsError::NonFinite {
                origin: self.origin(),
                name: name.to_owned(),
                index,
                value: values[index],
            }),
        }
    }

    fn config(&self) -> Option<&ModelConfig> {
        self.config.as_ref()
    }
}

/// Takes off a prefix that all names share, as often as there is one.
fn without_wrapper_prefix(
    mut tensors: BTreeMap<String, StoredTensor>,
) -> BTreeMap<String, StoredTensor> {
    while let Some(prefix) = WRAPPER_PREFIXES
        .iter()
        .find(|&&prefix| !tensors.is_empty() && tensors.keys().all(|name| name.starts_with(prefix)))
    {
        tensors = tensors
            .into_iter()
            .map(|(name, tensor)| (name[prefix.len()..].to_owned(), tensor))
            .collect();
    }
    tensors
}
