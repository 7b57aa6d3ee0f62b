//! How finely products round their operands. See [`Precision`].

/// What linear layers, full and transposed convolutions, products and attention round their
/// operands to before they multiply. Products are exact and sums are `f32` in each; tensors,
/// normalisation, softmax and all else stay `f32`.
///
/// It is chosen per [`Device`](crate::Device::with_precision) handle; weights made for a handle
/// are stored in it. Where the device has tensor cores for it, they are used. The CPU computes in
/// `f32` and [`Bf16`](Self::Bf16): by `VDPBF16PS` where it has AVX512-BF16, elsewhere widening the
/// operands, which saves memory, not time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 24 significant bits: nothing is rounded.
    #[default]
    F32,
    /// IEEE half precision: 11 significant bits, magnitudes up to 65 504; what is greater becomes
    /// infinite.
    F16,
    /// `bfloat16`: 8 significant bits, the range of `f32`.
    Bf16,
}

impl Precision {
    /// All of them, the finest first.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Bf16];

    /// Returns the name used in manifests and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    /// Returns the nearest number of this precision, ties to even.
    pub fn round(self, x: f32) -> f32 {
        match self {
            Self::F32 => x,
            Self::F16 => half::f16::from_f32(x).to_f32(),
            Self::Bf16 => half::bf16::from_f32(x).to_f32(),
        }
    }

    /// Returns the greatest relative error of [`Self::round`] on numbers in range.
    pub fn roundoff(self) -> f64 {
        match self {
            Self::F32 => 0.0,
            Self::F16 => 2.0_f64.powi(-11),
            Self::Bf16 => 2.0_f64.powi(-8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_stays_within_its_bound() {
        for precision in Precision::ALL {
            for x in [1.0, 1.001_234, -3.217_345, 1000.5, 6e-4] {
                let error = f64::from(precision.round(x)) - f64::from(x);
                let bound = precision.roundoff() * f64::from(x.abs());
                assert!(error.abs() <= bound, "{precision:?} {x}");
            }
        }
        assert!(Precision::F16.round(65_520.0).is_infinite());
        // Half way between two numbers: the even one.
        let rounded = Precision::Bf16.round(1.0 + 1.0 / 256.0);
        assert_eq!(rounded.to_bits(), 1.0_f32.to_bits());
    }
}
