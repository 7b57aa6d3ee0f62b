//! Rounding of operands in kernels. See [`rounded`].

use cubecl::prelude::*;

/// Returns `x` as a number of precision `P` and back.
#[cube]
pub(crate) fn rounded<P: Float>(x: f32) -> f32 {
    f32::cast_from(P::cast_from(x))
}

/// Calls a generic function with the number type of a precision: `with_precision!(precision, P =>
/// launch::<P>(…))`.
macro_rules! with_precision {
    ($precision:expr, $number:ident => $call:expr) => {
        match $precision {
            $crate::Precision::F32 => {
                type $number = f32;
                $call
            }
            $crate::Precision::F16 => {
                type $number = half::f16;
                $call
            }
            $crate::Precision::Bf16 => {
                type $number = half::bf16;
                $call
            }
        }
    };
}
pub(crate) use with_precision;
