//! What can be wrong with a checkpoint file. See [`Flaw`].

use std::io;

/// Why a file cannot be used as a checkpoint; each message ends with the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The operating system refused to open or read it.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is of another kind altogether.
    #[error(
        "is no checkpoint: expected a safetensors file or a PyTorch archive (.pt, .pth), \
         but it starts with {start:?}; if this is a web page or a pointer, download the file itself"
    )]
    Foreign {
        /// Its first characters.
        start: String,
    },
    /// It has no bytes at all.
    #[error("is empty; get the file again")]
    Empty,
    /// It was written by PyTorch before 1.6, as a bare pickle stream.
    #[error(
        "is a checkpoint of PyTorch's legacy format, which is not read; convert it once with \
         python3 -c 'import torch; torch.save(torch.load(\"OLD\", weights_only=True), \"NEW\")'"
    )]
    Legacy,
    /// A header promises bytes that the file does not have.
    #[error(
        "is truncated or damaged: {what} should end at byte {end}, but the file has {length}; \
         get the file again"
    )]
    BeyondEnd {
        /// The part that would be read.
        what: String,
        /// Where it would end.
        end: u64,
        /// Bytes in the file.
        length: u64,
    },
    /// The zip directory or a member of it is malformed.
    #[error("is a damaged archive: {0}; get the file again")]
    Archive(&'static str),
    /// A member is compressed, which PyTorch never does.
    #[error("has the compressed member {0:?}, which PyTorch never writes; repack it uncompressed")]
    Compressed(String),
    /// A member is missing.
    #[error("is an archive without {0}, so no PyTorch checkpoint; get the file again")]
    MissingMember(String),
    /// The contents of a storage do not match their checksum.
    #[error("is damaged: the checksum of tensor {0:?} is wrong; get the file again")]
    Checksum(String),
    /// The description of the tensors is too large to be one.
    #[error("has a pickle of {bytes} bytes, more than the {limit} of any real state dict")]
    HugePickle {
        /// Bytes of the pickle.
        bytes: u64,
        /// Most that is read.
        limit: u64,
    },
    /// The pickle names something that is not needed to describe tensors, and may run code.
    #[error(
        "asks to load {global}, which is refused: only tensors in plain containers are read, \
         nothing is executed; if you trust the file, save its state_dict() alone, or as safetensors"
    )]
    ForbiddenGlobal {
        /// module.name, as written in the pickle.
        global: String,
    },
    /// The pickle is malformed.
    #[error("has a malformed pickle: {problem} at byte {position}; get the file again")]
    Pickle {
        /// What is wrong.
        problem: &'static str,
        /// Offset of the opcode in the pickle.
        position: usize,
    },
    /// The safetensors header is malformed.
    #[error("has a malformed safetensors header: {0}; get the file again")]
    Header(serde_json::Error),
    /// A tensor's description contradicts itself or its storage.
    #[error("describes tensor {tensor:?} wrongly: {problem}; get the file again")]
    Layout {
        /// The tensor's name.
        tensor: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A tensor holds what no parameter is.
    #[error(
        "has {found} elements in tensor {tensor:?} where floating point is expected; \
         is it a checkpoint of another model?"
    )]
    Element {
        /// The tensor's name.
        tensor: String,
        /// The type in the file.
        found: &'static str,
    },
    /// The numbers are stored most significant byte first.
    #[error("was written on a big-endian machine; save it again on a little-endian one")]
    BigEndian,
    /// There is no dictionary of tensors where one is expected.
    #[error(
        "holds no state dict; its top-level keys are {keys:?}; save its state_dict() alone, \
         or under the key \"state_dict\""
    )]
    NoStateDict {
        /// The first keys found.
        keys: Vec<String>,
    },
}
