//! What kernels are shaped for. See [`Class`].

use cubecl::{
    client::Client,
    features::{MmaConfig, Plane, TypeUsage},
    ir::{ElemType, FloatKind},
};

use crate::Precision;

/// What kernels are shaped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// A processor that runs shaders in planes of `plane` lanes, one after the other. Barriers
    /// and shared memory are slow there; handing values round in a plane is fast.
    Software {
        /// Units of a plane.
        plane: u32,
    },
    /// A graphics processor: shared memory and barriers are fast.
    Hardware,
}

impl Class {
    /// Returns the name of the kernels.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Software { .. } => "plane kernels",
            Self::Hardware => "tile kernels",
        }
    }
}

/// Rows, columns and depth of the matrices that a plane multiplies on tensor cores.
pub(crate) const MATRIX: usize = 16;

/// Units of a plane that tensor cores belong to.
pub(crate) const MATRIX_PLANE: u32 = 32;

/// Returns whether kernels can read numbers of this precision and compute with their values.
pub(crate) fn reads(client: &Client, precision: Precision) -> bool {
    let types = &client.features().types.elem;
    types.get(&element(precision)).is_some_and(|usage| {
        usage.contains(TypeUsage::Buffer) && usage.contains(TypeUsage::Conversion)
    })
}

/// Returns whether planes of 32 multiply 16 × 16 matrices of this precision and sum in `f32`.
pub(crate) fn has_tensor_cores(client: &Client, precision: Precision) -> bool {
    let wanted = MmaConfig {
        a_type: element(precision),
        b_type: element(precision),
        cd_type: element(Precision::F32),
        m: MATRIX as u32,
        n: MATRIX as u32,
        k: MATRIX as u32,
    };
    let hardware = &client.properties().hardware;
    let features = client.features();
    precision != Precision::F32
        && features.matmul.cmma.contains(&wanted)
        && features.plane.contains(Plane::Ops)
        && features.plane.contains(Plane::Sync)
        && [hardware.plane_size_min, hardware.plane_size_max] == [MATRIX_PLANE; 2]
}

fn element(precision: Precision) -> ElemType {
    ElemType::Float(match precision {
        Precision::F32 => FloatKind::F32,
        Precision::F16 => FloatKind::F16,
        Precision::Bf16 => FloatKind::BF16,
    })
}
