//! What a pickle describes, once read. See [`Values`].

use crate::weights::stored::{Element, Float};

/// The index of a value in [`Values`].
pub(super) type Id = usize;

/// The values of a pickle.
pub(super) struct Values<'a> {
    pub(super) arena: Vec<Value<'a>>,
    pub(super) root: Id,
}

/// A value, as far as a state dict needs it.
pub(super) enum Value<'a> {
    /// A float, bytes: nothing a tensor or a model is described by.
    Plain,
    /// Python's `None`.
    Nothing,
    Bool(bool),
    List,
    Int(i64),
    Text(&'a str),
    Tuple(Box<[Id]>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Box<StorageId<'a>>),
    Tensor(Box<View<'a>>),
}

/// The globals a state dict is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(Element),
}

/// A storage by the name of its archive member.
#[derive(Debug, Clone)]
pub(super) struct StorageId<'a> {
    pub(super) element: Element,
    /// The member is `data/<key>`.
    pub(super) key: &'a str,
    /// Number of elements.
    pub(super) count: usize,
}

/// A tensor as the pickle describes it, not yet checked against its storage.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    pub(super) storage: StorageId<'a>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

impl<'a> Values<'a> {
    /// Returns the pickled object.
    pub(super) fn root(&self) -> &Value<'a> {
        self.get(self.root)
    }

    /// Returns the value of an index that another value holds.
    pub(super) fn get(&self, id: Id) -> &Value<'a> {
        &self.arena[id]
    }
}

impl Global {
    /// Returns the global, if it is one of those.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        let other = |name, bytes| Some(Self::Storage(Element::Other { name, bytes }));
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter),
            ("torch", "DoubleStorage") => Some(Self::Storage(Element::Float(Float::F64))),
            ("torch", "FloatStorage") => Some(Self::Storage(Element::Float(Float::F32))),
            ("torch", "HalfStorage") => Some(Self::Storage(Element::Float(Float::F16))),
            ("torch", "BFloat16Storage") => Some(Self::Storage(Element::Float(Float::Bf16))),
            ("torch", "LongStorage") => other("64-bit integer", 8),
            ("torch", "IntStorage") => other("32-bit integer", 4),
            ("torch", "ShortStorage") => other("16-bit integer", 2),
            ("torch", "CharStorage" | "ByteStorage") => other("8-bit integer", 1),
            ("torch", "BoolStorage") => other("boolean", 1),
            _ => None,
        }
    }
}
